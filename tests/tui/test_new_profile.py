"""A profile added from inside the browser, with the real program on a real terminal."""

import os
import sys
from pathlib import Path

from storage_tui import Storage
from tests.terminal import Terminal


def test_a_profile_is_added_and_opened(tmp_path: Path, wire: str, token: str) -> None:
    (tmp_path / "token").write_text(token)
    (tmp_path / "token").chmod(0o600)
    with Storage(wire, token=token) as storage:
        storage.set("over-there", "x")
    own = {"HOME": str(tmp_path), "STORAGE_TUI_HOME": str(tmp_path / "home"), "STORAGE_TUI_LINGER": "0"}
    environ = {**os.environ, **own, "TERM": "xterm-256color"}
    with Terminal([sys.executable, "-m", "storage_tui", "data:"], environ=environ) as terminal:
        terminal.wait_for("? help")
        terminal.send("P")
        terminal.wait_for("No profile yet")
        terminal.send("a")
        terminal.wait_for("New profile")
        terminal.send("enter")
        terminal.wait_for("A profile has a name and an address.")
        terminal.send("lab", "down", wire, "down", str(tmp_path / "token"), "enter")
        terminal.wait_for("over-there")
        terminal.wait_for("lab")
        terminal.send("P")
        terminal.wait_for("● lab")
        terminal.send("escape")
        terminal.wait_for(lambda text: "● lab" not in text)
        terminal.send("q")
        terminal.wait_for_exit()
