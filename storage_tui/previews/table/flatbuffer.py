"""The few parts of FlatBuffers that Arrow, FlatGeobuf and Icechunk need (FlatBuffers, internals; read only)."""

import struct

from storage_tui.previews.base import PreviewError

ITEM_BYTES = 4  # of a vector's item at least: a count of more than the buffer can hold is damaged


class Table:
    """One table in a buffer. A missing field has its default; a place outside the buffer raises struct.error."""

    def __init__(self, buffer: bytes, at: int) -> None:
        self._buffer = buffer
        self._at = at
        self._fields = at - self._number("<i", at)

    @classmethod
    def root(cls, buffer: bytes) -> "Table":
        """Return the outermost table."""
        return cls(buffer, struct.unpack_from("<I", buffer)[0])

    def integer(self, field: int, form: str = "<i", default: int = 0) -> int:
        """Return the number in a field."""
        at = self._place(field)
        return default if at is None else self._number(form, at)

    def text(self, field: int) -> str:
        """Return the string in a field."""
        at = self._place(field)
        if at is None:
            return ""
        at += self._number("<I", at)
        length = self._number("<I", at)
        return self._buffer[at + 4 : at + 4 + length].decode("utf-8", "replace")

    def table(self, field: int) -> "Table | None":
        """Return the table in a field."""
        at = self._place(field)
        return None if at is None else Table(self._buffer, at + self._number("<I", at))

    def tables(self, field: int, limit: int) -> list["Table"]:
        """Return the vector of tables in a field, at most `limit` of them."""
        start, count = self._vector(field)
        places = range(start, start + 4 * min(count, limit), 4)
        return [Table(self._buffer, at + self._number("<I", at)) for at in places]

    def has(self, field: int) -> bool:
        """Return whether a field is there."""
        return self._place(field) is not None

    def item(self, field: int, number: int) -> "Table":
        """Return one table of the vector of tables in a field."""
        start, count = self._vector(field)
        if not 0 <= number < count:
            raise PreviewError("a list in it is shorter than it says")
        at = start + 4 * number
        return Table(self._buffer, at + self._number("<I", at))

    def struct(self, field: int, form: str) -> tuple[int, ...]:
        """Return the struct in a field; an empty one where the field is missing."""
        at = self._place(field)
        return () if at is None else struct.unpack_from(form, self._buffer, at)

    def count(self, field: int) -> int:
        """Return the number of items of the vector in a field."""
        return self._vector(field)[1]

    def structs(self, field: int, form: str, limit: int) -> list[tuple[int, ...]]:
        """Return the vector of structs in a field, at most `limit` of them."""
        start, count = self._vector(field)
        size = struct.calcsize(form)
        return [struct.unpack_from(form, self._buffer, start + number * size) for number in range(min(count, limit))]

    def bytes(self, field: int) -> bytes:
        """Return the vector of bytes in a field."""
        at = self._place(field)
        if at is None:
            return b""
        at += self._number("<I", at)
        return self._buffer[at + 4 : at + 4 + self._number("<I", at)]

    def _vector(self, field: int) -> tuple[int, int]:
        at = self._place(field)
        if at is None:
            return 0, 0
        at += self._number("<I", at)
        count = self._number("<I", at)
        if count * ITEM_BYTES > len(self._buffer):
            raise PreviewError(f"a list in it claims {count:,} items")
        return at + 4, count

    def _place(self, field: int) -> int | None:
        slot = 4 + 2 * field
        if self._fields < 0 or slot >= self._number("<H", self._fields):
            return None
        offset = self._number("<H", self._fields + slot)
        return self._at + offset if offset else None

    def _number(self, form: str, at: int) -> int:
        if at < 0:
            raise PreviewError("it points outside of itself")
        number: int = struct.unpack_from(form, self._buffer, at)[0]
        return number
