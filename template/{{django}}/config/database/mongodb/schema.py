"""How migrations make collections and indexes, some of which a service of another framework may have made already."""

from collections.abc import Iterable
from typing import Any, override

from django.db.models import BaseConstraint, Model, UniqueConstraint
from django_mongodb_backend import schema
from pymongo import ASCENDING, IndexModel

from config.database.mongodb.documents import EVENTFUL, INCIDENTS, OUTBOX, OUTBOX_INDEXES


class DatabaseSchemaEditor(schema.DatabaseSchemaEditor):
    @override
    def create_model(self, model: type[Model]) -> None:
        if model._meta.db_table != OUTBOX:
            super().create_model(model)
            return
        for name in EVENTFUL:
            self.get_collection(name).create_indexes(OUTBOX_INDEXES)

    @override
    def delete_model(self, model: type[Model]) -> None:
        """Of the outbox, only what is of no model: the rest goes with the records."""
        if model._meta.db_table != OUTBOX:
            super().delete_model(model)
            return
        self.get_collection(INCIDENTS).drop()

    def _create_collection(self, model: type[Model]) -> None:
        if model._meta.db_table not in self.connection.introspection.table_names():
            super()._create_collection(model)

    def _unique_constraint_name(self, _table: str, column_names: Iterable[str], **_: object) -> str:
        return _name_of(column_names)

    def _create_index_name(self, _table: str, column_names: Iterable[str], suffix: str = "") -> str:
        return _name_of(column_names) + suffix

    @override
    def add_constraint(self, model: type[Model], constraint: BaseConstraint, field: Any = None, **others: Any) -> None:
        """Sparse, where the backend's own is partial: what was deleted and has events left has no e-mail any more."""
        if not isinstance(constraint, UniqueConstraint) or constraint.condition is not None:
            super().add_constraint(model, constraint, field=field, **others)
            return
        names = [field.name] if field else constraint.fields
        columns = {each.name: str(each.column) for each in model._meta.concrete_fields}
        keys = [(columns[name], ASCENDING) for name in names]
        index = IndexModel(keys, name=constraint.name, unique=True, sparse=True)
        self.get_collection(model._meta.db_table).create_indexes([index])


def _name_of(column_names: Iterable[str]) -> str:
    """An index belongs to its collection, so its fields are name enough; MongoDB refuses a second one on the same."""
    return "_".join(column_names).replace(".", "_")
