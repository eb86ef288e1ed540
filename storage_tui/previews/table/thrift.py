"""The parts of Thrift's compact protocol that a Parquet footer needs: structs as dictionaries by field number."""

import struct
from collections.abc import Sequence
from typing import Any

MAX_DEPTH = 24  # of nested structs; a footer has six
MAX_ITEMS = 200_000  # of one list; a footer has one item a column and row group

RAW = 0  # the key under which a struct keeps its own bytes; no field has this number

STOP, TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(13)


class Compact:
    """A reader over bytes; raises ValueError or IndexError when they are damaged."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._at = 0

    @property
    def read_bytes(self) -> int:
        """The number of bytes read so far."""
        return self._at

    def struct(self, depth: int = 0) -> dict[int, Any]:
        """Return a struct: a dictionary from field number to value, with the struct's own bytes under RAW."""
        if depth > MAX_DEPTH:
            raise ValueError("nested too deep")
        fields: dict[int, Any] = {}
        start = self._at
        number = 0
        while (head := self._byte()) != STOP:
            kind, step = head & 0x0F, head >> 4
            number = number + step if step else self._zigzag()
            fields[number] = kind == TRUE if kind in (TRUE, FALSE) else self._value(kind, depth)
        fields[RAW] = self._raw[start : self._at]
        return fields

    def _value(self, kind: int, depth: int) -> Any:
        if kind in (TRUE, FALSE, BYTE):
            return self._byte()
        if kind in (I16, I32, I64):
            return self._zigzag()
        if kind == DOUBLE:
            return struct.unpack("<d", self._bytes(8))[0]
        if kind == BINARY:
            return self._bytes(self._varint())
        if kind in (LIST, SET):
            return self._list(depth)
        if kind == STRUCT:
            return self.struct(depth + 1)
        if kind == MAP:
            return self._map(depth)
        raise ValueError(f"it has a field of type {kind}, which does not exist")

    def _list(self, depth: int) -> list[Any]:
        head = self._byte()
        count, kind = head >> 4, head & 0x0F
        if count == 15:
            count = self._varint()
        if count > min(MAX_ITEMS, len(self._raw) - self._at):
            raise ValueError(f"a list of {count}")
        return [self._value(kind, depth) for _ in range(count)]

    def _map(self, depth: int) -> dict[Any, Any]:
        count = self._varint()
        if not count:
            return {}
        kinds = self._byte()
        if count > len(self._raw) - self._at:
            raise ValueError(f"a map of {count}")
        return {self._value(kinds >> 4, depth): self._value(kinds & 0x0F, depth) for _ in range(count)}

    def _byte(self) -> int:
        self._at += 1
        return self._raw[self._at - 1]

    def _bytes(self, count: int) -> bytes:
        if count > len(self._raw) - self._at:
            raise ValueError(f"{count} bytes")
        self._at += count
        return self._raw[self._at - count : self._at]

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value
            if shift > 63:
                raise ValueError("a number without end")

    def _zigzag(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)


def number_field(step: int, value: int, *, is_long: bool = False) -> bytes:
    """Return the bytes of a field with a number of 32 or 64 bits, `step` after the field before it."""
    return bytes([step << 4 | (I64 if is_long else I32)]) + _packed(value << 1)


def list_field(step: int, structs: Sequence[bytes]) -> bytes:
    """Return the bytes of a field with a list of structs, `step` after the field before it."""
    return bytes([step << 4 | LIST, 0xF0 | STRUCT]) + _packed(len(structs)) + b"".join(structs)


def text_field(step: int, text: bytes) -> bytes:
    """Return the bytes of a field with a text."""
    return bytes([step << 4 | BINARY]) + _packed(len(text)) + text


def _packed(value: int) -> bytes:
    packed = bytearray()
    while value >= 0x80:
        packed.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*packed, value])
