"""What one user has in one storage type, as a server knows it on an engine that counts nothing.

Each server adds its changes to the shared sums every SYNC_S, with what it has on its way just then, and so learns of
the others'. One server at a time counts everything, which puts the sums right again.

How far a quota can be passed: each server may let in, beyond the room that is left, what the others let in since it
last looked, which is SYNC_S and two requests to the engine ago at most. An upload that takes longer is known to all.
Besides, what a server had not added when it was killed, and a blob that two overwrite in the same moment, which both
take off, are missing until the next count.

A count may find too much and never too little: what is stored while it runs may be in it twice, and what is deleted
meanwhile once too often, until the next one. What expires is in the sums until then, too.
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
FIRST_COUNT_S = 5.0  # a user who was never counted waits so long; then nothing is held against them until it ends
COUNT_EVERY_S = 60.0  # counts of few blobs; changes are in the sums without them
COUNT_SHARE = 20  # a count rests for so many times as long as it took, where that is longer

log = logging.getLogger("storage_tui.server")


class Counter:
    """One user's share of one storage type; for one event loop. `held` tells what is on its way in this process."""

    def __init__(
        self, shared: SharedSums, held: Callable[[], Amount], *, clock: Callable[[], float] = time.time
    ) -> None:
        self.clock = clock
        self._shared = shared
        self._held = held
        self._sums: Sums | None = None
        self._looked = 0.0  # when the sums that are known were asked for
        self._unsent = NOTHING
        self._told = NOTHING  # of what is held
        self._told_at = 0.0
        self._turn = asyncio.Lock()
        self._counting: asyncio.Task[None] | None = None
        self._syncing: asyncio.Task[None] | None = None

    @property
    def is_idle(self) -> bool:
        """True when nothing of this server is left to be told."""
        return self._counting is None and self._syncing is None

    @property
    def is_counted(self) -> bool:
        """False while nobody has ever counted, and `total` knows only what was stored since."""
        return self._sums is not None and self._sums.stored is not None

    def add(self, change: Amount) -> None:
        """Note a change that this server has made."""
        self._unsent += change
        self.tell()

    def tell(self) -> None:
        """See to it that the others learn of what is new here within SYNC_S."""
        if self._syncing is None:
            self._syncing = asyncio.ensure_future(self._keep_telling())

    async def close(self) -> None:
        """Tell the others what is left to be told, and let the turn to count go."""
        tasks = [task for task in (self._counting, self._syncing) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._has_news:
            await self.sync()

    async def total(self, store: Store | Recounting, server: str) -> tuple[Amount, Amount]:
        """What is stored, and what other servers have on their way."""
        if self._sums is None or not 0 <= self.clock() - self._looked < SYNC_S:
            await self.sync()
        if self._counting is None and self._sums is not None and self._sums.may_count(self.clock()):
            self._counting = asyncio.ensure_future(self._count(store))
        if not self.is_counted and self._counting is not None:
            await asyncio.wait((self._counting,), timeout=FIRST_COUNT_S)
        sums = self._sums or Sums()
        return (sums.stored or NOTHING) + self._unsent, sums.others(server, self.clock())

    async def sync(self) -> None:
        """Add to the shared sums what is new here, and read them. What is known goes on counting when that fails."""
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
                log.error("cannot tell other servers what users have: %s", one_line(exc.message))
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
            await self.sync()  # what is added before the count begins is not in the sums twice
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
            log.error("cannot count what a user has: %s", one_line(exc.message))
        finally:
            self._counting = None

    async def _ask(self, store: Store | Recounting) -> Amount | None:
        """Count everything; None when another server took the turn meanwhile."""
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
