"""`JobBook`: all jobs of the agent, the journal behind them, and the changes since a client last asked.

Any thread may call the book. The threads of a batch report to it; so no method of a batch that may report is called
while the lock is held.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, cast

from storage_tui.client.agent import history, stores
from storage_tui.client.agent.frames import AgentLostError
from storage_tui.client.agent.handed import Fields
from storage_tui.client.agent.items import record_of
from storage_tui.client.agent.job import (
    NAME_CHARS,
    Job,
    MovedFile,
    ending_of,
    forget_files,
    new_job,
    restored_job,
)
from storage_tui.client.agent.lane import Lane
from storage_tui.client.agent.orders import Orders, read_orders, write_orders
from storage_tui.client.agent.snapshots import ACTIVE, FileSnapshot, JobSnapshot, News, State
from storage_tui.client.batch.plan import BatchItem, name_of_keys
from storage_tui.client.batch.progress import Throughput
from storage_tui.client.batch.results import BatchResult
from storage_tui.client.control import TransferControl
from storage_tui.client.http.pace import Pace
from storage_tui.client.http.rates import Rates
from storage_tui.client.transfer.queue_file import QueueContent, WaitingList, take_jobs
from storage_tui.contract.errors import BadRequestError, StorageError
from storage_tui.contract.visible import visible

Verb = Literal["pause", "go-on", "cancel", "retry", "retry-failed", "clear"]
VERBS: tuple[Verb, ...] = ("pause", "go-on", "cancel", "retry", "retry-failed", "clear")
RETRIES = ("retry", "retry-failed")
FILES_TOLD = 1000  # files in one answer; the rest comes with the next
FILES_KEPT = 20_000  # files of ended jobs that can still be looked at; their counts stay
RATES_KEPT = 60  # seconds of throughput


class JobBook:
    """The jobs of one state directory. `restore` takes over what an earlier agent left."""

    def __init__(self, state_dir: Path) -> None:
        self._state_dir = state_dir
        self._changed = threading.Condition(threading.RLock())
        self._jobs: dict[int, Job] = {}
        self._ended: dict[int, JobSnapshot] = {row.id: row for row in history.read_ended(state_dir)}
        self._lanes: dict[str, Lane] = {}
        self._pace = Pace()  # one for all lanes
        self._revision = self._round = 1
        self._gone: list[tuple[int, int]] = []
        self._next_id = max(self._ended, default=0) + 1
        self._is_paused = self._is_closing = self._is_refusing = self._is_limit_chosen = False
        self._throughput = Throughput(RATES_KEPT)

    # What the journal holds

    def restore(self) -> int:
        """Go on with the jobs that an ended agent left, as that agent was told to; return their number."""
        orders = read_orders(self._state_dir)
        with self._changed:
            self._is_paused, self._is_limit_chosen = orders.is_paused, orders.is_chosen
            self._pace.set(up=orders.limits[0], down=orders.limits[1])
        found = sorted(take_jobs(self._state_dir), key=lambda row: str((row[1].job or {}).get("created", "")))
        for journal, content in found:
            try:
                self._restore(journal, content)
            except (StorageError, KeyError, TypeError, ValueError):
                journal.close(keep=True)  # left to a later version, or to somebody who can mend the address
        return len(found)

    def _restore(self, journal: WaitingList, content: QueueContent) -> None:
        head = cast("dict[str, Any]", content.job)
        lane = self._lane(dict(head["store"]), account=content.account)
        if not content.waiting and not content.failed:
            journal.close(keep=False)
            return
        with self._changed:
            number = int(head.get("id", 0))
            if number <= 0 or number in self._jobs:
                number = self._next_id
            self._next_id = max(self._next_id, number + 1)
            self._ended.pop(number, None)
            self._enter(restored_job(number, lane, journal, content, round_=self._round))

    # Requests

    def add(self, fields: Fields, name: str, items: Sequence[BatchItem], ticket: str = "") -> int:
        """Take a job, which is on the disk when this method returns; return its number. Raise StorageError.

        A job with the `ticket` of an earlier one is that job: a client asks again when an answer was lost.
        """
        if not items:
            raise BadRequestError("a job without files")
        with self._changed:
            same = next((job.id for job in self._jobs.values() if ticket and job.ticket == ticket), None)
        if same is not None:
            return same
        lane = self._lane(fields)
        name = visible(name or name_of_keys(item.key for item in items), limit=NAME_CHARS)
        with self._changed:
            self._check_open()
            number, self._next_id = self._next_id, self._next_id + 1
            if not self._is_active:
                self._round += 1
            round_ = self._round
        job = new_job(self._state_dir, number, name, lane, items, round_=round_, ticket=ticket)
        with self._changed:
            if self._is_closing and job.journal is not None:  # it is in the journal, which the next agent reads
                job.journal.close(keep=True)
                return number
            self._enter(job)
        return number

    def offer(self, fields: Fields) -> None:
        """Take a token, or the credentials of an environment, for the jobs that may wait for them."""
        if not stores.has_secret(fields):
            return
        engine, _ = stores.engine_for(fields)
        account = engine.account()
        engine.close()
        with self._changed:
            lane = self._lanes.get(account)
            if lane is None:
                return
            was_held = bool(lane.holds_for)
            lane.give(fields)
            if was_held:
                for job in self._jobs.values():
                    if job.lane is lane:
                        self._hand_over(job, job.files.values())

    def steer(self, verb: Verb, jobs: Sequence[int] | None, files: Sequence[int] | None = None) -> int:
        """Pause, continue, cancel, retry or clear the files of some jobs, or of all; return how many were changed."""
        with self._changed:
            if jobs is None and verb in ("pause", "go-on"):
                return self._pause_all(verb == "pause")
            wanted = list(self._jobs) if jobs is None else [number for number in jobs if number in self._jobs]
            if verb == "clear":
                return self._clear(wanted, is_all=jobs is None)
            calls: list[Callable[[], None]] = []
            count = 0
            for number in wanted:
                job = self._jobs[number]
                rows = list(job.files.values()) if files is None else [
                    job.files[index] for index in files if index in job.files
                ]  # fmt: skip
                count += self._steer(verb, job, rows, calls)
            self._changed.notify_all()
        for call in calls:
            call()
        return count

    def news(self, since: int, follow: Mapping[int, int], *, wait_s: float = 0.0) -> News:
        """Return what has changed since a revision: all jobs, and the files of the jobs in `follow`.

        `follow` has a revision for each job, 0 for all changes of its files; the answer has the next one.
        Wait up to `wait_s` seconds for a change, where nothing moves.
        """
        deadline = time.monotonic() + wait_s
        with self._changed:
            while self._revision <= since and not self._is_moving and not self._is_closing:
                left = deadline - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    break
            now = time.monotonic()
            jobs = [job.snapshot(now) for job in self._jobs.values() if job.revision > since or job.moving]
            if since <= 0:
                jobs = [*self._ended.values(), *jobs]
            files: list[FileSnapshot] = []
            seen: dict[int, int] = {}
            for number, before in follow.items():
                if (job := self._jobs.get(number)) is None:
                    continue
                told, last = job.news(before, FILES_TOLD)
                files += told
                seen[number] = self._revision if last is None else last
            gone = [number for at, number in self._gone if at > since]
            return News(self._revision, jobs, files, gone, self._is_paused, self._throughput.rates, seen, self.limits)

    def files(self, job: int, *, after: int, limit: int, states: Sequence[State] = ()) -> list[FileSnapshot]:
        """Return the files of a job after the index `after`, in their order."""
        with self._changed:
            found = self._jobs.get(job)
            rows = [] if found is None else list(found.page(after, min(limit, FILES_TOLD), states))
            return [row.snapshot(job) for row in rows]

    def set_limits(self, up: float | None, down: float | None, *, is_default: bool = False) -> None:
        """Hold all transfers together back to so many bytes per second, at once; None for no limit. Those of settings,
        `is_default`, change nothing once a person has set some."""
        with self._changed:
            if not (is_default and self._is_limit_chosen):
                self._is_limit_chosen = not is_default
                self._pace.set(up=up, down=down)
                self._keep_orders()
                self._revision += 1
                self._changed.notify_all()

    @property
    def limits(self) -> Rates:
        """Return the limits in bytes per second, up and down; None for no limit."""
        return self._pace.up.bytes_per_s, self._pace.down.bytes_per_s

    # Its life

    @property
    def has_work(self) -> bool:
        """Return whether something moves, waits or is paused that this process can move."""
        with self._changed:
            return any(job.is_active and not job.lane.holds_for for job in self._jobs.values())

    @property
    def revision(self) -> int:
        """Return the number of the last change."""
        return self._revision

    def refuse(self) -> None:
        """Take no more jobs: another agent takes them."""
        self._is_refusing = True

    def tick(self) -> None:
        """Read the throughput, and leave servers without work; call this once a second."""
        with self._changed:
            now = time.monotonic()
            done = sum(job.snapshot(now).done_bytes for job in self._jobs.values())
            self._throughput.read(done, now)
            used = {job.lane.account for job in self._jobs.values() if job.is_active}
            idle = [lane for account, lane in self._lanes.items() if account not in used]
            for lane in idle:
                del self._lanes[lane.account]
        for lane in idle:
            lane.close(keep=True)

    def close(self) -> None:
        """Stop all transfers, and keep them for the next agent."""
        with self._changed:
            self._is_closing = True
            lanes = list(self._lanes.values())
            self._changed.notify_all()
        for lane in lanes:
            lane.close(keep=True)
        with self._changed:
            for job in self._jobs.values():
                if job.journal is not None:
                    job.journal.close(keep=True)
            if not self._is_active and not self._is_refusing:  # what was told was about these transfers
                write_orders(self._state_dir, Orders())

    # Below, the lock is held

    @property
    def _is_active(self) -> bool:
        return any(job.is_active for job in self._jobs.values())

    @property
    def _is_moving(self) -> bool:
        return any(row.state == "running" for job in self._jobs.values() for row in job.moving.values())

    def _check_open(self) -> None:
        if self._is_closing or self._is_refusing:
            raise AgentLostError("the transfer agent is ending; ask again")

    def _enter(self, job: Job) -> None:
        self._revision += 1
        job.revision = self._revision
        self._jobs[job.id] = job
        self._hand_over(job, job.files.values())
        self._changed.notify_all()

    def _lane(self, fields: Fields, *, account: str | None = None) -> Lane:
        """Return the lane for a server; `account` is known where no token is there to tell it. Raise StorageError."""
        engine, handed = stores.engine_for(fields)
        account = account or engine.account()  # may read a token, or renew it
        with self._changed:
            lane = self._lanes.get(account)
            if lane is not None:
                lane.give(fields)
            else:
                engine.pace = self._pace
                lane = self._lanes[account] = Lane(
                    account, fields, engine, handed, on_begin=self._begun, on_end=self._end_rows, on_stop=self._stopped
                )
                if self._is_paused:
                    lane.pause()
                return lane
        engine.close()
        return lane

    def _hand_over(self, job: Job, rows: Iterable[MovedFile]) -> None:
        """Give the files that wait to the batch of their lane; a lane that has just been left is opened again."""
        rows = [row for row in rows if row.state == "waiting" and row.number < 0]
        if not rows or job.lane.holds_for:
            return
        items = [row.item for row in rows]
        total = sum(item.size_bytes or 0 for item in items)
        try:
            numbers = self._open_lane(job).add(items, total)
        except ValueError:  # a defect has just ended the batch
            self._lanes.pop(job.lane.account, None)
            numbers = self._open_lane(job).add(items, total)
        for number, row in zip(numbers, rows, strict=True):
            row.number = number
            job.lane.rows[number] = job, row

    def _open_lane(self, job: Job) -> Lane:
        if self._lanes.get(job.lane.account) is not job.lane:
            job.lane = self._lane(job.lane.reopened(), account=job.lane.account)
        return job.lane

    def _steer(self, verb: Verb, job: Job, rows: list[MovedFile], calls: list[Callable[[], None]]) -> int:
        self._revision += 1
        count = 0
        lane = job.lane
        again: list[MovedFile] = []
        steered: list[MovedFile] = []  # paused, or no longer
        for row in rows:
            number = row.number
            if verb == "pause" and row.state in ("running", "waiting"):
                job.mark(row, "paused", self._revision)
                steered.append(row)
                calls.append(lambda number=number: lane.pause(number))  # type: ignore[misc]
            elif verb == "go-on" and row.state == "paused":
                job.mark(row, row.going_on, self._revision)
                steered.append(row)
                if row.number >= 0:
                    calls.append(lambda number=number: lane.unpause(number))  # type: ignore[misc]
            elif verb == "cancel" and row.state in ACTIVE:
                self._cancel(job, row, calls)
            elif (row.state == "failed" and verb in RETRIES) or (row.state == "cancelled" and verb == "retry"):
                again.append(row)
            else:
                continue
            count += 1
        if steered and verb == "go-on":
            self._went_on(job, steered)
        elif steered and job.journal is not None:
            job.journal.pause(row.index for row in steered)
        if again:
            self._retry(job, again)
        return count

    def _went_on(self, job: Job, rows: list[MovedFile]) -> None:
        """Note in the journal that these files are no longer paused, and hand over those that no batch has."""
        if rows and job.journal is not None:
            job.journal.pause((row.index for row in rows), is_paused=False)
        self._hand_over(job, rows)

    def _cancel(self, job: Job, row: MovedFile, calls: list[Callable[[], None]]) -> None:
        lane, number, item = job.lane, row.number, row.item
        never_began, row.control = row.control is None, None
        job.mark(row, "cancelled", self._revision)
        if job.journal is not None:
            job.journal.end(row.index, how=ending_of(row))
        calls.append(lambda: lane.cancel(number))
        if never_began and row.was_begun:
            row.was_begun = False
            calls.append(lambda: threading.Thread(target=lane.forget_part, args=(item,), daemon=True).start())
        self._look_at_end(job)

    def _retry(self, job: Job, rows: list[MovedFile]) -> None:
        if not self._is_active:
            self._round += 1
        job.round = self._round
        for row in rows:
            row.note = row.error = ""
            row.control, row.number = None, -1
            if row.item.left is not None:
                row.item = replace(row.item, left=None)  # its earlier part was looked at in the first run
            job.mark(row, "waiting", self._revision)
        if job.journal is not None:
            job.journal.add((row.index, record_of(row.item, job.lane.account)) for row in rows)
        self._hand_over(job, rows)

    def _pause_all(self, is_paused: bool) -> int:
        self._revision += 1
        self._is_paused = is_paused
        count = 0
        for job in self._jobs.values():
            job.revision = self._revision
            rows = job.pause_moving(self._revision) if is_paused else job.go_on(self._revision)
            count += len(rows)
            if not is_paused:
                self._went_on(job, rows)
        self._keep_orders()
        for lane in list(self._lanes.values()):
            if is_paused:
                lane.pause()
            else:
                lane.unpause()
        self._changed.notify_all()
        return count

    def _clear(self, numbers: Sequence[int], *, is_all: bool) -> int:
        self._revision += 1
        ended = [number for number in numbers if not self._jobs[number].is_active]
        for number in ended:
            job = self._jobs.pop(number)
            if job.journal is not None:
                job.journal.close(keep=False)
        if is_all:
            ended += list(self._ended)
            self._ended.clear()
        self._gone += [(self._revision, number) for number in ended]
        self._keep_history()
        self._changed.notify_all()
        return len(ended)

    def _look_at_end(self, job: Job) -> None:
        if job.is_active:
            return
        self._keep_history()
        forget_files([row for row in self._jobs.values() if row is not job and not row.is_active], FILES_KEPT)

    def _keep_orders(self) -> None:
        if not self._is_refusing:
            write_orders(self._state_dir, Orders(self._is_paused, self.limits, self._is_limit_chosen))

    def _keep_history(self) -> None:
        now = time.monotonic()
        ended = [job.snapshot(now) for job in self._jobs.values() if not job.is_active]
        history.write_ended(self._state_dir, [*self._ended.values(), *ended])

    # Reports of the lanes, from their threads

    def _begun(self, lane: Lane, rows: Sequence[tuple[int, TransferControl]]) -> None:
        with self._changed:
            self._revision += 1
            for number, control in rows:
                found = self._row(lane, number)
                if found is not None and found[1].state in ("waiting", "paused"):
                    job, row = found
                    row.control, row.was_begun = control, True
                    job.mark(row, "running" if row.state == "waiting" else "paused", self._revision)
            self._changed.notify_all()

    def _end_rows(self, lane: Lane, rows: Sequence[tuple[int, BatchResult]]) -> None:
        with self._changed:
            self._revision += 1
            for number, result in rows:
                found = self._row(lane, number)
                lane.rows.pop(number, None)
                if found is not None and not (self._is_closing and result.state == "cancelled"):
                    self._book(*found, result)
            self._changed.notify_all()

    def _row(self, lane: Lane, number: int) -> tuple[Job, MovedFile] | None:
        """Return the file with this number of the batch; None when it was cancelled, and may wait again, since."""
        found = cast("tuple[Job, MovedFile] | None", lane.rows.get(number))
        return found if found is not None and found[1].number == number and found[1].state in ACTIVE else None

    def _book(self, job: Job, row: MovedFile, result: BatchResult) -> None:
        if job.lane.is_for_a_secret(result.error):
            row.control, row.number = None, -1
            job.mark(row, "paused" if row.state == "paused" else "waiting", self._revision)
            self._hand_over(job, [row])  # a token may have come meanwhile
            return
        row.key, row.path = result.key, result.path
        notes = [row.note, result.note]
        if result.state == "done":
            job.resize(row, result.size_bytes)
            row.is_verified, row.etag = result.is_verified, result.etag
            notes.insert(0, "verified" if result.is_verified else "unverified")
        row.note = " · ".join(filter(None, notes))
        row.error = "" if result.error is None else result.error.message
        row.control = None
        job.mark(row, result.state, self._revision)
        if job.journal is not None:
            job.journal.end(row.index, error=row.error if result.state == "failed" else "", how=ending_of(row))
        self._look_at_end(job)

    def _stopped(self, lane: Lane, cause: BaseException | None) -> None:
        """Fail what a defect has left; a lane that was closed in order has nothing left."""
        with self._changed:
            if self._lanes.get(lane.account) is lane:
                del self._lanes[lane.account]
            if self._is_closing:
                return
            self._revision += 1
            for number in list(lane.rows):
                found = self._row(lane, number)
                if found is not None:
                    job, row = found
                    error = StorageError(f"the transfers stopped: {cause!r}; try it again")
                    self._book(job, row, BatchResult(row.item, "failed", row.key, row.path, error=error))
            lane.rows.clear()
            self._changed.notify_all()
