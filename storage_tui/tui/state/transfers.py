"""The queue of transfers and its jobs: waiting, running, done, and the rate and time left of the whole batch."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from time import monotonic, time
from typing import TYPE_CHECKING, Literal, Optional

from storage_tui.client.batch.plan import BatchItem, name_of_keys
from storage_tui.client.batch.progress import RateMeter
from storage_tui.client.control import TransferControl
from storage_tui.client.http.rates import Rates
from storage_tui.client.transfer.conflict import Conflict
from storage_tui.client.transfer.content_types import guess_type
from storage_tui.client.transfer.records import UnfinishedTransfer
from storage_tui.contract.models import Blob

if TYPE_CHECKING:
    from storage_tui.client.agent.snapshots import FileSnapshot, JobSnapshot, News

FINISHED_KEPT = 2000  # done transfers that the screen still shows; failed ones stay until they are seen

Direction = Literal["upload", "download"]
State = Literal["waiting", "running", "paused", "done", "skipped", "failed", "cancelled"]

JOBS_KEPT = 200  # jobs that have ended and are still shown
RATES_KEPT = 60  # readings of the throughput, for its curve

ACTIVE: frozenset[State] = frozenset(("waiting", "running", "paused"))


@dataclass(eq=False, slots=True)
class Transfer:
    """One blob on its way between a local path and a key."""

    direction: Direction
    storage_type: str
    key: str
    path: Path
    size_bytes: int | None = None
    conflict: Conflict = Conflict.SKIP
    root: Path | None = None  # the chosen folder; nothing outside of it is written or read
    blob: Blob | None = None  # the blob to download, as it was listed
    unfinished: UnfinishedTransfer | None = None  # the transfer of an earlier session that this one continues
    has_run: bool = False  # in this session, successful or not
    number: int = 0
    batch_number: int = -1  # the batch's number for the last time that the batch got this transfer
    state: State = "waiting"
    note: str = ""
    error: str = ""
    is_verified: bool = False  # done, and the checksums of both sides were compared
    etag: str | None = None  # of the blob that this upload wrote
    is_move: bool = False  # the source is deleted after the transfer
    control: TransferControl | None = None
    meter: RateMeter = field(default_factory=RateMeter)
    job: Optional["TransferJob"] = None
    is_handed: bool = False  # the transfer agent was asked to take it
    is_remote: bool = False  # the transfer agent moves it; the fields below are what the agent said
    moved_bytes: int = 0
    found_bytes: int | None = None
    waits_for: str = ""
    revision: int = 0  # older news about this transfer is ignored

    @property
    def item(self) -> BatchItem:
        """The item that the engine is asked to move."""
        if self.unfinished is not None:
            content_type = self.unfinished.content_type
        else:
            content_type = guess_type(self.key, self.path.name) if self.direction == "upload" else None
        return BatchItem(
            self.direction, self.storage_type, self.key, self.path, self.size_bytes, self.root, self.blob,
            content_type=content_type, replaces=self.unfinished is None or self.unfinished.replaces,
            conflict=self.conflict, left=None if self.has_run else self.unfinished,
        )  # fmt: skip

    def record(self, account: str) -> UnfinishedTransfer:
        """Return the record for another session that continues this transfer, as long as it has not begun."""
        return UnfinishedTransfer(
            self.direction, account, self.storage_type, self.key, str(self.path), self.size_bytes,
            root=None if self.root is None else str(self.root), conflict=self.conflict,
        )  # fmt: skip

    @property
    def is_active(self) -> bool:
        """Whether it waits, runs or is paused."""
        return self.state in ACTIVE

    @property
    def done_bytes(self) -> int:
        """The bytes moved so far."""
        if self.state == "done":
            return self.size_bytes or (self.control.done_bytes if self.control else self.moved_bytes)
        if self.is_remote:
            return self.moved_bytes if self.state in ACTIVE else 0
        return self.control.done_bytes if self.control and self.state in ACTIVE else 0

    @property
    def total_bytes(self) -> int | None:
        """The size in bytes, once it is known."""
        if self.size_bytes is not None:
            return self.size_bytes
        return self.control.total_bytes if self.control else self.found_bytes

    @property
    def eta_s(self) -> float | None:
        """The seconds left at the rate of the last seconds; None when the rate is unknown."""
        rate, total = self.meter.bytes_per_s, self.total_bytes
        return (total - self.done_bytes) / rate if rate > 0 and total is not None else None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many files of a job are in each state, and their bytes."""

    files: int
    states: dict[State, int]
    done_bytes: int
    total_bytes: int

    @property
    def ended(self) -> int:
        """The number of files that have ended."""
        return self.files - sum(self.states.get(state, 0) for state in ACTIVE)


