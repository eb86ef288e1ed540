"""A flat list of blobs of many folders: the matches of a search, or the blobs that will expire, grouped by day."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby

from storage_tui.contract.models import Blob
from storage_tui.contract.moments import local_time
from storage_tui.tui.state.arranging import Sort
from storage_tui.tui.state.listing import order

KEPT = 100_000  # about 50 MB of blobs; of more blobs the first in order are kept, and the list says so


@dataclass(frozen=True, slots=True)
class Heading:
    """A line above a group: the blobs that expire on the same day."""

    title: str
    blobs: tuple[Blob, ...]

    @property
    def size_bytes(self) -> int:
        """The bytes of the group."""
        return sum(blob.size_bytes or 0 for blob in self.blobs)


FlatLine = Blob | Heading


class FlatList:
    """Blobs as they arrive, in the order asked for.

    `lines` are the shown lines. They change in `arrange` only, so that nothing moves under the cursor while pages
    arrive. Of more than `most` blobs the first in order are kept.
    """

    def __init__(self, storage_type: str, prefix: str, *, sort: Sort, most: int = KEPT) -> None:
        self.most = most
        self.storage_type = storage_type
        self.prefix = prefix
        self.sort: Sort = sort
        self.is_reversed = False
        self.is_complete = False
        self.lines: list[FlatLine] = []
        self.seen = 0
        self.size_bytes = 0
        self._blobs: list[Blob] = []
        self._headings: list[int] = []  # the numbers of their lines
        self._arranged = 0

    def __len__(self) -> int:
        return len(self._blobs)

    def __iter__(self) -> Iterator[Blob]:
        return iter(self._blobs)

    @property
    def dropped(self) -> int:
        """The number of blobs that were seen but not kept."""
        return self.seen - len(self._blobs)

    def add(self, blobs: Iterable[Blob]) -> None:
        """Add blobs; `arrange` shows them."""
        before = len(self._blobs)
        self._blobs.extend(blobs)
        added = self._blobs[before:]
        self.seen += len(added)
        self.size_bytes += sum(blob.size_bytes or 0 for blob in added)
        if len(self._blobs) > self.most * 5 // 4:
            self._cut()

    def discard(self, names: set[tuple[str, str]]) -> None:
        """Drop deleted blobs, by storage type and key."""
        gone = [blob for blob in self._blobs if (blob.storage_type, blob.key) in names]
        self._blobs = [blob for blob in self._blobs if (blob.storage_type, blob.key) not in names]
        self.seen -= len(gone)
        self.size_bytes -= sum(blob.size_bytes or 0 for blob in gone)
        self.arrange()

    @property
    def is_worth_arranging(self) -> bool:
        """Whether enough blobs have arrived since the last `arrange`.

        In key order that is any number, else half as many again, because a sort is needed.
        """
        new = len(self._blobs) - self._arranged
        return bool(new) and (self.is_complete or self.sort == "key" or new > self._arranged // 2)

    def arrange(self) -> None:
        """Sort the blobs that have arrived, and show them."""
        if self.sort == "key":
            self.lines = list(self._blobs)
        else:
            self._sort()
            by_day = self.sort == "expiry" and not self.is_reversed
            self.lines = list(grouped(self._blobs, datetime.now(UTC))) if by_day else list(self._blobs)
        self._headings = [index for index, line in enumerate(self.lines) if isinstance(line, Heading)]
        self._arranged = len(self._blobs)

    def number_of(self, index: int) -> int:
        """Return the number of the blob at a line, counted from 1; at a heading that of the first blob below."""
        return index + 1 - bisect_left(self._headings, index)

    @property
    def shown(self) -> int:
        """The number of blobs on the lines."""
        return len(self.lines) - len(self._headings)

    def _sort(self) -> None:
        self._blobs.sort(key=lambda blob: order(blob, self.sort), reverse=self.is_reversed)

    def _cut(self) -> None:
        if self.sort != "key":
            self._sort()
        del self._blobs[self.most :]

    def index_of(self, key: str, storage_type: str) -> int | None:
        """Return the line of a blob."""
        wanted = storage_type, key
        lines = enumerate(self.lines)
        return next(
            (i for i, line in lines if isinstance(line, Blob) and (line.storage_type, line.key) == wanted), None
        )


def grouped(blobs: Iterable[Blob], now: datetime) -> Iterator[FlatLine]:
    """Yield the blobs in order of expiry, with a heading before each day."""
    for title, group in groupby(blobs, key=lambda blob: day_title(blob.expires, now)):
        rows = tuple(group)
        yield Heading(title, rows)
        yield from rows


def day_title(expires: datetime | None, now: datetime) -> str:
    """Return a heading: `expired`, `expires within the hour`, `expires today`, `expires on Thursday 26 Nov`."""
    if expires is None:
        return "expiry unknown"
    if expires <= now:
        return "expired"
    if expires - now <= timedelta(hours=1):
        return "expires within the hour"
    day, today = local_time(expires).date(), local_time(now).date()
    if day == today:
        return "expires today"
    if day == today + timedelta(days=1):
        return "expires tomorrow"
    return f"expires on {day:%A} {day.day} {day:%b}"
