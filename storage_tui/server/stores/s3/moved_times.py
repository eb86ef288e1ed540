"""When the blobs were written that a migration brought, or that were moved within a type whose blobs expire. Their
objects have the time in their metadata, as an engine lets nobody set its own time of an object; lists of the engine
leave the metadata out.

A record says from when to when such objects were written into the bucket, by the engine's clock. Lists ask for the
metadata of the objects of these times only, a HEAD each, and remember the answers. Servers read the record again once
a minute: a list may show the engine's times for a minute after a migration or the first move of a day.
"""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta

from storage_tui.contract.errors import ConflictError, UnavailableError
from storage_tui.contract.storage_types import STORAGE_TYPES
from storage_tui.server.stores.records import ABSENT, Record
from storage_tui.server.stores.s3.protocol.bucket import WRITTEN, Bucket, Object
from storage_tui.server.stores.s3.protocol.threads import Threads, gather_few
from storage_tui.server.stores.s3.records import S3Records

RECORD = "migrations"
READ_EVERY_S = 60.0  # one small request a minute for a server that lists
KEPT_TIMES = 20_000  # answers to remember: about 6 MB
MOST_SPANS = 100  # more migrations than anybody makes; then the two oldest spans become one
MARGIN = timedelta(seconds=2)  # the engine tells its times in whole seconds
MOVES = "moves"  # the source of a span of moves, which are of types whose blobs expire
LONGEST_MOVE = timedelta(hours=1)  # an engine copies a terabyte in less
MOVES_SPAN = timedelta(days=1)  # one span for all moves of a day, so that the record is small and seldom written
ATTEMPTS = 20  # each fails through another migration that begins or ends


@dataclass(frozen=True, slots=True)
class Span:
    """The time in which a migration from one store wrote, as seconds since 1970; `end` is None until it has ended."""

    source: str
    start: float
    end: float | None = None

    def holds(self, moment: float) -> bool:
        """Return whether a blob of that moment may have come by this migration."""
        return self.start <= moment and (self.end is None or moment <= self.end)


class MovedTimes:
    """Puts the true times into lists of objects."""

    def __init__(self, bucket: Bucket, threads: Threads) -> None:
        self._bucket = bucket
        self._records = S3Records(bucket)
        self._threads = threads
        self._spans: tuple[Span, ...] = ()
        self._read_at: float | None = None
        self._reading = asyncio.Lock()  # nobody lists with the spans of before the first read
        self._known: dict[tuple[str, str, datetime], datetime] = {}

    async def spans(self) -> tuple[Span, ...]:
        """Return when migrations wrote into the bucket."""
        async with self._reading:
            now = time.monotonic()
            if self._read_at is None or now - self._read_at >= READ_EVERY_S:
                self._spans = _parse(await self._threads.calls.run(self._records.read, RECORD))
                self._read_at = now
        return self._spans

    async def note_move(self) -> None:
        """Return when the record has a span for an object that is moved now. Call this before the object is written."""
        moment = (await self._threads.calls.run(self._bucket.now)).timestamp()
        last = moment + LONGEST_MOVE.total_seconds()
        if any(span.source == MOVES and span.holds(moment) and span.holds(last) for span in await self.spans()):
            return
        await self._threads.calls.run(_begin_moves, self._bucket, moment)
        self._read_at = None

    async def right(self, objects: Sequence[Object]) -> Sequence[Object]:
        """Return the listed objects with the times at which their blobs were written."""
        spans = await self.spans()
        suspects = [found for found in objects if is_suspect(found, spans)] if spans else []
        if not suspects:
            return objects
        unknown = [found for found in suspects if _identity(found) not in self._known]
        for found, written in zip(unknown, await gather_few(map(self._ask, unknown)), strict=True):
            if written is not None:
                self._known[_identity(found)] = written
        moved = {found.name: self._known.get(_identity(found), found.modified) for found in suspects}
        while len(self._known) > KEPT_TIMES:
            self._known.pop(next(iter(self._known)))
        return [replace(found, modified=moved.get(found.name, found.modified)) for found in objects]

    async def _ask(self, listed: Object) -> datetime | None:
        """Return when the blob was written; None when the object was changed since the list."""
        found = await self._threads.calls.run(self._bucket.head, listed.name)
        if found is None or found.etag != listed.etag:
            return None
        return found.modified if WRITTEN in found.meta else listed.modified


