"""The one place that decides whether a request or a transfer is tried again, and after how many seconds."""

import random
from dataclasses import dataclass

from storage_tui.client.control import TransferControl
from storage_tui.client.requests import RETRY_AFTER_LIMIT_S, Request, Response
from storage_tui.contract.errors import (
    BadRequestError,
    ConnectError,
    IncompleteBodyError,
    RateLimitError,
    StorageError,
    UnavailableError,
)

FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 10.0
AGAIN = frozenset({429, 502, 503, 504})  # the request was not carried out, or the server asks for a repeat
AGAIN_WHEN_IDEMPOTENT = frozenset({408, 500})


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often to try again (`retries`, 0 for never), and how long to wait before each try."""

    retries: int = 3

    def __post_init__(self) -> None:
        if not isinstance(self.retries, int) or self.retries < 0:
            raise BadRequestError(f"retries is a whole number, 0 for no second try, not {self.retries!a:.40}")

    def pause_s(self, attempt: int, retry_after_s: int | None = None) -> float:
        """Return the seconds to wait after attempt number `attempt` (from 1).

        The pause grows exponentially with full jitter, so that clients that failed together do not return together. The
        pause is at least `retry_after_s`, the wait that the server asked for.
        """
        ceiling = min(FIRST_PAUSE_S * 2.0 ** (attempt - 1), LONGEST_PAUSE_S)
        return max(float(retry_after_s or 0), random.uniform(0.0, ceiling))


class Attempts:
    """The attempts of one request: for each outcome, the pause before the next try."""

    def __init__(self, request: Request, policy: RetryPolicy) -> None:
        self._request = request
        self._policy = policy
        self._made = 0

    def pause_after_error(self, error: StorageError) -> float:
        """Return the pause in seconds after a failed exchange; raise `error` when there is no further try."""
        self._made += 1
        may_repeat = error.retryable and (self._request.is_idempotent or isinstance(error, ConnectError))
        if not may_repeat or self._made > self._policy.retries:
            raise error
        return self._policy.pause_s(self._made)

    def pause_after_answer(self, response: Response) -> float | None:
        """Return the pause in seconds after an answer; None when the answer is final."""
        self._made += 1
        asked = response.retry_after_s
        passing = response.status in AGAIN or (response.status == 403 and asked is not None)
        if self._request.is_idempotent:
            passing = passing or response.status in AGAIN_WHEN_IDEMPOTENT
        elif response.status in (502, 504):
            passing = False  # the server behind the proxy may have carried it out
        if not passing or self._made > self._policy.retries or (asked or 0) > RETRY_AFTER_LIMIT_S:
            return None
        return self._policy.pause_s(self._made, asked)


class Patience:
    """The attempts of one transfer. The count restarts when the transfer makes progress: a long one may break often."""

    def __init__(self, policy: RetryPolicy, control: TransferControl) -> None:
        self._policy = policy
        self._control = control
        self._failures = 0
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
            self._failures, self._reached = 0, reached
        self._failures += 1
        asked = error.retry_after_s if isinstance(error, RateLimitError | UnavailableError) else None
        if self._failures > self._policy.retries or (asked or 0) > RETRY_AFTER_LIMIT_S:
            raise error
        self._control.sleep(self._policy.pause_s(self._failures, asked))
