"""NumPy arrays without numpy: shape, type, first values, and statistics of the part that was read (NEP 1)."""

import ast
import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.text import Text

from storage_tui.contract.visible import visible
from storage_tui.previews.base import HEADER_BUDGET, Preview, PreviewError, Source, View
from storage_tui.previews.table.grid import grid_lines

MAGIC = b"\x93NUMPY"
HEADER_BYTES = 10_000  # numpy's own limit for a header from an untrusted source
GRID = (20, 12)  # rows and columns of first values
SAMPLE = 8192  # values in the statistics; a millisecond or two of plain Python
CODES = {"b1": "?", "i1": "b", "u1": "B", "i2": "h", "u2": "H", "i4": "i", "u4": "I", "i8": "q", "u8": "Q", "f2": "e",
         "f4": "f", "f8": "d"}  # fmt: skip
KINDS = {"b": "bool", "i": "int", "u": "uint", "f": "float", "c": "complex", "U": "text", "S": "bytes", "M": "datetime",
         "m": "timedelta", "V": "record"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ArrayHeader:
    """The content of the header of an .npy file; `data_start` is where the values begin."""

    descr: Any
    shape: tuple[int, ...]
    is_fortran: bool
    data_start: int

    @property
    def dtype(self) -> str:
        """The type in words: `float32`, `uint8`, `record of x, y`, `object`."""
        return dtype_text(self.descr)

    @property
    def code(self) -> str | None:
        """The struct format of one value; None for a type that is no plain number."""
        if not isinstance(self.descr, str):
            return None
        letter = CODES.get(self.descr[1:])
        return None if letter is None else (">" if self.descr[0] == ">" else "<") + letter

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
        lines: list[Text] = []
        note = ""
        if header.code is not None:
            size = struct.calcsize(header.code)
            expected = header.data_start + header.count * size
            if source.size_bytes is not None and source.size_bytes < expected:
                note = f"cut: {expected:,} bytes expected, {source.size_bytes:,} are there"
            values = read_values(head, header, SAMPLE)
            facts += statistics(values, header.count)
            lines = value_grid(values, header)
        elif header.descr == "|O":
            note = "holds pickled Python objects, which are not loaded"
        return Preview(self.kind, facts=tuple(facts), lines=tuple(lines), note=note)


def read_header(head: bytes) -> ArrayHeader:
    """Return the header in the first bytes of an .npy file; raise PreviewError when they hold none."""
    major = head[6] if len(head) > 6 else 0
    if not head.startswith(MAGIC) or major not in (1, 2, 3):
        raise PreviewError("not an .npy header")
    start = 10 if major == 1 else 12
    length = int.from_bytes(head[8:start], "little")
    if length > HEADER_BYTES:
        raise PreviewError(f"its header claims {length:,} bytes")
    text = head[start : start + length].decode("utf-8" if major == 3 else "latin-1", "replace")
    try:
        raw = ast.literal_eval(text.strip())
        shape = tuple(raw["shape"])
        if not all(isinstance(side, int) and 0 <= side < 1 << 62 for side in shape):
            raise ValueError("a side of its shape is not a size")
        return ArrayHeader(raw["descr"], shape, bool(raw["fortran_order"]), start + length)
    except (ValueError, SyntaxError, TypeError, KeyError, RecursionError, MemoryError) as exc:
        raise PreviewError("its header is not a description of an array") from exc


def read_values(head: bytes, header: ArrayHeader, limit: int) -> tuple[float, ...]:
    """Return the first values, as far as the bytes reach, at most `limit`."""
    code = header.code
    if code is None:
        return ()
    size = struct.calcsize(code)
    count = max(0, min(limit, header.count, (len(head) - header.data_start) // size))
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


def value_grid(values: Sequence[float], header: ArrayHeader) -> list[Text]:
    """Return the corner of the array as a table."""
    if not values:
        return []
    columns = header.shape[-1] if len(header.shape) > 1 and not header.is_fortran else 1
    if columns == 1:
        flat = aligned(values[: GRID[0]])
        return grid_lines(("index", "value"), [(str(i), cell) for i, cell in enumerate(flat)], right=frozenset((0, 1)))
    width = min(columns, GRID[1])
    starts = range(0, min(len(values), columns * GRID[0]), columns)
    cells = aligned([value for at in starts for value in values[at : at + width]])
    rows = [[str(number), *cells[number * width : (number + 1) * width]] for number in range(len(starts))]
    return grid_lines(["", *map(str, range(width))], rows, right=frozenset(range(width + 1)))


def aligned(values: Sequence[float]) -> list[str]:
    """Return numbers of similar size with the same number of decimals, so that their points align."""
    largest = max((abs(value) for value in values if math.isfinite(value)), default=0)
    if not any(isinstance(value, float) for value in values) or not 1e-3 <= largest < 1e5:
        return [number_text(value) for value in values]
    decimals = max(0, 4 - math.floor(math.log10(largest)))
    return [f"{value:.{min(decimals, 6)}f}" for value in values]


def dtype_text(descr: Any) -> str:
    """Return a dtype in words."""
    if isinstance(descr, list):
        names = [visible(str(item[0]), limit=20) for item in descr[:8] if isinstance(item, tuple) and item]
        return f"record of {', '.join(names)}{'…' if len(descr) > 8 else ''}"
    text = str(descr)
    if text == "|O":
        return "object"
    kind, size = text[1:2], text[2:]
    if kind in KINDS and size.isdigit():
        if kind in "US":
            return f"{KINDS[kind]} of {size}"
        name = KINDS[kind] if kind == "b" else f"{KINDS[kind]}{int(size) * 8}" if len(size) < 3 else KINDS[kind]
        return name + (", big-endian" if text[0] == ">" else "")
    return visible(text, limit=40)


def shape_text(shape: Sequence[int]) -> str:
    """Return a shape in words: `512 × 512 × 4`, `scalar`."""
    return " × ".join(f"{side:,}" for side in shape) or "scalar"


def number_text(value: float) -> str:
    """Return a number in few characters, short but still distinct."""
    return f"{value:.5g}" if isinstance(value, float) else str(value)
