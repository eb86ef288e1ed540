"""The queue of transfers: waiting, running, done, and the rate and time left of the whole batch."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from time import monotonic
from typing import Literal

from storage_tui.client.batch.plan import BatchItem
from storage_tui.client.batch.progress import RateMeter
from storage_tui.client.control import TransferControl
from storage_tui.client.transfer.conflict import Conflict
from storage_tui.client.transfer.content_types import guess_type
from storage_tui.client.transfer.records import UnfinishedTransfer
from storage_tui.contract.models import Blob

FINISHED_KEPT = 2000  # done transfers that the screen still shows; failed ones stay until they are seen

Direction = Literal["upload", "download"]
State = Literal["waiting", "running", "paused", "done", "skipped", "failed", "cancelled"]

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
    control: TransferControl | None = None
    meter: RateMeter = field(default_factory=RateMeter)

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
            return self.size_bytes or (self.control.done_bytes if self.control else 0)
        return self.control.done_bytes if self.control and self.state in ACTIVE else 0

    @property
    def total_bytes(self) -> int | None:
        """The size in bytes, once it is known."""
        if self.size_bytes is not None:
            return self.size_bytes
        return self.control.total_bytes if self.control else None

    @property
    def eta_s(self) -> float | None:
        """The seconds left at the rate of the last seconds; None when the rate is unknown."""
        rate, total = self.meter.bytes_per_s, self.total_bytes
        return (total - self.done_bytes) / rate if rate > 0 and total is not None else None


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
        self.asked = 0  # how often transfers were asked for: a batch may begin and end between two polls

    def add(self, transfers: Iterable[Transfer]) -> int:
        """Append transfers; return how many were added."""
        if not self.is_active:
            self._batch.clear()
            self._meter = RateMeter()
            self._forget_oldest()
        added = list(transfers)
        for transfer in added:
            transfer.number = next(self._numbers)
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
        self._batch[transfer] = None
        self._open[transfer] = None
        self._fresh.append(transfer)
        self.asked += 1
        return True

    def clear_finished(self) -> None:
        """Forget what is done, skipped, cancelled or failed and was seen."""
        self.items = [item for item in self.items if item.state in ACTIVE]

    @property
    def running(self) -> int:
        """The number of running transfers."""
        return sum(item.state == "running" for item in self._open)

    @property
    def is_active(self) -> bool:
        """Whether a transfer waits, runs or is paused."""
        return any(item.state in ACTIVE for item in self._open)

    def poll(self, now: float | None = None) -> Gauge:
        """Read every running control once; call this a few times a second."""
        moment = monotonic() if now is None else now
        done_bytes = total_bytes = files_done = failed = skipped = cancelled = running = paused = 0
        directions = set()
        for item in self._batch:
            directions.add(item.direction)
            if item.state == "running":
                item.meter.read(item.done_bytes, moment)
                running += 1
            paused += item.state == "paused"
            failed += item.state == "failed"
            skipped += item.state == "skipped"
            cancelled += item.state == "cancelled"
            files_done += item.state not in ACTIVE
            if item.state in ACTIVE or item.state == "done":
                done_bytes += item.done_bytes
                total_bytes += item.total_bytes or item.done_bytes
        self._meter.read(done_bytes, moment)
        if files_done < len(self._batch):
            self._ended_at = None
        elif self._ended_at is None:
            self._ended_at = moment
        direction: Direction | Literal["both"] = directions.pop() if len(directions) == 1 else "both"
        return Gauge(
            len(self._batch),
            files_done,
            failed,
            skipped,
            cancelled,
            running,
            paused,
            done_bytes,
            total_bytes,
            self._meter.bytes_per_s,
            direction,
            self._ended_at is not None and moment - self._ended_at > self.done_s,
        )
