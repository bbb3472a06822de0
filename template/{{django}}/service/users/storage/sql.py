"""Users on SQL tables."""

import uuid
from typing import Any, override

from django.db import models


class UserId(models.UUIDField[uuid.UUID | str, uuid.UUID]):
    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - Django's.
        super().__init__(**{"primary_key": True, "default": uuid.uuid4, "editable": False, **options})

    @override
    def get_internal_type(self) -> str:
        return "UUIDField"

    @override
    def deconstruct(self) -> Any:
        """Alike for every database, so that one migration does for all of them."""
        name, _, _, _ = super().deconstruct()
        return name, "service.users.storage.UserId", [], {}


UserReference = models.ForeignKey
