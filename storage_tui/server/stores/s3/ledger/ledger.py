"""The ledger of one server: its journal, the sums, the lists of what expires, and the scan in the background."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from storage_tui.contract.errors import TooLargeError
from storage_tui.contract.models import Usage
from storage_tui.contract.storage_types import STORAGE_TYPES, find_storage_type
from storage_tui.server.stores.rules import is_namespace
from storage_tui.server.stores.s3.ledger import touched
from storage_tui.server.stores.s3.ledger.due import DueLists
from storage_tui.server.stores.s3.ledger.journal import PAUSE_S, Journal
from storage_tui.server.stores.s3.ledger.pairs import Pair
from storage_tui.server.stores.s3.ledger.relisting import Relisting
from storage_tui.server.stores.s3.ledger.rows import Shape
from storage_tui.server.stores.s3.ledger.scan import LISTS, Position, Scan, Step
from storage_tui.server.stores.s3.ledger.sums import PAGES, Sums
from storage_tui.server.stores.s3.ledger.usage import Totals
from storage_tui.server.stores.s3.listing import Lists, check_delimiter
from storage_tui.server.stores.s3.moved_times import MovedTimes
from storage_tui.server.stores.s3.protocol.bucket import LIST_LIMIT, Bucket
from storage_tui.server.stores.s3.protocol.threads import Threads

MANY = 5 * LIST_LIMIT  # so many blobs take five requests, some tens of milliseconds
KNOWN_AT_MOST = 1000  # prefixes of many blobs that are remembered
NOTES_AT_REST = 10  # of a pair, which a usage reads; more are applied by the sweep


@dataclass(frozen=True, slots=True)
class LedgerBounds:
    """How much is counted anew, listed at once, and how long a change waits for its note."""

    exact_blobs: int = MANY  # a usage of so many is counted by a list, and of more by the sums
    pause_s: float = PAUSE_S
    pages: int = PAGES
    scan_lists: int = LISTS
    shape: Shape = field(default_factory=Shape)


class Ledger:
    """What one server adds to and reads from the ledger of its bucket."""

    def __init__(
        self, bucket: Bucket, threads: Threads, times: MovedTimes, lists: Lists, now: Callable[[], datetime],
        bounds: LedgerBounds,
    ) -> None:  # fmt: skip
        relisting = Relisting(bucket, times, now, bounds.shape)
        self.journal = Journal(bucket, threads, now, pause_s=bounds.pause_s)
        self._sums = Sums(bucket, self.journal, relisting, now, pages=bounds.pages)
        self._totals = Totals(self._sums, relisting)
        self._due = DueLists(bucket, threads)
        self._scan = Scan(bucket, threads, times, self._sums, now, lists=bounds.scan_lists)
        self._bucket = bucket
        self._threads = threads
        self._lists = lists
        self._now = now
        self._bounds = bounds
        self._large: OrderedDict[tuple[str, str, str], None] = OrderedDict()

    async def usage(self, namespace: str, storage_type: str, *, prefix: str, delimiter: str) -> Usage:
        """Return the usage of a prefix: of few blobs by a list, of many by the sums."""
        return await self._usage(namespace, storage_type, prefix, delimiter, wait_s=0.0)

    async def recount(self, namespace: str, storage_type: str) -> Usage:
        """Return the usage of a type as `usage` does. The sums have every change that any server made before this
        call, but those of a server that was killed before it noted them."""
        return await self._usage(namespace, storage_type, "", "", wait_s=2 * self._bounds.pause_s)

    async def sweep(self) -> int:
        """Remove what has expired, and return how many blobs these were. Apply notes that have become many."""
        await self.journal.flush()
        removed = await self._due.sweep(self._now())
        for folder, count in (await self._threads.upkeep.run(touched.folders, self._bucket)).items():
            namespace, _, kind = folder.rstrip("/").partition("/")
            if count > NOTES_AT_REST and is_namespace(namespace) and kind in STORAGE_TYPES:
                await self._sums.mark(Pair(namespace, STORAGE_TYPES[kind]), lane=self._threads.upkeep)
        return removed

    async def scan(self, position: str) -> Step:
        """Go on with the scan in the background at a position."""
        return await self._scan.step(Position.parse(position))

    async def _usage(
        self, namespace: str, storage_type: str, prefix: str, delimiter: str, *, wait_s: float
    ) -> Usage:  # fmt: skip
        rule = find_storage_type(storage_type)
        check_delimiter(delimiter)
        name = (namespace, rule.name, prefix)
        if name not in self._large:
            try:
                return await self._lists.usage(
                    namespace, storage_type, prefix=prefix, delimiter=delimiter, now=self._now(),
                    most=self._bounds.exact_blobs,
                )  # fmt: skip
            except TooLargeError:
                pass
        await asyncio.sleep(wait_s)
        usage = await self._totals.usage(Pair(namespace, rule), prefix, delimiter=delimiter, lane=self._threads.lists)
        self._remember(name, is_large=usage.count > 2 * self._bounds.exact_blobs)
        return usage

    def _remember(self, name: tuple[str, str, str], *, is_large: bool) -> None:
        self._large.pop(name, None)
        if is_large:
            self._large[name] = None
        while len(self._large) > KNOWN_AT_MOST:
            self._large.popitem(last=False)
