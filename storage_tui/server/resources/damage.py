"""Blobs that were found damaged while they were sent: whoever goes on with one is told so, instead of getting the rest.

A whole read of a damaged blob is cut before its end, since its answer has begun. The client goes on at the byte it has
reached, where all may be well, or tries once more, and would blame the way. So a read that begins past the start is
refused with the reason, and a whole read of moderate size is tried out before its answer begins; until a whole read has
ended well, or the blob is another one.
"""

from collections import OrderedDict
from collections.abc import AsyncGenerator
from contextlib import aclosing

from storage_tui.contract.errors import DamagedError
from storage_tui.contract.wire import Span
from storage_tui.server.stores.base import READ_SIZE, Address, BlobReader

REMEMBERED = 1000  # the last ones; of others the client tells that their checksum differs
TRIED_BYTES = 64 * 1024 * 1024  # read in a moment; whoever reads more goes on from where it was cut


class Damage:
    """What this server has found damaged."""

    def __init__(self) -> None:
        self._found: OrderedDict[tuple[Address, str | None], str] = OrderedDict()

    async def check(self, address: Address, reader: BlobReader, span: Span) -> None:
        """Raise DamagedError when the span is of a blob that is known to be damaged, and still is."""
        blob = reader.blob
        why = self._found.get((address, blob.etag))
        if why is None:
            return
        if span.start:
            raise DamagedError(why, key=blob.key)
        if span.size_bytes == blob.size_bytes and span.size_bytes <= TRIED_BYTES:
            async with aclosing(self.chunks(address, reader, span)) as chunks:
                async for _ in chunks:
                    pass

    async def chunks(
        self, address: Address, reader: BlobReader, span: Span, *, step_bytes: int = READ_SIZE
    ) -> AsyncGenerator[bytes, None]:
        """The chunks of the reader; remembers damage that it meets, and forgets it after a whole read without any."""
        name = address, reader.blob.etag
        try:
            async with aclosing(reader.chunks(span, step_bytes=step_bytes)) as chunks:  # type: ignore[type-var]
                async for chunk in chunks:
                    yield chunk
        except DamagedError as exc:
            self._found[name] = exc.message
            self._found.move_to_end(name)
            if len(self._found) > REMEMBERED:
                self._found.popitem(last=False)
            raise
        if span.size_bytes == reader.blob.size_bytes:
            self._found.pop(name, None)
