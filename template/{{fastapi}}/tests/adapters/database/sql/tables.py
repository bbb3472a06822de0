from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncEngine

from service.adapters.database.sql.engine import disposing
from service.adapters.database.sql.tables import Base


async def empty(engine: AsyncEngine) -> None:
    """Deletes all rows, and uses the engine up."""
    async with disposing(engine), engine.begin() as connection:
        for table in reversed(Base.metadata.sorted_tables):
            await connection.execute(delete(table))
