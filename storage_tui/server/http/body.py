"""The body of a request, read piece by piece under an idle deadline."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

from storage_tui.contract.errors import BadRequestError, IncompleteBodyError, StorageError, TooLargeError
from storage_tui.server.http.hashing import Hashing, check_hashes
from storage_tui.server.limits.pace import RATE_WINDOW_BYTES, RATE_WINDOW_S, Pace

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]


@dataclass(frozen=True, slots=True)
class BodyBounds:
    """How long the sender of a body is waited for."""

    idle_s: float = 20.0  # the published client gives up after 30 s: our answer must arrive before
    linger_s: float = 5.0  # a refused body is read for so long, so that its sender can read the refusal …
    linger_bytes: int = 64 * 1024 * 1024  # … and at most so much of the body


DEFAULTS = BodyBounds()


class ClientGoneError(Exception):
    """The other side closed the connection; nobody is left to answer."""


_arrivals = count()


class Body:
    """The bytes of one request. Nothing collects them here, except `read` under a limit. A body with a higher `arrival`
    came later. The bytes are compared with the hashes `promised`; `hashes` holds those of a body that was read."""

    def __init__(
        self, receive: Receive, *, size_bytes: int | None, has_more: bool, promised: Mapping[str, bytes] | None = None,
        bounds: BodyBounds = DEFAULTS, clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self.size_bytes = size_bytes  # what Content-Length announces; None for a chunked body
        self.received_bytes = 0
        self.arrival = next(_arrivals)
        self.is_done = not has_more
        self._receive = receive
        self._bounds, self._clock = bounds, clock
        self._deadline: asyncio.Timeout | None = None
        self._interruption: StorageError | None = None
        self._pace = Pace()
        self._waited_s = 0.0  # for the last piece
        self.promised = promised or {}
        self.hashes: Mapping[str, bytes] = {}
        self._hashing = Hashing(self.promised) if self.promised else None

    def hash_also(self, names: Collection[str]) -> None:
        """Compute these hashes too. Call this before the first piece is read."""
        if names:
            self._hashing = Hashing({*self.promised, *names})

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the pieces as they arrive; no piece is empty.

        Raise IncompleteBodyError when nothing arrives for `idle_s` or too little in RATE_WINDOW_S, ClientGoneError when
        the connection ends before the body does, ChecksumError after the last piece of a body that does not have the
        promised hashes, and the reason of `interrupt` after it was called.
        """
        while chunk := await self._piece():
            yield chunk

    async def _piece(self) -> bytes:
        """Return the next bytes; b"" at the end, when the body was found to be whole."""
        while not self.is_done:
            message = await self._next()
            if message["type"] != "http.request":
                raise ClientGoneError
            chunk: bytes = message.get("body", b"")
            self.received_bytes += len(chunk)
            self.is_done = not message.get("more_body", False)
            self._check_rate(len(chunk))
            if chunk:
                if self._hashing is not None:
                    await self._hashing.extend(chunk)
                return chunk
        if self.size_bytes is not None and self.received_bytes != self.size_bytes:
            raise _incomplete(self)
        if self._hashing is not None:
            self.hashes = await self._hashing.digests()
            check_hashes(self.promised, self.hashes, "the body")
        return b""

    def check_announced(self, limit: int, what: str) -> None:
        """Raise TooLargeError naming `what` when the client announces more than `limit` bytes."""
        if self.size_bytes is not None and self.size_bytes > limit:
            raise TooLargeError(f"{what} is at most {limit} bytes, not {self.size_bytes}")

    async def read(self, limit: int, what: str, *, grow: Callable[[int], None] = lambda _: None) -> bytes:
        """Return all of the body; raise TooLargeError naming `what` when the body is longer than `limit` bytes.

        `grow` is called with the number of bytes read so far before the next piece is read. `grow` may raise.
        """
        self.check_announced(limit, what)
        first = await self._piece()
        content = bytearray()
        chunk = first
        while chunk:
            content += chunk
            if len(content) > limit:
                raise TooLargeError(f"{what} is at most {limit} bytes")
            grow(len(content))
            chunk = await self._piece()
        return first if len(first) == len(content) else bytes(content)

    async def expect_empty(self) -> None:
        """Raise BadRequestError when a byte arrives."""
        async for _ in self.chunks():
            raise BadRequestError("this request must not have a body")

    async def discard(self) -> None:
        """Read the body to its end and keep nothing."""
        async for _ in self.chunks():
            pass

    async def linger(self) -> None:
        """Read some of what a refused client still sends. Without this, closing the connection at once would lose our
        answer to the client."""
        if self.is_done:
            return
        try:
            async with asyncio.timeout(self._bounds.linger_s):
                async for _ in self.chunks():
                    if self.received_bytes > self._bounds.linger_bytes:
                        return
        except (TimeoutError, StorageError, ClientGoneError):
            return

    async def wait_for_disconnect(self) -> None:
        """Return when the client has closed the connection. Call this only after the body is done."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    def interrupt(self, reason: StorageError) -> None:
        """Make the reader raise `reason` now, or at its next piece."""
        self._interruption = reason
        if self._deadline is not None:
            self._deadline.reschedule(asyncio.get_running_loop().time())

    def check_interruption(self) -> None:
        """Raise the reason of `interrupt` once it was called."""
        if self._interruption is not None:
            raise self._interruption

    @asynccontextmanager
    async def interruptible(self) -> AsyncIterator[None]:
        """Run the block; when `interrupt` is called, stop waiting in the block and raise the reason."""
        self.check_interruption()
        try:
            async with asyncio.timeout(None) as self._deadline:
                yield
        except TimeoutError as exc:
            if self._interruption is None:
                raise
            raise self._interruption from exc
        finally:
            self._deadline = None

    @property
    def is_interrupted(self) -> bool:
        """True once `interrupt` was called."""
        return self._interruption is not None

    async def _next(self) -> Message:
        self.check_interruption()
        began = self._clock()
        try:
            async with asyncio.timeout(self._bounds.idle_s) as self._deadline:
                return await self._receive()
        except TimeoutError as exc:
            if self._interruption is not None:
                raise self._interruption from exc
            raise _incomplete(self) from exc
        finally:
            self._deadline = None
            self._waited_s = self._clock() - began

    def _check_rate(self, moved_bytes: int) -> None:
        """Raise IncompleteBodyError for a sender that is too slow. Time in which nobody read from the sender is not
        counted."""
        if self._pace.is_too_slow(self._waited_s, moved_bytes) and not self.is_done:
            raise IncompleteBodyError(
                f"the body arrives too slowly: less than {RATE_WINDOW_BYTES} bytes in {RATE_WINDOW_S:.0f} s; continue "
                "the upload over a faster connection"
            )


def _incomplete(body: Body) -> IncompleteBodyError:
    if body.size_bytes is None:
        return IncompleteBodyError(f"the body stopped after {body.received_bytes} bytes without its last chunk")
    return IncompleteBodyError(
        f"body shorter than Content-Length: {body.received_bytes} of {body.size_bytes} bytes came; "
        "open the file in binary mode"
    )
