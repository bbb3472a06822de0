"""A column for the data of an event."""

import json
from collections.abc import Mapping
from typing import Any, override

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper


class EventData(models.Field[Mapping[str, Any], Mapping[str, Any]]):
    """JSON as it came. Django's own JSONField would be `jsonb`, which refuses texts with a NUL and rounds numbers."""

    @override
    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "json" if connection.vendor == "postgresql" else "text"

    @override
    def get_prep_value(self, value: Any) -> str:
        return json.dumps(value)

    def from_db_value(self, value: Any, _expression: object, _connection: BaseDatabaseWrapper) -> Any:  # noqa: ANN401 - JSON.
        return json.loads(value) if isinstance(value, str) else value  # psycopg has read it already.
