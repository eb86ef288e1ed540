"""The samples of a level at evenly spread pixels: only the blocks and rows that are looked at are unpacked.

Plain Python with `struct` and `itertools` takes the samples out of unpacked blocks and undoes their predictor as
libtiff does (TIFF 6.0, section 14; TIFF Technical Note 3).
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Literal

from storage_tui.contract.sizes import size_text
from storage_tui.previews.decoding.tiff.levels import CODES, FLOAT, FLOATING, HORIZONTAL, UINT, Level, can_be_read
from storage_tui.previews.decoding.tiff.slabs import Slab
from storage_tui.previews.decoding.tiff.turning import seen_plane, stored_places
from storage_tui.previews.decoding.tiff.unpacking import unpack_block

MAX_BLOCK_BYTES = 64 * 1024 * 1024  # one tile, unpacked; larger claims are refused
LARGE, SIX_DIGITS = 1e30, 5e-6  # nodata is text: the largest floats are often written with six digits, -3.40282e+38
KEPT_BYTES = 2 * MAX_BLOCK_BYTES  # of unpacked blocks: a row of tiles is read again for its next row of pixels
OF_24_BITS: dict[str, Literal["little", "big"]] = {"<": "big", ">": "little"}  # as GDAL writes and reads them

Plane = list[float | None]


@dataclass
class Samples:
    """Bands at evenly spread pixels, None where a block is damaged, and the blocks that were looked at."""

    planes: list[Plane]
    looked_at: set[int] = field(default_factory=set)
    damaged: dict[int, str] = field(default_factory=dict)


def sample(level: Level, content: bytes, bands: Sequence[int], taken: tuple[int, int]) -> Samples:
    """Return these bands at `taken` pixels across and down; raise ValueError when every block is damaged."""
    xs = [min(level.width - 1, int((x + 0.5) * level.width / taken[0])) for x in range(taken[0])]
    ys = [min(level.height - 1, int((y + 0.5) * level.height / taken[1])) for y in range(taken[1])]
    return sample_at(level, content, bands, xs, ys)


def sample_at(level: Level, content: bytes, bands: Sequence[int], xs: Sequence[int], ys: Sequence[int]) -> Samples:
    """Return these bands where these columns and rows of the level cross; both in order. Raises as `sample` does."""
    if not can_be_read(level.sample_format, level.bits):
        raise ValueError(f"{level.bits}-bit samples are not decoded")
    if level.block_bytes > MAX_BLOCK_BYTES:
        most = size_text(MAX_BLOCK_BYTES)
        raise ValueError(f"a block of it has {size_text(level.block_bytes)}, and a preview unpacks at most {most}")
    step = level.samples_in_block
    columns: dict[int, list[int]] = {}
    for x in xs:
        block, inner = divmod(x, level.block_width)
        columns.setdefault(block, []).append(inner * step)
    found = Samples([[] for _ in bands])
    blocks = _Blocks(level, content, found)
    before = -1
    for line in ys:
        if line == before:  # a pixel that is drawn large
            for plane in found.planes:
                plane += plane[-len(xs) :]
            continue
        before = line
        block_row, inner_y = divmod(line, level.block_height)
        for block, places in columns.items():
            index = block_row * level.blocks_across + block
            for plane, band in zip(found.planes, bands, strict=True):
                of_band, first = (index + band * level.blocks_of_plane, 0) if level.is_planar else (index, band)
                row = blocks.row(of_band, inner_y)
                plane += [None] * len(places) if row is None else [row[place + first] for place in places]
    if found.damaged and len(found.damaged) == len(found.looked_at):
        raise ValueError(f"it is made of {next(iter(found.damaged.values()))}")
    return found


class _Blocks:
    """The blocks of a level, unpacked one at a time."""

    def __init__(self, level: Level, content: bytes, found: Samples) -> None:
        self._level = level
        self._content = content
        self._found = found
        self._places = {index: (start, size) for index, start, size in level.blocks}
        self._unpacked: dict[int, bytes] = {}
        self._kept_bytes = 0
        self._row: tuple[tuple[int, int], Sequence[float] | None] = ((-1, -1), None)
        fill = (0.0 if level.nodata is None else level.nodata) if level.slab is None else level.slab.fill
        self._empty = [fill] * (level.block_width * level.samples_in_block)

    def row(self, index: int, y: int) -> Sequence[float] | None:
        """Return the samples of one row of a block; None where the block is damaged."""
        if self._row[0] != (index, y):
            self._row = ((index, y), self._read_row(index, y))
        return self._row[1]

    def _read_row(self, index: int, y: int) -> Sequence[float] | None:
        if index not in self._places:
            return self._empty
        self._found.looked_at.add(index)
        if self._level.slab is not None:
            return self._read_slab(self._level.slab, index, y)
        row_bytes = self._level.row_bytes
        raw = self._block(index)[y * row_bytes : (y + 1) * row_bytes]
        if len(raw) < row_bytes:
            self._found.damaged.setdefault(index, "data that ends early")
            return None
        return read_row(self._level, raw)

    def _read_slab(self, slab: Slab, index: int, y: int) -> Sequence[float] | None:
        level = self._level
        count = min(level.block_width, level.width - index % level.blocks_across * level.block_width)
        form = f"{level.byte_order}{level.samples_in_block}{CODES[level.sample_format, level.bits]}"
        row = slab.row(self._block(index), y, count, struct.Struct(form))
        if row is None:
            self._found.damaged.setdefault(index, "data that ends early")
        return row

    def _block(self, index: int) -> bytes:
        if index not in self._unpacked:
            start, size = self._places[index]
            try:
                unpacked = unpack_block(self._level, self._content[start : start + size], self._level.rows_of(index))
            except ValueError as exc:
                self._found.damaged[index] = str(exc)
                unpacked = b""
            self._unpacked[index] = unpacked
            self._kept_bytes += len(unpacked)
            while self._kept_bytes > KEPT_BYTES and len(self._unpacked) > 1:
                self._kept_bytes -= len(self._unpacked.pop(next(iter(self._unpacked))))
        return self._unpacked[index]


def read_row(level: Level, raw: bytes) -> Sequence[float]:
    """Return the samples of one row of a block, its predictor undone."""
    form, bits, step = level.sample_format, level.bits, level.samples_in_block
    count = level.block_width * step
    if (form, bits) not in CODES:
        if bits == 24:
            places = range(0, count * 3, 3)
            return [int.from_bytes(raw[at : at + 3], OF_24_BITS[level.byte_order]) for at in places]
        return _packed_samples(raw, bits, count)
    code = CODES[form, bits]
    if level.used_predictor == FLOATING:
        return _undo_floating(raw, step, count, code)
    if level.used_predictor != HORIZONTAL:
        return struct.unpack(f"{level.byte_order}{count}{code}", raw)
    whole = CODES[UINT, bits]  # libtiff adds up the bits of floats as it adds up integers
    values = struct.unpack(f"{level.byte_order}{count}{whole}", raw)
    mask = (1 << bits) - 1
    summed = [0] * count
    for band in range(step):
        summed[band::step] = [value & mask for value in accumulate(values[band::step])]
    return summed if form == UINT else struct.unpack(f"<{count}{code}", struct.pack(f"<{count}{whole}", *summed))


def _packed_samples(raw: bytes, bits: int, count: int) -> list[float]:
    """Return samples of a few bits each, eight at a time; the first sample has the highest bits (TIFF 6.0)."""
    mask, shifts = (1 << bits) - 1, range(7 * bits, -1, -bits)
    values: list[float] = []
    for at in range(0, len(raw), bits):
        eight = int.from_bytes(raw[at : at + bits].ljust(bits, b"\x00"), "big")
        values += [eight >> shift & mask for shift in shifts]
    return values[:count]


def _undo_floating(raw: bytes, step: int, count: int, code: str) -> Sequence[float]:
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


def sample_seen(level: Level, content: bytes, bands: Sequence[int], xs: Sequence[int], ys: Sequence[int]) -> Samples:
    """Return these bands at columns and rows of the level as it is seen, turned. Raises as `sample` does."""
    columns, rows = stored_places(level.turned, level.width, level.height, xs, ys)
    found = sample_at(level, content, bands, columns, rows)
    found.planes = [seen_plane(level.turned, plane, len(columns)) for plane in found.planes]
    return found


def known(plane: Plane, level: Level) -> Plane:
    """Return the values with None in place of nodata and of numbers that are not finite."""
    nodata = level.nodata
    if level.sample_format != FLOAT:
        return plane if nodata is None else [None if value == nodata else value for value in plane]
    margin = 0.0 if nodata is None or abs(nodata) < LARGE else abs(nodata) * SIX_DIGITS
    low, high = (float("nan"),) * 2 if nodata is None else (nodata - margin, nodata + margin)
    infinite = float("inf")
    return [
        value if value is not None and -infinite < value < infinite and not low <= value <= high else None
        for value in plane
    ]
