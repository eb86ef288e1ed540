"""The places of the blocks of a TIFF: from its lists, of which only the parts that are needed are read."""

import asyncio
from collections.abc import Hashable, Iterable, Sequence

from storage_tui.previews.base import BudgetError, PreviewError, Source
from storage_tui.previews.raster import tiff_directory as tags
from storage_tui.previews.raster.picture import block_places
from storage_tui.previews.raster.tiff_directory import Directory, Tiff
from storage_tui.previews.raster.windows.blocks import Place
from storage_tui.previews.raster.windows.scene import Layer

KEPT_PLACES = 1 << 17  # places of blocks: 10 MB
LIST_BYTES = 256 * 1024  # of a list of places: parts of it that lie within are read in one request
MOST_RUNS = 4  # parts of a list that lie further apart, a request each


class TiffPlaces:
    """The places of the blocks of all levels of one file. A layer is named by the number of its directory."""

    def __init__(self, source: Source, tiff: Tiff, directories: Sequence[Directory]) -> None:
        self._source = source
        self._tiff = tiff
        self._directories = directories
        self._places: dict[tuple[Hashable, int], Place] = {}

    async def find(self, layer: Layer, wanted: Sequence[int]) -> dict[int, Place]:
        """Return the places of these blocks, which ascend; raise BudgetError, or PreviewError for a list that lies."""
        name = layer.name
        missing = [index for index in wanted if (name, index) not in self._places]
        if missing:
            if len(self._places) > KEPT_PLACES:
                self._places.clear()
                missing = list(wanted)
            await self._read_places(layer, _runs(missing))
        return {index: self._places[name, index] for index in wanted}

    def _directory(self, layer: Layer) -> Directory:
        if not isinstance(layer.name, int):
            raise PreviewError("its blocks are not listed")
        return self._directories[layer.name]

    async def _read_places(self, layer: Layer, runs: list[tuple[int, int]]) -> None:
        directory = self._directory(layer)
        await asyncio.gather(*(self._read_list(directory, tag, runs) for tag in _lists(directory)))
        for first, stop in runs:
            found = await block_places(self._source, self._tiff, directory, stop - first, first=first)
            self._places.update({(layer.name, index): (0, 0) for index in range(first, stop)})
            for index, at, size in found:
                self._places[layer.name, first + index] = at, size

    async def _read_list(self, directory: Directory, tag: int, runs: list[tuple[int, int]]) -> None:
        """Read the part of a list with the runs in one request, so that each of them costs none."""
        value = directory.values[tag]
        start, stop = value.at + runs[0][0] * value.item_bytes, value.at + runs[-1][1] * value.item_bytes
        if stop - start <= LIST_BYTES:
            await self._source.read(start, stop)
        elif len(runs) > MOST_RUNS:
            raise BudgetError("the places of its blocks lie too far apart")


def _lists(directory: Directory) -> list[int]:
    """Return the tags that list the blocks of a level."""
    known = (tags.TILE_OFFSETS, tags.STRIP_OFFSETS), (tags.TILE_SIZES, tags.STRIP_SIZES)
    found = [next((tag for tag in pair if tag in directory.values), None) for pair in known]
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
