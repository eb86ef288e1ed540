"""Tiles or strips of one level of a TIFF to RGB: only the visible rows and pixels are decoded.

Plain Python with `struct` and `itertools` takes the pixels out of unpacked blocks. Values that are not bytes are
stretched between the 2nd and the 98th percentile of the visible values (TIFF 6.0; TIFF Technical Note 3).
"""

import math
import struct
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from PIL import Image

from storage_tui.previews.decoding.pictures import BACKDROP, fit
from storage_tui.previews.decoding.unpacking import unpack_block

OVERSAMPLE = 2  # pixels taken for one that is shown, each way; their average is free of moiré
MAX_BLOCK_BYTES = 64 * 1024 * 1024  # one tile, unpacked; larger claims are refused
CODES = {(1, 8): "B", (1, 16): "H", (1, 32): "I", (1, 64): "Q", (2, 8): "b", (2, 16): "h", (2, 32): "i", (2, 64): "q",
         (3, 16): "e", (3, 32): "f", (3, 64): "d"}  # fmt: skip


@dataclass(frozen=True)
class Level:
    """One level of a raster, as the preview describes it."""

    width: int
    height: int
    block_width: int
    block_height: int
    bands: int
    shown: int
    bits: int
    sample_format: int
    compression: int
    predictor: int
    is_planar: bool
    byte_order: str
    is_rgb: bool
    is_inverted: bool
    nodata: float | None
    palette: list[int] | None
    blocks: list[list[int]]
    tables: str

    @property
    def samples_in_block(self) -> int:
        """The number of bands that lie side by side in one block."""
        return 1 if self.is_planar else self.bands

    @property
    def row_bytes(self) -> int:
        """The size of one row of a block, unpacked, in bytes."""
        return (self.block_width * self.samples_in_block * self.bits + 7) // 8

    @property
    def block_bytes(self) -> int:
        """The size of a full block, unpacked, in bytes."""
        return self.row_bytes * self.block_height


def decode(job: dict[str, Any], content: bytes) -> tuple[dict[str, Any], bytes]:
    """Return `width`, `height`, `low` and `high`, and the RGB, for a job with `level`, `columns` and `rows`.

    `columns` and `rows` are the room in square pixels. Raises ValueError for samples or blocks that are not supported.
    """
    level = Level(**job["level"])
    is_known = (level.sample_format, level.bits) in CODES or (level.sample_format == 1 and level.bits < 16)
    if level.block_bytes > MAX_BLOCK_BYTES or not is_known:
        raise ValueError(f"{level.bits}-bit samples in blocks of {level.block_bytes:,} bytes are not decoded")
    size = fit((level.width, level.height), (job["columns"], job["rows"]))
    taken = min(size[0] * OVERSAMPLE, level.width), min(size[1] * OVERSAMPLE, level.height)
    planes = [_sample(level, content, band, taken) for band in range(level.shown)]
    told: dict[str, Any] = {}
    pixels = _to_rgb(level, planes, told)
    picture = Image.frombytes("RGB", taken, pixels)
    if taken != size:
        grows = size[0] > taken[0]
        picture = picture.resize(size, Image.Resampling.NEAREST if grows else Image.Resampling.BOX)
    told["width"], told["height"] = size
    return told, picture.tobytes()


def _sample(level: Level, content: bytes, band: int, taken: tuple[int, int]) -> list[float | None]:
    """Return one band at `taken` evenly spread pixels; None where there is no value."""
    step, offset = level.samples_in_block, 0 if level.is_planar else band
    places: dict[int, list[int]] = {}
    for x in range(taken[0]):
        column = min(level.width - 1, int((x + 0.5) * level.width / taken[0]))
        block, inner = divmod(column, level.block_width)
        places.setdefault(block, []).append(inner * step + offset)
    across = math.ceil(level.width / level.block_width)
    first = band * across * math.ceil(level.height / level.block_height) if level.is_planar else 0
    blocks = _Blocks(level, content)
    values: list[float | None] = []
    for y in range(taken[1]):
        block_row, inner_y = divmod(min(level.height - 1, int((y + 0.5) * level.height / taken[1])), level.block_height)
        for block, wanted in places.items():
            row = blocks.row(first + block_row * across + block, inner_y)
            if row is None or wanted[-1] >= len(row):
                values += [None] * len(wanted)
            else:
                values += [row[place] for place in wanted]
    return _known(values, level)


def _known(values: list[float | None], level: Level) -> list[float | None]:
    """Return the values with None in place of nodata and of numbers that are not finite."""
    nodata, is_float = level.nodata, level.sample_format == 3
    if nodata is not None:
        margin = abs(nodata) * 1e-6 if abs(nodata) > 1e30 else 0.0  # largest floats are rounded as text
        values = [None if value is None or abs(value - nodata) <= margin else value for value in values]
    if is_float:
        values = [value if value is not None and math.isfinite(value) else None for value in values]
    return values


