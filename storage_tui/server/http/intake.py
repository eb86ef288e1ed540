"""Bodies of uploads being taken in: as many at once as a disk or an engine keeps up with.

A body that waits for its place is not read, so its bytes stay with the client, and the client of a body that is refused
has not sent it in vain. With all bodies at once each would go slower, take memory longer, and leave no time for short
calls. Measured on a bucket with 200 uploads of 4.2 MB at once: 4,955 requests to the engine, 1,455 of them for bytes
that were put aside as memory was short.

A place is for bytes that move. A sender that is silent gives its place back until the next piece arrives, so that slow
senders keep out nobody. Places are shared fairly by user, and after QUANTUM_BYTES a body goes to the end of the queue
of its user, so that a long upload does not keep out a short one.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress

from storage_tui.server.http.body import Body
from storage_tui.server.http.request import Request
from storage_tui.server.limits.shares import Share, Shares

PLACES = 10  # bodies of one user, of 4 MB each, then just fit into the memory that a bucket has for parts
PATIENCE_S = 20.0  # the published client waits 30 s for an answer after its last byte
SILENCE_S = 1.0  # of a sender, after which its place goes to the next
QUANTUM_BYTES = 4 * 1024 * 1024
RESUME_S = 5.0  # a body that has begun stands still no longer: the published client aborts a send after 9.5 s


class Intake:
    """The places of one server."""

    def __init__(self, places: int = PLACES, *, patience_s: float = PATIENCE_S) -> None:
        self.places = Shares(places, "all places for uploads", patience_s=patience_s)

    async def admit(self, request: Request) -> "Place":
        """Wait for a place, which the request keeps until its answer is sent. Raise BusyError when the wait is too
        long, and at once the reason with which the body is interrupted."""
        async with request.body.interruptible():
            share = await self.places.take(request.namespace, 1)
        place = Place(self.places, request.namespace, share)
        request.stack.callback(place.close)
        return place


class Place:
    """The place of one body. `chunks` gives the place back while the sender is silent."""

    def __init__(self, places: Shares, user: str, share: Share) -> None:
        self._places = places
        self._user = user
        self._share: Share | None = share

    @property
    def is_held(self) -> bool:
        """Return whether the body has its place at this moment."""
        return self._share is not None

    def close(self) -> None:
        """Give the place back."""
        if self._share is not None:
            self._share.close()
            self._share = None

    async def chunks(self, body: Body) -> AsyncIterator[bytes]:
        """Yield the pieces of the body, as `Body.chunks` does. Each is yielded at a turn of the body, or after a wait
        of RESUME_S: then the server is slow, and the body must go on."""
        loop, moved_bytes = asyncio.get_running_loop(), 0
        silence = loop.call_later(SILENCE_S, self.close)
        try:
            async with aclosing(body.chunks()) as pieces:  # type: ignore[type-var]
                async for piece in pieces:
                    silence.cancel()
                    await self._resume(body)
                    yield piece
                    moved_bytes += len(piece)
                    if moved_bytes >= QUANTUM_BYTES:
                        moved_bytes = 0
                        await self._let_others_go_first(body)
                    silence = loop.call_later(SILENCE_S, self.close)
        finally:
            silence.cancel()
        await self._resume(body)

    async def _let_others_go_first(self, body: Body) -> None:
        if self._places.is_wanted:
            self.close()
            await self._resume(body)

    async def _resume(self, body: Body) -> None:
        """Have the place again, where it was given back."""
        if self._share is None:
            with suppress(TimeoutError):
                async with body.interruptible(), asyncio.timeout(RESUME_S):
                    self._share = await self._places.take(self._user, 1)
