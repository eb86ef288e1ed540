"""`storage-tui edit` and `touch`, with editors that are scripts."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.terminal import Terminal

APPEND = """#!/bin/sh
printf 'changed\\n' >> "$1"
"""
FAIL = """#!/bin/sh
printf 'half' > "$1"
exit 3
"""
KILLED = """#!/bin/sh
printf 'half' > "$1"
kill -9 $$
"""
CRASH = """#!/bin/sh
printf 'work' > "$1"
kill -9 $PPID
"""
REMOVE = """#!/bin/sh
rm "$1"
"""


@pytest.fixture
def editor(tmp_path):
    """Makes an editor of a script; returns its path."""

    def make(text):
        path = tmp_path / "editor"
        path.write_text(text)
        path.chmod(0o700)
        return str(path)

    return make


@pytest.fixture
def run(run, tmp_path):
    """As `run`, with a store of one's own."""

    def call(*args, **options):
        return run(*args, STORAGE_TUI_HOME=str(tmp_path / "own"), **options)

    return call


def copies(tmp_path):
    return sorted(path for path in (tmp_path / "own" / "state" / "edits").glob("*/*"))


def test_an_edit_is_written_back_and_leaves_no_copy(run, editor, tmp_path):
    run("put", "-", "data:a.txt", stdin=b"one\n")
    done = run("edit", "-y", "data:a.txt", VISUAL=editor(APPEND))
    assert done.stdout == b"data:a.txt\n"
    assert run("cat", "data:a.txt").stdout == b"one\nchanged\n"
    assert not copies(tmp_path)
    made = json.loads(run("edit", "-y", "--json", "tmp:new/b.json", EDITOR=editor(APPEND), VISUAL="").stdout)
    assert (made["storage_type"], made["key"], made["size"]) == ("tmp", "new/b.json", 8)


@pytest.mark.parametrize(
    ("script", "words"), [(FAIL, b"editor ended with 3"), (KILLED, b"editor was killed by SIGKILL")]
)
def test_an_editor_that_fails_writes_nothing_and_the_copy_is_named(run, editor, tmp_path, script, words):
    run("put", "-", "data:a.txt", stdin=b"one\n")
    failed = run("edit", "-y", "data:a.txt", VISUAL=editor(script), code=1)
    assert words + b"; nothing was written" in failed.stderr
    (copy,) = copies(tmp_path)
    assert f"the edited copy is {copy}".encode() in failed.stderr
    assert run("cat", "data:a.txt").stdout == b"one\n"
    refused = run("edit", "-y", "data:a.txt", VISUAL=editor(APPEND), code=4)
    assert b"was not written back" in refused.stderr
    run("edit", "-y", "--fresh", "data:a.txt", VISUAL=editor(APPEND))
    assert run("cat", "data:a.txt").stdout == b"one\nchanged\n"
    assert not copies(tmp_path)


@pytest.mark.parametrize("script", ["true", REMOVE])
@pytest.mark.parametrize("location", ["data:a.txt", "data:new.txt"])
def test_an_unchanged_file_writes_nothing(run, editor, tmp_path, script, location):
    run("put", "-", "data:a.txt", stdin=b"one\n")
    done = run("edit", "-y", location, VISUAL=script if script == "true" else editor(script))
    assert b"is unchanged; nothing was written" in done.stderr
    assert run("ls").stdout == b"a.txt\n"
    assert not copies(tmp_path)


def test_a_killed_edit_leaves_its_work_and_the_next_goes_on(run, editor, tmp_path):
    run("put", "-", "data:a.txt", stdin=b"one\n")
    environ = {**os.environ, "STORAGE_TUI_HOME": str(tmp_path / "own"), "VISUAL": editor(CRASH), "HOME": str(tmp_path)}
    killed = subprocess.run(
        [sys.executable, "-m", "storage_tui", "edit", "-y", "data:a.txt"], env=environ, check=False, timeout=60
    )
    assert killed.returncode == -signal.SIGKILL
    (copy,) = copies(tmp_path)
    assert copy.read_bytes() == b"work"
    environ |= {"VISUAL": editor(APPEND), "TERM": "xterm-256color"}
    with Terminal([sys.executable, "-m", "storage_tui", "edit", "data:a.txt"], environ=environ) as terminal:
        terminal.wait_for("going on with the edit of")
        terminal.wait_for("Write back data:a.txt, 4 B before, 12 B now?")
        terminal.send("y", "enter")
        assert terminal.wait_for_exit() == 0
    assert run("cat", "data:a.txt").stdout == b"workchanged\n"
    assert not copies(tmp_path)


def test_a_no_keeps_the_copy_and_says_where(run, editor, tmp_path):
    run("put", "-", "data:a.txt", stdin=b"one\n")
    environ = {**os.environ, "STORAGE_TUI_HOME": str(tmp_path / "own"), "VISUAL": editor(APPEND),
               "HOME": str(tmp_path), "TERM": "xterm-256color"}  # fmt: skip
    with Terminal([sys.executable, "-m", "storage_tui", "edit", "data:a.txt"], environ=environ) as terminal:
        terminal.wait_for("It is written only if nobody has changed the stored blob (data: kept until deleted).")
        terminal.send("n", "enter")
        terminal.wait_for("the edited copy is")
        assert terminal.wait_for_exit() == 130
    assert run("cat", "data:a.txt").stdout == b"one\n"
    (copy,) = copies(tmp_path)
    assert copy.read_bytes() == b"one\nchanged\n"


