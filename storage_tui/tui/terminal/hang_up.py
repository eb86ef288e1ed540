"""A terminal that goes away without a signal, as in a container or below another program."""

import os
import select
import signal
import threading
from collections.abc import Callable
from contextlib import suppress

STANDARD_INPUT = 0
GRACE_S = 15.0  # for an orderly end: transfers stop, connections close


def when_hung_up(leave: Callable[[], object]) -> threading.Event:
    """Call `leave`, from a thread, when the terminal on standard input hangs up. The event is set before the call.

    When standard input is no terminal, or the system cannot wait for a hang-up, the call never happens.
    """
    hung_up = threading.Event()

    def watch() -> None:
        poll = select.poll()
        poll.register(STANDARD_INPUT, 0)  # a hang-up is always reported
        if any(told & select.POLLHUP for _, told in poll.poll()):
            hung_up.set()
            with suppress(RuntimeError):  # the program has ended, and its event loop with it
                leave()
            threading.Event().wait(GRACE_S)
            os._exit(128 + signal.SIGHUP)  # a call may wait for the terminal for ever; transfers can be resumed

    if hasattr(select, "poll") and os.isatty(STANDARD_INPUT):
        threading.Thread(target=watch, name="hang-up", daemon=True).start()
    return hung_up
