"""Bodies of uploads being taken in: as many at once as a disk or an engine keeps up with.

A body that waits for its first place is not read, so its bytes stay with the client, and a client that is refused has
sent nothing in vain. A place is for bytes that move: a sender that keeps the server waiting gives its place back until
its next piece arrives, so that slow senders keep out nobody. Places are shared fairly by user, and after QUANTUM_BYTES
a body goes to the end of the queue of its user, so that a long upload does not keep out a short one.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress

from storage_tui.server.http.body import Body
from storage_tui.server.http.request import Request
from storage_tui.server.limits.shares import Share, Shares

PLACES = 10  # more than threads that write files or parts, so that these are never idle
PATIENCE_S = 20.0  # the published client waits 30 s for an answer after its last byte
SILENCE_S = 0.02  # ten senders that are just fast enough to keep their places send 60 to 120 MB/s together
QUANTUM_BYTES = 4 * 1024 * 1024
RESUME_S = 4.0  # a body that has begun stands still no longer: the published client aborts a send after 9.5 s


class Intake:
    """The places of one server."""

    def __init__(self, places: int = PLACES, *, patience_s: float = PATIENCE_S) -> None:
        self.places = Shares(places, "all places for uploads", patience_s=patience_s)

    async def chunks(self, request: Request) -> AsyncIterator[bytes]:
        """Yield the pieces of the body, as `Body.chunks` does, each while the body has a place. After the last one the
        place is kept until the answer is sent.

        A body that has begun waits no longer than RESUME_S for its place: then the server is slow, and the body goes on
        without. Raise BusyError before the first piece when there is no place in time, and at once the reason with
        which the body is interrupted.
        """
        body = request.body
        if body.is_done:
            return
        async with body.interruptible():
            share = await self.places.take(request.namespace, 1)
        place = _Place(self.places, request.namespace, share)
        request.stack.callback(place.close)
        async with aclosing(place.chunks(body)) as pieces:  # type: ignore[type-var]
            async for piece in pieces:
                yield piece


class _Place:
    """The place of one body, given back while the sender is silent."""

    def __init__(self, places: Shares, user: str, share: Share) -> None:
        self._places = places
        self._user = user
        self._share: Share | None = share

    def close(self) -> None:
        """Give the place back."""
        if self._share is not None:
            self._share.close()
            self._share = None

    async def chunks(self, body: Body) -> AsyncIterator[bytes]:
        loop, moved_bytes = asyncio.get_running_loop(), 0
        silence = loop.call_later(SILENCE_S, self.close)
        try:
            async with aclosing(body.chunks()) as pieces:  # type: ignore[type-var]
                async for piece in pieces:
                    silence.cancel()
                    await self._resume(body)
                    yield piece
                    moved_bytes += len(piece)
                    if moved_bytes >= QUANTUM_BYTES and self._places.is_wanted:
                        moved_bytes = 0
                        self.close()
                        await self._resume(body)
                    silence = loop.call_later(SILENCE_S, self.close)
        finally:
            silence.cancel()
        await self._resume(body)

    async def _resume(self, body: Body) -> None:
        """Have the place again, where it was given back."""
        if self._share is None:
            with suppress(TimeoutError):
                async with body.interruptible(), asyncio.timeout(RESUME_S):
                    self._share = await self._places.take(self._user, 1)
