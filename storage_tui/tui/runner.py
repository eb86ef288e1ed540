"""Runs the transfers of the queue, a few at once, for as long as the App lives, and keeps what waits for the next."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from storage_tui import places
from storage_tui.client.async_storage import AsyncStorage
from storage_tui.client.batch.mover import BatchResult
from storage_tui.client.batch.waiting import LeftWaiting, WaitingList
from storage_tui.client.control import TransferControl
from storage_tui.contract.errors import StorageError
from storage_tui.tui.state.messages import MessageLog, explain
from storage_tui.tui.state.transfers import Transfer, TransferQueue


class TransferRunner:
    """Starts what the queue has ready and books what becomes of it. `touch` is told the types that uploads changed."""

    def __init__(
        self, storage: AsyncStorage, queue: TransferQueue, log: MessageLog, touch: Callable[[str], None]
    ) -> None:
        self._storage = storage
        self._queue = queue
        self._log = log
        self._touch = touch
        self._tasks: set[asyncio.Task[None]] = set()
        self._list: WaitingList | None = None
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="storage-tui-queue")  # its writes keep their order
        self._keeps = False

    def pump(self) -> None:
        """Start as many as may run; call it after every change of the queue."""
        fresh = self._queue.take_fresh()
        if fresh:
            self._writer.submit(lambda: self._waiting.add([(one.number, one.waiting) for one in fresh]))
        while group := self._queue.next_group(self._joining):
            task = asyncio.create_task(self._run(group), name=f"transfer-{group[0].number}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def pump_and_keep(self) -> None:
        """The same, and wait until what is queued is kept for a next session."""
        self.pump()
        await asyncio.get_running_loop().run_in_executor(self._writer, lambda: None)

    def cancel(self, transfer: Transfer) -> None:
        """Stop a transfer for good, whether it has begun or not; the server drops what it has of an upload."""
        has_begun = transfer.control is not None
        self._queue.cancel(transfer)
        if has_begun:
            return  # its end is booked when it comes
        self._ended(transfer)
        if transfer.unfinished is not None:
            task = asyncio.create_task(self._forget(transfer))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def left_waiting(self) -> LeftWaiting:
        """What earlier sessions that have ended left waiting with this server."""
        return await asyncio.to_thread(lambda: LeftWaiting(places.state_dir(), self._storage.account()))

    @property
    def _waiting(self) -> WaitingList:
        """What waits, as kept for a next session. Only the writer uses it: whose it is may have to be read first."""
        if self._list is None:
            self._list = WaitingList(places.state_dir(), self._storage.account())
        return self._list

    async def stop(self, *, keep: bool = False) -> None:
        """Cancel all and wait until nothing moves; with `keep` what has begun and what waits can be continued by the
        next session."""
        self._keeps = keep
        for transfer in list(self._queue.items):
            self._queue.cancel(transfer, keep=keep)
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.get_running_loop().run_in_executor(self._writer, lambda: self._close_list(keep=keep))

    def _close_list(self, *, keep: bool) -> None:
        if self._list is not None:
            self._list.close(keep=keep)

    def _joining(self, first: Transfer) -> Callable[[Transfer], bool]:
        """What moves together with a transfer."""
        joining = self._storage.joining(first.conflict)
        is_small = joining.takes(first.item)
        return lambda other: is_small and other.conflict is first.conflict and joining.takes(other.item)

    async def _run(self, group: Sequence[Transfer]) -> None:
        results: Sequence[BatchResult | None] = [None] * len(group)
        controls = [transfer.control or TransferControl() for transfer in group]
        try:
            items = [transfer.item for transfer in group]
            results = await self._storage.move(items, conflict=group[0].conflict, controls=controls)
        except StorageError as exc:  # such as no room for any of it
            results = [BatchResult(row.item, "failed", row.key, row.path, error=exc) for row in group]
        finally:
            for transfer, control, result in zip(group, controls, results, strict=True):
                if transfer.control is not control:
                    continue  # it was cancelled and put back into the queue since
                self._book(transfer, result)
                if not (self._keeps and transfer.state == "cancelled"):
                    self._ended(transfer)
            self.pump()

    def _book(self, transfer: Transfer, result: BatchResult | None) -> None:
        transfer.has_run = True
        if result is None or result.state == "cancelled" or transfer.state == "cancelled":
            transfer.state = "cancelled"
            return
        transfer.key, transfer.path, transfer.state = result.key, result.path, result.state
        if result.error is not None:
            transfer.error = explain(result.error)
            self._log.error(f"{transfer.direction} of {transfer.key!a} failed: {transfer.error}", result.error)
        notes = [transfer.note, result.note]
        if result.state == "done":
            transfer.size_bytes = result.size_bytes
            notes.insert(0, "verified" if result.is_verified else "unverified")
            if transfer.direction == "upload":
                self._touch(transfer.storage_type)
        transfer.note = " · ".join(filter(None, notes))

    def _ended(self, transfer: Transfer) -> None:
        self._writer.submit(lambda: self._waiting.end(transfer.number))

    async def _forget(self, transfer: Transfer) -> None:
        assert transfer.unfinished is not None
        try:
            await self._storage.forget(transfer.unfinished)
        except (StorageError, OSError) as exc:
            self._log.error(f"what is there of {transfer.key!a} could not be dropped: {explain(exc)}", exc)
