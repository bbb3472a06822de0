import pytest

from service.ports import Database
from service.usecases.stored_events import StoredEvents
from tests.stored import Stored


@pytest.fixture
def stored(database: Database) -> Stored:
    return Stored(StoredEvents(database), database)
