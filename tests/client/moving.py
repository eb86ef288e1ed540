"""What the tests of transfers share: how much is moved, and a transfer that runs beside the test."""

import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from storage_tui.client.batch.mover import Mover
from tests.waits import wait_for_end

SIZE = 24 * 1024 * 1024 + 12_345
MIB = 1024 * 1024
HEAD = 4096  # more than the headers of any request here


_PROCESS = """
import sys
from storage_tui import Storage
url, token, verb, path = sys.argv[1:]
getattr(Storage(url, token=token, timeout_s=30), verb)("k", path)
"""


def transfer_process(url: str, token: str, verb: str, path: Path) -> "subprocess.Popen[bytes]":
    """Begin to move the blob `k` in a process of its own; `verb` is `set_file` or `get_file`."""
    return subprocess.Popen([sys.executable, "-c", _PROCESS, url, token, verb, str(path)])


def only(folder: Path, *names: str) -> bool:
    """Whether the folder has these entries and no other."""
    return sorted(path.name for path in folder.iterdir()) == sorted(names)


def write_tree(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write the files, by their names below the folder; return the folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def leave_free(monkeypatch: pytest.MonkeyPatch, size_bytes: int) -> None:
    """Each disk has so many free bytes."""
    usage = shutil.disk_usage("/")._replace(free=size_bytes)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)


def moved_alone(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the keys that are moved by themselves from now on, not in packs. The list grows."""
    keys: list[str] = []
    move = Mover.move

    def noted(self: Mover, item: Any, *rest: Any) -> Any:
        keys.append(item.key)
        return move(self, item, *rest)

    monkeypatch.setattr(Mover, "move", noted)
    return keys


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
