"""Messages that could not be handled: looking at them, and handling them again."""

from collections.abc import Sequence

from service.domain.errors import NotFound
from service.domain.events import DeadLetter
from service.platform.consumer import Consumer
from service.platform.ports import EventStorage

ALL = 1_000_000


class DeadLetterBox[Handler]:
    def __init__(self, storage: EventStorage[Handler], consumer: Consumer[Handler]) -> None:
        self._storage = storage
        self._consumer = consumer

    async def list(self, limit: int) -> Sequence[DeadLetter]:
        return await self._storage.parked(limit)

    async def get(self, letter_id: str) -> DeadLetter:
        """Raises `NotFound` if there is none of this id."""
        letter = await self._storage.find_parked(letter_id)
        if letter is None:
            raise NotFound(f"There is no parked message {letter_id}.")
        return letter

    async def replay(self, letter_ids: Sequence[str] | None) -> int:
        """Hands messages to the consumer again, all of them if None is given. What fails again is parked anew.

        Returns:
            How many there were.
        """
        letters = await self.list(ALL) if letter_ids is None else [await self.get(each) for each in letter_ids]
        for letter in letters:
            await self._consumer.handle(letter.body)
            # Only now: should this be interrupted, it is there twice rather than not at all.
            await self._storage.discard(letter.id)
        return len(letters)
