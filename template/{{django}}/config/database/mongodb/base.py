"""The engine: MongoDB's backend for Django, with what this service keeps in documents besides the fields of its models.

Django finds its parts by their names, so they are called as in every engine.
"""

from typing import override

from django_mongodb_backend import base, operations
from pymongo.errors import PyMongoError

from config.database.mongodb.documents import INCIDENTS
from config.database.mongodb.schema import DatabaseSchemaEditor


class DatabaseOperations(operations.DatabaseOperations):
    compiler_module = "config.database.mongodb.compiler"

    @override
    def execute_sql_flush(self, tables: list[str]) -> None:
        """With the events that came with no change of a record: they are of no model."""
        super().execute_sql_flush([*tables, INCIDENTS])


class DatabaseWrapper(base.DatabaseWrapper):
    SchemaEditorClass = DatabaseSchemaEditor
    ops_class = DatabaseOperations

    @override
    def is_usable(self) -> bool:
        try:
            self.connection.admin.command("ping")
        except PyMongoError:
            return False
        return True
