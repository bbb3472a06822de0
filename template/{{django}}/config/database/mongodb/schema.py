"""How migrations make indexes."""

from typing import Any, override

from django.db.models import BaseConstraint, Model, UniqueConstraint
from django_mongodb_backend import schema
from pymongo import IndexModel


class DatabaseSchemaEditor(schema.DatabaseSchemaEditor):
    @override
    def add_constraint(self, model: type[Model], constraint: BaseConstraint, field: Any = None, **others: Any) -> None:
        """Sparse, where the backend's own is partial: what was deleted and has events left has no e-mail any more."""
        if not isinstance(constraint, UniqueConstraint) or constraint.condition is not None:
            super().add_constraint(model, constraint, field=field, **others)
            return
        names = [field.name] if field else constraint.fields
        columns = {each.name: str(each.column) for each in model._meta.concrete_fields}
        index = IndexModel([(columns[name], 1) for name in names], name=constraint.name, unique=True, sparse=True)
        self.get_collection(model._meta.db_table).create_indexes([index])
