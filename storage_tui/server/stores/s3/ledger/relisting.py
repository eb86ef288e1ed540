"""Ranges of names listed again, as rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from storage_tui.server.stores.s3.blobs import is_live
from storage_tui.server.stores.s3.ledger.pairs import Pair
from storage_tui.server.stores.s3.ledger.rows import NOTHING, Found, Row, Shape, Sum, rows_of, stale
from storage_tui.server.stores.s3.moved_times import MovedTimes, Span, is_suspect
from storage_tui.server.stores.s3.names import END
from storage_tui.server.stores.s3.protocol.bucket import Bucket, Object
from storage_tui.server.stores.s3.protocol.threads import Lane


@dataclass(frozen=True, slots=True)
class Run:
    """Rows that follow each other in one leaf and are listed together: the rows from `first` to before `last`, of the
    names after `start` up to `end`."""

    first: int
    last: int
    start: str
    end: str


def runs_of(rows: Sequence[Row], start: str, is_due: Callable[[str, Row], bool], *, small: int) -> list[Run]:
    """Return the runs of the rows that are due, and of neighbours that have `small` blobs together with these. The rows
    begin after `start`; `is_due` is called with the start of a row and the row."""
    starts = [start, *(row.end for row in rows)]
    due = [is_due(begin, row) for begin, row in zip(starts, rows, strict=False)]
    for number, (row, after) in enumerate(pairwise(rows)):
        if due[number] != due[number + 1] and row.total.count + after.total.count <= small:
            due[number] = due[number + 1] = True
    runs: list[Run] = []
    first = 0
    for number in range(len(rows) + 1):
        if number < len(rows) and due[number]:
            continue
        if first < number:
            runs.append(Run(first, number, starts[first], rows[number - 1].end))
        first = number + 1
    return runs


class Relisting:
    """Lists ranges of one pair."""

    def __init__(self, bucket: Bucket, times: MovedTimes, now: Callable[[], datetime], shape: Shape) -> None:
        self._bucket = bucket
        self._times = times
        self._now = now
        self.shape = shape

    async def rows(self, pair: Pair, start: str, end: str, *, pages: int, lane: Lane) -> list[Row]:
        """Return the rows of the names after `start` up to `end`. After `pages` lists the rest is one stale row."""
        rows: list[Row] = []
        for _ in range(pages):
            found, reached = await self.page(pair, start, end, lane=lane)
            rows += await lane.run(rows_of, found, reached, self.shape)
            if reached == end:
                return rows
            start = reached
        return [*rows, stale(end)]

    async def page(self, pair: Pair, start: str, end: str, *, lane: Lane) -> tuple[list[Found], str]:
        """Return the blobs that one list finds after `start` up to `end`, and the name up to which these are all."""
        after = pair.root + start if start else ""
        listing = await lane.run(self._bucket.list, pair.root, after=after, limit=self.shape.list_names)
        objects, rest = listing.objects, len(pair.root)
        last = objects[-1].name[rest:] if objects and listing.is_truncated else end
        reached = min(last, end)
        within = [found for found in objects if found.name[rest:] <= reached]
        spans: Sequence[Span] = ()
        if pair.rule.expires_after is None:
            spans = await self._times.spans()
        else:
            within = list(await self._times.right(within))
        return await lane.run(_blobs, pair, within, spans, self._now()), reached


def _blobs(pair: Pair, objects: Sequence[Object], spans: Sequence[Span], now: datetime) -> list[Found]:
    return [
        Found(found.name[len(pair.root) :], _sum_of(found, spans))
        for found in objects
        if found.name.endswith(END) and is_live(found, pair.rule, now)
    ]


def _sum_of(found: Object, spans: Sequence[Span]) -> Sum:
    if spans and is_suspect(found, spans):
        return Sum(1, found.size_bytes)
    moment = found.modified.timestamp()
    return Sum(1, found.size_bytes, moment, moment)


def is_past(pair: Pair, total: Sum, now: datetime) -> bool:
    """Return whether a blob of the sum has expired since it was listed."""
    lifetime = pair.rule.expires_after
    if lifetime is None or total == NOTHING:
        return False
    return total.oldest is None or total.oldest + lifetime.total_seconds() <= now.timestamp()
