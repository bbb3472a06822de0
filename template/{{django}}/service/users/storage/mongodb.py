"""Users in documents of MongoDB, with its own kind of ids."""

from typing import Any, override

from bson import ObjectId
from django.db.models import ForeignKey
from django.db.models.fields.related_lookups import RelatedExact, RelatedIn
from django_mongodb_backend.fields import ObjectIdField


class UserId(ObjectIdField):
    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - Django's.
        super().__init__(**{"primary_key": True, "default": ObjectId, "editable": False, **options})

    @override
    def get_internal_type(self) -> str:
        return "ObjectIdField"

    @override
    def deconstruct(self) -> Any:
        """Alike for every database, so that one migration does for all of them."""
        name, _, _, _ = super().deconstruct()
        return name, "service.users.storage.UserId", [], {}


class UserReference(ForeignKey[Any, Any]):
    """A user's id as text, as the services of other frameworks keep it in a session; so it is nothing to join by."""

    @override
    def get_db_prep_save(self, value: Any, connection: Any) -> str:
        return str(value)

    def from_db_value(self, value: str, _expression: object, _connection: object) -> ObjectId:
        return ObjectId(value)

    @override
    def deconstruct(self) -> Any:
        name, _, arguments, options = super().deconstruct()
        return name, "django.db.models.ForeignKey", arguments, options


class _AsText:
    def get_db_prep_lookup(self, value: Any, connection: Any) -> Any:  # noqa: ANN401 - As Django has it.
        sql, parameters = super().get_db_prep_lookup(value, connection)  # type: ignore[misc] # Mixed into lookups.
        return sql, [str(each) for each in parameters]


@UserReference.register_lookup
class _Exact(_AsText, RelatedExact):
    pass


@UserReference.register_lookup
class _In(_AsText, RelatedIn):
    pass
