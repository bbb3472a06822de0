"""Alembic runs this.

`make migrate` gives it a connection; for Alembic's own command it opens one by the settings.
"""

import asyncio
from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection

from service.adapters.database.sql.engine import disposing
from service.adapters.database.sql.tables import Base, UtcDateTime


def migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=not connection.dialect.supports_alter,
        render_item=render_item,
    )
    with context.begin_transaction():
        context.run_migrations()


def render_item(kind: str, item: object, _context: AutogenContext) -> str | Literal[False]:
    """Writes our own types as what they are in the database, so that migrations do not depend on this code."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


async def migrate_by_settings() -> None:
    # Here, since only this way needs the settings and the wiring.
    from service.platform.metrics import Metrics  # noqa: PLC0415
    from service.settings import load  # noqa: PLC0415
    from service.wiring import database  # noqa: PLC0415

    async with disposing(database.create_engine(load(), Metrics())) as engine, engine.begin() as connection:
        await connection.run_sync(migrate)


if (given := context.config.attributes.get("connection")) is not None:
    migrate(given)
else:
    asyncio.run(migrate_by_settings())
