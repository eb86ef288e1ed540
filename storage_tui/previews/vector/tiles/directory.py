"""The directories of PMTiles: the place of a tile by its number on the Hilbert curve (PMTiles specification, 4)."""

from bisect import bisect_right
from collections import OrderedDict
from typing import NamedTuple

from storage_tui.previews.base import KIB, MIB, LimitError, PreviewError, Source
from storage_tui.previews.containers.streams import unpack
from storage_tui.previews.heads.protobuf import read_varint
from storage_tui.previews.vector.tiles.choosing import Tile

MOST_DEPTH = 3  # the root and two levels of leaves
MOST_PACKED = 256 * KIB  # of one directory
MOST_UNPACKED = 4 * MIB
MOST_ENTRIES = 200_000
MOST_KEPT = 24  # directories: those around a view, and the root


class Entry(NamedTuple):
    """Tiles from a number on, `run` of them the same; with a run of 0 the place of another directory."""

    number: int
    run: int
    size_bytes: int
    offset: int


def number_of(tile: Tile) -> int:
    """Return the number of a tile: all tiles of smaller zooms first, then along the Hilbert curve of its zoom."""
    zoom, x, y = tile
    found = ((1 << 2 * zoom) - 1) // 3
    for step in range(zoom - 1, -1, -1):
        side = 1 << step
        right, lower = bool(x & side), bool(y & side)
        found += side * side * ((3 * right) ^ lower)
        if not lower:
            if right:
                x, y = side - 1 - (x & side - 1), side - 1 - (y & side - 1)
            x, y = y, x
    return found


class Directories:
    """The directories of one file: its root, and its leaves as they are needed."""

    def __init__(self, source: Source, root: tuple[int, int], leaves: int, method: str) -> None:
        """`root` is place and size of the root directory, `leaves` the place of the others, `method` how all are
        packed."""
        self._source = source
        self._root = root
        self._leaves = leaves
        self._method = method
        self._read: OrderedDict[tuple[int, int], list[Entry]] = OrderedDict()

    async def entry(self, tile: Tile) -> Entry | None:
        """Return the entry of a tile; None for a tile that is not there.

        Raises PreviewError for damaged directories, LimitError for large ones, and the errors of the client.
        """
        number, place = number_of(tile), self._root
        for _ in range(MOST_DEPTH):
            found = _entry(await self._directory(*place), number)
            if found is None or found.run:
                return found
            place = self._leaves + found.offset, found.size_bytes
        return None

    async def _directory(self, start: int, size_bytes: int) -> list[Entry]:
        place = start, size_bytes
        if place not in self._read:
            self._read[place] = await _read(self._source, start, size_bytes, self._method)
            if len(self._read) > MOST_KEPT:
                self._read.popitem(last=False)
        self._read.move_to_end(place)
        return self._read[place]


def _entry(entries: list[Entry], number: int) -> Entry | None:
    at = bisect_right(entries, number, key=lambda entry: entry.number) - 1
    if at < 0 or (entries[at].run and number >= entries[at].number + entries[at].run):
        return None
    return entries[at]


async def _read(source: Source, start: int, size_bytes: int, method: str) -> list[Entry]:
    if size_bytes > MOST_PACKED:
        raise LimitError("its directory is larger than a preview reads")
    packed = await source.read(start, start + size_bytes)
    if len(packed) < size_bytes:
        raise PreviewError("its directory is cut")
    raw = packed if method == "none" else unpack(method, packed, is_whole=True).content
    if len(raw) > MOST_UNPACKED:
        raise LimitError("its directory is larger than a preview reads")
    return entries_of(raw)


def entries_of(raw: bytes) -> list[Entry]:
    """Return the entries of an unpacked directory; raise PreviewError for a damaged one."""
    count, at = _number(raw, 0)
    if count > min(MOST_ENTRIES, len(raw)):
        raise PreviewError("its directory claims more entries than it has")
    columns: list[list[int]] = []
    for _ in range(4):
        column = []
        for _ in range(count):
            value, at = _number(raw, at)
            column.append(value)
        columns.append(column)
    found: list[Entry] = []
    number = 0
    for step, run, size, place in zip(*columns, strict=True):
        number += step
        if not place and not found:
            raise PreviewError("its directory has no first place")
        offset = place - 1 if place else found[-1].offset + found[-1].size_bytes
        found.append(Entry(number, run, size, offset))
    return found


def _number(raw: bytes, at: int) -> tuple[int, int]:
    value, after = read_varint(raw, at)
    if after < 0:
        raise PreviewError("its directory is cut")
    return value, after
