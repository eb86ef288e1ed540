"""Regular calls to a display while a transfer runs."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from storage_tui.client.control import TransferControl

EVERY_S = 0.1  # ten calls a second look smooth and cost nothing


@contextmanager
def watching(
    control: TransferControl, show: Callable[[TransferControl], None], *, is_on: bool = True
) -> Iterator[None]:
    """Call `show` with the control ten times a second while the block runs, from another thread, and once at its end.

    With `is_on` False, never call `show`.
    """
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
