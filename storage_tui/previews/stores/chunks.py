"""The chunks of a Zarr array: their bytes by ranges, also out of shards (Zarr core specification 3.0, sharding)."""

import asyncio
import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import crc32c

from storage_tui.contract.sizes import size_text
from storage_tui.previews.base import KIB, BudgetError, PreviewError
from storage_tui.previews.stores.nodes import Array, Shards
from storage_tui.previews.stores.prefix import ChunkFiles

Place = tuple[int, ...]

FIRST_BYTES = 64 * KIB  # of a chunk whose size is not known; most compressed chunks of coordinates are smaller
NOT_WRITTEN = (1 << 64) - 1
MOST_INDEX_BYTES = 256 * KIB  # 16,000 chunks a shard
TOO_FAR = "is past the budget of a preview"


@dataclass(frozen=True, slots=True)
class Packed:
    """The bytes of one chunk; None for a chunk that was never written. `reason` says why it could not be read."""

    content: bytes | None
    reason: str = ""


class Chunks:
    """Reads chunks of one array below a prefix."""

    def __init__(self, prefix: ChunkFiles, array: Array) -> None:
        self._prefix = prefix
        self._array = array
        self._usual_bytes = FIRST_BYTES

    async def fetch(self, places: Sequence[Place]) -> list[Packed]:
        """Return the chunks at these places. Raises an error of the client."""
        shards = self._array.shards
        if shards is not None:
            return await self._of_shards(places, shards)
        found = [await self._one(place) for place in places[:1]]
        share = self._prefix.bytes_left // max(1, len(places) - 1)
        self._usual_bytes = max(1, min(share, self._usual_bytes))
        return [*found, *await asyncio.gather(*map(self._one, places[1:]))]

    async def _one(self, place: Place) -> Packed:
        try:
            return await self._whole(place)
        except BudgetError:
            return Packed(None, TOO_FAR)
        except PreviewError as exc:
            return Packed(None, str(exc))

    async def _whole(self, place: Place) -> Packed:
        """Return a chunk that is a blob: as much as chunks usually have, then the rest."""
        name = self._array.chunk_key(place)
        part = await self._prefix.read(name, 0, min(self._usual_bytes, self._prefix.bytes_left))
        if part is None:
            return Packed(None)
        content = part.data
        if not part.is_whole:
            if part.size_bytes - len(content) > self._prefix.bytes_left:
                return Packed(None, f"has {size_text(part.size_bytes)}, which {TOO_FAR}")
            more = await self._prefix.read(name, len(content), part.size_bytes)
            content += more.data if more is not None else b""
        self._usual_bytes = max(self._usual_bytes, len(content) * 5 // 4)
        return Packed(content)

    async def _of_shards(self, places: Sequence[Place], shards: Shards) -> list[Packed]:
        """Return chunks out of shards: those of one shard that lie near each other come with one request."""
        counts = tuple(side // part for side, part in zip(self._array.chunks, shards.chunks, strict=True))
        inside: dict[Place, dict[Place, int]] = {}
        for place in places:
            number = 0
            for at, count in zip(place, counts, strict=True):
                number = number * count + at % count
            shard = tuple(at // count for at, count in zip(place, counts, strict=True))
            inside.setdefault(shard, {})[place] = number
        found: dict[Place, Packed] = {}
        for shard, numbers in inside.items():
            try:
                found |= await self._of_shard(shard, shards, math.prod(counts), numbers)
            except PreviewError as exc:
                reason = TOO_FAR if isinstance(exc, BudgetError) else str(exc)
                found |= {place: Packed(None, reason) for place in numbers if place not in found}
        return [found[place] for place in places]

    async def _of_shard(
        self, shard: Place, shards: Shards, total: int, numbers: Mapping[Place, int]
    ) -> dict[Place, Packed]:
        """Return the chunks of one shard by their places. Raises BudgetError."""
        name = self._array.chunk_key(shard)
        size = 16 * total + 4 * shards.has_checksum
        if size > MOST_INDEX_BYTES:
            return dict.fromkeys(numbers, Packed(None, f"is in a shard of {total:,} chunks"))
        first = await self._prefix.read(name, 0, max(size, FIRST_BYTES))
        if first is None:
            return dict.fromkeys(numbers, Packed(None))
        last = first
        if not shards.is_index_first and not first.is_whole:
            last = await self._prefix.read(name, max(0, first.size_bytes - size), first.size_bytes) or first
        raw = last.data[:size] if shards.is_index_first else last.data[-size:]
        if len(raw) != size:
            return dict.fromkeys(numbers, Packed(None, "is in a shard that is cut"))
        if shards.has_checksum and crc32c.crc32c(raw[:-4]) != int.from_bytes(raw[-4:], "little"):
            return dict.fromkeys(numbers, Packed(None, "is in a shard whose index is damaged"))
        spans = {place: struct.unpack_from("<2Q", raw, 16 * number) for place, number in numbers.items()}
        written = [(start, start + count) for start, count in spans.values() if start != NOT_WRITTEN]
        base, content = 0, first.data
        if written and max(stop for _, stop in written) > len(content):
            base, stop = min(start for start, _ in written), max(stop for _, stop in written)
            if stop > first.size_bytes:
                return dict.fromkeys(numbers, Packed(None, "is in a shard whose index is damaged"))
            part = await self._prefix.read(name, base, min(stop, base + self._prefix.bytes_left))
            content = part.data if part is not None else b""
        found = {}
        for place, (start, count) in spans.items():
            packed = content[start - base : start - base + count]
            if start == NOT_WRITTEN:
                found[place] = Packed(None)
            else:
                found[place] = Packed(packed) if len(packed) == count else Packed(None, TOO_FAR)
        return found
