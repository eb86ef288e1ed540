"""The fields of a protobuf message that may be cut (Protocol Buffers, Encoding)."""

from collections.abc import Iterator
from typing import NamedTuple

from storage_tui.previews.base import LimitError

VARINT, WIDE, BYTES, NARROW = 0, 1, 2, 5
SIZES = {WIDE: 8, NARROW: 4}
VARINT_BYTES = 10


class Field(NamedTuple):
    """One field: a number in `value`, or bytes from `start` to `stop`, which may lie past the bytes that are known."""

    number: int
    wire: int
    value: int
    start: int
    stop: int


def read_fields(raw: bytes, at: int, stop: int) -> Iterator[Field]:
    """Yield the fields that begin between two places, as far as the bytes go; raise LimitError for no protobuf."""
    stop_known = min(stop, len(raw))
    while at < stop_known:
        tag, at = read_varint(raw, at)
        if at < 0:
            return
        number, wire = tag >> 3, tag & 7
        value = 0
        if wire in (VARINT, BYTES):
            value, begin = read_varint(raw, at)
            if begin < 0:
                return
            end = begin + value if wire == BYTES else begin
        elif wire in SIZES:
            begin, end = at, at + SIZES[wire]
        else:
            raise LimitError("its bytes are not understood as protobuf")
        if end > stop or not number:
            raise LimitError("its bytes are not understood as protobuf")
        yield Field(number, wire, value, begin, end)
        at = end


def read_varint(raw: bytes, at: int) -> tuple[int, int]:
    """Return a number and the place after it; the place is -1 where the bytes end before."""
    value = 0
    for step in range(VARINT_BYTES):
        if at + step >= len(raw):
            return 0, -1
        byte = raw[at + step]
        value |= (byte & 0x7F) << 7 * step
        if byte < 0x80:
            return value, at + step + 1
    raise LimitError("its bytes are not understood as protobuf")


def text_of(raw: bytes, field: Field) -> str:
    """Return the text of a field."""
    return raw[field.start : field.stop].decode("utf-8", "replace")