class TransferJob:
    """One action of a user: its transfers, as far as they are known here, and what the agent says about it.

    `remote_id` is the agent's number for the job, None for a job of this program. The transfers of a job that another
    program asked for are read when somebody looks at them.
    """

    def __init__(self, name: str, transfers: Iterable[Transfer] = ()) -> None:
        self.name = name
        self.rows: dict[int, Transfer] = dict(enumerate(transfers))
        self.is_ours = bool(self.rows)  # asked for in this browser
        self.snapshot: JobSnapshot | None = None
        self.remote_id: int | None = None
        self.is_followed = bool(self.rows)
        self.seen = 0  # the revision from which the agent is asked for changed files
        self._meter = RateMeter()

    @property
    def transfers(self) -> list[Transfer]:
        """The transfers that are known here, in their order."""
        return list(self.rows.values())

    @property
    def only(self) -> Transfer | None:
        """The transfer of a job with a single file, once it is known."""
        return next(iter(self.rows.values()), None) if self.files == 1 else None

    @property
    def files(self) -> int:
        """The number of files."""
        return len(self.rows) if self.snapshot is None else self.snapshot.files

    @property
    def direction(self) -> Direction | Literal["both"]:
        """The direction of all files, or `both`."""
        if self.snapshot is not None:
            return self.snapshot.direction
        directions = {row.direction for row in self.rows.values()}
        return directions.pop() if len(directions) == 1 else "both"

    @property
    def storage_type(self) -> str:
        """The storage type of the first file."""
        if self.snapshot is not None:
            return self.snapshot.storage_type
        return next((row.storage_type for row in self.rows.values()), "")

    @property
    def is_active(self) -> bool:
        """Whether a transfer waits, runs or is paused."""
        if self.snapshot is not None:
            return self.snapshot.is_active
        return any(row.state in ACTIVE for row in self.rows.values())

    def counts(self) -> Counts:
        """Count the files now."""
        found = self.snapshot
        if found is not None:
            states: dict[State, int] = {
                "waiting": found.waiting, "running": found.running, "paused": found.paused, "done": found.done,
                "skipped": found.skipped, "failed": found.failed, "cancelled": found.cancelled,
            }  # fmt: skip
            return Counts(found.files, states, found.done_bytes, found.total_bytes)
        states, done_bytes, total_bytes = {}, 0, 0
        for row in self.rows.values():
            states[row.state] = states.get(row.state, 0) + 1
            if row.state in ACTIVE or row.state == "done":
                done_bytes += row.done_bytes
                total_bytes += row.total_bytes or row.done_bytes
        self._meter.read(done_bytes, monotonic())
        return Counts(len(self.rows), states, done_bytes, total_bytes)

    @property
    def state(self) -> State:
        """The state of the whole: the most active one of its files; a failure outlasts the end."""
        states = self.counts().states
        order: tuple[State, ...] = ("running", "waiting", "paused", "failed", "done", "skipped", "cancelled")
        return next((state for state in order if states.get(state)), "waiting")

    @property
    def bytes_per_s(self) -> float:
        """The rate of the last seconds."""
        return self._meter.bytes_per_s if self.snapshot is None else self.snapshot.bytes_per_s

    @property
    def remark(self) -> str:
        """The reason why nothing moves, or the error of the first file that failed."""
        if self.snapshot is not None:
            return self.snapshot.note or self.snapshot.error
        return next((row.error for row in self.rows.values() if row.error), "")


