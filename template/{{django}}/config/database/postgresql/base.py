"""The engine: Django's own for PostgreSQL, with this service's pool. Django finds it by its names."""

from typing import ClassVar, override

from django.db.backends.base.base import NO_DB_ALIAS
from django.db.backends.postgresql import base

from config.database.postgresql.pool import Pool
from service.platform.measuring import METRICS


class DatabaseWrapper(base.DatabaseWrapper):
    _connection_pools: ClassVar[dict[str, Pool]] = {}

    @property
    @override
    def pool(self) -> Pool | None:
        if self.alias == NO_DB_ALIAS:
            return None
        if self.alias not in self._connection_pools:
            pool = Pool(
                kwargs=self.get_connection_params() | {"autocommit": True},
                configure=self._configure_connection,  # type: ignore[attr-defined] # Django's, for pools.
                **self.settings_dict["OPTIONS"]["pool"],
            )
            self._connection_pools.setdefault(self.alias, pool).count(METRICS)
        return self._connection_pools[self.alias]
