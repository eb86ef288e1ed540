"""The link to the terminal: how fast it takes output, and whether a large paint is still on its way.

What is written waits in buffers of the kernel and of sshd (RFC 4254 5.2: a window, two megabytes in OpenSSH), so a
write that returns says nothing about the screen. So a large paint is followed by a question (ECMA-48 8.3.35, Device
Status Report), which the terminal answers once it has read all that came before.
"""

from collections.abc import Callable
from contextlib import suppress
from time import monotonic

ASK = b"\x1b[5n"
ANSWER = b"\x1b[0n"
ASK_FROM_BYTES = 2048  # a smaller paint says little about the rate, and a step of the cursor stays as short as it is
AWAY_S = 10.0  # an answer later than this tells of a machine that slept or a terminal that was stopped, not of the link
QUICK_S = 0.02  # a paint that needs no longer than this beside the way there and back was not slowed down
LEAVE_S = 1.0  # at the end an answer on its way is waited for this long: else the shell would get it as typed text


class Link:
    """Measures by questions and answers. A terminal that never answers counts as fast.

    `clock` returns seconds.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self.bytes_per_s: float | None = None
        """The rate of the last large paint; None for a link that slows nothing down."""
        self._clock = clock
        self._waiting: list[Callable[[], object]] = []
        self._asked_at: float | None = None
        self._asked_bytes = 0
        self._trip_s: float | None = None  # the least time of a question and its answer; None before the first answer

    @property
    def is_asking(self) -> bool:
        """Whether an answer is on its way."""
        return self._asked_at is not None

    @property
    def is_busy(self) -> bool:
        """Whether a large paint is on its way to a terminal that answers."""
        return self._trip_s is not None and self.is_asking

    def asks_after(self, size_bytes: int, *, always: bool = False) -> bool:
        """Return whether a question follows a paint of so many bytes, and take the question as sent."""
        if self.is_asking or not (always or (size_bytes >= ASK_FROM_BYTES and self._trip_s is not None)):
            return False
        self._asked_at, self._asked_bytes = self._clock(), size_bytes
        return True

    def answered(self) -> None:
        """Take the answer of the terminal."""
        if self._asked_at is None:
            return
        took_s = self._clock() - self._asked_at
        self._trip_s = took_s if self._trip_s is None else min(self._trip_s, took_s)
        if self._asked_bytes >= ASK_FROM_BYTES and took_s < AWAY_S:
            slowed_s = took_s - self._trip_s
            self.bytes_per_s = self._asked_bytes / slowed_s if slowed_s > QUICK_S else None
        self.give_up()

    def give_up(self) -> None:
        """Wait for no answer any more: what waits goes on."""
        self._asked_at = None
        waiting, self._waiting = self._waiting, []
        for go_on in waiting:
            go_on()

    def when_free(self, go_on: Callable[[], object]) -> None:
        """Call `go_on` once the large paint that is on its way has arrived; at once where none is."""
        if self.is_busy:
            self._waiting.append(go_on)
        else:
            go_on()

    def forget(self, go_on: Callable[[], object]) -> None:
        """Do not call `go_on` any more."""
        with suppress(ValueError):
            self._waiting.remove(go_on)

    def seconds_for(self, size_bytes: int) -> float:
        """Return how long so many bytes would take on this link; 0 where nothing slows them down."""
        return 0.0 if self.bytes_per_s is None else size_bytes / self.bytes_per_s
