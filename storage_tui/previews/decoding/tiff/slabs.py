"""Pixels inside of an array's block: two of its axes lie anywhere in the unpacked bytes, filters are undone first.

The filters are those of HDF5 (HDF5 File Format 3.0, IV.A.2.l): deflate, shuffle, Fletcher-32, and LZF of h5py.
"""

import struct
import zlib
from dataclasses import dataclass, field
from typing import Any

from storage_tui.previews.decoding.zarr.codecs import undo

CHECKSUM_BYTES = 4
LITERALS = 32  # LZF: a smaller control byte is a run of bytes as they are
LONG = 7  # LZF: a length of seven goes on in the next byte
FILTERS = frozenset(("deflate", "shuffle", "fletcher32", "lzf"))


@dataclass(frozen=True)
class Slab:
    """The place of one slice in an unpacked block of `size_bytes`.

    The first pixel is at byte `start`, the next one of its row `sample_step` bytes on, the next row `row_step` bytes
    on. `filters` are names with a number each, in the order in which they were applied. A block that does not exist has
    the value `fill`. `codecs` are those of Zarr, in the order of packing.
    """

    size_bytes: int
    start: int
    row_step: int
    sample_step: int
    filters: list[tuple[str, int]]
    fill: float
    codecs: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def unpack(self, packed: bytes) -> bytes:
        """Return the bytes of a block; raise ValueError when the block cannot be unpacked, or is too large."""
        if self.codecs:
            return undo(packed, self.codecs, self.size_bytes)[: self.size_bytes]
        most = self.size_bytes + CHECKSUM_BYTES
        for name, size in reversed(self.filters):
            if name == "deflate":
                try:
                    packed = zlib.decompressobj().decompress(packed, most)
                except zlib.error as exc:
                    raise ValueError("deflate data that cannot be unpacked") from exc
            elif name == "shuffle":
                packed = _unshuffled(packed, size)
            elif name == "fletcher32":
                packed = packed[:-CHECKSUM_BYTES]
            elif name == "lzf":
                packed = packed if len(packed) == self.size_bytes else unpack_lzf(packed, most)
            else:
                raise ValueError(f"{name} data, which is not decoded here")
        return packed[: self.size_bytes]

    def row(self, block: bytes, y: int, count: int, sample: struct.Struct) -> list[float] | None:
        """Return the samples of `count` pixels of a row; None where the block ends early."""
        first = self.start + y * self.row_step
        last = first + (count - 1) * self.sample_step
        if last + sample.size > len(block):
            return None
        if self.sample_step == sample.size:
            return [value for values in sample.iter_unpack(block[first : last + sample.size]) for value in values]
        return [
            value
            for at in range(first, last + 1, self.sample_step)
            for value in sample.unpack_from(block, at)
        ]  # fmt: skip


def _unshuffled(raw: bytes, size: int) -> bytes:
    """Return values whose bytes lie by significance, first the first bytes of all values, as values again."""
    count = len(raw) // size if size > 1 else 0
    if not count:
        return raw
    plain = bytearray(count * size)
    for place in range(size):
        plain[place::size] = raw[place * count : (place + 1) * count]
    return bytes(plain) + raw[count * size :]


def unpack_lzf(packed: bytes, most: int) -> bytes:
    """Return what LZF packed, at most `most` bytes; raise ValueError for damaged data (LibLZF 3, lzf_d.c's format)."""
    out, at = bytearray(), 0
    try:
        while at < len(packed) and len(out) < most:
            control = packed[at]
            at += 1
            if control < LITERALS:
                out += packed[at : at + control + 1]
                at += control + 1
                continue
            length = control >> 5
            if length == LONG:
                length += packed[at]
                at += 1
            start = len(out) - ((control & 31) << 8) - packed[at] - 1
            at += 1
            if start < 0:
                raise ValueError("LZF data that cannot be unpacked")
            while length + 2 > len(out) - start:  # the copy runs into itself
                part = out[start:]
                out += part
                length -= len(part)
            if length + 2 > 0:
                out += out[start : start + length + 2]
    except IndexError as exc:
        raise ValueError("LZF data that cannot be unpacked") from exc
    return bytes(out[:most])
