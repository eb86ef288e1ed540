"""The browser killed in the middle of a move: every blob is at one of its two places."""

import os
import signal
import sys
from pathlib import Path

from storage_tui import Storage
from storage_tui.client.batch.plan import plan_upload
from storage_tui.client.batch.scheduler import Batch
from tests.terminal import Terminal
from tests.waits import wait_until

COUNT = 2500  # more than two requests of the job


def test_a_killed_move_loses_no_blob(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if name not in ("TMUX", "SSH_CONNECTION")}
    environ = {
        **kept, "HOME": str(tmp_path), "STORAGE_TUI_HOME": str(tmp_path / "home"), "TERM": "xterm-256color",
        "STORAGE_TUI_LINGER": "0",
    }  # fmt: skip
    files = tmp_path / "files"
    files.mkdir()
    for number in range(COUNT):
        (files / f"{number:04}").write_text(str(number))
    with Storage(data_dir=tmp_path / "home" / "data") as storage:
        Batch(storage.engine, plan_upload(files, "old/", "data")).run()
        with Terminal([sys.executable, "-m", "storage_tui"], columns=100, rows=24, environ=environ) as terminal:
            terminal.wait_for("? help")
            terminal.wait_for("1/1")
            terminal.send("r")
            terminal.wait_for("Rename the folder old")
            terminal.send("end", "-new")
            terminal.wait_for("old-new")
            terminal.send("enter")
            wait_until(lambda: storage.usage("old-new/").count > 0, "some are moved")
            terminal.process.send_signal(signal.SIGKILL)
            terminal.process.wait()
        names = sorted(key.partition("/")[2] for key in storage.iter_list())
        assert names == [f"{number:04}" for number in range(COUNT)]
        assert all(storage.get(f"old-new/{number:04}") == str(number).encode() for number in (0, 1, 2))
