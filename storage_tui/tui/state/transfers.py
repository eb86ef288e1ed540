"""The queue of transfers: what waits, what runs, what is done, and the rate and time left of the whole batch."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Literal

from storage_tui.client.batch.plan import BatchItem, Conflict
from storage_tui.client.batch.progress import RateMeter
from storage_tui.client.batch.waiting import WaitingItem
from storage_tui.client.control import TransferControl
from storage_tui.client.transfer.content_types import guess_type
from storage_tui.contract.models import Blob

if TYPE_CHECKING:
    from storage_tui.client.transfer.journal import UnfinishedTransfer

AT_ONCE = 4  # groups: small blobs gain from a few at once; large ones fill the line with one
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
    root: Path | None = None  # the folder chosen; nothing is written or read outside of it
    blob: Blob | None = None  # the one to download, as it was listed
    unfinished: "UnfinishedTransfer | None" = None  # what an earlier session began and this one goes on with
    has_run: bool = False  # in this session, successful or not
    number: int = 0
    group: int = 0  # those that move together have the number of the first of them
    state: State = "waiting"
    note: str = ""
    error: str = ""
    control: TransferControl | None = None
    meter: RateMeter = field(default_factory=RateMeter)

    @property
    def item(self) -> BatchItem:
        """What the engine is asked to move."""
        if self.unfinished is not None:
            content_type = self.unfinished.content_type
        else:
            content_type = guess_type(self.key, self.path.name) if self.direction == "upload" else None
        return BatchItem(
            self.direction, self.storage_type, self.key, self.path, self.size_bytes, self.root, self.blob,
            content_type=content_type, replaces=self.unfinished is None or self.unfinished.replaces,
            left=None if self.has_run else self.unfinished,
        )  # fmt: skip

    @property
    def waiting(self) -> WaitingItem:
        """What another session needs to go on with it."""
        return WaitingItem(self.item, self.conflict)

    @property
    def done_bytes(self) -> int:
        """Bytes moved so far."""
        if self.state == "done":
            return self.size_bytes or (self.control.done_bytes if self.control else 0)
        return self.control.done_bytes if self.control and self.state in ACTIVE else 0

    @property
    def total_bytes(self) -> int | None:
        """The size, as soon as anyone knows it."""
        if self.size_bytes is not None:
            return self.size_bytes
        return self.control.total_bytes if self.control else None

    @property
    def eta_s(self) -> float | None:
        """Seconds left at the rate of the last seconds; None where that cannot be told."""
        rate, total = self.meter.bytes_per_s, self.total_bytes
        return (total - self.done_bytes) / rate if rate > 0 and total is not None else None


@dataclass(frozen=True, slots=True)
class Gauge:
    """The whole batch at a glance: what was asked for since the queue was last idle."""

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

    @property
    def is_active(self) -> bool:
        """True while something waits, runs or is paused."""
        return self.files_done < self.files

    @property
    def eta_s(self) -> float | None:
        """Seconds left for the whole batch."""
        return (self.total_bytes - self.done_bytes) / self.bytes_per_s if self.bytes_per_s > 0 else None


class TransferQueue:
    """Transfers in the order they were asked for; `next_group` has at most AT_ONCE groups running at a time."""

    def __init__(self) -> None:
        self.items: list[Transfer] = []
        self._waiting: deque[Transfer] = deque()
        self._batch: dict[Transfer, None] = {}  # in the order they were asked for, each once
        self._numbers = count(1)
        self._meter = RateMeter()
        self._started: set[Transfer] = set()
        self._fresh: list[Transfer] = []

    def add(self, transfers: Iterable[Transfer]) -> int:
        """Append transfers; returns how many."""
        if not self.is_active:
            self._batch.clear()
            self._meter = RateMeter()
            self._forget_oldest()
        added = list(transfers)
        for transfer in added:
            transfer.number = next(self._numbers)
        self.items += added
        self._batch.update(dict.fromkeys(added))
        self._waiting.extend(added)
        self._fresh += added
        return len(added)

    def take_fresh(self) -> list[Transfer]:
        """What was queued since this was last asked."""
        fresh, self._fresh = self._fresh, []
        return fresh

    def _forget_oldest(self) -> None:
        finished = [item for item in self.items if item.state not in ("failed", "waiting", "running", "paused")]
        if len(finished) > FINISHED_KEPT:
            dropped = {id(item) for item in finished[:-FINISHED_KEPT]}
            self.items = [item for item in self.items if id(item) not in dropped]

    def next_group(self, joining: Callable[[Transfer], Callable[[Transfer], bool]] | None = None) -> list[Transfer]:
        """The transfers to start together, marked as running: the next one, and as many after it as `joining` of it
        takes. None when enough run or nothing waits."""
        self._started = {item for item in self._started if item.state in ACTIVE}
        group: list[Transfer] = []
        if len({item.group for item in self._started if item.state == "running"}) >= AT_ONCE:
            return group
        takes: Callable[[Transfer], bool] = _anything
        while self._waiting and (self._waiting[0].state != "waiting" or takes(self._waiting[0])):
            transfer = self._waiting.popleft()
            if transfer.state == "waiting":
                if not group:
                    takes = joining(transfer) if joining is not None else _nothing
                group.append(transfer)
        for transfer in group:
            transfer.group, transfer.state, transfer.control = group[0].number, "running", TransferControl()
        self._started.update(group)
        return group

    def pause(self, transfer: Transfer) -> None:
        """Hold a running transfer; its place goes to the next one."""
        if transfer.state == "running" and transfer.control is not None:
            transfer.control.pause()
            transfer.state = "paused"

    def resume(self, transfer: Transfer) -> None:
        """Go on with a paused transfer where it stopped."""
        if transfer.state == "paused" and transfer.control is not None:
            transfer.state = "running"
            transfer.control.resume()

    def cancel(self, transfer: Transfer, *, keep: bool = False) -> None:
        """Stop a transfer for good, or until the next session with `keep`; nothing is left under its final name."""
        if transfer.state in ACTIVE:
            transfer.state = "cancelled"
            if transfer.control is not None:
                transfer.control.cancel(keep=keep)

    def retry(self, transfer: Transfer) -> bool:
        """Put a failed or cancelled transfer back at the end of the queue; False when it is neither."""
        if transfer.state not in ("failed", "cancelled"):
            return False
        if not self.is_active:
            self._batch.clear()
            self._meter = RateMeter()
        transfer.state, transfer.error, transfer.note, transfer.control = "waiting", "", "", None
        transfer.meter = RateMeter()
        self._batch[transfer] = None
        self._waiting.append(transfer)
        self._fresh.append(transfer)
        return True

    def clear_finished(self) -> None:
        """Forget what is done, skipped, cancelled or failed and was seen."""
        self.items = [item for item in self.items if item.state in ACTIVE]

    @property
    def running(self) -> int:
        """How many run now."""
        return sum(item.state == "running" for item in self._started)

    @property
    def is_active(self) -> bool:
        """True while something waits, runs or is paused."""
        return bool(self._waiting) or any(item.state in ACTIVE for item in self._started)

    def poll(self, now: float | None = None) -> Gauge:
        """Read every running control once; call it a few times a second."""
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
        )


def _anything(_: Transfer) -> bool:
    return True


def _nothing(_: Transfer) -> bool:
    return False
