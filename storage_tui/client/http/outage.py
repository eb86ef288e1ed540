"""Whether the server of a session answers: since when it does not, why, and when it is asked again."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

FORGET_S = 120.0  # transfers that wait ask more often; after so long without a try, what failed before says nothing

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A wait for a server: why, for how many seconds so far and at most, and the seconds until the next try."""

    reason: str
    waited_s: float
    longest_s: float
    next_try_s: float


class Outage:
    """The outage of one server, shared by all transfers of a session, in any thread.

    `on_change` is called with a Waiting when a wait begins, and with None when the server answers again; for people who
    should hear of it once, however many transfers wait.
    """

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self.on_change: Callable[[Waiting | None], object] | None = None
        self.was_reached = False  # since the start of the session
        self._clock = clock
        self._lock = threading.Lock()
        self._since: float | None = None  # of the first failure after the last answer
        self._failed_at = 0.0
        self._reason = ""
        self._longest_s = 0.0
        self._next_try = 0.0
        self._is_told = False

    @property
    def waiting(self) -> Waiting | None:
        """Return the wait of a transfer for the server; None while the server answers."""
        with self._lock:
            return self._waiting() if self._is_told else None

    def answered(self) -> None:
        """Report an answer of the server."""
        self.was_reached = True
        if self._since is None:  # the usual case, without the lock
            return
        with self._lock:
            was_told, self._is_told, self._since = self._is_told, False, None
            if was_told and self.on_change is not None:
                self.on_change(None)

    def failed(self) -> float:
        """Report a failure to reach the server; return the seconds since the first one after the last answer, or after
        the last time in which nobody tried."""
        with self._lock:
            now = self._clock()
            if self._since is None or now - max(self._failed_at, self._next_try) > FORGET_S:
                self._since = now
            self._failed_at = now
            return now - self._since

    def wait(self, reason: str, longest_s: float, pause_s: float) -> None:
        """Report that a transfer waits `pause_s` seconds before it asks the server again."""
        with self._lock:
            if self._since is None:
                self._since = self._clock()
            self._reason, self._longest_s, self._next_try = reason, longest_s, self._clock() + pause_s
            was_told, self._is_told = self._is_told, True
            if not was_told and self.on_change is not None:
                self.on_change(self._waiting())

    def _waiting(self) -> Waiting:
        now = self._clock()
        return Waiting(self._reason, now - (self._since or now), self._longest_s, max(0.0, self._next_try - now))
