"""The one place that decides whether a request or a transfer is tried again, and after how many seconds."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from storage_tui.client.control import TransferControl
from storage_tui.client.http.outage import Outage
from storage_tui.client.requests import RETRY_AFTER_LIMIT_S, Request, Response
from storage_tui.contract.errors import (
    BadRequestError,
    ConnectError,
    DeadlineError,
    IncompleteBodyError,
    RateLimitError,
    ReadOnlyError,
    SignInError,
    StorageError,
    TransferInterruptedError,
    UnavailableError,
)
from storage_tui.contract.wire import ERROR_CODE

FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 10.0
PATIENCE_S = 300.0  # without a choice of the caller: longer than a restart of a server or of a router
FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 30.0  # a server that is back is used within this time
RETRIES_OF_RETRY = 10  # urllib3's own default, for a Retry that names no count
AGAIN = frozenset({429, 502, 503, 504})  # the request was not carried out, or the server asks for a repeat
AGAIN_WHEN_IDEMPOTENT = frozenset({408, 500})
AWAY = (ConnectError, DeadlineError, RateLimitError, TransferInterruptedError, UnavailableError)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often to try again (`retries`, 0 for never), and how long to wait before each try.

    `connect`, `read` and `status` are lower limits for one kind of failure: no connection, a broken exchange, an answer
    that asks for another try. `statuses` are further such answers, for requests that may be repeated. With
    `backoff_s` the first pause is none, the second twice these seconds, and each further one twice the one before, up
    to `longest_s`; without it this client chooses the pauses. `patience_s` is how long a transfer waits, after these
    tries, for a server that is away: None for PATIENCE_S once the server has answered at all, and for no wait with
    `retries=0`.
    """

    retries: int = 3
    connect: int | None = None
    read: int | None = None
    status: int | None = None
    statuses: frozenset[int] = frozenset()
    backoff_s: float | None = None
    longest_s: float = LONGEST_PAUSE_S
    patience_s: float | None = None

    def __post_init__(self) -> None:
        counts = (self.retries, *(count for count in (self.connect, self.read, self.status) if count is not None))
        if not all(isinstance(count, int) and count >= 0 for count in counts):
            raise BadRequestError(f"retries is a whole number, 0 for no second try, not {self.retries!a:.40}")
        patience_s = self.patience_s
        if patience_s is not None and (not isinstance(patience_s, int | float) or not patience_s >= 0):
            raise BadRequestError(f"patience_s is a number of seconds, 0 for no wait, not {patience_s!a:.40}")

    def waits_s(self, *, was_reached: bool) -> float:
        """Return how many seconds a transfer waits for a server that is away, and that once answered or never did."""
        if self.patience_s is None:
            return PATIENCE_S if was_reached and self.retries else 0.0
        return float(self.patience_s)

    def most(self, error: StorageError | None) -> int:
        """Return how many further tries there are after failures like this error; None is an answer."""
        if error is None:
            limit = self.status
        else:
            limit = self.connect if isinstance(error, ConnectError) else self.read
        return self.retries if limit is None else min(limit, self.retries)

    def pause_s(self, attempt: int, retry_after_s: float | None = None) -> float:
        """Return the seconds to wait after attempt number `attempt` (from 1).

        The pause grows exponentially with full jitter, so that clients that failed together do not return together. The
        pause is at least `retry_after_s`, the wait that the server asked for.
        """
        least = float(retry_after_s or 0)
        if self.backoff_s:
            return max(least, 0.0 if attempt == 1 else min(self.backoff_s * 2.0 ** (attempt - 1), self.longest_s))
        ceiling = min(FIRST_PAUSE_S * 2.0 ** (attempt - 1), LONGEST_PAUSE_S)
        return max(least, random.uniform(0.0, ceiling))


def policy_of(retries: Any) -> RetryPolicy:
    """Return the policy for a number of retries, or for a `Retry` of urllib3, which the published client takes.

    Of a Retry the counts `total`, `connect`, `read` and `status`, the `status_forcelist` and the backoff are used. A
    request that must not be repeated is never repeated, whatever `allowed_methods` says. None is three retries. Raise
    BadRequestError for other values.
    """
    if retries is None:
        return RetryPolicy()
    if isinstance(retries, RetryPolicy):
        return retries
    if not hasattr(retries, "total"):
        return RetryPolicy(retries)
    counts = {name: _count(getattr(retries, name, None)) for name in ("total", "connect", "read", "status")}
    total = counts.pop("total")
    if total is None:
        total = max((count for count in counts.values() if count is not None), default=RETRIES_OF_RETRY)
    longest = getattr(retries, "backoff_max", getattr(retries, "DEFAULT_BACKOFF_MAX", LONGEST_PAUSE_S))
    return RetryPolicy(
        total,
        **counts,
        statuses=frozenset(map(int, getattr(retries, "status_forcelist", None) or ())),
        backoff_s=getattr(retries, "backoff_factor", None),
        longest_s=longest,
    )


