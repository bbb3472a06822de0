"""The engine: MongoDB's backend for Django, with what this service keeps in documents besides the fields of its models.

Django finds its parts by their names, so they are called as in every engine.
"""

from typing import override

from django_mongodb_backend import base, introspection, operations
from pymongo.errors import PyMongoError

from config.database.mongodb.documents import INCIDENTS
from config.database.mongodb.failures import djangos_errors
from config.database.mongodb.schema import DatabaseSchemaEditor


class DatabaseOperations(operations.DatabaseOperations):
    compiler_module = "config.database.mongodb.compiler"

    @override
    def execute_sql_flush(self, tables: list[str]) -> None:
        """With the events that came with no change of a record: they are of no model."""
        super().execute_sql_flush([*tables, INCIDENTS])


class DatabaseIntrospection(introspection.DatabaseIntrospection):
    @override
    def table_names(self, cursor: object = None, *, include_views: bool = False) -> list[str]:
        with djangos_errors():
            names: list[str] = super().table_names(cursor, include_views)
        return names


class DatabaseWrapper(base.DatabaseWrapper):
    SchemaEditorClass = DatabaseSchemaEditor
    introspection_class = DatabaseIntrospection
    ops_class = DatabaseOperations

    @override
    def connect(self) -> None:
        with djangos_errors():
            super().connect()

    @override
    def is_usable(self) -> bool:
        try:
            self.connection.admin.command("ping")
        except PyMongoError:
            return False
        return True
