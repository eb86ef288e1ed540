"""One part of a growing log: whole lines, and how many of its bytes are stored."""

from datetime import UTC, datetime

from storage_tui.contract.models import format_time

PART_BYTES = 4 * 1024 * 1024  # then the log continues in another part; every server takes a whole part in one `set`
LINE_BYTES = 64 * 1024  # a longer line is cut: programs read a log line by line


class LogPart:
    """The bytes of one part. They only grow: a program that reads a running log finds the earlier bytes unchanged."""

    def __init__(self, number: int, most_bytes: int = PART_BYTES) -> None:
        self._most_bytes = most_bytes
        self.number = number
        self.stored_bytes = 0
        self._content = bytearray()

    @property
    def size_bytes(self) -> int:
        """Return the length of the part in bytes."""
        return len(self._content)

    @property
    def is_new(self) -> bool:
        """Return whether the part holds bytes that are not stored yet."""
        return len(self._content) > self.stored_bytes

    def has_room(self, line: bytes) -> bool:
        """Return whether the line still fits into the part."""
        return len(self._content) + len(line) <= self._most_bytes

    def add(self, line: bytes) -> None:
        """Append a whole line."""
        self._content += line

    def content(self) -> bytes:
        """Return all bytes of the part."""
        return bytes(self._content)


def stamped(text: str) -> list[bytes]:
    """Return the lines of the text as UTF-8, each with the time before it and a line end after it.

    A line of more than LINE_BYTES bytes is cut and says how many bytes are missing.
    """
    now = format_time(datetime.now(UTC))
    rows = []
    for line in text.split("\n"):
        raw = line.rstrip("\r").encode("utf-8", "backslashreplace")
        if len(raw) > LINE_BYTES:
            cut = raw[:LINE_BYTES].decode("utf-8", "ignore").encode("utf-8")
            raw = cut + f" … {len(raw) - len(cut):,} bytes more".encode()
        rows.append(f"{now} ".encode() + raw + b"\n")
    return rows
