"""TAB in the real shells: what a person sees behind what was typed."""

import subprocess
import sys
from pathlib import Path

import pytest

from storage_tui.cli.about.completion import SHELLS
from tests import wanted
from tests.terminal import Terminal

KEYS = ("tmp:maps/dem one.tif", "tmp:maps/2024/a.tif", "tmp:maps/2024/b.tif", "data:it's=odd:x", "data:maps/other.tif")
START = {
    "bash": ("--norc", "--noprofile", "-i"),
    "zsh": ("-f", "-i"),
    "fish": ("--no-config", "-i"),
}
SOURCE = {
    "bash": "source <(storage-tui completion bash)\r",
    "zsh": "autoload -U compinit; compinit -u -D; source <(storage-tui completion zsh)\r",
    "fish": "function fish_prompt; echo 'ready> '; end; storage-tui completion fish | source\r",
}


@pytest.fixture(scope="module")
def filled(home):
    """The home with blobs in its store, and the program on the PATH."""
    environ = {**home, "PATH": f"{Path(sys.executable).parent}:{home['PATH']}", "LANG": "C.UTF-8", "TERM": "xterm"}
    for key in KEYS:
        command = [sys.executable, "-m", "storage_tui", "put", "-", key]
        subprocess.run(command, input=b"x", env=environ, check=True, timeout=60)
    return environ


@pytest.fixture(params=SHELLS)
def shell(request, filled):
    """A shell at its prompt that knows how to complete."""
    own_terminal = (wanted.program("setsid"), "--ctty", "--wait")
    command = [*own_terminal, wanted.program(request.param), *START[request.param]]
    with Terminal(command, environ={**filled, "PS1": "ready> "}, columns=100, rows=12) as terminal:
        terminal.send(SOURCE[request.param], "echo it-is'-'on\r")
        terminal.wait_for("it-is-on", timeout_s=60)
        terminal.wait_for(lambda text: text.rstrip().splitlines()[-1].rstrip().endswith(">"))
        yield terminal


def press_tab(terminal, typed, wanted):
    """TAB, and again as a person would when the machine was too busy to answer in time."""
    terminal.send(typed)
    for _ in range(5):
        terminal.send("\t")
        try:
            terminal.wait_for(wanted, timeout_s=8)
        except AssertionError:
            continue
        return
    raise AssertionError(terminal.text())


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("du", "storage-tui du"),
        ("ls tmp:ma", "storage-tui ls tmp:maps/"),
        ("ls tmp:maps/20", "storage-tui ls tmp:maps/2024/"),
        ("cat tmp:maps/2024/a", "storage-tui cat tmp:maps/2024/a.tif"),
        ("cat map", "storage-tui cat maps/"),
        ("cat tmp:maps/de", r"storage-tui cat tmp:maps/dem\ one.tif"),
        ("ls prod", "storage-tui ls products:"),
        ("ls --rec", "storage-tui ls --recursive"),
    ],
)
def test_a_tab_completes(shell, typed, wanted):
    press_tab(shell, f"storage-tui {typed}", wanted)


def test_a_key_with_quotes_equals_signs_and_colons_is_one_word(shell, filled):
    press_tab(shell, "storage-tui cat data:it", "odd")
    shell.send("; echo -the-end\r")
    shell.wait_for(lambda text: "x-the-end" in text.replace("\n", "") or "x\n-the-end" in text)


def test_nothing_that_a_terminal_obeys_is_offered(run):
    run("put", "-", "tmp:bidi/a\u202eb", stdin=b"1")
    run("put", "-", "tmp:bidi/plain", stdin=b"1")
    answer = run(_STORAGE_TUI_COMPLETE="zsh_complete", _STORAGE_TUI_WORDS="storage-tui\ncat\ntmp:bidi/")
    assert answer.stdout.decode().splitlines() == ["word tmp:bidi/plain"]


def test_a_server_that_cannot_be_reached_offers_no_keys_and_says_nothing(run):
    environ = {"_STORAGE_TUI_COMPLETE": "zsh_complete", "_STORAGE_TUI_WORDS": "storage-tui\nls\nd"}
    answer = run(**environ, STORAGE_TUI_URL="http://127.0.0.1:9/storage/v1", STORAGE_TUI_TOKEN="a.b.c")
    assert (answer.stdout, answer.stderr) == (b"open data:\n", b"")


@pytest.mark.parametrize("shell_name", SHELLS)
def test_the_script_is_one_that_the_shell_accepts(run, shell_name):
    script = run("completion", shell_name).stdout
    flag = "--no-execute" if shell_name == "fish" else "-n"
    done = subprocess.run(
        [wanted.program(shell_name), flag], input=script, capture_output=True, check=False, timeout=20
    )
    assert (done.returncode, done.stderr) == (0, b"")
