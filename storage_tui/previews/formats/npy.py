"""NumPy arrays without numpy: shape, type, first values, and statistics of the part that was read (NEP 1)."""

import itertools
import math
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.text import Text

from storage_tui.previews.base import HEADER_BUDGET, LimitError, Preview, PreviewError, Source, View
from storage_tui.previews.table.dtypes import Dtype, cell_of, read_dtype, read_literal, value_text
from storage_tui.previews.table.grid import grid_lines

MAGIC = b"\x93NUMPY"
HEADER_BYTES = 10_000  # numpy's own limit for a header from an untrusted source
GRID = (20, 12)  # rows and columns of first values
FIELDS = 32  # columns of first records
SAMPLE = 8192  # values in the statistics; a millisecond or two of plain Python
UNKNOWN = "…"  # a value past the bytes that were read


@dataclass(frozen=True, slots=True)
class ArrayHeader:
    """The content of the header of an .npy file; `data_start` is where the values begin."""

    kind: Dtype
    shape: tuple[int, ...]
    is_fortran: bool
    data_start: int

    @property
    def dtype(self) -> str:
        """The type in words: `float32`, `uint8`, `record of x, y`, `object`."""
        return self.kind.words

    @property
    def count(self) -> int:
        """The number of values."""
        return math.prod(self.shape)


class Npy:
    """One NumPy array."""

    kind = "NumPy array"
    budget = HEADER_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the first bytes are the magic string."""
        return head.startswith(MAGIC)

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the preview from the first read alone."""
        header = read_header(head)
        facts = [("shape", shape_text(header.shape)), ("dtype", header.dtype)]
        if header.is_fortran:
            facts.append(("order", "Fortran (columns first)"))
        if header.kind.has_objects:
            note = "holds pickled Python objects, which are not loaded"
            return Preview(self.kind, facts=tuple(facts), note=note)
        note = ""
        expected = header.data_start + header.count * header.kind.size_bytes
        if source.size_bytes is not None and source.size_bytes < expected:
            note = f"cut: {expected:,} bytes expected, {source.size_bytes:,} are there"
        if header.kind.code is not None:
            facts += statistics(read_values(head, header, SAMPLE), header.count)
        lines = tuple(value_lines(head, header))
        return Preview(self.kind, facts=tuple(facts), lines=lines, note=note, columns_left=_columns_left(header))


def read_header(head: bytes) -> ArrayHeader:
    """Return the header in the first bytes of an .npy file; raise PreviewError when they hold none."""
    major = head[6] if len(head) > 6 else 0
    if not head.startswith(MAGIC) or major not in (1, 2, 3):
        raise PreviewError("not an .npy header")
    start = 10 if major == 1 else 12
    length = int.from_bytes(head[8:start], "little")
    if length > HEADER_BYTES:
        raise LimitError(f"its header has {length:,} bytes, and {HEADER_BYTES:,} are read, as numpy does")
    text = head[start : start + length].decode("utf-8" if major == 3 else "latin-1", "replace")
    try:
        raw = read_literal(text.strip())
        shape = tuple(raw["shape"])
        if not all(type(side) is int and 0 <= side < 1 << 62 for side in shape):
            raise ValueError("a side of its shape is not a size")
        return ArrayHeader(read_dtype(raw["descr"]), shape, bool(raw["fortran_order"]), start + length)
    except (ValueError, SyntaxError, TypeError, KeyError, RecursionError, MemoryError) as exc:
        raise PreviewError("its header is not a description of an array") from exc


