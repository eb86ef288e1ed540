"""The packed blocks of a raster: read by ranges, neighbours in one request, kept in bounded memory."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from typing import Protocol

from storage_tui.previews.base import Source
from storage_tui.previews.raster.windows.scene import Layer

KEPT_BYTES = 24 * 1024 * 1024  # packed blocks: the views of several minutes
GAP_BYTES = 32 * 1024  # between blocks that one request reads: less than the request costs
AT_ONCE = 6  # requests in flight

Place = tuple[int, int]  # offset and size of a block; size 0 where there is none


class Places(Protocol):
    """Says where the blocks of the layers of one blob lie."""

    async def find(self, layer: Layer, wanted: Sequence[int]) -> dict[int, Place]:
        """Return the places of these blocks, which ascend; raise BudgetError, or PreviewError for places that lie."""


class PackedBlocks(Protocol):
    """The packed blocks of a raster. A store whose blocks are blobs of their own has no offsets: they are 0."""

    async def find(self, layer: Layer, wanted: Sequence[int]) -> dict[int, Place]:
        """Return the places of these blocks, which ascend, as `Places` does."""

    def cost(self, layer: Layer, places: dict[int, Place]) -> tuple[int, int]:
        """Return the requests and the bytes that the reading of these blocks costs."""

    async def read(self, layer: Layer, places: dict[int, Place]) -> dict[int, bytes]:
        """Return the packed bytes of these blocks; a block that does not exist is left out. Raises BudgetError."""


class BlockStore:
    """The blocks of all layers of one blob, kept by their places in it."""

    def __init__(self, source: Source, places: Places) -> None:
        self._source = source
        self._places = places
        self._kept: OrderedDict[Place, bytes] = OrderedDict()
        self._kept_bytes = 0

    async def find(self, layer: Layer, wanted: Sequence[int]) -> dict[int, Place]:
        """Return the places of these blocks, which ascend, as `Places` does."""
        return await self._places.find(layer, wanted)

    def cost(self, layer: Layer, places: dict[int, Place]) -> tuple[int, int]:
        """Return the requests and the bytes that the reading of these blocks costs, gaps between them included."""
        groups = _grouped(self._missing(places))
        return len(groups), sum(_span(group)[1] - _span(group)[0] for group in groups)

    def _missing(self, places: dict[int, Place]) -> list[Place]:
        """Return the places of the blocks that exist and are not kept, in their order."""
        return sorted({place for place in places.values() if place[1] and place not in self._kept})

    async def read(self, layer: Layer, places: dict[int, Place]) -> dict[int, bytes]:
        """Return the packed bytes of these blocks; a block that does not exist is left out. Raises BudgetError."""
        groups = _grouped(self._missing(places))
        found: dict[Place, bytes] = {}
        for place in places.values():
            if place in self._kept:
                self._kept.move_to_end(place)
                found[place] = self._kept[place]
        at_once = asyncio.Semaphore(AT_ONCE)

        async def fetch(group: list[Place]) -> None:
            start, stop = _span(group)
            async with at_once:
                content = await self._source.read(start, stop)
            for at, size in group:
                found[at, size] = content[at - start : at - start + size]
                self._keep((at, size), found[at, size])

        tasks = [asyncio.create_task(fetch(group)) for group in groups]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()  # an error of one ends the others
        return {index: found[place] for index, place in places.items() if place[1]}

    def _keep(self, place: Place, content: bytes) -> None:
        self._kept_bytes += len(content) - len(self._kept.pop(place, b""))
        self._kept[place] = content
        while self._kept_bytes > KEPT_BYTES and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self._kept_bytes -= len(dropped)


def _span(group: Sequence[Place]) -> tuple[int, int]:
    return group[0][0], max(at + size for at, size in group)


def _grouped(blocks: Sequence[Place]) -> list[list[Place]]:
    """Return the blocks in groups that lie close to each other in the file."""
    groups: list[list[Place]] = []
    end = 0
    for at, size in blocks:
        if groups and at - end <= GAP_BYTES:
            groups[-1].append((at, size))
        else:
            groups.append([(at, size)])
        end = max(end, at + size)
    return groups
