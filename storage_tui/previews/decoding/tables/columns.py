"""The columns of one batch of rows as values that compare, and as text; each is read only when it is asked for."""

import ctypes
import struct
from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any, Protocol

from storage_tui.previews.decoding.tables import arrow_values
from storage_tui.previews.decoding.tables.arrow_values import FLOATS, INTEGERS


class Batch(Protocol):
    """Some rows of a table."""

    count: int

    def values(self, column: int) -> list[Any]:
        """Return the values of a column: numbers, truths, texts, and None for a missing one."""

    def texts(self, column: int, rows: Sequence[int]) -> list[str | None]:
        """Return the values in these rows as text; raise ValueError for a column that is not read."""


class ArrowBatch:
    """A batch of Arrow. `names` are the columns that a job knows by number; `hints` those of `arrow_values`."""

    def __init__(self, batch: Any, names: Mapping[int, str], hints: Mapping[str, str], *, is_picked: bool) -> None:
        """`is_picked` says that the batch has these columns alone, in the order of `names`."""
        self.count = int(batch.num_rows)
        self._capsules = batch.__arrow_c_array__()  # the columns live as long as these
        pointer = arrow_values._pointer
        self._schema = pointer(self._capsules[0], b"arrow_schema", arrow_values._Schema)
        self._array = pointer(self._capsules[1], b"arrow_array", arrow_values._Array)
        self._names = names
        self._hints = hints
        self._places = {column: at for at, column in enumerate(names)} if is_picked else {at: at for at in names}
        if any(at >= self._schema.n_children for at in self._places.values()):
            raise ValueError("it has fewer columns than it says")

    def values(self, column: int) -> list[Any]:
        """Return the values of a column: numbers, truths, texts, and None for a missing one."""
        schema, array = self._child(column)
        start = self._array.offset
        return _values(schema, array, start, start + self.count, self._hints, self._names[column])

    def texts(self, column: int, rows: Sequence[int]) -> list[str | None]:
        """Return the values in these rows as text; raise ValueError for a column that is not read."""
        schema, array = self._child(column)
        read = arrow_values._reader(schema, array, self._hints, self._names[column])
        return [read(row + self._array.offset) for row in rows]

    def _child(self, column: int) -> tuple[Any, Any]:
        at = self._places[column]
        return self._schema.children[at].contents, self._array.children[at].contents


def _values(schema: Any, array: Any, start: int, stop: int, hints: Mapping[str, str], place: str) -> list[Any]:
    form = schema.format.decode()
    if schema.dictionary:
        inner = array.dictionary.contents
        among = _values(schema.dictionary.contents, inner, 0, inner.length, hints, place)
        at = _numbers(INTEGERS[form], array, start, stop)
        return [None if index is None else among[index] for index in at]
    if form in INTEGERS:
        return _numbers(INTEGERS[form], array, start, stop)
    if form in FLOATS:
        return _numbers(FLOATS[form], array, start, stop)
    if form in ("u", "U"):
        return _texts("<i" if form == "u" else "<q", array, start, stop)
    read = arrow_values._reader(schema, array, hints, place)
    texts = [read(at) for at in range(start, stop)]
    if form.startswith("d:"):
        return [None if text is None else Decimal(text) for text in texts]
    if form == "b":
        return [None if text is None else text == "True" for text in texts]
    return texts


def _numbers(code: str, array: Any, start: int, stop: int) -> list[Any]:
    """Return numbers of one size, by one copy of their bytes."""
    size = struct.calcsize(f"<{code}")
    begin, count = start + array.offset, stop - start
    if not count:
        return []
    raw = ctypes.string_at(array.buffers[1] + begin * size, count * size)
    found: list[Any] = list(struct.unpack(f"<{count}{code}", raw))
    return _with_nulls(found, array.buffers[0], begin)


def _texts(code: str, array: Any, start: int, stop: int) -> list[Any]:
    """Return texts, by one copy of their places and one of their bytes."""
    size, begin, count = struct.calcsize(code), start + array.offset, stop - start
    raw = ctypes.string_at(array.buffers[1] + begin * size, (count + 1) * size)
    places = struct.unpack(f"<{count + 1}{code[1]}", raw)
    low = places[0]
    data = ctypes.string_at(array.buffers[2] + low, places[-1] - low) if places[-1] > low else b""
    if data.isascii():
        whole = data.decode("ascii")
        found: list[Any] = [whole[at - low : to - low] for at, to in pairwise(places)]
    else:
        found = [data[at - low : to - low].decode("utf-8", "replace") for at, to in pairwise(places)]
    return _with_nulls(found, array.buffers[0], begin)


def _with_nulls(found: list[Any], validity: int | None, begin: int) -> list[Any]:
    """Return values with None where the bits of validity, from `begin` on, say that there is none."""
    count = len(found)
    if validity and count:
        first = begin // 8
        bits = int.from_bytes(ctypes.string_at(validity + first, (begin + count - 1) // 8 - first + 1), "little")
        shown = f"{bits >> begin % 8:b}".zfill(count)[::-1]
        found = [value if shown[at] == "1" else None for at, value in enumerate(found)]
    return found