def test_what_changed_meanwhile_stays(run, editor, tmp_path):
    run("put", "-", "data:a.txt", stdin=b"one\n")
    script = f'#!/bin/sh\nprintf mine > "$1"\necho theirs | "{sys.executable}" -m storage_tui put -f -q - data:a.txt\n'
    lost = run("edit", "-y", "data:a.txt", VISUAL=editor(script), PYTHONPATH=str(Path.cwd()), code=4)
    assert b"'data:a.txt' was changed by somebody meanwhile and is as they left it; yours is data:a.mine.txt" in (
        lost.stderr
    )
    assert run("cat", "data:a.txt").stdout == b"theirs\n"
    assert run("cat", "data:a.mine.txt").stdout == b"mine"


@pytest.mark.parametrize(
    ("location", "code", "words"),
    [("products:p", 4, b"cannot be edited: products is upload only; upload under a new key"),
     ("data:", 2, b"is a folder"), ("data:d/", 2, b"is a folder"), ("data:d", 3, b"data:d is a folder")],
)  # fmt: skip
def test_what_no_editor_opens_is_refused_before_the_editor(run, editor, tmp_path, location, code, words):
    run("put", "-", "products:p", stdin=b"x")
    run("put", "-", "data:d/a", stdin=b"x")
    refused = run("edit", "-y", location, VISUAL=editor(f"#!/bin/sh\ntouch {tmp_path}/ran\n"), code=code)
    assert words in refused.stderr
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("wanted", ["none-such", "vi '", "./editor", "''"])
def test_an_editor_that_is_not_there_is_one_line(run, wanted):
    refused = run("edit", "-y", "data:a", VISUAL=wanted, code=1)
    assert refused.stderr.count(b"\n") == 1
    assert b"VISUAL" in refused.stderr


def test_without_a_terminal_nobody_can_answer(run):
    assert b"standard input is no terminal; give --yes" in run("edit", "data:a", code=2).stderr


def test_touch_keeps_blobs_of_tmp_and_refuses_the_rest_in_one_line(run):
    for name in ("d/a", "d/b", "c"):
        run("put", "-", f"tmp:{name}", stdin=b"x")
    assert run("touch", "tmp:c").stdout.startswith(b"tmp:c: expires in 6d 23h")
    assert run("touch", "-r", "tmp:d").stdout == b"2 blobs kept for seven days from now\n"
    assert json.loads(run("touch", "--json", "tmp:c").stdout)["key"] == "c"
    refused = run("touch", "tmp:c", "data:x", code=4)
    assert refused.stderr == (
        b"storage-tui: blobs of data do not expire (kept until deleted); only those of tmp do\n"
    )  # fmt: skip
    assert run("touch", "tmp:none", code=3).stdout == b""
    assert b"give -r" in run("touch", "tmp:d", code=3).stderr


def test_touch_takes_patterns_and_limits(run):
    for key in ("p/a.npy", "p/deep/b.npy", "p/c.txt"):
        run("put", "-", f"tmp:{key}", stdin=b"12345")
    assert run("touch", "tmp:p/**/*.npy").stdout == b"2 blobs kept for seven days from now\n"
    told = [json.loads(line) for line in run("touch", "--json", "tmp:p/*", "--larger", "4").stdout.splitlines()]
    assert [row["key"] for row in told] == ["p/a.npy", "p/c.txt"]
    assert run("touch", "-r", "tmp:p", "--expires-within", "1d").stdout == b""
    assert run("touch", "tmp:p/*.tif", code=3).stderr == b"storage-tui: nothing matches tmp:p/*.tif\n"


def test_content_type_shows_and_changes_the_type(run):
    run("put", "-", "data:a/x.dat", stdin=b"1,2")
    assert run("content-type", "data:a/x.dat").stdout == b"data:a/x.dat: application/octet-stream\n"
    assert run("content-type", "data:a/x.dat", "text/csv").stdout == b"data:a/x.dat: text/csv\n"
    assert run("cat", "data:a/x.dat").stdout == b"1,2"
    refused = run("content-type", "data:a/x.dat", "text/html", code=1)
    assert b"no blob is served as 'text/html'" in refused.stderr and refused.stderr.count(b"\n") == 1
    assert run("content-type", "data:none", "text/csv", code=3).stdout == b""
    assert b"give -r" in run("content-type", "data:a", "text/csv", code=3).stderr
    run("undelete", "--yes", "data:a/x.dat")
    assert run("content-type", "data:a/x.dat").stdout == b"data:a/x.dat: application/octet-stream\n"


def test_content_type_takes_folders_patterns_and_limits(run):
    for key in ("p/a.b", "p/q/b.b", "p/c"):
        run("put", "-", f"data:{key}", stdin=b"12345678" if key == "p/c" else b"1")
    assert run("content-type", "data:p/**/*.b", "text/csv").stdout == b"2 blobs changed to text/csv\n"
    assert run("content-type", "-r", "data:p").stdout.splitlines() == [
        b"data:p/a.b: text/csv", b"data:p/c: application/octet-stream", b"data:p/q/b.b: text/csv",
    ]  # fmt: skip
    told = [json.loads(line) for line in run("content-type", "--json", "data:p/*", "image/png", "--larger",
                                             "4").stdout.splitlines()]  # fmt: skip
    assert [(row["key"], row["content_type"]) for row in told] == [("p/c", "image/png")]
    assert b"nothing matches" in run("content-type", "data:*.none", "text/csv", code=3).stderr
