"""Columns of GeoParquet's native encodings as well-known binary (GeoParquet 1.1, Native encodings based on GeoArrow).

A shape is a list of lists of coordinates, and a coordinate is a struct with the fields `x` and `y`, and maybe others.
"""

import ctypes
import struct
from array import array
from collections.abc import Callable
from typing import Any

from storage_tui.previews.decoding.tables import arrow_values

ENCODINGS = {"point": 0, "linestring": 1, "multipoint": 1, "polygon": 2, "multilinestring": 2, "multipolygon": 3}
"""The native encodings, and how many lists are around a coordinate."""
_CODES = {"point": 1, "linestring": 2, "polygon": 3, "multipoint": 4, "multilinestring": 5, "multipolygon": 6}
_PARTS = {"multipoint": "point", "multilinestring": "linestring", "multipolygon": "polygon"}
_LISTS = {"+l": "i", "+L": "q"}  # the formats of lists, and of the numbers that say where a list begins
_STRUCT, _DOUBLE = "+s", "g"

Span = Callable[[int], tuple[int, int]]


def shapes_of(batch: Any, name: str, encoding: str) -> list[bytes | None]:
    """Return the shapes of a column in well-known binary, None for a missing one; raise ValueError for another form.

    `batch` exports itself by the Arrow PyCapsule interface.
    """
    schema_capsule, array_capsule = batch.__arrow_c_array__()
    schema = arrow_values._pointer(schema_capsule, b"arrow_schema", arrow_values._Schema)
    values = arrow_values._pointer(array_capsule, b"arrow_array", arrow_values._Array)
    for at in range(schema.n_children):
        child = schema.children[at].contents
        if (child.name or b"").decode("utf-8", "replace") == name:
            column = _Column(child, values.children[at].contents, ENCODINGS[encoding.lower()])
            return [column.shape(encoding.lower(), row + values.offset) for row in range(batch.num_rows)]
    raise ValueError("its column of shapes is missing")


class _Column:
    """The places of the lists of each depth, and the coordinates, of one column."""

    def __init__(self, schema: Any, values: Any, depth: int) -> None:
        self._validity = values.buffers[0]
        self._offset = values.offset
        self._spans: list[Span] = []
        for _ in range(depth):
            code = _LISTS.get(schema.format.decode())
            if code is None:
                raise ValueError("its shapes are not the lists that their encoding says")
            self._spans.append(_span_of(code, values))
            schema, values = schema.children[0].contents, values.children[0].contents
        names = [(schema.children[at].contents.name or b"").decode() for at in range(schema.n_children)]
        if schema.format.decode() != _STRUCT or not {"x", "y"} <= set(names):
            raise ValueError("its coordinates have no fields x and y")
        self._first = values.offset
        self._xs, self._ys = (_doubles(schema, values, names.index(name)) for name in ("x", "y"))

    def shape(self, encoding: str, row: int) -> bytes | None:
        """Return one shape."""
        place = row + self._offset
        if self._validity and not ctypes.c_ubyte.from_address(self._validity + place // 8).value >> place % 8 & 1:
            return None
        return self._written(encoding, 0, row)

    def _written(self, encoding: str, depth: int, at: int) -> bytes:
        head = struct.pack("<BI", 1, _CODES[encoding])
        if encoding == "point":
            return head + self._pairs(at, at + 1)
        start, stop = self._spans[depth](at)
        count = struct.pack("<I", stop - start)
        if encoding == "linestring":
            return head + count + self._pairs(start, stop)
        if encoding == "polygon":
            rings = (self._spans[depth + 1](ring) for ring in range(start, stop))
            return b"".join((head, count, *(struct.pack("<I", to - at) + self._pairs(at, to) for at, to in rings)))
        parts = (self._written(_PARTS[encoding], depth + 1, part) for part in range(start, stop))
        return b"".join((head, count, *parts))

    def _pairs(self, start: int, stop: int) -> bytes:
        places = array("d", bytes(16 * (stop - start)))
        first = self._first
        places[0::2], places[1::2] = self._xs[start + first : stop + first], self._ys[start + first : stop + first]
        return places.tobytes()


def _span_of(code: str, values: Any) -> Span:
    """Return the function from a list to the places of its first item and of the item after the last."""
    ends = array(code)
    if values.length:
        size = (values.offset + values.length + 1) * ends.itemsize
        ends.frombytes(ctypes.string_at(values.buffers[1], size))
    offset = values.offset
    return lambda at: (ends[at + offset], ends[at + offset + 1])


def _doubles(schema: Any, values: Any, number: int) -> "array[float]":
    """Return one field of all coordinates, from the first one on that the struct has in memory."""
    if schema.children[number].contents.format.decode() != _DOUBLE:
        raise ValueError("its coordinates are no numbers of eight bytes")
    own, found = values.children[number].contents, array("d")
    if own.length:
        found.frombytes(ctypes.string_at(own.buffers[1] + 8 * own.offset, 8 * own.length))
    return found
