"""One job of the agent, which is one action of a user, and its files. The book that owns the job holds its lock."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from storage_tui.client.agent.items import record_of
from storage_tui.client.agent.lane import Lane
from storage_tui.client.agent.snapshots import ACTIVE, FileSnapshot, JobSnapshot, State
from storage_tui.client.batch.plan import BatchItem, item_of
from storage_tui.client.batch.progress import RateMeter
from storage_tui.client.control import TransferControl
from storage_tui.client.transfer.queue_file import Ending, QueueContent, WaitingList

NAME_CHARS = 200
NOT_KEPT = "the disk takes no journal: these transfers run, but do not go on after a crash; make room"
ERROR_CHARS = 600  # of an error that crosses the socket; a message of a server may be long


class MovedFile:
    """A file of a job: what is to be moved, and how it stands. `number` is its number in the batch, -1 for none yet."""

    __slots__ = (
        "control", "error", "etag", "index", "is_verified", "item", "key", "note", "number", "path", "revision",
        "size_bytes", "state", "was_begun",
    )  # fmt: skip

    def __init__(self, index: int, item: BatchItem) -> None:
        self.index, self.item = index, item
        self.key, self.path, self.size_bytes = item.key, item.path, item.size_bytes
        self.state: State = "waiting"
        self.note = self.error = ""
        self.control: TransferControl | None = None
        self.number = -1
        self.is_verified = False  # done, and the checksums of both sides were compared
        self.etag: str | None = None  # of the blob, once it was moved
        self.revision = 0
        self.was_begun = item.left is not None  # by this agent or an earlier process, which may have left a part

    @property
    def done_bytes(self) -> int:
        """The bytes moved so far."""
        if self.state == "done":
            return self.size_bytes or 0
        return self.control.done_bytes if self.control is not None and self.state in ACTIVE else 0

    @property
    def going_on(self) -> Literal["waiting", "running"]:
        """The state after a pause."""
        return "waiting" if self.control is None else "running"

    @property
    def total_bytes(self) -> int | None:
        """The size in bytes, once it is known."""
        if self.size_bytes is None and self.control is not None:
            return self.control.total_bytes
        return self.size_bytes

    def snapshot(self, job: int) -> FileSnapshot:
        """Return how the file stands now."""
        control = self.control if self.state in ACTIVE else None
        note = self.note or (control.note if control is not None else "")
        return FileSnapshot(
            job, self.index, self.revision, self.state, self.done_bytes, self.total_bytes, note[:ERROR_CHARS],
            self.error[:ERROR_CHARS], control.waits_for if control is not None else "", self.key, str(self.path),
            self.item.direction, self.item.storage_type, self.is_verified,
            self.etag,
        )  # fmt: skip


class Job:
    """The files of a job with its counts. `mark` is the only way to change the state of a file."""

    def __init__(
        self, number: int, name: str, lane: Lane, created: str, journal: WaitingList | None,
        files: Iterable[MovedFile], *, round_: int, ended: int = 0, ended_bytes: int = 0,
    ) -> None:  # fmt: skip
        """Make a job of these files. `ended` are the files that an earlier agent has moved, and their bytes."""
        self.id, self.name, self.lane, self.created, self.journal = number, name, lane, created, journal
        self.files: dict[int, MovedFile] = {row.index: row for row in files}
        self.count = len(self.files) + ended
        self.round = round_
        self.revision = 0
        self.ended_at: float | None = None
        self.moving: dict[int, MovedFile] = {}
        self.changes: dict[int, int] = {}  # revision by index, in the order of the changes
        self.note = self.ticket = ""
        self._error = next((row.error for row in self.files.values() if row.error), "")
        self._counts: Counter[State] = Counter(row.state for row in self.files.values())
        self._counts["done"] += ended
        self._ended_bytes = ended_bytes + sum(row.done_bytes for row in self.files.values())
        self._total_bytes = self._ended_bytes + sum(
            row.size_bytes or 0 for row in self.files.values() if row.state in ACTIVE
        )
        self._meter = RateMeter()
        first = next(iter(self.files.values()), None)
        directions = {row.item.direction for row in self.files.values()}
        self._direction: Literal["upload", "download", "both"] = directions.pop() if len(directions) == 1 else "both"
        self._storage_type = "" if first is None else first.item.storage_type

    @property
    def is_active(self) -> bool:
        """Return whether a file waits, runs or is paused."""
        return any(self._counts[state] for state in ACTIVE)

    @property
    def has_failed(self) -> bool:
        """Return whether a file failed and can be tried again."""
        return self._counts["failed"] > 0

    def mark(self, row: MovedFile, state: State, revision: int) -> None:
        """Note that a file is in this state now."""
        was_counted = row.state in ACTIVE or row.state == "done"
        is_counted = state in ACTIVE or state == "done"
        size = row.size_bytes or 0
        self._total_bytes += size * (is_counted - was_counted)
        self._ended_bytes += size * ((state == "done") - (row.state == "done"))
        self._counts[row.state] -= 1
        self._counts[state] += 1
        row.state = state
        if state in ("running", "paused") and row.control is not None:
            self.moving[row.index] = row
        else:
            self.moving.pop(row.index, None)
        if state == "failed" and not self._error:
            self._error = row.error
        self.touch(row, revision)
        if not self.is_active:
            self.ended_at = time.time()
        elif self.ended_at is not None:
            self.ended_at, self._error = None, ""

    def resize(self, row: MovedFile, size_bytes: int) -> None:
        """Note the size of a file, which may differ from the size that a list told."""
        if row.state in ACTIVE or row.state == "done":
            self._total_bytes += size_bytes - (row.size_bytes or 0)
        if row.state == "done":
            self._ended_bytes += size_bytes - (row.size_bytes or 0)
        row.size_bytes = size_bytes

    def touch(self, row: MovedFile, revision: int) -> None:
        """Note that a file has changed."""
        row.revision = self.revision = revision
        self.changes.pop(row.index, None)
        self.changes[row.index] = revision

    def changed(self, since: int, limit: int) -> list[MovedFile]:
        """Return the files that changed after the revision `since`, the oldest change first.

        Return at most `limit`, and then all others with the revision of the last one too: a revision is not torn.
        """
        fresh: list[int] = []
        for index in reversed(self.changes):
            if self.changes[index] <= since:
                break
            fresh.append(index)
        fresh.reverse()
        if len(fresh) > limit:
            last = self.changes[fresh[limit - 1]]
            fresh = [index for index in fresh if self.changes[index] <= last]
        return [self.files[index] for index in fresh]

    def news(self, since: int, limit: int) -> tuple[list[FileSnapshot], int | None]:
        """Return the files that changed after a revision and those that move, and the revision to go on from.

        The revision is None where nothing is left out.
        """
        changed = self.changed(since, limit)
        moving = [row for row in self.moving.values() if row.done_bytes]
        last = changed[-1].revision if len(changed) >= limit else None
        return [row.snapshot(self.id) for row in (*changed, *moving)], last

    def pause_moving(self, revision: int) -> list[MovedFile]:
        """Mark what runs as paused, and return those files."""
        rows = [row for row in self.moving.values() if row.state == "running"]
        for row in rows:
            self.mark(row, "paused", revision)
        return rows

    def go_on(self, revision: int) -> list[MovedFile]:
        """Mark what is paused as going on, and return those files."""
        rows = [row for row in self.files.values() if row.state == "paused"]
        for row in rows:
            self.mark(row, row.going_on, revision)
        return rows

    def page(self, after: int, limit: int, states: Sequence[State]) -> Iterator[MovedFile]:
        """Yield the files after the index `after`, in their order, at most `limit`; `states` of () means all."""
        count = 0
        for index, row in self.files.items():
            if index > after and (not states or row.state in states):
                yield row
                count += 1
                if count == limit:
                    return

    def snapshot(self, now: float) -> JobSnapshot:
        """Return how the job stands at the time `now` of a monotonic clock."""
        moving = list(self.moving.values())
        done_bytes = self._ended_bytes + sum(row.done_bytes for row in moving)
        found = sum(row.total_bytes or 0 for row in moving if row.size_bytes is None)
        self._meter.read(done_bytes, now)
        waits = next((row.control.waits_for for row in moving if row.control is not None and row.control.waits_for), "")
        note = self.lane.holds_for or (f"waits for the server: {waits}" if waits else self.note)
        counts = self._counts
        return JobSnapshot(
            self.id, self.name, self._direction, self._storage_type, self.lane.server, self.count,
            counts["waiting"], counts["running"], counts["paused"], counts["done"], counts["skipped"],
            counts["failed"], counts["cancelled"], done_bytes, max(self._total_bytes + found, done_bytes),
            self._meter.bytes_per_s if counts["running"] else 0.0, self.round,
            note if self.is_active else "", self._error[:ERROR_CHARS] if counts["failed"] else "", self.created,
            self.ended_at, self.is_active and bool(self.lane.holds_for),
        )  # fmt: skip


def new_job(
    state_dir: Path, number: int, name: str, lane: Lane, items: Sequence[BatchItem], *, round_: int, ticket: str
) -> Job:
    """Return a job of these items, which is on the disk when this function returns; a full disk gives a note."""
    created = datetime.now(UTC).isoformat(timespec="seconds")
    about = {"id": number, "name": name, "created": created, "store": lane.fields, "ticket": ticket}
    journal = WaitingList(state_dir, lane.account, about)
    rows = [MovedFile(index, item) for index, item in enumerate(items)]
    journal.add((row.index, record_of(row.item, lane.account)) for row in rows)
    job = Job(number, name, lane, created, journal, rows, round_=round_)
    job.ticket, job.note = ticket, "" if journal.is_kept else NOT_KEPT
    return job


def restored_job(number: int, lane: Lane, journal: WaitingList, content: QueueContent, *, round_: int) -> Job:
    """Return the job of a journal, as it stood at the end of an earlier agent. Raise StorageError or ValueError."""
    head = content.job or {}
    job = Job(
        number, str(head.get("name", ""))[:NAME_CHARS], lane, str(head.get("created", "")), journal,
        _restored_files(content), round_=round_, ended=content.ended, ended_bytes=content.ended_bytes,
    )  # fmt: skip
    job.ticket = str(head.get("ticket", ""))
    if not job.is_active:
        job.ended_at = time.time()
    return job


def _restored_files(content: QueueContent) -> list[MovedFile]:
    """Return the files of a journal, in their order."""
    rows = [MovedFile(index, item_of(found)) for index, found in content.waiting.items()]
    for row in rows:
        row.was_begun = True
        if row.index in content.paused:
            row.state = "paused"
    for index, (found, why) in content.failed.items():
        row = MovedFile(index, item_of(found))
        row.was_begun, row.state, row.error = True, "failed", why
        rows.append(row)
    for index, (found, end) in content.past.items():
        row = MovedFile(index, item_of(found))
        row.state, row.key, row.path, row.size_bytes = end.state, end.key, Path(end.path), end.size_bytes
        row.is_verified, row.note = end.is_verified, end.note
        rows.append(row)
    return sorted(rows, key=lambda row: row.index)


def ending_of(row: MovedFile) -> Ending | None:
    """Return how a file ended, for the journal; None for a failure, and for a file that has not ended."""
    if row.state not in ("done", "skipped", "cancelled"):
        return None
    return Ending(row.state, row.key, str(row.path), row.size_bytes, row.is_verified, row.note)


def forget_files(ended: Iterable[Job], kept: int) -> None:
    """Forget the files of the oldest of these jobs until at most `kept` are left; files that failed stay."""
    jobs = list(ended)
    over = sum(len(job.files) for job in jobs) - kept
    for job in jobs:
        if over > 0 and not job.has_failed:
            over -= len(job.files)
            job.files.clear()
            job.changes.clear()
