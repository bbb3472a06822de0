"""The pool of connections: psycopg's own, in which nobody waits for a server that is not there."""

import logging
from typing import Any, override

from psycopg import Connection, Error
from psycopg_pool import ConnectionPool

from service.platform.metrics import Metrics

logging.getLogger("psycopg.pool").setLevel(logging.ERROR)  # Who asks for a connection is told what went wrong.


class Pool(ConnectionPool[Connection[Any]]):
    """Opens connections when they are needed, keeps some, and tells who asks while the server is away at once.

    It reaches into the pool that it is made of, whose version is bounded for that.
    """

    def __init__(self, *, kept: int, **options: Any) -> None:  # noqa: ANN401 - Psycopg's.
        super().__init__(min_size=0, open=False, **options)
        self._kept = kept

    def count(self, metrics: Metrics) -> None:
        """Lets the metrics tell how many connections there are."""
        metrics.pool_connections.labels("idle").set_function(lambda: len(self._pool))
        metrics.pool_connections.labels("in_use").set_function(lambda: self._nconns - len(self._pool))

    @override
    def _connect(self, timeout: float | None = None) -> Connection[Any]:
        with self._lock:
            waiting = list(self._waiting)
        try:
            return super()._connect(timeout)
        except Error as error:
            with self._lock:
                for client in waiting:  # Not who came in the meantime: the server may be back for them.
                    client.fail(error)
                    if client in self._waiting:
                        self._waiting.remove(client)
            raise

    @override
    def reconnect_failed(self) -> None:
        with self._lock:
            if self._waiting:
                self._maybe_grow_pool()

    @override
    def _check_connection(self, conn: Connection[Any]) -> None:
        try:
            super()._check_connection(conn)
        except Error:
            self.check()  # The server has ended the others too, most likely.
            raise

    @override
    def _maybe_close_connection(self, conn: Connection[Any]) -> bool:
        """Closes what is more than is kept, when it is given back and nobody waits for it."""
        with self._lock:
            is_surplus = self._nconns > self._kept and not self._waiting
            self._nconns -= is_surplus
        if is_surplus:
            self._close_connection(conn)
        return is_surplus or super()._maybe_close_connection(conn)
