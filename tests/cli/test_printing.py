"""What the command line prints: safe on a terminal, exact in a pipe, and all of it through one door."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

import storage_tui.cli
from storage_tui import Storage
from storage_tui.client.agent.history import write_ended
from storage_tui.client.agent.snapshots import JobSnapshot
from tests.cli.test_conventions import COMMANDS
from tests.faults import strict_terminal
from tests.terminal import Terminal

KEY = "a\u202e\u200b\u3164b"  # as hostile as a key may be: the right-to-left override, and letters that draw nothing
NAME = "n\x1b]0;MARK\x07\x9b31m\u202e"  # what a local file or a user may be called
VALUE = b"\x1b]0;MARK\x07\x1b[31mred\r\n\xc2\x9b31m\xff\tend\xe2"
PIPED = (KEY, "c\u2066d")

WALK = {  # words, {there} being a directory with a hostile name
    "browse": ("browse", "--print"),
    "ls": ("ls", "-l"),
    "find": ("find", "--all-types"),
    "grep": ("grep", "-an", "red"),
    "tree": ("tree", "data:"),
    "get": ("get", f"data:{KEY}", "-"),
    "put": ("put", "-r", "{there}", "data:up/"),
    "sync": ("sync", "{there}", "data:synced/", "-v"),
    "check": ("check", "{there}", "data:synced/"),
    "transfers": ("transfers",),
    "resume": ("resume", "--list"),
    "cat": ("cat", f"data:{KEY}"),
    "cp": ("cp", f"data:{KEY}", f"data:copy/{KEY}"),
    "mv": ("mv", f"data:gone/{KEY}", f"data:copy/{KEY}"),
    "edit": ("edit", "--yes", f"data:{KEY}"),
    "touch": ("touch", f"data:{KEY}"),
    "content-type": ("content-type", f"data:{KEY}"),
    "rm": ("rm", f"data:gone/{KEY}"),
    "undelete": ("undelete", f"data:gone/{KEY}"),
    "trash": ("trash", "data:"),
    "purge": ("purge", "-r", "--yes", "data:purged/"),
    "thaw": ("thaw", f"data:{KEY}"),
    "uploads": ("uploads", "data:"),
    "du": ("du", f"data:{KEY}"),
    "show": ("show", f"data:{KEY}"),
    "sql": ("sql", f"select * from 'data:{KEY}'"),
    "diff": ("diff", f"data:{KEY}", "data:plain"),
    "url": ("url", f"data:{KEY}"),
    "web": ("web", f"data:..{NAME}"),
    "config": ("config",),
    "help": ("help", "keys"),
    "man": ("man",),
    "completion": ("completion", NAME),
    "serve": ("serve", f"--host={NAME}"),
    "token create": ("token", "create", "n\u3164"),
    "token list": ("token", "list"),
    "token revoke": ("token", "revoke", "--user", "n\u3164"),
    "token rotate-keys": ("token", "rotate-keys"),
    "quota set": ("quota", "set", KEY, "--bytes", "10G"),
    "quota show": ("quota", "show"),
    "quota load": ("quota", "load", NAME),
    "migrate": ("migrate", f"--store={NAME}"),
    "verify": ("verify",),
    "backup": ("backup", "{there}/b"),
    "restore": ("restore", "{there}/none", "--data-dir", "{there}/new"),
    "audit": ("audit",),
    "doctor": ("doctor",),
}


@pytest.fixture
def place(home, tmp_path):
    """The environment of a store with hostile keys, users and limits, and a directory with a hostile name."""
    environ = {**home, "STORAGE_TUI_HOME": str(tmp_path / "own"), "STORAGE_TUI_LINGER": "0", "TERM": "xterm-256color",
               "STORAGE_TUI_THEME": NAME, "VISUAL": "true"}  # fmt: skip
    there = tmp_path / NAME
    there.mkdir()
    (there / NAME).write_bytes(b"x")
    (there / os.fsdecode(b"\xff\x1b[6666z")).write_bytes(b"x")
    with Storage(data_dir=tmp_path / "own" / "data") as storage:
        deleted = [f"{folder}/{KEY}" for folder in ("gone", "kept", "purged")]
        for key in (*PIPED, *deleted):
            storage.set(key, VALUE)
        for key in deleted:
            storage.delete(key)
    ended = JobSnapshot(1, NAME, "upload", "data", NAME, files=1, failed=1, error=NAME, ended_at=0.0)
    write_ended(tmp_path / "own" / "state", [ended])
    return environ, there


def test_every_command_is_walked():
    assert set(WALK) == set(COMMANDS)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_no_command_prints_what_a_terminal_obeys(place):
    environ, there = place
    rows = [(name, ()) for name in WALK]
    rows += [(name, ("--json",)) for name in WALK if any("--json" in param.opts for param in COMMANDS[name].params)]
    for name, more in rows:
        words = [word.replace("{there}", str(there)) for word in WALK[name]]
        own = {key: value for key, value in environ.items() if name == "config" or key != "STORAGE_TUI_THEME"}
        with Terminal([sys.executable, "-m", "storage_tui", *words, *more], environ=own, columns=100) as terminal:
            if name == "browse":
                terminal.wait_for("1/2")
                terminal.send("q")
            terminal.wait_for_exit()
            assert terminal.raw or (name, *more) == ("quota load",), name
            assert b"Traceback" not in terminal.raw, (name, bytes(terminal.raw))
            try:
                strict_terminal.read(bytes(terminal.raw).replace(b"\t", b" "))
            except AssertionError as exc:
                raise AssertionError(f"{name} {more}: {exc}") from exc
            assert "MARK" not in terminal.screen.title


@pytest.mark.parametrize(
    ("words", "wanted"),
    [(("ls",), "".join(f"{key}\n" for key in sorted(PIPED, key=str.encode)).encode()), (("cat", f"data:{KEY}"), VALUE),
     (("get", f"data:{KEY}", "-"), VALUE), (("cp", f"data:{KEY}", "data:copy"), b"data:copy\n"),
     (("cp", f"data:{KEY}", "data:e/"), f"data:e/{KEY}\n".encode())],
)  # fmt: skip
def test_a_pipe_gets_every_byte(place, words, wanted):
    environ, _ = place
    done = subprocess.run([sys.executable, "-m", "storage_tui", *words], env=environ, capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (wanted, b"")


def test_a_local_name_that_is_no_utf8_goes_into_a_pipe_as_it_is():
    code = "from storage_tui.cli.printing import say; import os; say(os.fsdecode(b'a\\xffb')); say('\\u4e16')"
    for encoding in ("utf-8", "ascii", "latin-1"):
        environ = {**os.environ, "PYTHONIOENCODING": f"{encoding}:strict"}
        done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, check=True)
        assert done.stdout == b"a\xffb\n\xe4\xb8\x96\n"


DOOR = "printing.py"
PAINTERS = {
    "first_look.py": "draws the list on the screen, its names through visible",
    "first_keys.py": "writes one byte into a pipe of its own, which wakes the reader of keys",
}
WAYS = {"echo", "secho", "echo_via_pager", "prompt", "confirm", "pause", "progressbar", "getchar", "edit", "launch",
        "get_text_stream", "get_binary_stream", "get_text_stdout", "writelines"}  # fmt: skip


def test_nothing_else_in_the_command_line_prints():
    for path in Path(storage_tui.cli.__file__).parent.glob("*.py"):
        if path.name == DOOR or path.name in PAINTERS:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            where = f"{path.name}:{getattr(node, 'lineno', 0)}: print through {DOOR}"
            if isinstance(node, ast.Name):
                assert node.id != "print", where
            if isinstance(node, ast.Attribute):
                owner = ast.unparse(node.value)
                assert not (owner == "click" and node.attr in WAYS and hasattr(click, node.attr)), where
                is_stream = owner in ("sys.stdout", "sys.stderr", "sys.__stdout__", "sys.__stderr__")
                assert not (is_stream and node.attr in ("write", "writelines", "buffer")), where
                assert (owner, node.attr) not in (("os", "write"), ("os", "writev")), where