@dataclass(frozen=True, slots=True)
class Gauge:
    """The totals of the whole batch: all transfers asked for since the queue was last idle."""

    files: int
    files_done: int
    failed: int
    skipped: int
    cancelled: int
    running: int
    paused: int
    done_bytes: int
    total_bytes: int
    bytes_per_s: float
    direction: Direction | Literal["both"]
    is_past: bool = False  # the last transfer ended so long ago that nobody looks for it here

    @property
    def is_active(self) -> bool:
        """Whether a transfer waits, runs or is paused."""
        return self.files_done < self.files

    @property
    def eta_s(self) -> float | None:
        """The seconds left for the whole batch; None when unknown."""
        return (self.total_bytes - self.done_bytes) / self.bytes_per_s if self.bytes_per_s > 0 else None


def whole(gauges: Sequence[Gauge]) -> Gauge:
    """Return the totals of several gauges, at least one."""
    first, *others = gauges
    for other in others:
        first = Gauge(
            first.files + other.files, first.files_done + other.files_done, first.failed + other.failed,
            first.skipped + other.skipped, first.cancelled + other.cancelled, first.running + other.running,
            first.paused + other.paused, first.done_bytes + other.done_bytes, first.total_bytes + other.total_bytes,
            first.bytes_per_s + other.bytes_per_s, first.direction if first.direction == other.direction else "both",
            first.is_past and other.is_past,
        )  # fmt: skip
    return first


LOST = "ended with the agent; see whether it is there"
DONE_S = 60.0  # how long the gauge says what was done; failures stay