def _count(value: Any) -> int | None:
    return int(value) if value is not None and not isinstance(value, float) else None


class Attempts:
    """The attempts of one request: for each outcome, the pause before the next try."""

    def __init__(self, request: Request, policy: RetryPolicy) -> None:
        self._request = request
        self._policy = policy
        self._made = 0
        self._of_kind: dict[type, int] = {}

    def pause_after_error(self, error: StorageError) -> float:
        """Return the pause in seconds after a failed exchange; raise `error` when there is no further try."""
        self._made += 1
        may_repeat = error.retryable and (self._request.is_idempotent or isinstance(error, ConnectError))
        if not may_repeat or not self._may_go_on(error):
            raise error
        return self._policy.pause_s(self._made)

    def pause_after_answer(self, response: Response) -> float | None:
        """Return the pause in seconds after an answer; None when the answer is final."""
        self._made += 1
        asked = response.retry_after_s
        if response.headers.get(ERROR_CODE.lower()) == SignInError.code:
            return None  # no pause of a request is as long as a sign-in; only transfers wait
        passing = response.status in AGAIN or (response.status == 403 and asked is not None)
        if self._request.is_idempotent:
            passing = passing or response.status in AGAIN_WHEN_IDEMPOTENT | self._policy.statuses
        elif response.status in (502, 504):
            passing = False  # the server behind the proxy may have carried it out
        if not passing or not self._may_go_on(None) or (asked or 0) > RETRY_AFTER_LIMIT_S:
            return None
        return self._policy.pause_s(self._made, asked)

    def _may_go_on(self, error: StorageError | None) -> bool:
        kind = ConnectError if isinstance(error, ConnectError) else type(None) if error is None else StorageError
        self._of_kind[kind] = self._of_kind.get(kind, 0) + 1
        return self._made <= self._policy.retries and self._of_kind[kind] <= self._policy.most(error)


class Patience:
    """The attempts of one transfer. The count restarts when the transfer makes progress: a long one may break often.

    After the tries of the policy, the transfer waits for a server that is away: one that refuses connections, is
    silent, breaks them or answers 429, 502, 503 or 504. It asks again after up to LONGEST_WAIT_S seconds, until the
    policy's `patience_s` has passed without progress.
    """

    def __init__(
        self, policy: RetryPolicy, outage: Outage, control: TransferControl, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._policy = policy
        self._outage = outage
        self._control = control
        self._clock = clock
        self._failures = 0
        self._waits = 0
        self._reached = -1

    def wait_after(self, error: StorageError, *, reached: int) -> None:
        """Wait before another try at byte `reached`; a break because of a pause does not count as a failure.

        Raise `error` when there is no further try, CancelledError when the transfer was cancelled.
        """
        self._control.check()
        if self._control.is_paused:
            return
        if not (error.retryable or isinstance(error, IncompleteBodyError)):
            raise error
        if reached > self._reached:
            self._failures, self._waits, self._reached = 0, 0, reached
            self._control.stalled_since = None
        if self._control.stalled_since is None:
            self._control.stalled_since = self._clock()
        self._failures += 1
        asked = _asked(error)
        if self._failures > self._policy.most(error) or asked > RETRY_AFTER_LIMIT_S:
            self.wait_longer(error)
            return
        self._outage.failed()
        self._control.sleep(self._policy.pause_s(self._failures, asked))

    def wait_longer(self, error: StorageError) -> None:
        """Wait for a server that is away before another try, without the short tries of the policy before.

        Raise `error` when the server is not away, or was for too long already; CancelledError when the transfer was
        cancelled.
        """
        if not isinstance(error, AWAY) or isinstance(error, ReadOnlyError):  # somebody must mend its disk first
            raise error
        self._control.check()
        if self._control.is_paused:
            return
        longest_s = self._policy.waits_s(was_reached=self._outage.was_reached)
        if not longest_s:
            raise error
        now = self._clock()
        since = self._control.stalled_since = self._control.stalled_since or now
        left_s = longest_s - max(now - since, self._outage.failed())
        if left_s <= 0 or _asked(error) > left_s:
            raise error
        self._waits += 1
        ceiling = min(FIRST_WAIT_S * 2.0 ** (self._waits - 1), LONGEST_WAIT_S)
        pause_s = min(left_s, max(_asked(error), random.uniform(ceiling / 2, ceiling)))
        self._outage.wait(error.message, longest_s, pause_s)
        self._control.waits_for = error.message
        try:
            self._control.sleep(pause_s)
        finally:
            self._control.waits_for = ""


def _asked(error: StorageError) -> float:
    """Return the seconds of the answer's Retry-After; 0 without one."""
    return float(error.retry_after_s or 0) if isinstance(error, RateLimitError | UnavailableError) else 0.0
