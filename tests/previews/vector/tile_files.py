"""Files of map tiles: PMTiles and MBTiles with the tiles of a test."""

import gzip
import io
import json
import sqlite3
import struct
from pathlib import Path
from typing import Any

from PIL import Image

from storage_tui.previews.vector.tiles.directory import number_of
from tests.previews.vector import gdal_files

BOUNDS = (7.0, 45.0, 8.0, 46.0)
TILE = (5, 16, 11)  # the smallest one around these bounds


def picture(kind: str = "PNG") -> bytes:
    """A tile in red and green halves."""
    output = io.BytesIO()
    image = Image.new("RGB", (256, 256), (200, 10, 10))
    image.paste((10, 200, 10), (0, 128, 256, 256))
    image.save(output, kind)
    return output.getvalue()


def mbtiles(folder: Path, tiles: dict[tuple[int, int, int], bytes], **metadata: str) -> bytes:
    """A file of some tiles."""
    path = folder / "a.mbtiles"
    path.unlink(missing_ok=True)
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE metadata (name TEXT, value TEXT)")
        connection.execute("CREATE TABLE tiles (zoom_level INT, tile_column INT, tile_row INT, tile_data BLOB)")
        connection.executemany("INSERT INTO metadata VALUES (?, ?)", metadata.items())
        rows = [(zoom, x, (1 << zoom) - 1 - y, content) for (zoom, x, y), content in tiles.items()]
        connection.executemany("INSERT INTO tiles VALUES (?, ?, ?, ?)", rows)
    connection.close()
    return path.read_bytes()


def pmtiles(
    tiles: dict[tuple[int, int, int], bytes],
    *,
    kind: int = 2,
    has_leaf: bool = False,
    bounds: tuple[float, ...] = BOUNDS,
    **metadata: Any,
) -> bytes:
    """A file of version 3 with some tiles, with a leaf between the root and them where that is asked for."""
    placed, at = [], 0
    for number, content in sorted((number_of(tile), content) for tile, content in tiles.items()):
        placed.append((number, 1, len(content), at))
        at += len(content)
    leaf = gzip.compress(directory(placed)) if has_leaf else b""
    root = gzip.compress(directory([(placed[0][0], 0, len(leaf), 0)] if has_leaf else placed))
    told = gzip.compress(json.dumps({"name": "fields"} | metadata).encode())
    zooms = [zoom for zoom, _, _ in tiles]
    places = [127, len(root), 127 + len(root), len(told), 0, len(leaf), 0, at]
    places[4] = places[2] + places[3]
    places[6] = places[4] + len(leaf)
    box = [round(side * 1e7) for side in bounds]
    head = struct.pack("<7sB11Q6B4iB2i", b"PMTiles", 3, *places, *[len(placed)] * 3, 1, 2, 1, kind, min(zooms),
                       max(zooms), *box, 3, 75_000_000, 455_000_000)  # fmt: skip
    return head + root + told + leaf + b"".join(content for _, content in sorted(
        (number_of(tile), content) for tile, content in tiles.items()))  # fmt: skip


def directory(entries: list[tuple[int, int, int, int]]) -> bytes:
    """A directory: numbers as steps, runs, sizes, and places from 1 on."""
    found, last = gdal_files.varint(len(entries)), 0
    for number, *_ in entries:
        found += gdal_files.varint(number - last)
        last = number
    for column in (1, 2):
        found += b"".join(gdal_files.varint(entry[column]) for entry in entries)
    return found + b"".join(gdal_files.varint(entry[3] + 1) for entry in entries)