def is_suspect(found: Object, spans: Sequence[Span]) -> bool:
    """Return whether the time of a listed object may be that of a migration or of a move."""
    moment = found.modified.timestamp()
    return any(span.holds(moment) and (span.source != MOVES or _may_expire(found.name)) for span in spans)


def _may_expire(name: str) -> bool:
    """Return whether an object is a blob of a type whose blobs expire; its name is ROOT/NAMESPACE/TYPE/KEY."""
    rule = STORAGE_TYPES.get(name.split("/", 3)[2]) if name.count("/") > 2 else None
    return rule is None or rule.expires_after is not None


def _begin_moves(bucket: Bucket, moment: float) -> None:
    """Note that blobs are moved from now on, for a day. Spans whose blobs have all expired are dropped."""
    margin = MARGIN.total_seconds()
    end = moment + MOVES_SPAN.total_seconds()
    lifetimes = [row.expires_after for row in STORAGE_TYPES.values() if row.expires_after is not None]
    oldest = moment - max(lifetimes, default=timedelta()).total_seconds() - MOVES_SPAN.total_seconds()

    def opened(spans: tuple[Span, ...]) -> tuple[Span, ...]:
        kept = tuple(span for span in spans if span.source != MOVES or (span.end or oldest) > oldest)
        return (*kept, Span(MOVES, moment - margin, end + margin))

    _change(bucket, opened)


def begin(bucket: Bucket, source: str) -> None:
    """Note that a migration begins now, before its first write. `source` names the store that is moved."""
    start = (bucket.now() - MARGIN).timestamp()

    def opened(spans: tuple[Span, ...]) -> tuple[Span, ...]:
        if any(span.source == source and span.end is None for span in spans):
            return spans  # a run that broke off; this run ends it
        moves = tuple(span for span in spans if span.source == MOVES)
        spans = tuple(span for span in spans if span.source != MOVES)
        if len(spans) >= MOST_SPANS:
            first, second, *rest = spans
            ends = [span.end for span in (first, second) if span.end is not None]
            both = replace(first, start=min(first.start, second.start), end=max(ends) if len(ends) == 2 else None)
            spans = (both, *rest)
        return (*spans, *moves, Span(source, start))

    _change(bucket, opened)


def end(bucket: Bucket, source: str) -> None:
    """Note that the migration has ended, after its last write."""
    until = (bucket.now() + MARGIN).timestamp()

    def closed(spans: tuple[Span, ...]) -> tuple[Span, ...]:
        return tuple(
            replace(span, end=until) if span.source == source and span.end is None else span for span in spans
        )  # fmt: skip

    _change(bucket, closed)


def _change(bucket: Bucket, change: Callable[[tuple[Span, ...]], tuple[Span, ...]]) -> None:
    records = S3Records(bucket)
    for _ in range(ATTEMPTS):
        found = records.read(RECORD)
        content = json.dumps([asdict(span) for span in change(_parse(found))]).encode()
        try:
            records.write(RECORD, content, expected=ABSENT if found is None else found.version)
        except ConflictError:
            continue
        return
    raise UnavailableError("too many migrations begin or end in this bucket at once; run it again")


def _parse(found: Record | None) -> tuple[Span, ...]:
    """Return the spans in the record. A damaged record means one span without an end: every time is then asked for."""
    if found is None:
        return ()
    try:
        return tuple(Span(str(row["source"]), float(row["start"]), row["end"] and float(row["end"]))
                     for row in json.loads(found.content))  # fmt: skip
    except (ValueError, KeyError, TypeError, RecursionError):
        return (Span("", datetime.fromtimestamp(0, UTC).timestamp()),)


def _identity(found: Object) -> tuple[str, str, datetime]:
    return found.name, found.etag, found.modified
