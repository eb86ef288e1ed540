"""The bytes of two blobs side by side, read in pieces, to the first byte that differs."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from storage_tui.contract.models import Blob
from storage_tui.previews.base import MIB, RangeStorage

PIECE_BYTES = 4 * MIB  # of each side at once: few requests, and bounded memory


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two blobs: how to read it, the blob as it was described, and its name for people."""

    storage: RangeStorage
    blob: Blob
    name: str

    async def read(self, start: int, stop: int) -> bytes:
        """Return the bytes from `start` up to `stop`, cut at the end, of the blob that was described. Raise
        PreconditionFailedError when the blob was overwritten meanwhile."""
        stop = stop if self.blob.size_bytes is None else min(stop, self.blob.size_bytes)
        if stop <= start:
            return b""
        part = await self.storage.read_range(
            self.blob.key, self.blob.storage_type, start=start, stop=stop, etag=self.blob.etag
        )
        return part.data


async def first_difference(
    left: Side, right: Side, *, most_bytes: int | None, told: Callable[[int], None] | None = None
) -> tuple[int, bool]:
    """Return the offset of the first byte that differs and True; or how many bytes are equal and False.

    At most `most_bytes` of each side are compared, None for all, and not more than the shorter blob has. `told` gets
    the number of compared bytes after each piece. Memory: two pieces of PIECE_BYTES.
    """
    at = 0
    ends = [end for end in (most_bytes, left.blob.size_bytes, right.blob.size_bytes) if end is not None]
    end = min(ends, default=0)
    while at < end:
        stop = min(at + PIECE_BYTES, end)
        one, other = await asyncio.gather(left.read(at, stop), right.read(at, stop))
        if one != other:
            return at + await asyncio.to_thread(_common, one, other), True
        at = stop
        if told is not None:
            told(at)
    return at, False


def _common(one: bytes, other: bytes) -> int:
    """Return how many first bytes are the same."""
    low, high = 0, min(len(one), len(other))  # the first `low` bytes are the same, the first `high + 1` are not
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
