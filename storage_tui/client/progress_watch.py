"""Looks at a running transfer now and then, for whoever shows how far it is."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from storage_tui.client.control import TransferControl

EVERY_S = 0.1  # ten looks a second are smooth and cost nothing


@contextmanager
def watching(
    control: TransferControl, show: Callable[[TransferControl], None], *, is_on: bool = True
) -> Iterator[None]:
    """While the block runs `show` is called with the control ten times a second, from a thread of its own, and once
    more at the end of the block. With `is_on` False it is never called."""
    if not is_on:
        yield
        return
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(EVERY_S):
            show(control)

    watcher = threading.Thread(target=watch, name="storage-tui-watch", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        stop.set()
        watcher.join()
        show(control)