class _Blocks:
    """The blocks of a level, unpacked one at a time; `row` undoes their predictor."""

    def __init__(self, level: Level, content: bytes) -> None:
        self._level = level
        self._content = content
        self._places = {index: (start, size) for index, start, size in level.blocks}
        self._index = -1
        self._rows: dict[tuple[int, int], tuple[float, ...]] = {}
        self._kept: dict[int, bytes] = {}

    def row(self, index: int, y: int) -> tuple[float, ...] | None:
        """Return the samples of one row of a block; None for a missing block."""
        if index not in self._places:
            return None
        if (index, y) not in self._rows:
            if index not in self._kept:
                start, size = self._places[index]
                self._kept[index] = unpack_block(
                    self._content[start : start + size], self._level.compression, self._level.row_bytes,
                    self._level.block_height, bytes.fromhex(self._level.tables),
                )  # fmt: skip
                while sum(map(len, self._kept.values())) > 2 * MAX_BLOCK_BYTES and len(self._kept) > 1:
                    del self._kept[next(iter(self._kept))]
            if len(self._rows) > 4096:
                self._rows.clear()
            self._rows[index, y] = _read_row(self._level, self._kept[index], y)
        return self._rows[index, y]


def _read_row(level: Level, block: bytes, y: int) -> tuple[float, ...]:
    step = level.samples_in_block
    count = level.block_width * step
    row_bytes = level.row_bytes
    raw = block[y * row_bytes : (y + 1) * row_bytes]
    count = min(count, len(raw) * 8 // level.bits)
    if (level.sample_format, level.bits) not in CODES:
        return _packed_samples(raw, level.bits, count)
    code = CODES[level.sample_format, level.bits]
    if level.predictor == 3 and level.sample_format == 3 and len(raw) == row_bytes:
        return _undo_float_predictor(raw, step, count, code)
    values = struct.unpack(f"{level.byte_order}{count}{code}", raw[: count * level.bits // 8])
    if level.predictor != 2 or level.sample_format == 3:
        return values
    mask = (1 << level.bits) - 1
    summed = [0.0] * count
    for band in range(step):
        summed[band::step] = [value & mask for value in accumulate(values[band::step])]
    if level.sample_format == 2:
        half = 1 << (level.bits - 1)
        return tuple(value - mask - 1 if value >= half else value for value in summed)
    return tuple(summed)


def _packed_samples(raw: bytes, bits: int, count: int) -> tuple[float, ...]:
    """Return samples of a few bits each; the first sample has the highest bits (TIFF 6.0, FillOrder 1)."""
    whole, mask = int.from_bytes(raw, "big"), (1 << bits) - 1
    first = len(raw) * 8 - bits
    return tuple(whole >> first - bits * at & mask for at in range(count))


def _undo_float_predictor(raw: bytes, step: int, count: int, code: str) -> tuple[float, ...]:
    """Return the samples of a row with the floating-point predictor undone (TIFF Technical Note 3).

    The bytes are differences and lie by significance: first the first bytes of all samples, then all second bytes.
    """
    plain = bytearray(len(raw))
    for band in range(step):
        plain[band::step] = bytes(value & 0xFF for value in accumulate(raw[band::step]))
    size = len(raw) // count
    mixed = bytearray(len(raw))
    for place in range(size):
        mixed[place::size] = plain[place * count : (place + 1) * count]
    return struct.unpack(f">{count}{code}", mixed)


def _to_rgb(level: Level, planes: list[list[float | None]], told: dict[str, Any]) -> bytes:
    if level.palette is not None and len(planes) == 1:
        entries = len(level.palette) // 3
        tables = [bytes(level.palette[part * entries + i] >> 8 for i in range(entries)) for part in range(3)]
        pixels = bytearray()
        for value in planes[0]:
            known = value is not None and 0 <= value < entries
            pixels += bytes(table[int(value or 0)] for table in tables) if known else bytes(BACKDROP)
        return bytes(pixels)
    is_plain = level.bits == 8 and level.sample_format == 1 and level.is_rgb
    ranges = [(0.0, 255.0) if is_plain else _range(plane) for plane in planes]
    if len(planes) == 1:
        told["low"], told["high"] = ranges[0]
    shades = [_shades(plane, *limits) for plane, limits in zip(planes, ranges, strict=True)]
    if level.is_inverted:
        shades = [[None if shade is None else 255 - shade for shade in plane] for plane in shades]
    red, green, blue = shades if len(shades) == 3 else shades[:1] * 3
    backdrop = bytes(BACKDROP)
    return b"".join(
        backdrop if r is None or g is None or b is None else bytes((r, g, b))
        for r, g, b in zip(red, green, blue, strict=True)
    )


def _range(plane: list[float | None]) -> tuple[float, float]:
    known = sorted(value for value in plane if value is not None)
    if not known:
        return 0.0, 1.0
    return known[len(known) * 2 // 100], known[min(len(known) - 1, len(known) * 98 // 100)]


def _shades(plane: list[float | None], low: float, high: float) -> list[int | None]:
    scale = 255 / (high - low) if high > low else 0.0
    return [
        None if value is None else 0 if value <= low else 255 if value >= high else int((value - low) * scale + 0.5)
        for value in plane
    ]
