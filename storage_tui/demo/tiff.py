"""Tiled GeoTIFFs with overviews, ordered for reading by ranges: directories first, then the smallest level."""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

TILE = 256
FLOAT, INT, UINT = 3, 2, 1
DEFLATE = 8
FAST = 1  # zlib's level: somebody waits while the demo is built
SHORT, LONG, ASCII, DOUBLE = 3, 4, 2, 12
FORMS = {SHORT: "H", LONG: "I", DOUBLE: "d"}


@dataclass(frozen=True)
class Raster:
    """The content of a GeoTIFF: a picture, the conversion of its pixels to bytes, and its place on the ground."""

    picture: Image.Image
    to_bytes: Callable[[Image.Image], bytes]
    bands: int
    bits: int
    sample_format: int
    west: float
    north: float
    pixel: float
    epsg: int
    nodata: str = ""


def write_tiff(raster: Raster) -> bytes:
    """Return the bytes of the GeoTIFF file."""
    levels = [raster.picture]
    while max(levels[-1].size) > TILE // 2:
        width, height = levels[-1].size
        method = Image.Resampling.NEAREST if raster.nodata else Image.Resampling.BOX
        levels.append(levels[-1].resize((width // 2, height // 2), method))
    tiles = [_tiles(level, raster) for level in levels]
    size = 8 + sum(_directory_bytes(_tags(raster, level, i, packed, [0] * len(packed))) for i, (level, packed) in
                   enumerate(zip(levels, tiles, strict=True)))  # fmt: skip
    places: list[list[int]] = [[] for _ in levels]
    body = bytearray()
    for index in reversed(range(len(levels))):
        for tile in tiles[index]:
            places[index].append(size + len(body))
            body += tile
    out = bytearray(struct.pack("<2sHI", b"II", 42, 8))
    for index, level in enumerate(levels):
        tags = _tags(raster, level, index, tiles[index], places[index])
        out += _directory(tags, len(out), is_last=index == len(levels) - 1)
    return bytes(out + body)


Tags = list[tuple[int, int, bytes, int]]


def _tags(raster: Raster, level: Image.Image, index: int, packed: list[bytes], places: list[int]) -> Tags:
    shorts: dict[int, list[int]] = {
        258: [raster.bits] * raster.bands, 259: [DEFLATE], 262: [2 if raster.bands == 3 else 1],
        277: [raster.bands], 284: [1], 322: [TILE], 323: [TILE], 339: [raster.sample_format] * raster.bands,
    }  # fmt: skip
    longs = {
        254: [1 if index else 0],
        256: [level.width],
        257: [level.height],
        324: places,
        325: list(map(len, packed)),
    }
    tags = [_tag(tag, SHORT, values) for tag, values in shorts.items()]
    tags += [_tag(tag, LONG, values) for tag, values in longs.items()]
    if index == 0:
        is_geographic = raster.epsg == 4326
        code = (2048 if is_geographic else 3072, 0, 1, raster.epsg)
        keys = (1, 1, 0, 3, 1024, 0, 1, 2 if is_geographic else 1, 1025, 0, 1, 1, *code)
        tags.append((33550, DOUBLE, struct.pack("<3d", raster.pixel, raster.pixel, 0), 3))
        tags.append((33922, DOUBLE, struct.pack("<6d", 0, 0, 0, raster.west, raster.north, 0), 6))
        tags.append(_tag(34735, SHORT, list(keys)))
    if raster.nodata:
        text = raster.nodata.encode() + b"\x00"
        tags.append((42113, ASCII, text, len(text)))
    return sorted(tags)


def _tag(tag: int, kind: int, values: list[int]) -> tuple[int, int, bytes, int]:
    return tag, kind, struct.pack(f"<{len(values)}{FORMS[kind]}", *values), len(values)


def _directory_bytes(tags: Tags) -> int:
    return 6 + 12 * len(tags) + sum(len(value) + len(value) % 2 for _, _, value, _ in tags if len(value) > 4)


def _directory(tags: Tags, at: int, *, is_last: bool) -> bytes:
    entries, values = bytearray(struct.pack("<H", len(tags))), bytearray()
    start = at + 6 + 12 * len(tags)
    for tag, kind, value, count in tags:
        entries += struct.pack("<HHI", tag, kind, count)
        if len(value) <= 4:
            entries += value.ljust(4, b"\x00")
        else:
            entries += struct.pack("<I", start + len(values))
            values += value + b"\x00" * (len(value) % 2)
    following = 0 if is_last else at + _directory_bytes(tags)
    return bytes(entries + struct.pack("<I", following) + values)


def _tiles(level: Image.Image, raster: Raster) -> list[bytes]:
    packed = []
    for y in range(0, level.height, TILE):
        for x in range(0, level.width, TILE):
            tile = level.crop((x, y, x + TILE, y + TILE))
            packed.append(zlib.compress(raster.to_bytes(tile), FAST))
    return packed
