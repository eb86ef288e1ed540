"""A window at full resolution as a GeoTIFF: deflate, in strips, little-endian (TIFF 6.0; OGC 19-008r4)."""

import struct
import zlib
from collections.abc import AsyncIterator, Sequence
from typing import BinaryIO, NamedTuple

from storage_tui.previews.base import PreviewError
from storage_tui.previews.raster import tiff_directory as tags
from storage_tui.previews.raster.windows.reading import WindowReader
from storage_tui.previews.raster.windows.scene import Scene

MOST_BYTES = 2 * 1024**3  # unpacked: half of what the offsets of a TIFF reach
SAMPLES_AT_ONCE = 400_000  # a second of the decoder's work
BYTE, ASCII, SHORT, LONG, DOUBLE = 1, 2, 3, 4, 12
CODES = {BYTE: "B", ASCII: "B", SHORT: "H", LONG: "I", DOUBLE: "d"}
DEFLATE, CHUNKY = 8, 1
GREY_FROM_WHITE, GREY, RGB, PALETTE, SEPARATED = 0, 1, 2, 3, 5
PREMULTIPLIED, UNASSOCIATED, UNKNOWN_EXTRA = 1, 2, 0
MODEL_TYPE, RASTER_TYPE, GEOGRAPHIC, PROJECTED = 1024, 1025, 2048, 3072
IS_PROJECTED, IS_GEOGRAPHIC, IS_AREA = 1, 2, 1
WIDENED = 257  # a colour of 8 bits in 16


class Window(NamedTuple):
    """Column, row, width and height in pixels of the raster."""

    column: int
    row: int
    width: int
    height: int


def size_of(scene: Scene, window: Window) -> int:
    """Return the size of the values of a window in bytes."""
    return window.width * window.height * scene.bands * saved_bits(scene) // 8


def saved_bits(scene: Scene) -> int:
    """Return the bits of a saved sample: samples of odd widths are widened."""
    bits = int(scene.main.told["bits"])
    return next(whole for whole in (8, 16, 32, 64) if bits <= whole)


