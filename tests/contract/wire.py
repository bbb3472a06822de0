"""A broker, as another service sees it that takes part in the events: in whatever language, by the contract alone."""

import asyncio
import importlib
import json
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future
from typing import Any, Protocol, Self

from .documents import Node
from .events import FOREIGN, EventContract, Message, canonical_document

# The setting that says where the events are, and the option of the suite for it.
PLACES = {"rabbitmq": "exchange", "kafka": "topic", "redis": "stream"}

PATIENCE = 30.0


class Client(Protocol):
    async def publish(self, messages: Sequence[Message]) -> None: ...

    async def read(self, is_reading: Callable[[], None], receive: Callable[[bytes], None]) -> None:
        """Calls `receive` with the body of each message from now on, until it is cancelled."""
        ...


def client(broker: str, url: str, place: str) -> Client:
    """Imports the library of this broker alone."""
    made: Client = importlib.import_module(f"{__name__}_{broker}").Client(url, place)
    return made


class Wire:
    """Publishes messages; reads and remembers all others, each of which it holds to the contract."""

    def __init__(self, broker: str, url: str, place: str, *, reads: bool = True) -> None:
        self._client = client(broker, url, place)
        self._contract = EventContract(canonical_document())
        self._bodies: list[bytes] = []
        self._checked: list[Node] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="broker", daemon=True)
        self._reads = reads
        self._reading: Future[None] | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        if self._reads:
            begun = threading.Event()
            self._reading = self._start(self._client.read(begun.set, self._bodies.append))
            deadline = time.monotonic() + PATIENCE
            while not begun.wait(0.05):
                if self._reading.done():
                    self._reading.result()
                assert time.monotonic() < deadline, "the broker lets nobody read"
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._start(self._cancel_all()).result(PATIENCE)
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(PATIENCE)
            self._loop.close()

    def publish(self, *messages: Message) -> None:
        """Returns when the broker has confirmed them."""
        self._start(self._client.publish(messages)).result(PATIENCE)

    def events(self) -> list[Node]:
        """What the service has published since the beginning, in the order in which it came."""
        if self._reading and self._reading.done():
            self._reading.result()
        for body in self._bodies[len(self._checked) :]:
            self._checked.append({} if self._is_ours(body) else self._contract.check(body))
        return [event for event in self._checked if event]

    def wait_for(self, count: int, *, about: str | None, of_type: str | None = None) -> list[Node]:
        """The events about somebody, as soon as there are so many."""
        deadline = time.monotonic() + PATIENCE
        while True:
            found = [
                event
                for event in self.events()
                if event["data"]["user_id"] == about and of_type in {None, event["type"]}
            ]
            if len(found) >= count:
                return found
            assert time.monotonic() < deadline, f"{len(found)} of {count} events have come: {found}"
            time.sleep(0.02)

    def _is_ours(self, body: bytes) -> bool:
        """Whether this suite has published it, garbage included."""
        try:
            return bool(json.loads(body)["source"] == FOREIGN)
        except (ValueError, TypeError, KeyError):
            return True

    def _start[Result](self, work: Coroutine[Any, Any, Result]) -> Future[Result]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def _cancel_all(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
