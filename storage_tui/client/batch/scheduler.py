"""Many files moved as one: a bounded number at once, in order, each with its result, and one progress for all."""

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from storage_tui.client.batch.mover import BatchResult, Mover
from storage_tui.client.batch.packs import Packed, Packs
from storage_tui.client.batch.part_commits import PartCommits
from storage_tui.client.batch.plan import BatchItem, BatchPlan, Conflict
from storage_tui.client.batch.progress import BatchProgress, RateMeter
from storage_tui.client.control import TransferControl
from storage_tui.client.transfer.part_file import PartFile, local_errors
from storage_tui.contract.errors import ConflictError, StorageError

if TYPE_CHECKING:
    from storage_tui.client.storage import Storage

__all__ = ["Batch", "BatchResult"]

JOBS = 4  # files at once: enough to hide round trips, few enough not to crowd a link
MOST_JOBS = 32  # threads cost more than they bring long before this
WAKE_S = 0.5


class Batch:
    """Carries out a plan: `run` blocks until all ended; everything else may be called from any thread meanwhile.

    Poll `progress` a few times a second. Results come in the order of the plan, whatever ended first: as they are
    ready to `on_result`, called from worker threads but never twice at once, and all from `run`. A failure ends one
    item, not the batch; `failed_plan` is what to run again.
    """

    def __init__(
        self, storage: "Storage", plan: BatchPlan, *, conflict: Conflict = Conflict.REFUSE, jobs: int = JOBS,
        resume: bool = True, on_result: Callable[[BatchResult], None] | None = None, mover: Mover | None = None,
        controls: Sequence[TransferControl] = (),
    ) -> None:  # fmt: skip
        """With a `mover` several batches keep the names that they choose apart, `resume` being what that was made
        with; it must not sync folders. `controls`, one for each item, steer the items one by one."""
        self._storage, self._plan = storage, plan
        self._conflict = conflict
        self._mover = mover or Mover(
            storage, conflict=conflict, resume=resume, taken=plan.items, syncs_folders=False
        )  # fmt: skip
        self._given = controls
        self._packs = Packs(storage, self._mover, conflict)
        self._jobs = min(max(1, jobs), MOST_JOBS, len(plan.items))
        self._on_result = on_result
        self._results: list[BatchResult | None] = [None] * len(plan.items)
        self._next, self._told = 0, 0
        self._controls: dict[int, TransferControl] = {}
        self._lock = threading.Lock()
        self._telling = threading.Lock()
        self._meter = RateMeter()
        self._ended_bytes = self._ended_files = self._failed_files = 0
        self._total_bytes = plan.total_bytes
        self._is_cancelled = self._is_paused = False
        self._keeps = False
        self._defect: BaseException | None = None
        self._working = 1  # threads, and who starts them until that is done
        self._commits = PartCommits()
        self._has_ended = threading.Event()

    def run(self) -> list[BatchResult]:
        """Move everything; raises LocalFileError before the first byte when the disk has no room for it."""
        self._plan.check_room(self._storage.display_url, self._conflict)
        threads = [threading.Thread(target=self._work, name=f"transfer-{n}") for n in range(self._jobs)]
        if not threads:
            return []
        if len(self._plan.items) > 1:
            self._packs.ask()
        try:
            self._start(threads)
            self._wait()
        except BaseException:  # such as what a signal's handler raises
            self.cancel(keep=True)
            self._wait()
            raise
        if self._defect is not None:
            raise self._defect
        self._sync_folders()
        return self.results

    def _start(self, threads: Sequence[threading.Thread]) -> None:
        """Start as many as the machine gives; RuntimeError when it gives none."""
        try:
            for number, thread in enumerate(threads):
                with self._lock:
                    self._working += 1
                try:
                    thread.start()
                except RuntimeError:
                    with self._lock:
                        self._working -= 1
                    if not number:
                        raise
                    return  # fewer move the same
        finally:
            self._leave()

    def _leave(self) -> None:
        """One thread less; the last one ends the batch."""
        with self._lock:
            self._working -= 1
            is_last = not self._working
        if is_last:
            self._commits.close()
            self._has_ended.set()

    def _wait(self) -> None:
        # Not a join: one that a signal breaks takes its thread for ended (bpo-45274). Not without end: a signal that
        # comes as the wait begins is seen only after it.
        while not self._has_ended.wait(WAKE_S):
            pass

    @property
    def results(self) -> list[BatchResult]:
        """Those that ended so far, in the order of the plan."""
        with self._lock:
            return [result for result in self._results if result is not None]

    def failed_plan(self) -> BatchPlan:
        """The items that failed or were cancelled, to be run again."""
        rows = zip(self._plan.items, self._results, strict=True)
        left = [item for item, result in rows if result is None or result.state in ("failed", "cancelled")]
        return BatchPlan([replace(item, is_surveyed=False) for item in left])

    def progress(self) -> BatchProgress:
        """The batch as it stands."""
        with self._lock:
            active = sum(control.done_bytes for control in self._controls.values())
            done_bytes = self._ended_bytes + active
            self._meter.read(done_bytes, time.monotonic())
            items = self._plan.items
            found = (row.total_bytes or 0 for n, row in self._controls.items() if items[n].size_bytes is None)
            total_bytes = max(self._total_bytes + sum(found), done_bytes)
            return BatchProgress(
                len(self._plan.items), self._ended_files, self._failed_files, done_bytes, total_bytes,
                self._meter.bytes_per_s,
            )  # fmt: skip

    def pause(self) -> None:
        """Stop moving bytes until `unpause`."""
        self._is_paused = True
        for control in self._active():
            control.pause()

    def unpause(self) -> None:
        """Go on after `pause`."""
        self._is_paused = False
        for control in self._active():
            control.resume()

    def cancel(self, *, keep: bool = False) -> None:
        """End it now; with `keep` large files that are under way can be gone on with later."""
        with self._lock:
            self._is_cancelled, self._keeps = True, keep
        for control in self._active():
            control.cancel(keep=keep)

    def _active(self) -> tuple[TransferControl, ...]:
        with self._lock:
            return tuple(self._controls.values())

    def _work(self) -> None:
        try:
            for group in self._groups():
                rows = {number: Packed(number, item, self._begin(number)) for number, item in group}
                if len(rows) > 1:
                    for ended in self._packs.move(list(rows.values())):
                        del rows[ended.number]
                        self._conclude(ended.number, ended.result, ended.part)
                for row in sorted(rows.values(), key=lambda row: row.control.is_paused):  # one that waits holds none up
                    self._carry_out(row)
        except BaseException as exc:  # a defect, or what `on_result` raised
            self._stop_for(exc)
        finally:
            self._leave()

    def _begin(self, number: int) -> TransferControl:
        control = self._given[number] if self._given else TransferControl()
        with self._lock:
            self._controls[number] = control
            if self._is_cancelled:
                control.cancel(keep=self._keeps)
            if self._is_paused:
                control.pause()
        return control

    def _carry_out(self, row: Packed) -> None:
        parts: list[PartFile] = []
        result = self._mover.move(row.item, row.control, parts.append)
        self._conclude(row.number, result, parts[0] if parts else None)

    def _conclude(self, number: int, result: BatchResult, part: PartFile | None) -> None:
        if part is None:
            self._end(number, result)
            return

        def ended(error: StorageError | None) -> None:
            try:
                if isinstance(error, ConflictError):  # a file came to be there meanwhile
                    self._end(number, self._mover.move(result.item, self._controls[number]))
                else:
                    self._end(number, result if error is None else replace(result, state="failed", error=error))
            except BaseException as exc:  # what `on_result` raised
                self._stop_for(exc)

        self._commits.add(part, ended)

    def _stop_for(self, defect: BaseException) -> None:
        """It comes out of `run`."""
        self._defect = defect
        self.cancel(keep=True)

    def _groups(self) -> Iterator[list[tuple[int, BatchItem]]]:
        """What is next in the order of the plan: one item, or several small ones that can be moved together."""
        items = self._plan.items
        while True:
            with self._lock:
                number = self._next
                if number >= len(items) or self._defect is not None:
                    return
                stop, joining = number + 1, self._packs.joining()
                if joining.takes(items[number]):
                    while stop < len(items) and joining.takes(items[stop]):
                        stop += 1
                self._next = stop
            yield [(at, items[at]) for at in range(number, stop)]

    def _end(self, number: int, result: BatchResult) -> None:
        item = result.item
        with self._lock:
            del self._controls[number]
            self._results[number] = result
            self._ended_files += 1
            self._failed_files += result.state == "failed"
            size_bytes = result.size_bytes if result.state == "done" else item.size_bytes or 0
            self._ended_bytes += size_bytes
            self._total_bytes += size_bytes - (item.size_bytes or 0)
        if self._on_result is None:
            return
        with self._telling:
            while self._told < len(self._results) and (ready := self._results[self._told]) is not None:
                self._told += 1
                self._on_result(ready)

    def _sync_folders(self) -> None:
        """Make the names of downloads last, once for each folder instead of once for each file."""
        for folder in _folders(self.results):
            with local_errors(str(folder)):
                descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)


def _folders(results: Sequence[BatchResult]) -> set[Path]:
    downloads = (result for result in results if result.state == "done" and result.item.direction == "download")
    return {result.path.parent for result in downloads if result.item.root is not None}
