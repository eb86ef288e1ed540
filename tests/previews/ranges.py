"""A storage of one blob of any size, held or made up as it is read: counts what is asked of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from storage_tui.contract.errors import PreconditionFailedError, RangeNotSatisfiableError
from storage_tui.contract.models import Blob
from storage_tui.previews import Preview, Source, preview


@dataclass(frozen=True)
class Read:
    """The answer to one range."""

    data: bytes
    blob: Blob


@dataclass
class Ranges:
    """Answers ranges as a server does, 416 and 412 included."""

    size_bytes: int
    part: Callable[[int, int], bytes]
    etag: str = "first"
    asked: list[tuple[int, int]] = field(default_factory=list)

    @classmethod
    def of(cls, content: bytes) -> Self:
        """The bytes themselves."""
        return cls(len(content), lambda start, stop: content[start:stop])

    async def read_range(
        self, key: str, storage_type: str = "data", *, start: int = 0, stop: int | None = None, etag: str | None = None
    ) -> Read:
        """One request."""
        stop = self.size_bytes if stop is None else min(stop, self.size_bytes)
        self.asked.append((start, stop))
        if etag not in (None, self.etag):
            raise PreconditionFailedError("the blob has changed", key=key)
        if start >= self.size_bytes:
            raise RangeNotSatisfiableError("past the end", key=key, size_bytes=self.size_bytes)
        return Read(self.part(start, stop), Blob(key, storage_type, self.size_bytes, etag=self.etag))

    def source(self, name: str = "blob", *, knows_size: bool = True) -> Source:
        """A Source over it, as a list with or without sizes gives one."""
        return Source(self, Blob(name, "data", self.size_bytes if knows_size else None), is_alone=True)


async def show(
    content: bytes, name: str = "blob", *, width: int = 60, height: int = 20, quadrants: bool = False
) -> Preview:
    """The preview of these bytes."""
    return await preview(Ranges.of(content).source(name), width=width, height=height, quadrants=quadrants)


def plain(shown: Preview) -> str:
    """Everything of a preview as text."""
    facts = [f"{label}: {value}" for label, value in shown.facts]
    return "\n".join([shown.kind, *facts, *(line.plain for line in shown.lines), shown.note])
