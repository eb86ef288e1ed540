"""A file of map tiles, PMTiles or MBTiles: what its tiles are, and the tiles by their places."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from storage_tui.contract.sizes import size_text
from storage_tui.previews.base import KIB, MIB, LimitError, PreviewError, Source
from storage_tui.previews.containers.streams import unpack
from storage_tui.previews.decoding.decoder import DECODER
from storage_tui.previews.formats.sqlite import APPLICATIONS, GEOPACKAGE
from storage_tui.previews.formats.sqlite import MAGIC as SQLITE
from storage_tui.previews.vector.shapes import Bounds
from storage_tui.previews.vector.tiles.choosing import MOST_ZOOM, Tile, degrees_of
from storage_tui.previews.vector.tiles.directory import Directories
from storage_tui.previews.vector.tiles.header import KIND_AT, MAGIC, PICTURES, VECTOR, Header, read_header

MOST_METADATA = 128 * KIB  # packed
MOST_UNPACKED = 4 * MIB
MOST_TILE = 512 * KIB
MOST_LAYERS = 64
MARGIN = 1e-6  # of a tile: bounds made of tiles do not touch those around them
NAME_CHARS = 80
TILE_COLUMN = b"tile_data"  # of MBTiles: in the statement of the table, or of the view
PICTURE_MAGICS = (b"\x89PNG", b"\xff\xd8\xff", b"RIFF")


@dataclass(frozen=True, slots=True)
class ArchiveFacts:
    """What is known of a file of tiles. `form` is pmtiles or mbtiles, `layers` are the names of its vector layers."""

    form: str
    is_vector: bool
    low: int
    high: int
    bounds: Bounds | None
    layers: tuple[str, ...] = ()


class TileArchive(Protocol):
    """A file of tiles."""

    @property
    def facts(self) -> ArchiveFacts:
        """What is known of its tiles."""

    async def fetch(self, tiles: Sequence[Tile]) -> dict[Tile, bytes]:
        """Return those of some tiles that are there; raise PreviewError, BudgetError included, or client errors."""


class PmtilesArchive:
    """The tiles of PMTiles, whose directories are read as they are needed."""

    def __init__(self, source: Source, header: Header, layers: tuple[str, ...]) -> None:
        self.facts = ArchiveFacts(
            "pmtiles", header.kind == VECTOR, min(header.low, MOST_ZOOM), min(header.high, MOST_ZOOM), header.bounds,
            layers,
        )  # fmt: skip
        self._source = source
        self._header = header
        self._directories = Directories(source, header.root, header.leaves, header.inner)

    async def find(self, tile: Tile) -> tuple[int, int]:
        """Return the place and the size of a tile, size 0 where there is none; raise as `fetch` does."""
        header = self._header
        if header.kind not in (VECTOR, *PICTURES):
            raise LimitError("its tiles are of a kind that is not read here")
        for packing in (header.inner, header.packing):
            if packing not in ("none", "gzip"):
                raise LimitError(f"{packing} is not unpacked here")
        entry = await self._directories.entry(tile)
        if entry is None:
            return 0, 0
        if entry.size_bytes > MOST_TILE:
            raise LimitError(f"the tile is {size_text(entry.size_bytes)}")
        return header.tiles + entry.offset, entry.size_bytes

    async def fetch(self, tiles: Sequence[Tile]) -> dict[Tile, bytes]:
        """Return those of some tiles that are there."""
        found = {}
        for tile in tiles:
            start, size = await self.find(tile)
            if not size:
                continue
            packed = await self._source.read(start, start + size)
            if len(packed) < size:
                raise PreviewError("the tile is cut")
            found[tile] = packed
        return found


class MbtilesArchive:
    """The tiles of MBTiles, which SQLite reads in the decoding process."""

    def __init__(self, source: Source, facts: ArchiveFacts) -> None:
        self.facts = facts
        self._source = source

    async def fetch(self, tiles: Sequence[Tile]) -> dict[Tile, bytes]:
        """Return those of some tiles that are there."""
        told, raw = await DECODER.decode({"job": "database tiles", "tiles": list(tiles)}, b"", source=self._source)
        found, at = {}, 0
        for tile, size in zip(tiles, told["sizes"], strict=True):
            if size:
                found[tile] = raw[at : at + size]
            at += size
        return found


def has_picture_tiles(head: bytes) -> bool:
    """Return whether a file with these first bytes is a PMTiles of pictures."""
    return head.startswith(MAGIC) and head[KIND_AT : KIND_AT + 1] in [bytes([kind]) for kind in PICTURES]


def is_tile_database(head: bytes) -> bool:
    """Return whether these are the first bytes of a database with the table of MBTiles."""
    return head.startswith(SQLITE) and TILE_COLUMN in head and APPLICATIONS.get(head[68:72]) != GEOPACKAGE


async def open_archive(source: Source) -> PmtilesArchive | MbtilesArchive:
    """Return the tiles of a blob; raise PreviewError, or errors of the client."""
    head = await source.head()
    if head.startswith(MAGIC):
        header = read_header(head)
        at, size = header.metadata
        metadata: dict[str, Any] = {}
        if header.kind == VECTOR and 0 < size <= MOST_METADATA:
            metadata, _ = await asyncio.to_thread(read_metadata, await source.read(at, at + size), size, header.inner)
        names = [str(row.get("id", ""))[:NAME_CHARS] for row in vector_layers(metadata)[:MOST_LAYERS]]
        return PmtilesArchive(source, header, tuple(names))
    if not is_tile_database(head):
        raise LimitError("holds no map tiles")
    told, first = await DECODER.decode({"job": "database tiles", "tiles": []}, b"", source=source)
    if not first:
        raise LimitError("there is no tile in it")
    low, high = told["zooms"]
    bounds = told["bounds"]
    if bounds is None and told["extent"] is not None:
        zoom, left, top, right, bottom = told["extent"]
        (west, north), (east, south) = (
            degrees_of(zoom, left + MARGIN, top + MARGIN), degrees_of(zoom, right + 1 - MARGIN, bottom + 1 - MARGIN)
        )  # fmt: skip
        bounds = west, south, east, north
    is_vector = not first.startswith(PICTURE_MAGICS)
    return MbtilesArchive(
        source, ArchiveFacts("mbtiles", is_vector, low, high, bounds and tuple(bounds), tuple(told["layers"]))
    )


def read_metadata(packed: bytes, size: int, method: str) -> tuple[dict[str, Any], str]:
    """Return the metadata of PMTiles, or the reason why there are none."""
    if len(packed) < size:
        return {}, "its metadata are cut"
    if method not in ("none", "gzip", "zstd"):
        return {}, f"its metadata are packed by {method}, which is not unpacked here"
    try:
        raw = packed if method == "none" else unpack(method, packed, is_whole=True).content
        told = json.loads(raw) if len(raw) <= MOST_UNPACKED else None
    except (PreviewError, ValueError, RecursionError):
        return {}, "its metadata are no JSON"
    return (told, "") if isinstance(told, dict) else ({}, "its metadata are no JSON object")


def vector_layers(metadata: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of the vector layers in some metadata."""
    rows = metadata.get("vector_layers")
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
