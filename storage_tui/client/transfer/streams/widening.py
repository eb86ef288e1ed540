"""The rule that decides how many streams a transfer has, by what it measures while it runs."""

import threading
import time
from collections.abc import Callable
from typing import Literal

from storage_tui.client.http.pace import Lane

MOST_STREAMS = 8  # more connections take room from other people on the same link
LEAST_LEFT_BYTES = 32 * 1024 * 1024  # with less left, a further stream costs more round trips than it saves
FIRST_LOOK_S = 1.0  # a connection has found its rate by then, over most links
WINDOW_S = 0.5  # one measurement
SETTLE_S = {"down": 0.5, "up": 1.5}  # until further streams move steadily; those up fill buffers of the link first
TRIAL_S = {"down": 0.75, "up": 2.0}  # how long they are measured then
FLAT = 1.25  # a rate that grows by less from one window to the next has found its bound
GAIN = 1.2  # further streams stay when the total rises by this factor
FAST_BYTES_S = 100e6  # a stream as fast as this is bound by a processor or a disk
WAITING = 0.5  # share of its time that a stream bound by the link waits for the network
REST_S = 5.0  # after streams that brought nothing, before the next trial; then twice as long each time
LONGEST_REST_S = 300.0


class Widening:
    """How many streams one transfer should have. Streams report what they move; one of them asks `wanted`.

    A transfer begins with one stream. A second is tried when the transfer has more than LEAST_LEFT_BYTES left, has run
    for FIRST_LOOK_S, and one stream is bound by the link and nothing else: its rate is below FAST_BYTES_S and no longer
    grows (FLAT), and it waits for the network for more than WAITING of its time, so that neither disk nor processor is
    its bound. A limit that a person set ends the search. Each trial doubles the streams, up to MOST_STREAMS, and is
    measured for TRIAL_S after SETTLE_S. When the total has risen by GAIN the streams stay, and the next trial begins;
    when not, the link itself is the bound, the added streams end, and the next trial is REST_S later.

    Figures: over a link of 8 MB/s and 100 ms each way for each connection, eight streams are open after six seconds
    down, and after twelve up.
    Over loopback a stream moves 500 MB/s or more, and no second one is ever opened.
    """

    def __init__(
        self, lane: Lane, direction: Literal["up", "down"], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._lane, self._clock = lane, clock
        self._settle_s, self._trial_s = SETTLE_S[direction], TRIAL_S[direction]
        self._lock = threading.Lock()
        self._moved = 0
        self._waited_s = 0.0
        self._streams = 1
        self._before = 0.0  # the total rate before the trial
        self._is_trial = False
        self._rest_s = REST_S
        self._is_over = False
        self._due: float | None = None  # of the next look
        self._began = 0.0  # of the present window
        self._at_start = (0, 0.0)
        self._last_rate = 0.0

    @property
    def streams(self) -> int:
        """Return how many streams the transfer should have now."""
        return self._streams

    def end(self) -> None:
        """Have one stream to the end: the server does not do its part in more."""
        self._is_over, self._streams = True, 1

    def begin_again(self) -> None:
        """Measure the present trial from now on: what was under way has come to an end first."""
        with self._lock:
            self._last_rate = 0.0
            self._restart(self._clock(), self._settle_s)

    def note(self, count: int, waited_s: float) -> None:
        """Report that a stream moved bytes, and for how many seconds it waited for the network meanwhile."""
        with self._lock:
            self._moved += count
            self._waited_s += waited_s

    def wanted(self, left_bytes: int) -> int:
        """Return how many streams the transfer should have, when so many bytes are not moved yet."""
        if self._is_over:
            return 1
        now = self._clock()
        if self._due is None:
            self._restart(now, FIRST_LOOK_S - WINDOW_S)
        elif now >= self._due:
            with self._lock:
                self._look(now, left_bytes)
        return self._streams

    def _restart(self, now: float, until_s: float) -> None:
        self._began, self._at_start, self._due = now, (self._moved, self._waited_s), now + until_s

    def _look(self, now: float, left_bytes: int) -> None:
        passed_s = max(now - self._began, 1e-6)
        rate = (self._moved - self._at_start[0]) / passed_s
        waiting = (self._waited_s - self._at_start[1]) / passed_s / self._streams
        before, self._last_rate = self._last_rate, rate
        if self._is_trial:
            self._judge(now, rate, before, left_bytes)
            return
        is_flat = 0 < rate <= before * FLAT
        is_slow = rate / self._streams < FAST_BYTES_S and self._lane.bytes_per_s is None
        if is_flat and is_slow and waiting > WAITING and left_bytes > LEAST_LEFT_BYTES and self._streams < MOST_STREAMS:
            self._begin_trial(now, rate)
        else:
            self._restart(now, WINDOW_S)

    def _begin_trial(self, now: float, rate: float) -> None:
        self._before, self._is_trial, self._streams = rate, True, min(2 * self._streams, MOST_STREAMS)
        self._last_rate = 0.0
        self._restart(now, self._settle_s)

    def _judge(self, now: float, rate: float, before: float, left_bytes: int) -> None:
        if not before:  # the window in which the streams began
            self._restart(now, self._trial_s)
            self._last_rate = max(rate, 1.0)
            return
        self._is_trial = False
        if rate >= self._before * GAIN:
            self._rest_s = REST_S
            self._last_rate = rate
            if left_bytes > LEAST_LEFT_BYTES and self._streams < MOST_STREAMS:
                self._begin_trial(now, rate)
            else:
                self._restart(now, WINDOW_S)
            return
        self._streams = max(1, self._streams // 2)
        self._last_rate = 0.0
        self._restart(now, self._rest_s)
        self._rest_s = min(2 * self._rest_s, LONGEST_REST_S)
