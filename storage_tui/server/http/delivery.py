"""Sending an answer: an idle deadline around every piece, and an end when nobody reads any more."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import aclosing
from functools import lru_cache
from typing import Any

from storage_tui.server.http.body import Message
from storage_tui.server.http.deadlines import within
from storage_tui.server.http.request import Request
from storage_tui.server.http.responses import Response
from storage_tui.server.limits.pace import Pace

Send = Callable[[Message], Awaitable[None]]

SEND_IDLE_S = 30.0  # a reader that takes nothing for so long has gone, or will resume with a range
PIECE_BYTES = 64 * 1024  # of a large answer: the listener takes one more only when its reader has taken some


class CutError(Exception):
    """The answer cannot continue; the listener must close the connection without a proper end."""


async def deliver(
    response: Response, request: Request | None, send: Send, *, is_head: bool, idle_s: float = SEND_IDLE_S,
    clock: Callable[[], float] = time.monotonic,
) -> None:  # fmt: skip
    """Send the answer. Raise CutError, or the stream's own error, when the answer had begun and could not be ended.

    A reader that takes nothing for `idle_s` seconds has gone. `clock` returns the time in seconds.
    """
    start: dict[str, Any] = {"type": "http.response.start", "status": response.status}
    if response.stream is None and response.status != 304 and "Content-Length" not in response.headers:
        response.headers["Content-Length"] = str(len(response.content))
    start["headers"] = [(_raw_name(name), value.encode("latin-1")) for name, value in response.headers.items()]
    reader = _Reader(send, idle_s, clock)
    is_whole = response.stream is None and (is_head or len(response.content) <= PIECE_BYTES)
    if is_whole or request is None:
        content = b"" if is_head else response.content
        await reader.take(start, {"type": "http.response.body", "body": content, "more_body": False})
    else:
        await reader.take(start)
        await _stream(response.stream or _pieces(response.content), request, reader)
    if request is not None and response.stream is None and response.headers.get("Connection") == "close":
        await request.linger()


@lru_cache(maxsize=256)
def _raw_name(name: str) -> bytes:
    """Return the name of a header as it is sent; the names are those in this program."""
    return name.lower().encode("latin-1")


class _Reader:
    """The reader of one answer, who must take each piece in time and the whole at the least rate."""

    def __init__(self, send: Send, idle_s: float, clock: Callable[[], float]) -> None:
        self._send, self._idle_s, self._clock = send, idle_s, clock
        self._pace = Pace()

    async def take(self, *messages: dict[str, Any]) -> None:
        """Send one piece, or the head and the whole of a small answer under one deadline. Raise CutError when the
        reader takes nothing, or too little."""
        began = self._clock()
        try:
            await within(self._send_all(messages), self._idle_s)
        except TimeoutError as exc:
            raise CutError("the client reads nothing") from exc
        message = messages[-1]
        is_last = message["type"] == "http.response.body" and not message["more_body"]
        if self._pace.is_too_slow(self._clock() - began, len(message.get("body", b""))) and not is_last:
            raise CutError("the client reads too slowly")

    async def _send_all(self, messages: Iterable[dict[str, Any]]) -> None:
        for message in messages:
            await self._send(message)


async def _pieces(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), PIECE_BYTES):
        yield content[start : start + PIECE_BYTES]


async def _stream(stream: AsyncIterator[bytes], request: Request, reader: _Reader) -> None:
    watch = asyncio.ensure_future(request.body.wait_for_disconnect())
    try:
        async with aclosing(stream) as chunks:  # type: ignore[type-var]
            async for chunk in chunks:
                if watch.done():  # the listener accepts bytes for a closed connection without an error
                    return
                if request.body.is_interrupted:
                    raise CutError("the server is stopping")
                await reader.take({"type": "http.response.body", "body": chunk, "more_body": True})
        await reader.take({"type": "http.response.body", "body": b"", "more_body": False})
    finally:
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)
