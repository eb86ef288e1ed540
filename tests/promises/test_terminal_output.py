"""What the real program writes to a real terminal is drawn and never obeyed, wherever hostile text comes from."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest

from tests.faults import strict_terminal
from tests.faults.hostile_server import ALL, CONTENTS, MARK, PAYLOADS, HostileServer, keys
from tests.terminal import Terminal

pytestmark = pytest.mark.slow

# Keys typed on the list, what is on the screen then and not when one is back, and the key that leads back.
WALK = (
    ("i", "Details", "escape"),
    ("y", "location", "escape"),
    ("D", "Delete ", "escape"),
    ("f", "Type what to find", "escape"),
    ("U", "1 B ━", "escape"),
    ("d", "To the local", "escape"),
    ("w", "Transfers", "escape"),
    ("L", "Log ", "escape"),
    ("t", "clean-up", "escape"),
    ("2", " tmp ▸", "1"),
)

CORNERS = "╭╰"  # of a dialog: while one moves to make room, all but one of them may be gone for a moment


@pytest.fixture
def hostile() -> Iterator[HostileServer]:
    with HostileServer() as running:
        yield running


@pytest.fixture
def environ(tmp_path: Path, runtime_base: Path) -> dict[str, str]:
    """A home of its own, with a token that has the form of one."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("STORAGE_TUI_", "DESCARTESLABS_"))
    }
    token = jwt.encode({"sub": "ann", "exp": datetime.now(UTC) + timedelta(hours=1)}, "k" * 32)
    (home / "token").write_text(token)
    (home / "token").chmod(0o600)
    return {**kept, "HOME": str(home), "TERM": "xterm-256color", "XDG_STATE_HOME": str(home / "state"),
            "XDG_CONFIG_HOME": str(home / "config"), "XDG_RUNTIME_DIR": str(runtime_base),
            "STORAGE_TUI_TOKEN_FILE": str(home / "token")}  # fmt: skip


def browser(server: HostileServer, environ: Mapping[str, str], **size: int) -> Terminal:
    return Terminal((sys.executable, "-m", "storage_tui", "--url", server.url), environ=environ, **size)


def settle(terminal: Terminal) -> None:
    """Until the program has dealt with all keys sent so far: the help is there and gone again."""
    terminal.send("?")
    terminal.wait_for(lambda text: " Help" in text.splitlines()[0])
    terminal.send("escape")
    terminal.wait_for(lambda text: " Help" not in text.splitlines()[0])


def check(terminal: Terminal) -> None:
    """What was written from the start to the end, and what became of the terminal's title."""
    terminal.send("q")
    assert terminal.wait_for_exit() == 0
    seen = strict_terminal.read(bytes(terminal.raw))
    assert seen["H"] and seen["m"]
    assert MARK not in terminal.screen.title


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("columns", "rows"), [(120, 40), (60, 20)])
def test_no_hostile_text_reaches_the_terminal_raw(
    hostile: HostileServer, environ: dict[str, str], columns: int, rows: int
) -> None:
    with browser(hostile, environ, columns=columns, rows=rows) as terminal:
        terminal.wait_for("plain.txt" if rows > 38 else "\\x07")
        for row in range(2, 17):  # past the folder, to a name that a key may have
            terminal.send("down")
            terminal.wait_for(f" {row}/")
        for key, wanted, back in WALK:
            terminal.send(key)
            terminal.wait_for(wanted)
            terminal.send(back)
            terminal.wait_for(lambda text, wanted=wanted: not any(part in text for part in (wanted, *CORNERS)))
            settle(terminal)
        for _ in keys():  # each preview beside the list
            terminal.send("down")
        settle(terminal)
        check(terminal)


@pytest.mark.timeout(240)
def test_no_preview_reaches_the_terminal_raw(hostile: HostileServer, environ: dict[str, str]) -> None:
    with browser(hostile, environ) as terminal:
        terminal.wait_for("plain.txt")
        for row, key in enumerate(keys(), start=2):  # the first one is a folder
            terminal.send("down")
            terminal.wait_for(f" {row}/{len(keys()) + 1}")
            if key in CONTENTS:
                terminal.send("\x1bOR")  # F3: the whole screen
                terminal.wait_for(lambda text, key=key: key in text.splitlines()[0])
                terminal.send("x", "x", "end", "home", "q")
                terminal.wait_for(f" {row}/{len(keys()) + 1}")
        check(terminal)


def test_local_names_are_drawn_and_not_obeyed(hostile: HostileServer, environ: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "names"
    folder.mkdir()
    for payload in PAYLOADS:
        (folder / payload.replace("/", "_")).write_bytes(b"x")
    (folder / os.fsdecode(b"\xff\x1b[6666z")).write_bytes(b"x")
    with browser(hostile, environ) as terminal:
        terminal.wait_for("plain.txt")
        terminal.send("u")
        terminal.wait_for("Local file or folder")
        terminal.send("\x15", f"{folder}/")  # the line away, then a path
        terminal.wait_for("control character U+")
        terminal.send("tab")
        terminal.wait_for("\\x1b[6666z")
        terminal.send("escape")
        terminal.wait_for(lambda text: "Local file or folder" not in text)
        check(terminal)


@pytest.mark.parametrize(
    "arguments",
    [("ls",), ("ls", "-l"), ("du",), ("rm", "data:plain.txt", "--yes"), ("cp", "data:plain.txt", "data:x"),
     ("ls", "tmp:"), ("get", "data:plain.txt", "{there}"), ("url", "data:plain.txt")],
    ids=lambda arguments: " ".join(arguments),
)  # fmt: skip
def test_no_command_writes_hostile_text_to_a_terminal(
    hostile: HostileServer, environ: dict[str, str], tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    filled = [argument.replace("{there}", str(tmp_path / "there")) for argument in arguments]
    command = (sys.executable, "-m", "storage_tui", *filled, "--url", hostile.url)
    with Terminal(command, environ=environ) as terminal:
        terminal.wait_for_exit()
        assert terminal.raw
        strict_terminal.read(bytes(terminal.raw).replace(b"\t", b" "))
        assert MARK not in terminal.screen.title


def test_a_pipe_gets_the_keys_as_they_are(hostile: HostileServer, environ: dict[str, str]) -> None:
    command = (sys.executable, "-m", "storage_tui", "ls", "--json", "--url", hostile.url)
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout


def test_the_strict_terminal_refuses_what_a_terminal_obeys() -> None:
    for payload in PAYLOADS[:15]:
        if payload != "\x1b[2J":  # erasing is what a painter does
            with pytest.raises(strict_terminal.NotAllowedError):
                strict_terminal.read(payload.encode())
    with pytest.raises(strict_terminal.NotAllowedError):
        strict_terminal.read(ALL.encode())
    assert strict_terminal.read(b"\x1b[1;1H\x1b[31mfine\x1b[0m") == {"H": 1, "m": 2}
