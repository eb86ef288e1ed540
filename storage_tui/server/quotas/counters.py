"""The blobs that one user has in one storage type, as a server knows them on an engine that does not count.

Every SYNC_S each server adds its changes to the shared sums, with the blobs that are on their way at that moment. So
each server learns of the changes of the others. One server at a time counts everything, which corrects the sums.

How far a quota can be passed: beyond the room that is left, each server may let in as much as the others let in since
it last read the sums. That was at most SYNC_S and two requests to the engine ago. All servers know of an upload that
takes longer. Two things are missing until the next count: changes that a killed server had not added yet, and a blob
that two servers overwrite in the same moment, which both subtract.

A count may find too much, and too little only by what a killed server did not note (`stores/s3/ledger/journal.py`). A
blob stored while the count runs may be counted twice, and a blob deleted meanwhile may be counted once although it is
gone, until the next count. Expired blobs also stay in the sums until the next count.
"""

import asyncio
import logging
import time
from collections.abc import Callable

from storage_tui.contract.errors import StorageError
from storage_tui.contract.visible import one_line
from storage_tui.server.quotas.sums import COUNTING_S, HELD_S, NOTHING, Amount, SharedSums, Sums
from storage_tui.server.stores.base import Store
from storage_tui.server.stores.totals import Recounting

SYNC_S = 1.0
FIRST_COUNT_S = 5.0  # wait for the first count of a user; after that nothing is held against the user until it ends
COUNT_EVERY_S = 60.0  # counts of few blobs; the sums contain changes without a count
COUNT_SHARE = 20  # the pause after a count, as a multiple of its duration, where that is longer

log = logging.getLogger("storage_tui.server")


class Counter:
    """One user's share of one storage type; for one event loop. `held` returns what is on its way in this process."""

    def __init__(
        self, shared: SharedSums, held: Callable[[], Amount], *, clock: Callable[[], float] = time.time
    ) -> None:
        self.clock = clock
        self._shared = shared
        self._held = held
        self._sums: Sums | None = None
        self._looked = 0.0  # when the known sums were requested
        self._unsent = NOTHING
        self._told = NOTHING  # the last reported value of what is held
        self._told_at = 0.0
        self._turn = asyncio.Lock()
        self._counting: asyncio.Task[None] | None = None
        self._syncing: asyncio.Task[None] | None = None

    @property
    def is_idle(self) -> bool:
        """Return True when this server has nothing left to report."""
        return self._counting is None and self._syncing is None

    @property
    def is_counted(self) -> bool:
        """Return False while the user was never counted, so that `total` knows only the blobs stored since."""
        return self._sums is not None and self._sums.stored is not None

    def add(self, change: Amount) -> None:
        """Add a change that this server has made."""
        self._unsent += change
        self.tell()

    def tell(self) -> None:
        """Report the news of this server to the other servers within SYNC_S."""
        if self._syncing is None:
            self._syncing = asyncio.ensure_future(self._keep_telling())

    async def close(self) -> None:
        """Report the remaining news to the other servers, and end a count that is running."""
        tasks = [task for task in (self._counting, self._syncing) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._has_news:
            await self.sync()

    async def total(self, store: Store | Recounting, server: str) -> tuple[Amount, Amount]:
        """Return what is stored, and what other servers have on their way."""
        if self._sums is None or not 0 <= self.clock() - self._looked < SYNC_S:
            await self.sync()
        if self._counting is None and self._sums is not None and self._sums.may_count(self.clock()):
            self._counting = asyncio.ensure_future(self._count(store))
        if not self.is_counted and self._counting is not None:
            await asyncio.wait((self._counting,), timeout=FIRST_COUNT_S)
        sums = self._sums or Sums()
        return (sums.stored or NOTHING) + self._unsent, sums.others(server, self.clock())

    async def sync(self) -> None:
        """Add the news of this server to the shared sums, and read the sums. When that fails, the known sums stay in
        use."""
        async with self._turn:
            sending, held, now = self._unsent, self._held(), self.clock()
            try:
                if self._has_news:
                    stage = -1 if self._sums is None else self._sums.stage
                    self._sums = await asyncio.to_thread(self._shared.add, sending, stage=stage, held=held, now=now)
                    self._unsent -= sending
                    self._told, self._told_at = held, now
                else:
                    self._sums = await asyncio.to_thread(self._shared.read)
            except StorageError as exc:
                log.error("cannot share the usage of users with other servers: %s", one_line(exc.message))
            self._looked = now

    @property
    def _has_news(self) -> bool:
        held = self._held()
        is_old = held != NOTHING and not 0 <= self.clock() - self._told_at < HELD_S / 3
        return self._unsent != NOTHING or held != self._told or is_old

    async def _keep_telling(self) -> None:
        try:
            while self._unsent != NOTHING or self._held() != NOTHING or self._told != NOTHING:
                await asyncio.sleep(SYNC_S)
                if self._has_news:
                    await self.sync()
        finally:
            self._syncing = None

    async def _count(self, store: Store | Recounting) -> None:
        begun, found = time.monotonic(), None
        try:
            await self.sync()  # so that changes added before the count begins are not in the sums twice
            if not await asyncio.to_thread(self._shared.begin_count, self.clock()):
                return
            await self.sync()
            try:
                found = await self._ask(store)
            finally:
                rest = max(COUNT_EVERY_S, COUNT_SHARE * (time.monotonic() - begun))
                await asyncio.to_thread(self._shared.end_count, found, due=self.clock() + rest)
            await self.sync()
        except StorageError as exc:
            log.error("cannot count the usage of a user: %s", one_line(exc.message))
        finally:
            self._counting = None

    async def _ask(self, store: Store | Recounting) -> Amount | None:
        """Count everything and return the result; None when another server took the turn meanwhile."""
        count = store.recount if isinstance(store, Recounting) else store.usage
        asked = asyncio.ensure_future(count(self._shared.namespace, self._shared.storage_type))
        try:
            while not asked.done():
                await asyncio.wait((asked,), timeout=COUNTING_S / 3)
                if not asked.done() and not await asyncio.to_thread(self._shared.go_on_counting, self.clock()):
                    return None
            usage = asked.result()
        finally:
            asked.cancel()
        return Amount(usage.count, usage.size_bytes)
