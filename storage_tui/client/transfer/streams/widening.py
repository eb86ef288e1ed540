"""The rule that decides how many streams a transfer has, by what it measures while it runs."""

import threading
import time
from collections.abc import Callable
from typing import Literal

from storage_tui.client.http.pace import Pace


class Widening:
    """How many streams one transfer should have. Streams report what they move; one of them asks `wanted`.

    The figures are those of `StreamRule`. A transfer begins with one stream. A second is tried when the transfer has
    more than 32 MiB left, has run for a second, and one stream is bound by the link and nothing else: its rate is below
    40 MB/s and no longer grows by a quarter from one half-second to the next, and it waits for the network for more
    than half of its time, so that neither disk nor processor is its bound. A limit that a person set ends the search.

    A busy machine looks the same, as both ends wait for its processors: loopback at 50 MB/s was taken for a slow link,
    and the further streams made it slower by a fifth to two fifths. But only a long link has a long round trip. So
    `is_long` is asked before the first trial (`RoundTrip.is_long`): below 10 ms the transfer stays at one stream to its
    end, and while nobody can say the question is put again as late as a next trial. Over a UNIX socket no stream is
    tried, unless the bytes come from further away.

    Each trial doubles the streams, up to 8, and is measured for 0.75 s (up: 2 s) after 0.5 s (up: 1.5 s). When the
    total has risen by a fifth the streams stay, and the next trial begins; when not, the link itself is the bound, the
    added streams end, and the next trial is 5 s later, then twice as late each time.

    Figures: over a link of 8 MB/s and 100 ms each way for each connection, eight streams are open after six seconds
    down, and after twelve up.
    """

    def __init__(
        self, pace: Pace, direction: Literal["up", "down"], is_long: Callable[[], bool | None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._rule, self._clock, self._is_long = pace.rule, clock, is_long
        self._knows_link = False
        self._lane = pace.up if direction == "up" else pace.down
        is_up = direction == "up"
        self._settle_s = self._rule.settle_up_s if is_up else self._rule.settle_down_s
        self._trial_s = self._rule.trial_up_s if is_up else self._rule.trial_down_s
        self._lock = threading.Lock()
        self._moved = 0
        self._waited_s = 0.0
        self._streams = 1
        self._before = 0.0  # the total rate before the trial
        self._is_trial = False
        self._rest_s = self._rule.rest_s
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
        """Have one stream to the end: more are of no use here, or the server does not do its part."""
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
            self._restart(now, self._rule.first_look_s - self._rule.window_s)
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
        is_flat = 0 < rate <= before * self._rule.flat
        is_slow = rate / self._streams < self._rule.fast_bytes_s and self._lane.bytes_per_s is None
        if (
            is_flat
            and is_slow
            and waiting > self._rule.waiting
            and left_bytes > self._rule.least_left_bytes
            and self._streams < self._rule.most_streams
        ):
            self._try_more(now, rate)
        else:
            self._restart(now, self._rule.window_s)

    def _try_more(self, now: float, rate: float) -> None:
        if not self._knows_link:
            is_long = self._is_long()
            if is_long is None:
                self._rest(now)
                return
            if not is_long:
                self.end()
                return
            self._knows_link, now = True, self._clock()
        self._begin_trial(now, rate)

    def _rest(self, now: float) -> None:
        self._last_rate = 0.0
        self._restart(now, self._rest_s)
        self._rest_s = min(2 * self._rest_s, self._rule.longest_rest_s)

    def _begin_trial(self, now: float, rate: float) -> None:
        self._before, self._is_trial, self._streams = rate, True, min(2 * self._streams, self._rule.most_streams)
        self._last_rate = 0.0
        self._restart(now, self._settle_s)

    def _judge(self, now: float, rate: float, before: float, left_bytes: int) -> None:
        if not before:  # the window in which the streams began
            self._restart(now, self._trial_s)
            self._last_rate = max(rate, 1.0)
            return
        self._is_trial = False
        if rate >= self._before * self._rule.gain:
            self._rest_s = self._rule.rest_s
            self._last_rate = rate
            if left_bytes > self._rule.least_left_bytes and self._streams < self._rule.most_streams:
                self._begin_trial(now, rate)
            else:
                self._restart(now, self._rule.window_s)
            return
        self._streams = max(1, self._streams // 2)
        self._rest(now)
