"""The progress of a batch: bytes, files, the rate of the last seconds, and the time left at this rate."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from storage_tui.client.control import TransferControl

RATE_WINDOW_S = 5.0


class RateMeter:
    """Measures bytes per second over the last seconds, from readings of a growing total."""

    def __init__(self) -> None:
        self._readings: deque[tuple[float, int]] = deque()

    def read(self, total_bytes: int, now_s: float) -> None:
        """Take one reading: the total in bytes at the time `now_s` of a monotonic clock, in seconds."""
        if self._readings and total_bytes < self._readings[-1][1]:
            self._readings.clear()  # a transfer started over
        self._readings.append((now_s, total_bytes))
        while len(self._readings) > 2 and now_s - self._readings[1][0] >= RATE_WINDOW_S:
            self._readings.popleft()

    @property
    def bytes_per_s(self) -> float:
        """Return the rate; 0 until there are two readings at different times."""
        if len(self._readings) < 2:
            return 0.0
        (since, first), (until, last) = self._readings[0], self._readings[-1]
        return (last - first) / (until - since) if until > since else 0.0


class Throughput:
    """Keeps the bytes per second between the last readings of a total, the oldest first."""

    def __init__(self, kept: int) -> None:
        self._rates: deque[float] = deque(maxlen=kept)
        self._last: tuple[int, float] | None = None

    def read(self, total_bytes: int, now_s: float) -> None:
        """Take one reading: the total in bytes at the time `now_s` of a monotonic clock, in seconds."""
        if self._last is not None and now_s > self._last[1]:
            before, at = self._last
            self._rates.append(max(0.0, (total_bytes - before) / (now_s - at)))
        self._last = total_bytes, now_s

    @property
    def rates(self) -> list[float]:
        """Return the bytes per second, one number for each two readings."""
        return list(self._rates)


@dataclass(frozen=True, slots=True)
class BatchProgress:
    """A batch at one moment. Skipped items count as done in files and bytes; a total of 0 means unknown."""

    files: int
    files_done: int
    files_failed: int
    done_bytes: int
    total_bytes: int
    bytes_per_s: float

    @property
    def eta_s(self) -> float | None:
        """Return the seconds left at the rate of the last seconds; None when rate or total is unknown."""
        if self.bytes_per_s <= 0 or not self.total_bytes:
            return None
        return max(0, self.total_bytes - self.done_bytes) / self.bytes_per_s


def progress_of(control: TransferControl) -> Callable[[], BatchProgress]:
    """Return a function that reads the progress of one transfer as the progress of a batch."""
    meter = RateMeter()

    def read() -> BatchProgress:
        meter.read(control.done_bytes, time.monotonic())
        return BatchProgress(1, 0, 0, control.done_bytes, control.total_bytes or 0, meter.bytes_per_s)

    return read
