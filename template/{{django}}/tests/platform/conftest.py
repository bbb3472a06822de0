import asyncio
from collections.abc import AsyncIterator

import pytest

from service.events.stored import StoredEvents, ringing
from service.platform.doorbell import Doorbell
from tests.stored import Stored


@pytest.fixture
async def stored(transactional_db: None) -> AsyncIterator[Stored]:
    del transactional_db
    doorbell = Doorbell()
    async with ringing(doorbell):
        yield Stored(StoredEvents(doorbell), asyncio.get_running_loop())
