"""What the server calls for each request: Django's own handler for ASGI, but for its threads and the size of bodies."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from io import SEEK_END, BytesIO
from typing import IO, Any, override

from django.conf import settings
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, ASGIRequest, get_script_prefix
from django.core.signals import request_started
from django.http.response import HttpResponseBase, StreamingHttpResponse
from django.urls import set_script_prefix

from service.platform.requests import FOR_MACHINES

type Scope = dict[str, Any]
type Message = Mapping[str, Any]
type Receive = Callable[[], Awaitable[Message]]
type Send = Callable[[Message], Awaitable[None]]

THREADS = 100
"""So many requests are answered at once; more than there are connections to the database. The others wait in line."""


class BoundedHandler(ASGIHandler):
    """Reads no more of a body than there may be, however much comes, announced or not."""

    @override
    async def read_body(self, receive: Receive) -> IO[bytes]:
        body = BytesIO()
        has_more = True
        while has_more and body.tell() <= settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise RequestAborted
            body.write(message.get("body", b""))
            has_more = message.get("more_body", False)
        body.seek(0)
        return body

    @override
    def create_request(
        self, scope: Mapping[str, Any], body_file: IO[bytes]
    ) -> tuple[ASGIRequest, None] | tuple[None, HttpResponseBase]:
        created = super().create_request(scope, body_file)
        if created[1] is None:
            # Whoever reads a body that is too large gets Django's RequestDataTooBig: by this number, which chunks lack.
            created[0].META["CONTENT_LENGTH"] = str(body_file.seek(0, SEEK_END))
            body_file.seek(0)
        return created


class ThreadedHandler(BoundedHandler):
    """Answers each request in one thread from its beginning to its end, as servers for WSGI do.

    Django's own starts a thread for each request, goes to it and back for each signal and for the view, and may
    connect to the database anew in each of them. This one answers about twice as many.
    """

    def __init__(self) -> None:
        self.load_middleware(is_async=False)
        self._threads = ThreadPoolExecutor(THREADS, "request")
        self._beside = BoundedHandler()

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in FOR_MACHINES:
            # These are answered even when all threads wait for the database.
            await self._beside(scope, receive, send)
            return
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        response = await self._in_thread(self._answer, scope, body)
        if not isinstance(response, StreamingHttpResponse):
            await self.send_response(response, send)
            return
        if not response.is_async:
            response.streaming_content = self._parts(iter(response))
        await self.send_response(response, send)
        await self._in_thread(response.close)

    def _answer(self, scope: Scope, body: IO[bytes]) -> HttpResponseBase:
        set_script_prefix(get_script_prefix(scope))
        request_started.send(sender=self.__class__, scope=scope)
        created = self.create_request(scope, body)
        response = self.get_response(created[0]) if created[1] is None else created[1]
        if not isinstance(response, StreamingHttpResponse):
            response.close()  # Its content stays. What is given back is the connection to the database.
        return response

    async def _parts(self, parts: Iterator[bytes]) -> AsyncIterator[bytes]:
        """Reads each of them in a thread, where Django would read all before it sends the first."""
        while (part := await self._in_thread(next, parts, None)) is not None:
            yield part

    async def _in_thread[**Arguments, Result](
        self, function: Callable[Arguments, Result], *arguments: Arguments.args, **named: Arguments.kwargs
    ) -> Result:
        call = partial(copy_context().run, function, *arguments, **named)
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)
