"""What the tests of transfers share: how much is moved, and a transfer that runs beside the test."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.waits import wait_for_end

SIZE = 24 * 1024 * 1024 + 12_345
MIB = 1024 * 1024
HEAD = 4096  # more than the headers of any request here


def only(folder: Path, *names: str) -> bool:
    """Whether the folder has these entries and no other."""
    return sorted(path.name for path in folder.iterdir()) == sorted(names)


def in_thread(work: Callable[[], Any]) -> Callable[[], Any]:
    """Begin the work; the function returned waits for it, and gives or raises what came of it."""
    outcome: list[Any] = []

    def call() -> None:
        try:
            outcome.append(work())
        except BaseException as exc:
            outcome.append(exc)

    thread = threading.Thread(target=call)
    thread.start()

    def result() -> Any:
        wait_for_end(thread)
        if isinstance(outcome[0], BaseException):
            raise outcome[0]
        return outcome[0]

    return result
