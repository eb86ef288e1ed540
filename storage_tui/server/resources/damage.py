"""Blobs found damaged while they were sent: clients that resume one get the reason instead of the rest.

A whole read of a damaged blob is cut before its end, because the answer has already begun. The client then resumes at
the byte that it has reached, where the bytes may be good, or tries once more, and would blame the network. So a read of
such a blob that begins past its start is refused with the reason, and a whole read of moderate size is tried out before
its answer begins. This lasts until a whole read succeeds, or until the key holds another blob.
"""

from collections import OrderedDict
from collections.abc import AsyncGenerator
from contextlib import aclosing

from storage_tui.contract.errors import DamagedError
from storage_tui.contract.wire import Span
from storage_tui.server.stores.base import READ_SIZE, Address, BlobReader

REMEMBERED = 1000  # the last ones; for older ones the client reports that the checksum differs
TRIED_BYTES = 64 * 1024 * 1024  # read in a moment; a client of a larger blob resumes where the answer was cut


class Damage:
    """The blobs that this server has found damaged."""

    def __init__(self) -> None:
        self._found: OrderedDict[tuple[Address, str | None], str] = OrderedDict()

    async def check(self, address: Address, reader: BlobReader, span: Span) -> None:
        """Raise DamagedError when the span belongs to a blob that was found damaged and still is."""
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
        """Yield the chunks of the reader. Damage in them is remembered, and forgotten after a whole read without
        damage."""
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
