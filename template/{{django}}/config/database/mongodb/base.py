"""The engine: MongoDB's backend for Django, with what this service keeps in documents besides the fields of its models.

Django finds its parts by their names, so they are called as in every engine.
"""

from typing import override

from django_mongodb_backend import base, features, operations
from pymongo.errors import PyMongoError

from config.database.mongodb.documents import INCIDENTS
from config.database.mongodb.schema import DatabaseSchemaEditor


class DatabaseFeatures(features.DatabaseFeatures):
    # Nothing that newer ones have is needed, and services that speak the protocol call themselves 5.0.
    minimum_database_version = (5, 0)


class DatabaseOperations(operations.DatabaseOperations):
    compiler_module = "config.database.mongodb.compiler"

    @override
    def execute_sql_flush(self, tables: list[str]) -> None:
        """With the events that came with no change of a record: they are of no model."""
        super().execute_sql_flush([*tables, INCIDENTS])


class DatabaseWrapper(base.DatabaseWrapper):
    SchemaEditorClass = DatabaseSchemaEditor
    features_class = DatabaseFeatures
    ops_class = DatabaseOperations

    @override
    def is_usable(self) -> bool:
        try:
            self.connection.admin.command("ping")
        except PyMongoError:
            return False
        return True
