"""Blobs being sent: the size of their pieces, and the memory that each costs, so that slow readers cannot fill it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, contextmanager

from storage_tui.server.http.request import Request
from storage_tui.server.limits.budget import STREAM_BYTES
from storage_tui.server.stores.base import READ_SIZE

CROWD = 8  # with more blobs than this at once pieces are small: nobody gets the full speed any more
CROWD_STEP_BYTES = 64 * 1024  # is then read at once
CROWD_BYTES = 16 * 1024  # and sent at once: the listener takes several pieces before its reader has taken one


class Streams:
    """The blobs that are being sent in more than one piece."""

    def __init__(self) -> None:
        self._open = 0

    @property
    def step_bytes(self) -> int:
        """Return how many bytes of a blob are read at once."""
        return READ_SIZE if self._open <= CROWD else CROWD_STEP_BYTES

    async def admit(self, request: Request, cost_bytes: int = STREAM_BYTES) -> None:
        """Add the request to the blobs being sent, until its answer is sent; raise BusyError when memory is short."""
        await request.hold(request.budget.transfers, cost_bytes)
        request.stack.enter_context(self._counted())

    async def begin(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Return the chunks, cut smaller during a crowd. The first chunk is read before this returns: when that chunk
        is damaged, the answer can still be an error."""
        first = await anext(chunks, b"")
        return self._pieces(first, chunks)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        self._open += 1
        try:
            yield
        finally:
            self._open -= 1

    async def _pieces(self, first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async with aclosing(rest):  # type: ignore[type-var]
            chunk: bytes | None = first
            while chunk is not None:
                step = len(chunk) if self._open <= CROWD else CROWD_BYTES
                for start in range(0, len(chunk), step or 1):
                    yield chunk[start : start + step]
                chunk = await anext(rest, None)
