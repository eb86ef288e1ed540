"""The one scheduler of transfers: a bounded number at once, the groups that were added in turn, each item steered by
itself or with all others.

A fixed plan is moved by `Batch(engine, plan).run()`. A queue that grows is a batch without a plan: `run` it in a
thread, `add` to it meanwhile, and `close` it. The module knows no terminal and no event loop.
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from storage_tui.client.batch.mover import Mover
from storage_tui.client.batch.packs import Packed, Packs
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

JOBS = 4  # files at once: enough to hide round trips, few enough not to crowd a link
MOST_JOBS = 32  # threads cost more than they bring long before this
MOST_THREADS = 64  # a paused transfer keeps its thread and gives its place away; past this it keeps its place too
TOLD_AT_ONCE = 1000  # results of items that never began: a queue of a million is not held twice
WAKE_S = 0.5

Begun = Callable[[Sequence[tuple[int, TransferControl]]], None]
Ended = Callable[[Sequence[tuple[int, BatchResult]]], None]


@dataclass(eq=False, slots=True)
class _Group:
    """Items that one thread moves together: those it has still to move, those of a pack whose results are told
    together, and the results that wait for that. It is held while all that it has to move are paused."""

    rows: dict[int, Packed]
    together: set[int]
    ended: list[tuple[int, BatchResult]] = field(default_factory=list)
    is_held: bool = False


class Batch:
    """Moves items; `run` blocks until all have ended. Everything else may be called from any thread meanwhile.

    Poll `progress` a few times a second. A failure ends one item, not the batch. Items are numbered from 0 in the order
    in which they were added. Of a batch with a plan the results are kept: they come in that order, whatever ended
    first, to `on_result` as they are ready, and all from `run`; `failed_plan` is what to run again. With `on_end` a
    batch keeps nothing of what has ended: each result comes as it is ready, the name of a download lasting by then.
    Callbacks come from the threads of the batch, and from `cancel`, never two at once.
    """

    def __init__(
        self, engine: TransferEngine, plan: BatchPlan | None = None, *, conflict: Conflict = Conflict.REFUSE,
        jobs: int = JOBS, resume: bool = True, on_result: Callable[[BatchResult], None] | None = None,
        on_begin: Begun | None = None, on_end: Ended | None = None,
    ) -> None:  # fmt: skip
        """`conflict` is for items that name none. With a `plan` the batch is closed: it takes no other items."""
        self._engine, self._plan, self._conflict = engine, plan, conflict
        self._mover = Mover(engine, conflict=conflict, resume=resume, syncs_folders=False)
        self._packs = Packs(engine, self._mover, conflict)
        self._jobs = min(max(1, jobs), MOST_JOBS)
        self._on_begin, self._on_end = on_begin, on_end
        self._telling = threading.RLock()  # a callback may steer the batch
        self._ordered = OrderedResults(on_result, self._telling) if on_end is None else None
        self._lock = threading.Lock()
        self._turns = Turns()
        self._count = 0  # of items, ever
        self._active: dict[int, tuple[Packed, _Group]] = {}  # begun, and not ended
        self._paused: set[int] = set()  # of those, the ones that were paused by themselves
        self._meter = RateMeter()
        self._ended_bytes = self._ended_files = self._failed_files = self._total_bytes = 0
        self._is_running = self._is_closed = self._is_over = self._is_paused = False
        self._defect: BaseException | None = None
        self._working = self._arriving = self._held = 0  # threads; new ones; those whose group is held
        self._commits = PartCommits()
        self._has_ended = threading.Event()
        if plan is not None:
            self._mover.reserve(plan.items)
            self.add(plan.items)
            self.close()

    def add(self, items: Sequence[BatchItem], *, total_bytes: int | None = None) -> range:
        """Move these too, in turn with what was added before; returns their numbers. Raises ValueError after `close`.

        The sequence is kept until the last of it was begun, and must keep its length: one that makes its items as they
        are asked for costs nothing before. `total_bytes` is the sum of their known sizes, where the caller has it.
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
        """No more items come: `run` returns when those that were added have ended."""
        with self._lock:
            self._is_closed = True
        self._staff()

    def run(self) -> list[BatchResult]:
        """Move everything, and what is added, until the batch is closed. Raises LocalFileError before the first byte
        when the disk has no room for the plan. Without a plan that is looked at for each item as its turn comes."""
        if self._plan is not None:
            self._plan.check_room(self._engine.display_url, self._conflict)
            if len(self._plan.items) > 1:
                self._packs.ask()
        self._is_running = True
        try:
            self._staff()
            self._wait()
        except BaseException:  # such as what a signal's handler raises
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
        """Those that ended so far, in the order of the items; none where `on_end` got them."""
        found = [] if self._ordered is None else self._ordered.by_number()
        return [result for result in found if result is not None]

    def failed_plan(self) -> BatchPlan:
        """The items of the plan that failed or were cancelled, to be run again."""
        if self._plan is None or self._ordered is None:
            return BatchPlan([])
        rows = zip(self._plan.items, self._ordered.by_number(), strict=True)
        left = [item for item, result in rows if result is None or result.state in ("failed", "cancelled")]
        return BatchPlan([replace(item, is_surveyed=False) for item in left])

    def progress(self) -> BatchProgress:
        """The batch as it stands."""
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
        """Stop moving the bytes of an item until `unpause`, its place going to the next one; without a number stop all
        of them."""
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
        """Let an item go on after `pause`; without a number all of them."""
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
        """End an item now; without a number end the batch. With `keep` large files that are under way can be gone on
        with later. What has not begun has its result when this returns."""
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
        """No more items come, and those that have not begun are not moved: they have no result. At once, however many
        they are."""
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
        # Not a join: one that a signal breaks takes its thread for ended (bpo-45274). Not without end: a signal that
        # comes as the wait begins is seen only after it.
        while not self._has_ended.wait(WAKE_S):
            pass

    # Threads: started where something waits and a place is free, ended where nothing does.

    def _staff(self) -> None:
        """Start as many threads as there are places for what waits, or as the machine gives: fewer move the same. One
        ends the batch where nothing is left to do."""
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
        """One thread less, with a `refusal` one that could not be started; the last one of a batch that is closed, or
        for which there is no thread at all, ends it."""
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
            self._staff()  # something may have come since the thread found nothing

    def _work(self) -> None:
        is_new = True
        try:
            while (group := self._next_group(is_new=is_new)) is not None:
                is_new = False
                self._move(group)
        except BaseException as exc:  # a defect, or what a callback raised
            self._stop_for(exc)
        finally:
            self._leave()

    def _next_group(self, *, is_new: bool) -> _Group | None:
        """What the thread moves next, begun; None when it is to leave."""
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
        """It comes out of `run`."""
        with self._lock:
            self._defect = self._defect or defect
        self.leave_waiting()
        self.cancel(keep=True)

    def _look_at_places(self, rows: Sequence[Packed]) -> None:
        """After a pause or its end: give the places of held groups away, or take them back."""
        with self._lock:
            for row in rows:
                if row.number in self._active:
                    self._recount(self._active[row.number][1])
        self._staff()

    def _recount(self, group: _Group) -> None:
        is_held = bool(group.rows) and group.rows.keys() <= self._paused
        self._held += is_held - group.is_held
        group.is_held = is_held

    # One group, from its turn to the end of each of its items.

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
        for row in sorted(rows.values(), key=lambda row: row.control.is_paused):  # one that is paused holds none up
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
            return None  # the mover says of each item what is wrong
        return None

    def _conclude(self, number: int, result: BatchResult, part: PartFile | None) -> None:
        if part is None:
            self._end(number, result)
            return
        with self._lock:
            row, group = self._active[number]
            del group.rows[number]  # the thread is done with it
            self._recount(group)

        def ended(error: StorageError | None) -> None:
            try:
                if isinstance(error, ConflictError):  # a file came to be there meanwhile
                    self._end(number, self._mover.move(result.item, row.control))
                else:
                    self._end(number, result if error is None else replace(result, state="failed", error=error))
            except BaseException as exc:  # what a callback raised
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
        """Tell the results of a group once no other of its pack is to come; `apart` are no longer waited for."""
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
    """The results once the names of their files last; those whose folder cannot be synced have failed."""
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
