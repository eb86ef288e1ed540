"""The scan in the background, which finds what no note says: blobs of a type with an expiry that an earlier version
stored, and changes of a server that was killed before it noted them.

The server that has the lease of the sweep makes a few steps of the scan at a time, and the record of the lease holds
where the next step begins. So a scan goes on after a break, on whichever server.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from storage_tui.contract.storage_types import STORAGE_TYPES
from storage_tui.server.stores.rules import is_namespace
from storage_tui.server.stores.s3.blobs import ROOT, is_live
from storage_tui.server.stores.s3.ledger.due import remove
from storage_tui.server.stores.s3.ledger.pairs import Pair
from storage_tui.server.stores.s3.ledger.sums import Sums
from storage_tui.server.stores.s3.moved_times import MovedTimes
from storage_tui.server.stores.s3.names import PAST_ALL
from storage_tui.server.stores.s3.protocol.bucket import Bucket
from storage_tui.server.stores.s3.protocol.threads import Threads, gather_few

LISTS = 100  # of one sweep: some seconds, in which the scan passes some 50,000 blobs
ROWS = 32  # whose lists are stored together

NAMESPACES = 10  # of one list, of which the first that is new is taken
EXPIRED, SUMMED = "expired", "summed"  # what is looked at in a pair
STAGES = (
    *((row.name, EXPIRED) for row in STORAGE_TYPES.values() if row.expires_after is not None),
    *((name, SUMMED) for name in STORAGE_TYPES),
)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a step begins: in a namespace, a type and a stage of it, after a name. Empty for the beginning of all."""

    namespace: str = ""
    storage_type: str = ""
    stage: str = ""
    after: str = ""

    def __str__(self) -> str:
        return "/".join((self.namespace, self.storage_type, self.stage, self.after)) if self.namespace else ""

    @staticmethod
    def parse(text: str) -> "Position":
        """Return the position that was written; the beginning for other text."""
        namespace, _, more = text.partition("/")
        kind, _, more = more.partition("/")
        stage, _, after = more.partition("/")
        is_known = is_namespace(namespace) and (kind, stage) in STAGES
        return Position(namespace, kind, stage, after) if is_known else Position()


@dataclass(frozen=True, slots=True)
class Step:
    """How far a step came: where the next one begins, None at the end of all; the blobs that were removed."""

    next: Position | None
    removed: int


class Scan:
    """Makes the steps of the scan."""

    def __init__(
        self, bucket: Bucket, threads: Threads, times: MovedTimes, sums: Sums, now: Callable[[], datetime], *,
        lists: int = LISTS,
    ) -> None:  # fmt: skip
        self._bucket = bucket
        self._threads = threads
        self._times = times
        self._sums = sums
        self._now = now
        self._lists = lists

    async def step(self, position: Position) -> Step:
        """Go on at the position with a bounded number of lists."""
        left, removed = self._lists, 0
        at = position if position.namespace else await self._first_of_next("")
        while at is not None and left > 0:
            if at.stage == EXPIRED:
                after, count = await self._remove_expired(at)
                left, removed = left - 1, removed + count
            else:
                most = min(ROWS, left)
                after, rows = await self._sums.check(_pair(at), at.after, most=most, lane=self._threads.upkeep)
                left -= 1 + rows
            at = replace(at, after=after) if after is not None else await self._after(at)
        return Step(at, removed)

    async def _remove_expired(self, at: Position) -> tuple[str | None, int]:
        """Remove what one list finds expired. Return the name after which to go on, None at the end, and how many blobs
        there were."""
        pair, now = _pair(at), self._now()
        after = pair.root + at.after if at.after else ""
        listing = await self._threads.upkeep.run(self._bucket.list, pair.root, after=after)
        objects = await self._times.right(listing.objects)
        expired = [found.name for found in objects if not is_live(found, pair.rule, now)]
        done = await gather_few(self._threads.upkeep.run(remove, self._bucket, name, now) for name in expired)
        is_all = not listing.is_truncated or not listing.objects
        return None if is_all else listing.objects[-1].name[len(pair.root) :], sum(one is True for one in done)

    async def _after(self, at: Position) -> Position | None:
        """Return the position of the next stage, in the same namespace or the next one; None at the end of all."""
        number = STAGES.index((at.storage_type, at.stage)) + 1
        if number < len(STAGES):
            return Position(at.namespace, *STAGES[number])
        return await self._first_of_next(at.namespace)

    async def _first_of_next(self, namespace: str) -> Position | None:
        start = f"{ROOT}{namespace}/{PAST_ALL}" if namespace else ""
        while True:
            listing = await self._threads.upkeep.run(
                self._bucket.list, ROOT, after=start, delimiter="/", limit=NAMESPACES
            )
            for name in listing.prefixes:
                found = name.removeprefix(ROOT).rstrip("/")
                if is_namespace(found) and found > namespace:
                    return Position(found, *STAGES[0])
            if not listing.is_truncated or not listing.prefixes:
                return None
            start = listing.prefixes[-1] + PAST_ALL


def _pair(at: Position) -> Pair:
    return Pair(at.namespace, STORAGE_TYPES[at.storage_type])
