"""TAB and Enter on hostile keys in the real shells: the program gets the key, and the shell runs nothing of it."""

import json
import subprocess
import sys
import time

import pytest

from storage_tui.cli.about import shell_words
from tests import wanted
from tests.cli.test_completion import SOURCE, START
from tests.effort import count
from tests.terminal import Terminal

pytestmark = pytest.mark.slow

HOSTILE = (
    "a$(touch RAN)z", "$(touch RAN)", "`touch RAN`", "a`touch RAN`z", '"; touch RAN; "', "'; touch RAN; '",
    "; touch RAN", "& touch RAN &", "| touch RAN", "> RAN", "a > RAN b", "$HOME", "${HOME}", "$((1+1))", "$'\\x41'",
    '$"x"', "!!", "!touch", "a!b", "!$", "!", '"!"', "'!'", "\\", "a\\", "\\\\", "a\\'b", 'a\\"b', "'", "''", "'a",
    "a'", "it's", '"', '""', '"a', 'a"', "a\"b'c", "'\"'\"'", "'$(touch RAN)'", '"$(touch RAN)"', "\\$(touch RAN)",
    "\\`touch RAN`", "$(touch RAN", "(touch RAN)", "{a,b}", "*", "?", "[a]", "~", "~root", "#x", "a #b", " a", "a ",
    "a  b", "-rf", "--help", "=ls", "a=b", "a:b", "x:y=z", "@h", "a@b", "%1", "^a^b", "a^b", "<(touch RAN)",
    ">(touch RAN)", "$[1+1]", "a;b", "a|b&c", "\u00e9'$(touch RAN)", '\u4e16"$(touch RAN)', "$", "a$", "$ ", "\\!",
    "\\!!", "!\\", "'!!'$(touch RAN)", "\"'!!'\"", "$%", "a+b,c",
)  # fmt: skip
TWINS = ("a'$(touch RAN)\"!1", "a'$(touch RAN)\"!2")  # a TAB inserts what they share
EVERY = count(6, 1)  # of the keys is tried in a shell and quote
QUOTES = [(shell, quote) for shell in ("bash", "zsh") for quote in ("", '"', "'", "$'")] + [
    ("bash", '$"'), ("fish", ""), ("fish", '"'), ("fish", "'"),
]  # fmt: skip
FILL = """
import json, os, sys
from pathlib import Path
from storage_tui import Storage
with Storage(data_dir=Path(os.environ["STORAGE_TUI_HOME"]) / "data") as storage:
    for key in json.load(sys.stdin):
        storage.set(key, b"x")
"""
PROGRAM = """#!/bin/sh
if [ -n "$_STORAGE_TUI_COMPLETE" ] || [ "$1" = completion ]; then exec {python} -m storage_tui "$@"; fi
printf '%s\\0' "$@" >> {heard}; printf '\\036' >> {heard}
"""


@pytest.fixture(scope="module")
def stand_in(home, tmp_path_factory):
    """The environment, with a `storage-tui` that completes as the real one and otherwise notes its words in a file."""
    folder = tmp_path_factory.mktemp("stand-in")
    program, heard = folder / "storage-tui", folder / "heard"
    program.write_text(PROGRAM.format(python=sys.executable, heard=heard))
    program.chmod(0o755)
    heard.touch()
    keys = [f"{number:02}/{key}" for number, key in enumerate(HOSTILE)] + [f"twins/{key}" for key in TWINS]
    environ = {**home, "PATH": f"{folder}:{home['PATH']}", "LANG": "C.UTF-8", "TERM": "xterm", "PS1": "ready> "}
    environ["STORAGE_TUI_LINGER"] = "200"
    subprocess.run([sys.executable, "-c", FILL], input=json.dumps(keys), text=True, env=environ, check=True)
    return environ, heard


@pytest.mark.timeout(400)
@pytest.mark.parametrize(("shell", "quote"), QUOTES)
def test_a_hostile_key_is_completed_to_itself_and_runs_nothing(stand_in, tmp_path, shell, quote):
    environ, heard = stand_in
    command = [wanted.program("setsid"), "--ctty", "--wait", wanted.program(shell), *START[shell]]
    with Terminal(command, environ=environ, columns=200, rows=12, cwd=tmp_path) as terminal:
        terminal.send(SOURCE[shell], "echo it-is'-'on\r")
        terminal.wait_for("it-is-on", timeout_s=60)
        mine = QUOTES.index((shell, quote)) % EVERY  # so that all the shells together meet every key in each form
        for number, key in [*enumerate(HOSTILE)][mine::EVERY]:
            before = heard.stat().st_size
            terminal.send(f"storage-tui cat {quote}data:{number:02}/", "\t", "\r")
            assert said(heard, before, terminal) == ["cat", f"data:{number:02}/{key}"]
            assert list(tmp_path.iterdir()) == []
        before = heard.stat().st_size
        terminal.send(f"storage-tui cat {quote}data:twins/", "\t", f"1{shell_words.OPENING.get(quote, '')}", "\r")
        assert said(heard, before, terminal) == ["cat", f"data:twins/{TWINS[0]}"]
        assert list(tmp_path.iterdir()) == []


def said(heard, start, terminal, limit_s=20):
    """The words with which the program was started next."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        told = heard.read_bytes()[start:]
        if told.endswith(b"\0\x1e"):
            return [word.decode() for word in told[:-2].split(b"\0")]
        time.sleep(0.01)  # between looks
    raise AssertionError(terminal.text())


@pytest.mark.parametrize("quote", ["", *shell_words.OPENING])
def test_what_is_written_in_a_quote_is_read_back_as_the_value(quote):
    for value in HOSTILE:
        line = f"cat {quote}data:{shell_words.write(value, quote)}{shell_words.OPENING.get(quote, '')}"
        found = shell_words.split(line)
        assert (found.words, found.quote, found.is_literal) == (["cat", f"data:{value}"], "", True)


@pytest.mark.parametrize(
    "line", ["cat $HOME/", 'cat "$HOME/', "cat $(id)/", "cat `id`", 'cat "a`id', "cat $'\\n", 'cat $"$x']
)
def test_nothing_is_offered_behind_what_only_the_shell_knows(line):
    assert not shell_words.split(line).is_literal
