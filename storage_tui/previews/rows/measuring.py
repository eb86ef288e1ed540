"""The statistics of one column: counts, extremes, mean, frequent values, and a small histogram."""

import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from storage_tui.previews.rows.base import Table, over_rows

MOST_DISTINCT = 20_000  # values counted one by one; of more only the frequent ones stay, and their number is a bound
BARS = 12
PART_ROWS = 200_000  # of one job, which may work for four seconds
PICKED_ROWS = 30_000  # of one job that names its rows


@dataclass
class Measures:
    """What is known of a column after some blocks. Counts are of the rows that were read."""

    rows: int = 0
    known: int = 0
    missing: int = 0
    nan: int = 0
    total: float = 0.0
    least: Any = None
    greatest: Any = None
    is_many: bool = False
    """Whether more values are distinct than were counted one by one."""
    is_done: bool = False
    counts: "Counter[str]" = field(default_factory=Counter)
    _bars: list[tuple[float, float, list[int]]] = field(default_factory=list)

    def add(self, told: dict[str, Any], payload: bytes) -> None:
        """Add what the decoder says of one block."""
        more = json.loads(payload)
        self.known += told["known"]
        self.missing += told["missing"]
        self.nan += told["nan"]
        self.rows = self.known + self.missing + self.nan
        self.total += told["total"]
        low, high = told["least"], told["greatest"]
        self.least = low if self.least is None or (low is not None and low < self.least) else self.least
        self.greatest = high if self.greatest is None or (high is not None and high > self.greatest) else self.greatest
        for value, count in more["counts"]:
            self.counts[value] += count
        self.is_many = self.is_many or told["is_many"] or len(self.counts) > MOST_DISTINCT
        if len(self.counts) > MOST_DISTINCT:
            self.counts = Counter(dict(self.counts.most_common(MOST_DISTINCT // 2)))
        if more["bars"]:
            self._bars.append(tuple(more["bars"]))

    def histogram(self) -> list[tuple[float, float, int]]:
        """Return the least and the greatest number of each of BARS equal parts, and how many numbers lie there.

        Each number counts in the part of the middle of its two-hundred-and-fortieth of its block.
        """
        if not self._bars:
            return []
        low, high = min(each[0] for each in self._bars), max(each[1] for each in self._bars)
        width = (high - low) / BARS
        counts = [0] * BARS
        for begin, end, bars in self._bars:
            step = (end - begin) / len(bars)
            for at, count in enumerate(bars):
                place = (begin + (at + 0.5) * step - low) / width if width else 0
                counts[max(0, min(BARS - 1, int(place)))] += count
        return [(low + at * width, low + (at + 1) * width, count) for at, count in enumerate(counts)]


async def measure(
    table: Table, column: int, found: Measures, *, among: Sequence[int] | None = None
) -> AsyncIterator[None]:
    """Add up all rows of a column, or those of `among`; yield after each block that was read.

    Raises PreviewError and the errors of the client; what was added up stays.
    """
    question = {"do": "measure", "column": column, "kind": table.columns[column].kind}
    most = PART_ROWS if among is None else PICKED_ROWS
    async for _, told, payload in over_rows(table, column, question, among=among, most_rows=most):
        found.add(told, payload)
        yield
    found.is_done = True
