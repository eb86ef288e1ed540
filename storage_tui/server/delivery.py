"""Sending an answer: an idle deadline around every piece, and an end to it when nobody reads any more."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any

from storage_tui.server.body import Message
from storage_tui.server.request import Request
from storage_tui.server.responses import Response

Send = Callable[[Message], Awaitable[None]]

SEND_IDLE_S = 30.0  # a reader that takes nothing for so long has gone, or will resume by range


class CutError(Exception):
    """The answer cannot go on; the listener must close the connection without a proper end."""


async def deliver(response: Response, request: Request | None, send: Send, *, is_head: bool) -> None:
    """Send the answer. Raises CutError, or what the stream raised, when it had begun and could not be ended."""
    start: dict[str, Any] = {"type": "http.response.start", "status": response.status}
    if response.stream is None and response.status != 304 and "Content-Length" not in response.headers:
        response.headers["Content-Length"] = str(len(response.content))
    start["headers"] = [
        (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.headers.items()
    ]
    await _send(send, start)
    if response.stream is None or request is None:
        content = b"" if is_head else response.content
        await _send(send, {"type": "http.response.body", "body": content, "more_body": False})
        if request is not None and response.headers.get("Connection") == "close":
            await request.body.linger()
        return
    await _stream(response, request, send)


async def _stream(response: Response, request: Request, send: Send) -> None:
    stream = response.stream
    if stream is None:
        return
    watch = asyncio.ensure_future(request.body.wait_for_disconnect())
    try:
        async with aclosing(stream) as chunks:  # type: ignore[type-var]
            async for chunk in chunks:
                if watch.done():  # the listener takes bytes for a closed connection without complaint
                    return
                if request.body.is_interrupted:
                    raise CutError("the server is stopping")
                await _send(send, {"type": "http.response.body", "body": chunk, "more_body": True})
        await _send(send, {"type": "http.response.body", "body": b"", "more_body": False})
    finally:
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)


async def _send(send: Send, message: dict[str, Any]) -> None:
    try:
        async with asyncio.timeout(SEND_IDLE_S):
            await send(message)
    except TimeoutError as exc:
        raise CutError("the client reads nothing") from exc
