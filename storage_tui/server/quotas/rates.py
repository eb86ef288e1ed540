"""Requests per minute: a token bucket for each user and class, as large as a minute's requests.

Each server counts only the requests that it answers: N servers on one engine let through up to N times as much.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable

from storage_tui.contract.counts import plural
from storage_tui.contract.errors import RateLimitError

WINDOW_S = 60.0
ROUNDING = 1e-9  # of a level that was refilled in many small parts
MAX_BUCKETS = 10_000  # of the users seen last; a user who is dropped begins with a full bucket


class Rates:
    """The buckets of all users."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()  # level, and its time

    def take(self, namespace: str, request_class: str, per_minute: int) -> None:
        """Count one request; raise RateLimitError when the requests of the minute are used up. The error carries the
        whole seconds to wait."""
        now = self._clock()
        name = (namespace, request_class)
        level, since = self._buckets.pop(name, (float(per_minute), now))
        level = min(level + (now - since) * per_minute / WINDOW_S, float(per_minute))
        is_free = level > 1.0 - ROUNDING
        self._buckets[name] = (max(level - 1.0, 0.0) if is_free else level, now)
        if len(self._buckets) > MAX_BUCKETS:
            self._buckets.popitem(last=False)
        if not is_free:
            wait_s = max(1, math.ceil((1.0 - level) * WINDOW_S / per_minute))
            raise RateLimitError(
                f"you may {request_class} {plural(per_minute, 'time')} a minute; try again in {wait_s} s",
                retry_after_s=wait_s,
            )
