"""Classic NetCDF: its dimensions, attributes and variables (NetCDF classic format, CDF-1/2/5)."""

from typing import Any

from storage_tui.contract.visible import visible
from storage_tui.previews.base import HEADER_BUDGET, Preview, PreviewError, Source, View
from storage_tui.previews.table.grid import grid_lines

TYPES = {1: ("int8", 1), 2: ("char", 1), 3: ("int16", 2), 4: ("int32", 4), 5: ("float32", 4), 6: ("float64", 8),
         7: ("uint8", 1), 8: ("uint16", 2), 9: ("uint32", 4), 10: ("int64", 8), 11: ("uint64", 8)}  # fmt: skip
MAX_ITEMS = 10_000  # dimensions, variables or attributes; a larger number is damage
SHOWN_ATTRIBUTES = 6


class NetCdf:
    """Classic NetCDF: its header has everything but the values."""

    kind = "NetCDF"
    budget = HEADER_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the first bytes are the signature and a known version."""
        return head[:3] == b"CDF" and head[3:4] in (b"\x01", b"\x02", b"\x05")

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the preview from the first read alone."""
        reader = _Reader(head, is_wide=head[3] == 5, is_64=head[3] != 1)
        records = reader.count()
        dimensions = reader.items(10, reader.dimension)
        attributes = reader.items(12, reader.attribute)
        variables = reader.items(11, lambda: reader.variable(dimensions, records))
        facts = [("dimensions", ", ".join(f"{visible(name)} {size or records}" for name, size in dimensions) or "none")]
        facts += [(visible(name, limit=16), value) for name, value in attributes[:SHOWN_ATTRIBUTES]]
        lines = grid_lines(("variable", "type", "dimensions"), variables)
        return Preview(self.kind, facts=tuple(facts), lines=tuple(lines))


class _Reader:
    """A reader of the header: big-endian numbers, names and values padded to four bytes."""

    def __init__(self, raw: bytes, *, is_wide: bool, is_64: bool) -> None:
        self._raw = raw
        self._at = 4
        self._count_bytes = 8 if is_wide else 4
        self._offset_bytes = 8 if is_64 else 4

    def number(self, size: int) -> int:
        """Return an unsigned number of `size` bytes."""
        raw = self._raw[self._at : self._at + size]
        if len(raw) < size:
            raise PreviewError("its header is longer than what was read")
        self._at += size
        return int.from_bytes(raw, "big")

    def count(self) -> int:
        """Return a count, 0 where the writer did not know the count yet (streaming)."""
        count = self.number(self._count_bytes)
        return 0 if count == (1 << 8 * self._count_bytes) - 1 else count

    def items(self, tag: int, read: Any) -> list[Any]:
        """Return the list with this tag."""
        found, count = self.number(4), self.count()
        if count > MAX_ITEMS or (found not in (0, tag)):
            raise PreviewError("its header is damaged")
        return [read() for _ in range(count)]

    def name(self) -> str:
        """Return a name."""
        return self.padded(self.count()).decode("utf-8", "replace")

    def padded(self, size: int) -> bytes:
        """Return `size` bytes and skip their padding to four."""
        if size > len(self._raw) - self._at:
            raise PreviewError("its header is longer than what was read")
        start = self._at
        self._at += (size + 3) // 4 * 4
        return self._raw[start : start + size]

    def dimension(self) -> tuple[str, int]:
        """Return name and length of a dimension; the length 0 is the growing one."""
        return self.name(), self.count()

    def attribute(self) -> tuple[str, str]:
        """Return name and value of an attribute: the text, or the number of its numbers."""
        name = self.name()
        kind, count = TYPES.get(self.number(4), ("", 1)), self.count()
        raw = self.padded(count * kind[1])
        text = raw.decode("utf-8", "replace").strip("\x00 ") if kind[0] == "char" else f"{count} × {kind[0]}"
        return name, visible(text, limit=80)

    def variable(self, dimensions: list[tuple[str, int]], records: int) -> list[str]:
        """Return name, type and dimensions of a variable."""
        name = self.name()
        ids = [self.count() for _ in range(min(self.count(), MAX_ITEMS))]
        self.items(12, self.attribute)
        kind = TYPES.get(self.number(4), ("unknown", 1))[0]
        self.count()
        self.number(self._offset_bytes)
        sides = [dimensions[i] for i in ids if i < len(dimensions)]
        return [name, kind, " × ".join(f"{side} {size or records}" for side, size in sides)]
