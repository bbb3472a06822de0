"""The engine: MongoDB's backend for Django, with what this service keeps in documents besides the fields of its models.

Django finds its parts by their names, so they are called as in every engine.
"""

from django_mongodb_backend import base, features, operations
from pymongo.errors import PyMongoError

from config.database.mongodb.schema import DatabaseSchemaEditor


class DatabaseFeatures(features.DatabaseFeatures):
    # Nothing that newer ones have is needed, and services that speak the protocol call themselves 5.0.
    minimum_database_version = (5, 0)


class DatabaseOperations(operations.DatabaseOperations):
    compiler_module = "config.database.mongodb.compiler"


class DatabaseWrapper(base.DatabaseWrapper):
    SchemaEditorClass = DatabaseSchemaEditor
    features_class = DatabaseFeatures
    ops_class = DatabaseOperations

    def is_usable(self) -> bool:
        try:
            self.connection.admin.command("ping")
        except PyMongoError:
            return False
        return True
