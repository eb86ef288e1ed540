"""The one scheduler of transfers: a bounded number at once, groups in turn, control of one item or of all.

`Batch(engine, plan).run()` moves a fixed plan. A growing queue is a batch without a plan: `run` it in a thread, `add`
items while it runs, and `close` it. The module knows no terminal and no event loop.
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from storage_tui.client.batch.mover import Mover
from storage_tui.client.batch.packs import PACK_BLOBS, Packed, Packs
from storage_tui.client.batch.part_commits import PartCommits
from storage_tui.client.batch.plan import BatchItem, BatchPlan
from storage_tui.client.batch.progress import BatchProgress, RateMeter
from storage_tui.client.batch.results import (
    BatchResult,
    OrderedResults,
    sync_folder,
    sync_folders,
    unsynced_folder,
)
from storage_tui.client.batch.turns import Turns
from storage_tui.client.control import TransferControl
from storage_tui.client.transfer.conflict import Conflict
from storage_tui.client.transfer.engine import TransferEngine
from storage_tui.client.transfer.part_file import PartFile
from storage_tui.contract.errors import ConflictError, LocalFileError, StorageError

JOBS = 4  # files at once: enough to hide round trips, few enough not to overload a connection
MOST_JOBS = 32  # more threads cost more than they gain, long before this number
MOST_THREADS = 64  # a paused transfer keeps its thread and frees its place; at this number it keeps its place too
TOLD_AT_ONCE = 1000  # results of items that never began, in one call: a queue of a million is not held twice
WAKE_S = 0.5

Begun = Callable[[Sequence[tuple[int, TransferControl]]], None]
Ended = Callable[[Sequence[tuple[int, BatchResult]]], None]


@dataclass(eq=False, slots=True)
class _Group:
    """Items that one thread moves together.

    `rows` are the items still to move. `together` are the items of a pack whose results are reported together, and
    `ended` the results that wait for this report. The group is held while all items still to move are paused.
    """

    rows: dict[int, Packed]
    together: set[int]
    ended: list[tuple[int, BatchResult]] = field(default_factory=list)
    is_held: bool = False


class Batch:
    """Moves items; `run` blocks until all have ended. Any thread may call the other methods while it runs.

    Poll `progress` a few times a second. A failure ends one item, not the batch. Items are numbered from 0 in the order
    in which they were added. Without `on_end` the batch keeps the results, in this order: `on_result` receives each
    once all earlier ones are known, and `run` returns all; `failed_plan` holds the items to run again. With `on_end`
    the batch keeps no results: `on_end` receives each result when it is ready, and the name of a download is durable by
    then. The threads of the batch, and `cancel`, call the callbacks, never two at once.
    """

    def __init__(
        self, engine: TransferEngine, plan: BatchPlan | None = None, *, conflict: Conflict = Conflict.REFUSE,
        jobs: int = JOBS, resume: bool = True, on_result: Callable[[BatchResult], None] | None = None,
        on_begin: Begun | None = None, on_end: Ended | None = None, pack_blobs: int = PACK_BLOBS,
    ) -> None:  # fmt: skip
        """Make a batch for one server. With a `plan` the batch is closed: it takes no further items.

        `conflict` is for items that name none. `jobs` is how many items move at once, at most MOST_JOBS. With `resume`
        large files continue where an earlier process stopped. One request carries at most `pack_blobs` small files.
        """
        self._engine, self._plan, self._conflict = engine, plan, conflict
        self._mover = Mover(engine, conflict=conflict, resume=resume, syncs_folders=False)
        self._packs = Packs(engine, self._mover, conflict, pack_blobs)
        self._jobs = min(max(1, jobs), MOST_JOBS)
        self._on_begin, self._on_end = on_begin, on_end
        self._telling = threading.RLock()  # a callback may steer the batch
        self._ordered = OrderedResults(on_result, self._telling) if on_end is None else None
        self._lock = threading.Lock()
        self._turns = Turns()
        self._count = 0  # all items that were ever added
        self._active: dict[int, tuple[Packed, _Group]] = {}  # items that began and have not ended
        self._paused: set[int] = set()  # the active items that were paused one by one
        self._meter = RateMeter()
        self._ended_bytes = self._ended_files = self._failed_files = self._total_bytes = 0
        self._is_running = self._is_closed = self._is_over = self._is_paused = False
        self._defect: BaseException | None = None
        self._working = self._arriving = self._held = 0  # counts of threads: all, new ones, those with a held group
        self._commits = PartCommits()
        self._has_ended = threading.Event()
        if plan is not None:
            self._mover.reserve(plan.items)
            self.add(plan.items)
            self.close()

    def add(self, items: Sequence[BatchItem], *, total_bytes: int | None = None) -> range:
        """Move these items too, in turn with earlier groups; return their numbers. Raise ValueError after `close`.

        The batch keeps the sequence until its last item has begun; the length must not change. A lazy sequence, which
        makes its items on access, costs nothing before. `total_bytes` is the sum of the known sizes; None computes it.
        """
        if total_bytes is None:
            total_bytes = sum(item.size_bytes or 0 for item in items)
        with self._lock:
            if self._is_closed:
                raise ValueError("a batch that is closed or cancelled takes no more items")
            numbers = range(self._count, self._count + len(items))
            self._count = numbers.stop
            self._total_bytes += total_bytes
            if self._ordered is not None:
                self._ordered.expect(len(items))
            self._turns.add(numbers.start, items)
        self._staff()
        return numbers

    def close(self) -> None:
        """Take no more items: `run` returns when all added items have ended."""
        with self._lock:
            self._is_closed = True
        self._staff()

    def run(self) -> list[BatchResult]:
        """Move all items, also later ones, until the batch is closed and empty; return the results that are kept.

        Raise LocalFileError before the first byte when the disk has no room for the plan. Without a plan, the room is
        checked for each item at its turn.
        """
        if self._plan is not None:
            self._plan.check_room(self._engine.display_url, self._conflict)
            if len(self._plan.items) > 1:
                self._packs.ask()
        self._is_running = True
        try:
            self._staff()
            self._wait()
        except BaseException:  # such as the exception of a signal's handler
            self.cancel(keep=True)
            self._wait()
            raise
        if self._defect is not None:
            raise self._defect
        results = self.results
        sync_folders(results)
        return results

    @property
    def results(self) -> list[BatchResult]:
        """Return the results so far, in the order of the items; none when `on_end` received them."""
        found = [] if self._ordered is None else self._ordered.by_number()
        return [result for result in found if result is not None]

    def failed_plan(self) -> BatchPlan:
        """Return a plan of the items that failed or were cancelled, to be run again."""
        if self._plan is None or self._ordered is None:
            return BatchPlan([])
        rows = zip(self._plan.items, self._ordered.by_number(), strict=True)
        left = [item for item, result in rows if result is None or result.state in ("failed", "cancelled")]
        return BatchPlan([replace(item, is_surveyed=False) for item in left])

    def progress(self) -> BatchProgress:
        """Return the progress of the batch now."""
        with self._lock:
            rows = [row for row, _ in self._active.values()]
            done_bytes = self._ended_bytes + sum(row.control.done_bytes for row in rows)
            self._meter.read(done_bytes, time.monotonic())
            found = (row.control.total_bytes or 0 for row in rows if row.item.size_bytes is None)
            total_bytes = max(self._total_bytes + sum(found), done_bytes)
            return BatchProgress(
                self._count, self._ended_files, self._failed_files, done_bytes, total_bytes, self._meter.bytes_per_s
            )

    def pause(self, number: int | None = None) -> None:
        """Stop an item until `unpause`, its place going to the next item; without a number, stop all items."""
        with self._lock:
            if number is None:
                self._is_paused = True
                held = [row for row, _ in self._active.values()]
            else:
                self._turns.hold(number)
                held = [self._active[number][0]] if number in self._active else []
                self._paused.update(row.number for row in held)
        for row in held:
            row.control.pause()
        self._look_at_places(held)

    def unpause(self, number: int | None = None) -> None:
        """Continue an item after `pause`; without a number, continue all items."""
        with self._lock:
            self._turns.unhold(number)
            if number is None:
                self._is_paused = False
                freed = [row for row, _ in self._active.values()]
                self._paused.clear()
            else:
                freed = [self._active[number][0]] if number in self._active else []
                self._paused.discard(number)
        for row in freed:
            row.control.unpause()
        self._look_at_places(freed)

    def cancel(self, number: int | None = None, *, keep: bool = False) -> None:
        """End an item now; without a number, end the batch.

        With `keep` a later batch can continue the large files that have begun. Items that have not begun have their
        result when this method returns.
        """
        with self._lock:
            if number is None:
                self._is_closed, self._is_paused = True, False
                begun = [row for row, _ in self._active.values()]
                dropped: Iterable[tuple[int, BatchItem]] = self._turns.drain()
            else:
                begun = [self._active[number][0]] if number in self._active else []
                item = self._turns.drop(number)
                dropped = [] if item is None else [(number, item)]
        for row in begun:
            row.control.cancel(keep=keep)
        rows = iter(dropped)
        while some := list(islice(rows, TOLD_AT_ONCE)):
            self._end_dropped(some)
        self._staff()

    def leave_waiting(self) -> None:
        """Take no more items, and drop those that have not begun: they have no result. Fast for any number of items."""
        with self._lock:
            self._is_closed = True
            self._turns.drain()
        self._staff()

    def _end_dropped(self, rows: Sequence[tuple[int, BatchItem]]) -> None:
        ended = [(number, BatchResult(item, "cancelled", item.key, item.path)) for number, item in rows]
        for _, result in ended:
            self._mover.release(result)
        with self._lock:
            self._ended_files += len(ended)
            self._ended_bytes += sum(item.size_bytes or 0 for _, item in rows)
        try:
            if self._ordered is not None:
                for number, result in ended:
                    self._ordered.take(number, result)
            elif self._on_end is not None:
                with self._telling:
                    self._on_end(ended)
        except BaseException as exc:
            self._stop_for(exc)

    def _wait(self) -> None:
        # Not a join: after a signal breaks a join, the thread counts as ended (bpo-45274). Not an endless wait: a
        # signal that arrives as a wait begins is handled only after this wait.
        while not self._has_ended.wait(WAKE_S):
            pass

    # Threads start when an item waits and a place is free; they end when no item waits.

    def _staff(self) -> None:
        """Start a thread for each free place and waiting item, or as many as the machine allows: fewer also suffice.

        When nothing is left to do, one thread ends the batch.
        """
        while True:
            with self._lock:
                if not self._needs_thread():
                    return
                self._working += 1
                self._arriving += 1
                name = f"transfer-{self._working}"
            try:
                threading.Thread(target=self._work, name=name).start()
            except RuntimeError as exc:
                self._leave(refusal=exc)
                return

    def _needs_thread(self) -> bool:
        if not self._is_running or self._is_over or self._working >= MOST_THREADS:
            return False
        if self._is_closed and not self._working and (self._turns.is_empty or self._defect is not None):
            return True
        has_place = self._working - self._held < self._jobs
        return has_place and len(self._turns) > self._arriving and not self._is_paused and self._defect is None

    def _leave(self, *, refusal: RuntimeError | None = None) -> None:
        """Count one thread less; with `refusal`, a thread that could not be started.

        The last thread of a closed batch ends the batch, and so does a batch without any thread.
        """
        with self._lock:
            self._working -= 1
            self._arriving -= refusal is not None
            if refusal is not None and not self._working:
                self._defect, self._is_closed = self._defect or refusal, True
            is_over = self._is_closed and (self._turns.is_empty or self._defect is not None)
            is_last = is_over and not self._working and not self._is_over
            self._is_over = self._is_over or is_last
        if is_last:
            self._commits.close()
            self._has_ended.set()
        elif refusal is None:
            self._staff()  # an item may have been added since the thread found none

    def _work(self) -> None:
        is_new = True
        try:
            while (group := self._next_group(is_new=is_new)) is not None:
                is_new = False
                self._move(group)
        except BaseException as exc:  # a defect, or the exception of a callback
            self._stop_for(exc)
        finally:
            self._leave()

    def _next_group(self, *, is_new: bool) -> _Group | None:
        """Begin the next group and return it; None when the thread must end."""
        if self._plan is None and len(self._turns) > 1:
            self._packs.ask()
        with self._lock:
            self._arriving -= is_new
            is_one_too_many = self._working - self._held > self._jobs
            if self._defect is not None or self._is_paused or is_one_too_many:
                return None
            rows = {number: Packed(number, item, TransferControl()) for number, item in self._take()}
            group = _Group(rows, set(rows) if len(rows) > 1 else set())
            for number, row in rows.items():
                self._active[number] = row, group
        if rows and self._on_begin is not None:
            with self._telling:
                self._on_begin([(number, row.control) for number, row in rows.items()])
        return group if rows else None

    def _take(self) -> Sequence[tuple[int, BatchItem]]:
        return self._turns.take(self._packs.joining())

    def _stop_for(self, defect: BaseException) -> None:
        """Stop the batch because of a defect, which `run` raises."""
        with self._lock:
            self._defect = self._defect or defect
        self.leave_waiting()
        self.cancel(keep=True)

    def _look_at_places(self, rows: Sequence[Packed]) -> None:
        """Free the places of groups that are held now, or take them back, after a pause or its end."""
        with self._lock:
            for row in rows:
                if row.number in self._active:
                    self._recount(self._active[row.number][1])
        self._staff()

    def _recount(self, group: _Group) -> None:
        is_held = bool(group.rows) and group.rows.keys() <= self._paused
        self._held += is_held - group.is_held
        group.is_held = is_held

    # One group, from its turn to the end of all its items.

    def _move(self, group: _Group) -> None:
        refusal = None if self._plan is not None else self._no_room(group)
        rows = dict(group.rows)
        if refusal is not None:
            for number, row in rows.items():
                self._end(number, BatchResult(row.item, "failed", row.item.key, row.item.path, error=refusal))
            return
        if len(rows) > 1:
            for ended in self._packs.move(list(rows.values())):
                del rows[ended.number]
                self._conclude(ended.number, ended.result, ended.part)
            self._hand_out(group, apart=rows.keys())
        for row in sorted(rows.values(), key=lambda row: row.control.is_paused):  # paused ones last
            parts: list[PartFile] = []
            result = self._mover.move(row.item, row.control, parts.append)
            self._conclude(row.number, result, parts[0] if parts else None)

    def _no_room(self, group: _Group) -> LocalFileError | None:
        try:
            plan = BatchPlan([row.item for row in group.rows.values()])
            plan.check_room(self._engine.display_url, self._conflict)
        except LocalFileError as exc:
            return exc
        except OSError:
            return None  # the mover reports the error of each item
        return None

    def _conclude(self, number: int, result: BatchResult, part: PartFile | None) -> None:
        if part is None:
            self._end(number, result)
            return
        with self._lock:
            row, group = self._active[number]
            del group.rows[number]  # the thread has finished its part
            self._recount(group)

        def ended(error: StorageError | None) -> None:
            try:
                if isinstance(error, ConflictError):  # a file appeared there meanwhile
                    self._end(number, self._mover.move(result.item, row.control))
                else:
                    self._end(number, result if error is None else replace(result, state="failed", error=error))
            except BaseException as exc:  # the exception of a callback
                self._stop_for(exc)

        self._commits.add(part, ended)

    def _end(self, number: int, result: BatchResult) -> None:
        item = result.item
        self._mover.release(result)
        with self._lock:
            _, group = self._active.pop(number)
            group.rows.pop(number, None)
            self._paused.discard(number)
            self._recount(group)
            self._ended_files += 1
            self._failed_files += result.state == "failed"
            size_bytes = result.size_bytes if result.state == "done" else item.size_bytes or 0
            self._ended_bytes += size_bytes
            self._total_bytes += size_bytes - (item.size_bytes or 0)
            if self._ordered is None:
                group.ended.append((number, result))
        if self._ordered is not None:
            self._ordered.take(number, result)
        else:
            self._hand_out(group, apart=(number,))

    def _hand_out(self, group: _Group, *, apart: Iterable[int]) -> None:
        """Report the results of a group once its pack has no unfinished item; items in `apart` are not waited for."""
        with self._lock:
            group.together.difference_update(apart)
            if group.together or self._on_end is None:
                return
            ready, group.ended = group.ended, []
        lasting = _lasting(ready)
        if lasting:
            with self._telling:
                self._on_end(lasting)


def _lasting(rows: Sequence[tuple[int, BatchResult]]) -> list[tuple[int, BatchResult]]:
    """Make the names of the files durable and return the results; files whose folder cannot be synced have failed."""
    errors: dict[object, LocalFileError | None] = {None: None}
    lasting = []
    for number, result in rows:
        folder = unsynced_folder(result)
        if folder not in errors and folder is not None:
            errors[folder] = None
            try:
                sync_folder(folder)
            except LocalFileError as exc:
                errors[folder] = exc
        error = errors[folder]
        lasting.append((number, result if error is None else replace(result, state="failed", error=error)))
    return lasting