class TransferQueue:
    """The transfers as people see them, in the order of asking.

    They are past `done_s` seconds after the last has ended. The batch that gets the transfers decides what runs when;
    this queue records the batch's reports.
    """

    def __init__(self) -> None:
        self.done_s = DONE_S
        self.items: list[Transfer] = []
        self._batch: dict[Transfer, None] = {}  # in the order of asking, each once
        self._open: dict[Transfer, None] = {}  # the transfers that have not ended
        self._numbers = count(1)
        self._meter = RateMeter()
        self._fresh: list[Transfer] = []
        self._ended_at: float | None = None
        self.jobs: list[TransferJob] = []
        self.limits: Rates | None = None  # of the agent: bytes per second, up and down; None before its first news
        self.rates: list[float] = []  # bytes per second of the last seconds, the oldest first
        self.is_paused = False  # all transfers, until they are continued
        self._remote: dict[int, TransferJob] = {}
        self._last_rate = 0.0
        self.asked = 0  # how often transfers were asked for: a batch may begin and end between two polls

    def add(self, transfers: Iterable[Transfer], *, name: str = "") -> int:
        """Append transfers as one job; return how many were added. Without a `name` it follows from the keys."""
        if not self.is_active:
            self._batch.clear()
            self._meter = RateMeter()
            self._forget_oldest()
        added = list(transfers)
        if not added:
            return 0
        job = TransferJob(name or name_of_keys(row.key for row in added), added)
        self.jobs.append(job)
        for transfer in added:
            transfer.number, transfer.job = next(self._numbers), job
        self.items += added
        self._batch.update(dict.fromkeys(added))
        self._open.update(dict.fromkeys(added))
        self._fresh += added
        self.asked += bool(added)
        return len(added)

    def take_fresh(self) -> list[Transfer]:
        """Return the transfers queued since the last call."""
        fresh, self._fresh = self._fresh, []
        return fresh

    def _forget_oldest(self) -> None:
        finished = [item for item in self.items if item.state != "failed" and not item.is_active]
        if len(finished) > FINISHED_KEPT:
            dropped = {id(item) for item in finished[:-FINISHED_KEPT]}
            self.items = [item for item in self.items if id(item) not in dropped]
        ended = [job for job in self.jobs if not job.is_active and not job.counts().states.get("failed")]
        gone = {id(job) for job in ended[:-JOBS_KEPT]}
        self.jobs = [job for job in self.jobs if id(job) not in gone]

    def begin(self, transfer: Transfer, control: TransferControl) -> None:
        """Note that the transfer moves now; `control` shows its progress."""
        if transfer.state == "waiting":
            transfer.state, transfer.control = "running", control

    def end(self, transfer: Transfer, state: State) -> None:
        """Note that the transfer has ended."""
        transfer.state = state
        self._open.pop(transfer, None)

    def pause(self, transfer: Transfer) -> bool:
        """Pause a running transfer; return false when it does not run."""
        if transfer.state != "running":
            return False
        transfer.state = "paused"
        return True

    def unpause(self, transfer: Transfer) -> bool:
        """Continue a paused transfer; return false when it is not paused."""
        if transfer.state != "paused":
            return False
        transfer.state = "running"
        return True

    def cancel(self, transfer: Transfer) -> bool:
        """Stop a transfer; return false when it has ended. No partial file remains under its final name."""
        if not transfer.is_active:
            return False
        self.end(transfer, "cancelled")
        return True

    def retry(self, transfer: Transfer) -> bool:
        """Put a failed or cancelled transfer back at the end of the queue; return false when it is neither."""
        if transfer.state not in ("failed", "cancelled"):
            return False
        if not self.is_active:
            self._batch.clear()
            self._meter = RateMeter()
        transfer.state, transfer.error, transfer.note, transfer.control = "waiting", "", "", None
        transfer.meter = RateMeter()
        if not transfer.is_remote:
            self._batch[transfer] = None
            self._open[transfer] = None
        self._fresh.append(transfer)
        self.asked += 1
        return True

    def clear_finished(self) -> None:
        """Forget what is done, skipped, cancelled or failed and was seen."""
        self.items = [item for item in self.items if item.state in ACTIVE]
        self.jobs = [job for job in self.jobs if job.is_active]

    @property
    def running(self) -> int:
        """The number of running transfers."""
        here = sum(item.state == "running" for item in self._open)
        return here + sum(job.snapshot.running for job in self._remote.values() if job.snapshot is not None)

    @property
    def is_active(self) -> bool:
        """Whether a transfer waits, runs or is paused."""
        return any(item.state in ACTIVE for item in self._open) or self.is_remote_active

    @property
    def is_remote_active(self) -> bool:
        """Whether the transfer agent has a transfer that waits, runs or is paused."""
        return any(job.is_active for job in self._remote.values())

    # What the transfer agent says

    def bind(self, job: TransferJob, number: int) -> None:
        """Note that the agent has taken the job, under this number."""
        job.remote_id = number
        known = self._remote.get(number)
        if known is not None and known is not job:
            job.snapshot, self.jobs = known.snapshot, [row for row in self.jobs if row is not known]
        self._remote[number] = job
        for transfer in job.rows.values():
            transfer.is_remote = True
            self._batch.pop(transfer, None)
            if job.snapshot is not None:
                self._open.pop(transfer, None)

    def follows(self) -> dict[int, int]:
        """Return the jobs of the agent whose files are shown, with the revision from which to ask for changes."""
        return {number: job.seen for number, job in self._remote.items() if job.is_followed}

    def begin_again(self) -> None:
        """Note that another agent answers now: its revisions begin again."""
        for job in self._remote.values():
            job.seen = 0
            for transfer in job.rows.values():
                transfer.revision = 0

    def take_news(self, news: "News") -> list[Transfer]:
        """Take what the agent says; return the transfers that have ended by it."""
        for snapshot in news.jobs:
            job = self._remote.get(snapshot.id)
            if job is None:
                job = self._remote[snapshot.id] = TransferJob(snapshot.name)
                job.remote_id = snapshot.id
                self.jobs.append(job)
                job.is_followed = snapshot.files == 1
                self.asked += snapshot.is_active
            elif job.snapshot is None:  # its first: from now on it counts as the agent says
                for transfer in job.rows.values():
                    self._open.pop(transfer, None)
            elif snapshot.is_active and not job.snapshot.is_active:
                self.asked += 1
            job.snapshot = snapshot
        ended = self.take_files(news.files)
        for number, seen in news.seen.items():
            if number in self._remote:
                self._remote[number].seen = seen
        for number in news.gone:
            gone = self._remote.pop(number, None)
            self.jobs = [job for job in self.jobs if job is not gone]
            if gone is not None:
                here = {id(row) for row in gone.rows.values()}
                self.items = [row for row in self.items if id(row) not in here]
        self.is_paused = news.is_paused
        self.rates, self.limits = news.rates, news.limits
        return ended

    def take_files(self, files: Iterable["FileSnapshot"]) -> list[Transfer]:
        """Take how files of the agent stand; return the transfers that have ended by it."""
        return [row for row in map(self._take_file, files) if row is not None]

    def _take_file(self, row: "FileSnapshot") -> Transfer | None:
        job = self._remote.get(row.job)
        if job is None or not job.is_followed:
            return None
        transfer = job.rows.get(row.index)
        if transfer is None:
            transfer = Transfer(row.direction, row.storage_type, row.key, Path(row.path), row.total_bytes)
            transfer.job, transfer.is_remote, transfer.number = job, True, row.index
            job.rows[row.index] = transfer
        if row.revision < transfer.revision:
            return None
        was_active = transfer.is_active or transfer.revision == 0
        transfer.revision = row.revision
        transfer.state, transfer.moved_bytes, transfer.found_bytes = row.state, row.done_bytes, row.total_bytes
        transfer.note, transfer.error, transfer.waits_for = row.note, row.error, row.waits_for
        transfer.key, transfer.path = row.key, Path(row.path)
        if row.state == "done":
            transfer.size_bytes, transfer.is_verified, transfer.etag = row.total_bytes, row.is_verified, row.etag
        if row.state == "running":
            transfer.meter.read(row.done_bytes, monotonic())
        return transfer if was_active and not transfer.is_active else None

    def lose(self, transfers: Iterable[Transfer], job: "JobSnapshot | None") -> None:
        """Note that these transfers of a job ended before their agent did. What is left of the `job` says how, if all
        ended alike; if not, the note says that nobody knows."""
        states: tuple[State, ...] = ("done", "skipped", "cancelled")
        state = next((state for state in states if job is not None and getattr(job, state) == job.files), None)
        for transfer in transfers:
            transfer.state, transfer.note = state or "done", "" if state else LOST

    def _remote_part(self) -> list[TransferJob]:
        """The jobs of the agent that people mean by "all": those since it was last idle, and failures."""
        found = [(job, job.snapshot) for job in self._remote.values() if job.snapshot is not None]
        last = max((snapshot.round for _, snapshot in found), default=0)
        now = time()
        return [
            job for job, snapshot in found
            if snapshot.is_active
            or (snapshot.round == last and (snapshot.failed or now - (snapshot.ended_at or 0.0) <= self.done_s))
        ]  # fmt: skip

    def poll(self, now: float | None = None) -> Gauge:
        """Read every running control once; call this a few times a second."""
        moment = monotonic() if now is None else now
        done_bytes = total_bytes = files = 0
        states: dict[State, int] = {}
        directions: set[Direction | Literal["both"]] = set()
        for item in self._batch:
            directions.add(item.direction)
            if item.state == "running" and not item.is_remote:
                item.meter.read(item.done_bytes, moment)
            files += 1
            states[item.state] = states.get(item.state, 0) + 1
            if item.state in ACTIVE or item.state == "done":
                done_bytes += item.done_bytes
                total_bytes += item.total_bytes or item.done_bytes
        for job in self._remote_part():
            counts = job.counts()
            directions.add(job.direction)
            files += counts.files
            done_bytes += counts.done_bytes
            total_bytes += counts.total_bytes
            for state, files_there in counts.states.items():
                states[state] = states.get(state, 0) + files_there
        self._meter.read(done_bytes, moment)
        files_done = files - sum(states.get(state, 0) for state in ACTIVE)
        if files_done < files:
            self._ended_at = None
        elif self._ended_at is None:
            self._ended_at = moment
        if not self._remote and files_done < files and moment - self._last_rate >= 1.0:
            self._last_rate = moment
            self.rates = [*self.rates, self._meter.bytes_per_s][-RATES_KEPT:]
        direction = directions.pop() if len(directions) == 1 else "both"
        return Gauge(
            files, files_done, states.get("failed", 0), states.get("skipped", 0), states.get("cancelled", 0),
            states.get("running", 0), states.get("paused", 0), done_bytes, total_bytes, self._meter.bytes_per_s,
            direction, self._ended_at is not None and moment - self._ended_at > self.done_s,
        )  # fmt: skip
