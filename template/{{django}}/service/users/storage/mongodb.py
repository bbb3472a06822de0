"""Users in documents of MongoDB, with its own kind of ids."""

from typing import Any, override

from bson import ObjectId
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