async def save_geotiff(reader: WindowReader, window: Window, file: BinaryIO) -> int:
    """Write all bands of a window to an empty file; return how many of its blocks are damaged: these have nodata.

    A mask of its own is left out. Raises PreviewError for a window too large, OSError, and errors of the client.
    """
    scene = reader.scene
    if size_of(scene, window) > MOST_BYTES or window.width * scene.bands > SAMPLES_AT_ONCE * 4:
        raise PreviewError("the window is larger than one file of it may be; zoom in")
    rows = max(1, min(window.height, SAMPLES_AT_ONCE // max(1, window.width * scene.bands)))
    file.write(struct.pack("<2sHI", b"II", 42, 0))
    places: list[tuple[int, int]] = []
    damaged = 0
    async for values, broken in _strips(reader, window, rows):
        packed = zlib.compress(values)
        places.append((file.tell(), len(packed)))
        file.write(packed)
        damaged += broken
    at = file.tell()
    if at % 2:
        file.write(b"\0")
        at += 1
    file.write(_directory(scene, window, rows, places, at))
    file.seek(4)
    file.write(struct.pack("<I", at))
    return damaged


async def _strips(reader: WindowReader, window: Window, rows: int) -> AsyncIterator[tuple[bytes, int]]:
    for first in range(0, window.height, rows):
        count = min(rows, window.height - first)
        yield await reader.values(window.column, window.row + first, window.width, count)


def _directory(scene: Scene, window: Window, rows: int, places: Sequence[tuple[int, int]], at: int) -> bytes:
    """Return the directory that begins at this place of the file, with the values that do not fit into its entries."""
    told, bands = scene.main.told, scene.bands
    entries: dict[int, tuple[int, Sequence[float]]] = {
        tags.WIDTH: (LONG, [window.width]), tags.HEIGHT: (LONG, [window.height]),
        tags.BITS: (SHORT, [saved_bits(scene)] * bands), tags.COMPRESSION: (SHORT, [DEFLATE]),
        tags.PHOTOMETRIC: (SHORT, [_photometric(scene)]), tags.STRIP_OFFSETS: (LONG, [place for place, _ in places]),
        tags.SAMPLES: (SHORT, [bands]), tags.ROWS_PER_STRIP: (LONG, [rows]),
        tags.STRIP_SIZES: (LONG, [size for _, size in places]), tags.PLANAR: (SHORT, [CHUNKY]),
        tags.SAMPLE_FORMAT: (SHORT, [told["sample_format"]] * bands),
    }  # fmt: skip
    extra = bands - {RGB: 3, SEPARATED: 4}.get(_photometric(scene), 1)
    if extra > 0:
        of_alpha = PREMULTIPLIED if told["is_premultiplied"] else UNASSOCIATED
        kinds = [of_alpha if band == told["alpha"] else UNKNOWN_EXTRA for band in range(bands - extra, bands)]
        entries[tags.EXTRA_SAMPLES] = SHORT, kinds
    if told["colours"] == "palette":
        colours, count = told["palette"], 1 << saved_bits(scene)
        channels = [list(colours[part::3]) for part in range(3)]
        padded = [channel + [0] * (count - len(channel)) for channel in channels]
        entries[tags.PALETTE] = SHORT, [shade * WIDENED for channel in padded for shade in channel[:count]]
    if told["nodata"] is not None:
        entries[tags.GDAL_NODATA] = ASCII, [*repr(told["nodata"]).encode(), 0]
    entries.update(_place(scene, window))
    return _packed(entries, at)


def _photometric(scene: Scene) -> int:
    told = scene.main.told
    if told["colours"] in ("rgb", "ycbcr"):
        return RGB
    if told["colours"] == "palette" and saved_bits(scene) <= 16:
        return PALETTE
    if told["colours"] == "cmyk":
        return SEPARATED
    return GREY_FROM_WHITE if told["is_inverted"] else GREY


def _place(scene: Scene, window: Window) -> dict[int, tuple[int, Sequence[float]]]:
    """Return the tags of the place of a window; none for a raster without any."""
    place = scene.place
    if place is None or place.transform is None:
        return {}
    a, b, c, d, e, f = place.transform
    left, top = a * window.column + b * window.row + c, d * window.column + e * window.row + f
    found: dict[int, tuple[int, Sequence[float]]] = {}
    if b or d or a < 0 or e > 0:
        found[tags.TRANSFORM] = DOUBLE, [a, b, 0, left, d, e, 0, top, 0, 0, 0, 0, 0, 0, 0, 1]
    else:
        found[tags.PIXEL_SCALE] = DOUBLE, [a, -e, 0]
        found[tags.TIEPOINT] = DOUBLE, [0, 0, 0, left, top, 0]
    if scene.geo is not None:
        keys, doubles, text = scene.geo
        found[tags.GEO_KEYS] = SHORT, _of_areas(keys)
        if doubles:
            found[tags.GEO_DOUBLES] = DOUBLE, doubles
        if text:
            found[tags.GEO_TEXT] = ASCII, list(text)
    elif place.epsg is not None:
        model, name = (IS_GEOGRAPHIC, GEOGRAPHIC) if place.is_geographic else (IS_PROJECTED, PROJECTED)
        keys = (1, 1, 0, 3, MODEL_TYPE, 0, 1, model, RASTER_TYPE, 0, 1, IS_AREA, name, 0, 1, place.epsg)
        found[tags.GEO_KEYS] = SHORT, keys
    return found


def _of_areas(keys: Sequence[int]) -> list[int]:
    """Return keys of GeoTIFF that say that coordinates are those of corners of pixels, as they are written here."""
    found = list(keys)
    for at in range(4, len(found) - 3, 4):
        if found[at] == RASTER_TYPE:
            found[at + 3] = IS_AREA
    return found


def _packed(entries: dict[int, tuple[int, Sequence[float]]], at: int) -> bytes:
    body, behind = b"", b""
    values_at = at + 2 + 12 * len(entries) + 4
    for tag, (kind, values) in sorted(entries.items()):
        raw = struct.pack(f"<{len(values)}{CODES[kind]}", *values)
        if len(raw) > 4:
            place = struct.pack("<I", values_at + len(behind))
            behind += raw + b"\0" * (len(raw) % 2)
        else:
            place = raw.ljust(4, b"\0")
        body += struct.pack("<HHI", tag, kind, len(values)) + place
    return struct.pack("<H", len(entries)) + body + bytes(4) + behind