def read_values(head: bytes, header: ArrayHeader, limit: int) -> tuple[float, ...]:
    """Return the first plain numbers, as far as the bytes reach, at most `limit`."""
    code = header.kind.code
    if code is None:
        return ()
    count = max(0, min(limit, header.count, (len(head) - header.data_start) // header.kind.size_bytes))
    return struct.unpack_from(f"{code[0]}{count}{code[1]}", head, header.data_start)


def statistics(values: Sequence[float], total: int) -> list[tuple[str, str]]:
    """Return smallest, largest and mean of a sample, and the count of values that are not numbers."""
    known = [value for value in values if math.isfinite(value)]
    if not known:
        return []
    sample = "" if len(values) >= total else f", of the first {len(values):,}"
    mean = math.fsum(known) / len(known)
    text = f"{number_text(min(known))} to {number_text(max(known))}, mean {number_text(mean)}"
    missing = len(values) - len(known)
    return [("values", text + (f", {missing:,} not finite" if missing else "") + sample)]


def value_lines(head: bytes, header: ArrayHeader) -> list[Text]:
    """Return the corner of the array as a table: rows by all sides but the last, or a column a field for records."""
    if not header.count or (header.kind.read is None and not header.kind.fields):
        return []
    if header.kind.fields:
        return _record_lines(head, header)
    columns = header.shape[-1] if len(header.shape) > 1 else 1
    leading = header.shape[:-1] if len(header.shape) > 1 else header.shape
    width = min(columns, GRID[1])
    labels, values = [], []
    for row in itertools.islice(_places(leading), GRID[0]):
        labels.append(",".join(map(str, row)))
        values += [_value(head, header, (*row, at) if len(header.shape) > 1 else row) for at in range(width)]
    if header.kind.code is not None:
        numbers = iter(aligned([value for value in values if value is not None]))
        cells = [UNKNOWN if value is None else next(numbers) for value in values]
    else:
        cells = [UNKNOWN if value is None else value_text(value) for value in values]
    if all(value is None for value in values):
        return []
    if not header.shape:
        return grid_lines(("value",), [cells])
    if len(header.shape) < 2:
        rows = zip(labels, cells, strict=True)
        return grid_lines(("index", "value"), [*rows], right=frozenset((0, 1)))
    found = [[label, *cells[at * width : (at + 1) * width]] for at, label in enumerate(labels)]
    return grid_lines(["", *map(str, range(width))], found, right=frozenset(range(width + 1)))


def _columns_left(header: ArrayHeader) -> int | None:
    """Return how many columns `value_lines` leaves out; None where the lines are no table of columns."""
    if header.kind.fields:
        return max(0, len(header.kind.fields) - FIELDS)
    return max(0, header.shape[-1] - GRID[1]) if len(header.shape) > 1 else None


def _record_lines(head: bytes, header: ArrayHeader) -> list[Text]:
    """Return the first records as a table, a column a field."""
    fields = header.kind.fields[:FIELDS]
    rows = []
    for row in itertools.islice(_places(header.shape), GRID[0]):
        raw = _bytes_of(head, header, row)
        cells = [UNKNOWN if raw is None else cell_of(raw, at, kind) for _, at, kind in fields]
        rows.append([",".join(map(str, row)), *cells])
    return grid_lines(["", *(name for name, _, _ in fields)], rows, right=frozenset((0,)))


def _places(shape: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Return the places of the first values, the last side fastest; ranges that large are never made."""
    return itertools.product(*(range(min(side, GRID[0])) for side in shape)) if shape else iter([()])


def _value(head: bytes, header: ArrayHeader, place: tuple[int, ...]) -> float | None:
    """Return the value at a place; None past the bytes that were read."""
    raw = _bytes_of(head, header, place)
    return None if raw is None or header.kind.read is None else header.kind.read(raw)


def _bytes_of(head: bytes, header: ArrayHeader, place: tuple[int, ...]) -> bytes | None:
    number, step = 0, 1
    sides = list(zip(place, header.shape, strict=True))
    for at, side in sides if header.is_fortran else reversed(sides):
        number += at * step
        step *= side
    start = header.data_start + number * header.kind.size_bytes
    raw = head[start : start + header.kind.size_bytes]
    return raw if len(raw) == header.kind.size_bytes else None


def aligned(values: Sequence[float]) -> list[str]:
    """Return numbers of similar size with the same number of decimals, so that their points align."""
    largest = max((abs(value) for value in values if math.isfinite(value)), default=0)
    if not any(isinstance(value, float) for value in values) or not 1e-3 <= largest < 1e5:
        return [number_text(value) for value in values]
    decimals = max(0, 4 - math.floor(math.log10(largest)))
    return [f"{value:.{min(decimals, 6)}f}" for value in values]


def shape_text(shape: Sequence[int]) -> str:
    """Return a shape in words: `512 × 512 × 4`, `scalar`."""
    return " × ".join(f"{side:,}" for side in shape) or "scalar"


def number_text(value: float) -> str:
    """Return a number in few characters, short but still distinct."""
    return f"{value:.5g}" if isinstance(value, float) else str(value)
