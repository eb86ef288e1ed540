"""The packed blocks of a raster: read by ranges, neighbours in one request, kept in bounded memory."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Sequence

from storage_tui.previews.base import BudgetError, PreviewError, Source
from storage_tui.previews.raster import tiff_directory as tags
from storage_tui.previews.raster.picture import block_places
from storage_tui.previews.raster.tiff_directory import Tiff
from storage_tui.previews.raster.windows.scene import Layer

KEPT_BYTES = 24 * 1024 * 1024  # packed blocks: the views of several minutes
KEPT_PLACES = 1 << 17  # places of blocks: 10 MB
GAP_BYTES = 32 * 1024  # between blocks that one request reads: less than the request costs
LIST_BYTES = 256 * 1024  # of a list of places: parts of it that lie within are read in one request
MOST_RUNS = 4  # parts of a list that lie further apart, a request each
AT_ONCE = 4  # requests in flight

Place = tuple[int, int]  # offset and size of a block; size 0 where there is none


class BlockStore:
    """The blocks of all levels of one file, by the directory that lists them and their number in it."""

    def __init__(self, source: Source, tiff: Tiff) -> None:
        self._source = source
        self._tiff = tiff
        self._places: dict[tuple[int, int], Place] = {}
        self._kept: OrderedDict[tuple[int, int], bytes] = OrderedDict()
        self._kept_bytes = 0

    async def find(self, layer: Layer, wanted: Sequence[int]) -> dict[int, Place]:
        """Return the places of these blocks, which ascend; raise BudgetError, or PreviewError for a list that lies."""
        name = id(layer.directory)
        missing = [index for index in wanted if (name, index) not in self._places]
        if missing:
            if len(self._places) > KEPT_PLACES:
                self._places.clear()
                missing = list(wanted)
            await self._read_places(layer, _runs(missing))
        return {index: self._places[name, index] for index in wanted}

    async def _read_places(self, layer: Layer, runs: list[tuple[int, int]]) -> None:
        await asyncio.gather(*(self._read_list(layer, tag, runs) for tag in _lists(layer)))
        for first, stop in runs:
            found = await block_places(self._source, self._tiff, layer.directory, stop - first, first=first)
            self._places.update({(id(layer.directory), index): (0, 0) for index in range(first, stop)})
            for index, at, size in found:
                self._places[id(layer.directory), first + index] = at, size

    async def _read_list(self, layer: Layer, tag: int, runs: list[tuple[int, int]]) -> None:
        """Read the part of a list with the runs in one request, so that each of them costs none."""
        value = layer.directory.values[tag]
        start, stop = value.at + runs[0][0] * value.item_bytes, value.at + runs[-1][1] * value.item_bytes
        if stop - start <= LIST_BYTES:
            await self._source.read(start, stop)
        elif len(runs) > MOST_RUNS:
            raise BudgetError("the places of its blocks lie too far apart")

    def cost(self, layer: Layer, places: dict[int, Place]) -> tuple[int, int]:
        """Return the requests and the bytes that the reading of these blocks costs, gaps between them included."""
        groups = _grouped(self._missing(layer, places))
        return len(groups), sum(_span(group)[1] - _span(group)[0] for group in groups)

    def _missing(self, layer: Layer, places: dict[int, Place]) -> list[tuple[int, int, int]]:
        """Return offset, size and number of the blocks that exist and are not kept, by their offsets."""
        name = id(layer.directory)
        return sorted(
            (at, size, index) for index, (at, size) in places.items() if size and (name, index) not in self._kept
        )

    async def read(self, layer: Layer, places: dict[int, Place]) -> dict[int, bytes]:
        """Return the packed bytes of these blocks; a block that does not exist is left out. Raises BudgetError."""
        name = id(layer.directory)
        groups = _grouped(self._missing(layer, places))
        found: dict[int, bytes] = {}
        for index in places:
            if (name, index) in self._kept:
                self._kept.move_to_end((name, index))
                found[index] = self._kept[name, index]
        at_once = asyncio.Semaphore(AT_ONCE)

        async def fetch(group: list[tuple[int, int, int]]) -> None:
            start, stop = _span(group)
            async with at_once:
                content = await self._source.read(start, stop)
            for at, size, index in group:
                found[index] = content[at - start : at - start + size]
                self._keep((name, index), found[index])

        tasks = [asyncio.create_task(fetch(group)) for group in groups]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()  # an error of one ends the others
        return found

    def _keep(self, name: tuple[int, int], content: bytes) -> None:
        self._kept_bytes += len(content) - len(self._kept.pop(name, b""))
        self._kept[name] = content
        while self._kept_bytes > KEPT_BYTES and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self._kept_bytes -= len(dropped)


def _lists(layer: Layer) -> list[int]:
    """Return the tags that list the blocks of a level."""
    known = (tags.TILE_OFFSETS, tags.STRIP_OFFSETS), (tags.TILE_SIZES, tags.STRIP_SIZES)
    found = [next((tag for tag in pair if tag in layer.directory.values), None) for pair in known]
    if found[0] is None:
        raise PreviewError("its blocks are not listed")
    return [tag for tag in found if tag is not None]


def _runs(indexes: Iterable[int]) -> list[tuple[int, int]]:
    """Return first and stop of each run of numbers that follow one another."""
    runs: list[tuple[int, int]] = []
    for index in indexes:
        if runs and runs[-1][1] == index:
            runs[-1] = runs[-1][0], index + 1
        else:
            runs.append((index, index + 1))
    return runs


def _span(group: Sequence[tuple[int, int, int]]) -> tuple[int, int]:
    return group[0][0], max(at + size for at, size, _ in group)


def _grouped(blocks: Sequence[tuple[int, int, int]]) -> list[list[tuple[int, int, int]]]:
    """Return the blocks in groups that lie close to each other in the file."""
    groups: list[list[tuple[int, int, int]]] = []
    end = 0
    for at, size, index in blocks:
        if groups and at - end <= GAP_BYTES:
            groups[-1].append((at, size, index))
        else:
            groups.append([(at, size, index)])
        end = max(end, at + size)
    return groups
