"""Waits that have a bound, and that say what did not come."""

import threading
import time
from collections.abc import Callable

LIMIT_S = 60.0  # far longer than anything takes here on a busy machine


def wait_until(is_true: Callable[[], object], what: str, *, limit_s: float = LIMIT_S) -> None:
    """Look again and again until it is so."""
    deadline = time.monotonic() + limit_s
    while not is_true():
        assert time.monotonic() < deadline, f"{what}: not so after {limit_s:g} s"
        time.sleep(0.01)  # between looks


def wait_for(event: threading.Event, what: str, *, limit_s: float = LIMIT_S) -> None:
    """Until the event is set."""
    assert event.wait(limit_s), f"{what}: not so after {limit_s:g} s"


def wait_for_end(*threads: threading.Thread, limit_s: float = LIMIT_S) -> None:
    """Until the threads have ended; the bound is of each."""
    for thread in threads:
        thread.join(limit_s)
        assert not thread.is_alive(), f"{thread.name} has not ended after {limit_s:g} s"
