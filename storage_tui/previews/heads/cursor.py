"""Fields of bytes read one after the other, and the first bytes of a blob as far as a header goes."""

import struct
from typing import Any, Literal

from storage_tui.previews.base import Source


class ShortError(ValueError):
    """The next field lies past the bytes that were read."""


class Cursor:
    """A place in bytes that moves on with every field that is read."""

    def __init__(self, raw: bytes, at: int = 0, order: Literal["little", "big"] = "little") -> None:
        self.raw = raw
        self.at = at
        self.order = order

    @property
    def left(self) -> int:
        """The number of bytes after this place."""
        return max(0, len(self.raw) - self.at)

    def take(self, size: int) -> bytes:
        """Return the next `size` bytes; raise ShortError where there are fewer."""
        if size < 0 or size > self.left:
            raise ShortError("its header is cut")
        self.at += size
        return self.raw[self.at - size : self.at]

    def skip(self, size: int) -> None:
        """Pass over `size` bytes; raise ShortError where there are fewer."""
        if size < 0 or size > self.left:
            raise ShortError("its header is cut")
        self.at += size

    def number(self, size: int, *, signed: bool = False) -> int:
        """Return the next whole number of `size` bytes."""
        return int.from_bytes(self.take(size), self.order, signed=signed)

    def values(self, codes: str) -> tuple[Any, ...]:
        """Return the next values, by the codes of the module `struct` without a mark of order."""
        layout = struct.Struct((">" if self.order == "big" else "<") + codes)
        return layout.unpack(self.take(layout.size))


async def first_bytes(source: Source, head: bytes, stop: int) -> bytes:
    """Return the first `stop` bytes of a blob whose head is known; fewer where the blob or the budget ends."""
    if stop <= len(head):
        return head
    return head + await source.read(len(head), min(stop, len(head) + source.bytes_left))
