"""A column for the data of an event."""

import json
from collections.abc import Mapping
from typing import Any, override

from django.conf import settings
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper


class EventData(models.Field[Mapping[str, Any], Mapping[str, Any]]):
    """JSON as it came. What Django's own JSONField makes of it may refuse texts with a NUL, and round numbers."""

    @override
    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return settings.JSON_TYPE

    @override
    def get_prep_value(self, value: Any) -> str:
        return json.dumps(value)

    def from_db_value(self, value: Any, _expression: object, _connection: BaseDatabaseWrapper) -> Any:  # noqa: ANN401 - JSON.
        return json.loads(value) if isinstance(value, str) else value  # Some drivers have read it already.
