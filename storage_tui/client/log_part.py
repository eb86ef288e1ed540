"""One part of a log while it grows: whole lines, and how many bytes of them are stored."""

from datetime import UTC, datetime

from storage_tui.contract.models import format_time

PART_BYTES = 4 * 1024 * 1024  # then the log goes on in another part; one `set` takes it whole on every server
LINE_BYTES = 64 * 1024  # a longer line is cut: a log is read by lines


class LogPart:
    """Bytes that only grow, so that who reads along finds what was there before unchanged."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.stored_bytes = 0
        self._content = bytearray()

    @property
    def size_bytes(self) -> int:
        """How long the part is."""
        return len(self._content)

    @property
    def is_new(self) -> bool:
        """Whether it holds more than is stored."""
        return len(self._content) > self.stored_bytes

    def has_room(self, line: bytes) -> bool:
        """Whether the line still fits."""
        return len(self._content) + len(line) <= PART_BYTES

    def add(self, line: bytes) -> None:
        """Append a whole line."""
        self._content += line

    def content(self) -> bytes:
        """All of it."""
        return bytes(self._content)


def stamped(text: str) -> list[bytes]:
    """The lines of the text as UTF-8, each with the time before it and a line end after it."""
    now = format_time(datetime.now(UTC))
    rows = []
    for line in text.split("\n"):
        raw = line.rstrip("\r").encode("utf-8", "backslashreplace")
        if len(raw) > LINE_BYTES:
            cut = raw[:LINE_BYTES].decode("utf-8", "ignore").encode("utf-8")
            raw = cut + f" … {len(raw) - len(cut):,} bytes more".encode()
        rows.append(f"{now} ".encode() + raw + b"\n")
    return rows
