"""How fast an engine moves bytes: a limit for each direction, shared by all its transfers and their streams."""

import math
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from storage_tui.client.control import TransferControl
from storage_tui.contract.errors import BadRequestError

LEAST_BYTES_S = 1024  # a server ends a body that is slower than this
STEP_S = 0.05  # bytes for so long move at once: small beside the 250 ms that a person sees as a burst
SAVED_S = 0.1  # time that was not used is made good for so long, so that a late wake-up does not lower the rate
LOOK_S = 0.2  # how soon a wait notices a pause or a cancel
LEAST_STEP = 1024


class Lane:
    """One direction: a bucket into which the allowed bytes flow. Use it from any thread.

    Every taker has a place in the order of arrival, so that no stream starves. The rate is exact over any longer time:
    what moves is what flowed in, and at most SAVED_S of it is saved.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._rate: float | None = None
        self._asked = 0.0  # bytes asked for since the limit began
        self._allowed = 0.0  # bytes that have flowed in meanwhile
        self._at = 0.0

    @property
    def bytes_per_s(self) -> float | None:
        """Return the limit in bytes per second; None for none."""
        return self._rate

    def set(self, bytes_per_s: float | None) -> None:
        """Change the limit, also for the bytes that wait now; None for no limit.

        Raise BadRequestError for less than LEAST_BYTES_S or what is no number.
        """
        checked = check_rate(bytes_per_s)
        with self._changed:
            if self._rate is None:
                self._asked = self._allowed = 0.0
            else:
                self._flow()
            self._rate, self._at = checked, self._clock()
            self._changed.notify_all()

    def step(self, most: int) -> int:
        """Return how many bytes to move at once, `most` at most."""
        rate = self._rate
        return most if rate is None else min(most, max(LEAST_STEP, int(rate * STEP_S)))

    def pieces(
        self, chunk: bytes | bytearray | memoryview, control: TransferControl | None = None
    ) -> Iterator[memoryview]:
        """Yield a chunk in the steps of the limit, each when it may move; the chunk itself while there is no limit."""
        rest = memoryview(chunk)
        while rest:
            step = self.step(len(rest))
            self.take(step, control)
            yield rest[:step]
            rest = rest[step:]

    def take(self, count: int, control: TransferControl | None = None) -> None:
        """Wait until `count` more bytes may move. A paused or cancelled transfer stops waiting; its caller looks."""
        if self._rate is None:
            return
        with self._changed:
            if self._rate is None:
                return
            self._flow()
            self._asked += count
            place = self._asked
            while self._rate is not None and place - self._allowed >= 1:  # a fraction is rounding
                if control is not None and (control.is_cancelled or control.is_paused):
                    return
                self._changed.wait(min((place - self._allowed) / self._rate, LOOK_S))
                self._flow()

    def _flow(self) -> None:
        if self._rate is None:
            return
        now = self._clock()
        self._allowed += max(0.0, now - self._at) * self._rate
        self._allowed = min(self._allowed, self._asked + self._rate * SAVED_S)
        self._at = now


@dataclass(frozen=True, slots=True)
class StreamRule:
    """The figures of the rule for the number of streams; see `transfer/streams/widening.py`."""

    most_streams: int = 8  # more connections take room from other people on the same link
    least_left_bytes: int = 32 * 1024 * 1024  # with less left, a further stream costs more round trips than it saves
    first_look_s: float = 1.0  # a connection has found its rate by then, over most links
    window_s: float = 0.5  # one measurement
    settle_down_s: float = 0.5  # until further streams move steadily
    settle_up_s: float = 1.5  # those up fill the buffers of the link first
    trial_down_s: float = 0.75  # how long they are measured then
    trial_up_s: float = 2.0
    flat: float = 1.25  # a rate that grows by less from one window to the next has found its bound
    gain: float = 1.2  # further streams stay when the total rises by this factor
    long_round_trip_s: float = 0.010  # nearer servers are within one city: a window of 6 MB carries 600 MB/s there
    least_idle: float = 0.1  # share of the processors' time; with less to spare, answers of this machine are late
    fast_bytes_s: float = 40e6  # a stream as fast as this is mostly bound by a processor or a disk
    waiting: float = 0.5  # share of its time that a stream bound by the link waits for the network
    rest_s: float = 5.0  # after streams that brought nothing, before the next trial; then twice as long each time
    longest_rest_s: float = 300.0
    share_bytes: int = 16 * 1024 * 1024  # most bytes that a stream takes from another at once
    least_share_bytes: int = 2 * 1024 * 1024  # with less to share, a further request costs more than it saves


class Pace:
    """The limits of both directions: `up` for uploads, `down` for downloads. Calls that move no blobs are free. `rule`
    holds the figures by which transfers choose their number of streams."""

    def __init__(self, rule: StreamRule = StreamRule()) -> None:  # frozen
        self.up, self.down = Lane(), Lane()
        self.rule = rule

    def set(self, *, up: float | None, down: float | None) -> None:
        """Set the limits in bytes per second, None for none; they hold at once for all that moves.

        Raise BadRequestError for a rate that is no limit; then nothing changes.
        """
        check_rate(up)
        check_rate(down)
        self.up.set(up)
        self.down.set(down)


def check_rate(bytes_per_s: float | None) -> float | None:
    """Return the rate; raise BadRequestError unless it is None or a number of at least LEAST_BYTES_S."""
    if bytes_per_s is None:
        return None
    is_number = isinstance(bytes_per_s, int | float) and not isinstance(bytes_per_s, bool)
    if not is_number or not math.isfinite(bytes_per_s) or bytes_per_s < LEAST_BYTES_S:
        raise BadRequestError(
            f"a limit is a number of bytes per second, {LEAST_BYTES_S} or more, or none, not {bytes_per_s!a:.40}"
        )
    return float(bytes_per_s)
