"""Transfers that run in the browser itself: one batch while the App lives; the rest is kept for the next session."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, overload

from storage_tui.client.async_storage import AsyncStorage
from storage_tui.client.batch.plan import BatchItem
from storage_tui.client.batch.results import BatchResult
from storage_tui.client.batch.scheduler import Batch
from storage_tui.client.control import TransferControl
from storage_tui.client.transfer.queue_file import WaitingList
from storage_tui.client.transfer.records import UnfinishedTransfer
from storage_tui.contract.errors import StorageError
from storage_tui.tui.state.messages import MessageLog, explain
from storage_tui.tui.state.transfers import Transfer, TransferQueue


class _Items(Sequence[BatchItem]):
    """The items of the batch, each made when its turn comes: making all at once would delay the keys."""

    def __init__(self, transfers: Sequence[Transfer]) -> None:
        self._transfers = transfers

    def __len__(self) -> int:
        return len(self._transfers)

    @overload
    def __getitem__(self, index: int) -> BatchItem: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[BatchItem]: ...

    def __getitem__(self, index: int | slice) -> BatchItem | Sequence[BatchItem]:
        found = self._transfers[index]
        return found.item if isinstance(found, Transfer) else _Items(found)


class ProgramTransfers:
    """Moves the queued transfers and records the result of each. `touch` gets the types that uploads changed.

    `ended` gets the transfers that have ended.
    """

    def __init__(
        self, storage: AsyncStorage, queue: TransferQueue, log: MessageLog, touch: Callable[[str], None],
        ended: Callable[[Sequence[Transfer]], None] = lambda _: None,
    ) -> None:  # fmt: skip
        self._storage = storage
        self._queue = queue
        self._log = log
        self._touch = touch
        self._tell_ended = ended
        self._batch: Batch | None = None
        self._handed: dict[int, Transfer] = {}  # by the batch's numbers; a new batch gets a new dictionary
        self._tasks: set[asyncio.Task[None]] = set()
        self._news: deque[Callable[[], None]] = deque()  # from the threads of the batch
        self._is_woken = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._list: WaitingList | None = None
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="storage-tui-queue")  # one thread: writes in order
        self._keeps = False

    def take(self, fresh: Sequence[Transfer]) -> None:
        """Move these transfers, which were queued or are tried again."""
        self._writer.submit(lambda: self._keep_waiting(fresh))
        total_bytes = sum(transfer.size_bytes or 0 for transfer in fresh)
        try:
            numbers = self._running_batch().add(_Items(fresh), total_bytes=total_bytes)
        except ValueError:  # a defect has just ended the batch
            self._batch = None
            numbers = self._running_batch().add(_Items(fresh), total_bytes=total_bytes)
        for number, transfer in zip(numbers, fresh, strict=True):
            transfer.batch_number, self._handed[number] = number, transfer

    @property
    def is_active(self) -> bool:
        """Whether a transfer of this program waits, runs or is paused."""
        return any(row.is_active for row in self._handed.values())

    def pause_all(self, is_paused: bool) -> None:
        """Pause all transfers of this program, or continue them."""
        if self._batch is None:
            return
        if is_paused:
            self._batch.pause()
        else:
            self._batch.unpause()
        for transfer in self._handed.values():
            if is_paused:
                self._queue.pause(transfer)
            else:
                self._queue.unpause(transfer)

    async def kept(self) -> None:
        """Wait until the transfers are kept for the next session."""
        await asyncio.get_running_loop().run_in_executor(self._writer, lambda: None)

    def pause(self, transfer: Transfer) -> None:
        """Pause a running transfer; another transfer takes its place."""
        if self._queue.pause(transfer) and self._batch is not None:
            self._batch.pause(transfer.batch_number)

    def unpause(self, transfer: Transfer) -> None:
        """Continue a paused transfer from where it stopped."""
        if self._queue.unpause(transfer) and self._batch is not None:
            self._batch.unpause(transfer.batch_number)

    def cancel(self, transfer: Transfer) -> None:
        """Stop a transfer for good, begun or waiting; the server drops the parts of an upload."""
        has_begun = transfer.control is not None
        if not self._queue.cancel(transfer) or self._batch is None:
            return
        self._batch.cancel(transfer.batch_number)
        if not has_begun and transfer.unfinished is not None and not transfer.has_run:
            transfer.has_run = True
            self._start(self._forget(transfer.unfinished))

    async def stop(self, *, keep: bool = False) -> None:
        """Cancel all transfers and wait until none moves.

        With `keep` the next session can continue the begun and the waiting transfers.
        """
        self._keeps = keep
        for transfer in list(self._queue.items):
            if not transfer.is_remote:
                self._queue.cancel(transfer)
        if self._batch is not None:
            self._batch.leave_waiting()
            self._batch.cancel(keep=keep)
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.get_running_loop().run_in_executor(self._writer, lambda: self._close_list(keep=keep))

    def _keep_waiting(self, transfers: Sequence[Transfer]) -> None:
        account = self._storage.account()
        self._waiting.add([(row.number, row.record(account)) for row in transfers])

    @property
    def _waiting(self) -> WaitingList:
        """The transfers that wait, as kept for the next session. Only the writer thread uses it.

        The owner of the list may have to be read from disk first.
        """
        if self._list is None:
            self._list = self._storage.engine.journal.waiting(self._storage.account())
        return self._list

    def _close_list(self, *, keep: bool) -> None:
        if self._list is not None:
            self._list.close(keep=keep)

    def _running_batch(self) -> Batch:
        if self._batch is None:
            self._loop = asyncio.get_running_loop()
            handed = self._handed = {}
            self._batch = self._storage.batch(
                on_begin=lambda rows: self._hear(partial(self._begun, handed, rows)),
                on_end=lambda rows: self._hear(partial(self._ended, handed, rows)),
            )
            if self._queue.is_paused:
                self._batch.pause()
            self._start(self._run(self._batch, handed))
        return self._batch

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, batch: Batch, handed: dict[int, Transfer]) -> None:
        """Run the batch until the App ends or a defect ends it; later transfers get a new batch."""
        cause: Exception | None = None
        try:
            await self._storage.run(batch)
        except Exception as exc:
            cause = exc
            self._log.error("the transfers stopped", exc)
        self._take_news()
        if self._batch is batch:
            self._batch = None
        for transfer in [row for number, row in handed.items() if row.is_active and row.batch_number == number]:
            error = StorageError(f"the transfers stopped: {cause!r}; try it again")
            self._book(transfer, BatchResult(transfer.item, "failed", transfer.key, transfer.path, error=error))
            self._end_waiting(transfer)

    def _hear(self, news: Callable[[], None]) -> None:
        """Take a report from a thread of the batch; wake the App once for all reports until it reads them."""
        self._news.append(news)
        if not self._is_woken and self._loop is not None:
            self._is_woken = True
            self._loop.call_soon_threadsafe(self._take_news)

    def _take_news(self) -> None:
        self._is_woken = False  # before the reading: later reports wake the App again
        for _ in range(len(self._news)):
            self._news.popleft()()

    def _begun(self, handed: dict[int, Transfer], rows: Sequence[tuple[int, TransferControl]]) -> None:
        for number, control in rows:
            transfer = handed.get(number)
            if transfer is not None and transfer.batch_number == number:
                self._queue.begin(transfer, control)

    def _ended(self, handed: dict[int, Transfer], rows: Sequence[tuple[int, BatchResult]]) -> None:
        ended: list[Transfer] = []
        for number, result in rows:
            transfer = handed.pop(number, None)
            if transfer is None or transfer.batch_number != number:
                continue  # the transfer was cancelled and queued again since
            self._book(transfer, result)
            ended.append(transfer)
            if not (self._keeps and transfer.state == "cancelled"):
                self._end_waiting(transfer)
        self._tell_ended(ended)

    def _book(self, transfer: Transfer, result: BatchResult) -> None:
        was_cancelled = result.state == "cancelled" or transfer.state == "cancelled"
        transfer.has_run = transfer.has_run or transfer.control is not None
        if was_cancelled:
            self._queue.end(transfer, "cancelled")
            return
        transfer.key, transfer.path = result.key, result.path
        if result.error is not None:
            transfer.error = explain(result.error)
            self._log.error(f"{transfer.direction} of {transfer.key!a} failed: {transfer.error}", result.error)
        notes = [transfer.note, result.note]
        if result.state == "done":
            transfer.size_bytes, transfer.is_verified = result.size_bytes, result.is_verified
            transfer.etag = result.etag
            notes.insert(0, "verified" if result.is_verified else "unverified")
            if transfer.direction == "upload":
                self._touch(transfer.storage_type)
        transfer.note = " · ".join(filter(None, notes))
        self._queue.end(transfer, result.state)

    def _end_waiting(self, transfer: Transfer) -> None:
        number = transfer.number
        self._writer.submit(lambda: self._waiting.end(number))

    async def _forget(self, unfinished: UnfinishedTransfer) -> None:
        try:
            await self._storage.forget(unfinished)
        except (StorageError, OSError) as exc:
            self._log.error(f"the partial data of {unfinished.key!a} could not be deleted: {explain(exc)}", exc)
