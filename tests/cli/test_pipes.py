"""Standard input and output as what is moved: the rules are those of files; streams that are full, closed or gone."""

import json
import os
import shlex
import subprocess
import sys

import pytest

COMMAND = f"{shlex.quote(sys.executable)} -m storage_tui"


def lines(result):
    return result.stdout.decode().splitlines()


@pytest.fixture
def shell(home, tmp_path):
    """Run a line of bash in which `st` is the program; hands back the finished process."""

    def call(line):
        return subprocess.run(
            ["bash", "-c", f'st() {{ {COMMAND} "$@"; }}; {line}'],
            capture_output=True, cwd=tmp_path, timeout=60, env={**os.environ, **home}, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    return call


def test_what_is_piped_in_obeys_what_was_said_about_keys_that_are_there(run, shell):
    run("put", "-", "piped/a", stdin=b"old")
    refused = run("put", "-", "piped/a", "-n", stdin=b"new", code=4)
    assert b"'data:piped/a' exists and was not overwritten" in refused.stderr
    run("put", "-", "piped/a", "--on-conflict", "skip", stdin=b"new")
    run("put", "-", "piped/a", "--on-conflict", "rename", stdin=b"second")
    assert shell("st put <(printf new) piped/a -n").returncode == 4
    assert [run("cat", f"piped/{name}").stdout for name in ("a", "a (2)")] == [b"old", b"second"]
    run("put", "-", "piped/a", "--on-conflict", "different", stdin=b"new")
    assert run("cat", "piped/a").stdout == b"new"


def test_what_is_piped_in_has_its_line_of_json(run):
    row, summary = map(json.loads, lines(run("put", "-", "tmp:piped/b", "--json", stdin=b"four")))
    assert row == {"source": "-", "target": "tmp:piped/b", "bytes": 4, "state": "verified", "note": ""}
    assert summary == {"summary": {"files": 1, "moved": 1, "skipped": 0, "failed": 0, "bytes": 4, "left_out": 0}}
    row, summary = map(json.loads, lines(run("put", "-", "tmp:piped/b", "--json", "-n", stdin=b"", code=4)))
    assert (row["state"], row["error"], summary["summary"]["failed"]) == ("failed", "conflict", 1)


def test_what_is_piped_in_needs_a_key_and_not_a_folder(run):
    assert b"name the key it goes to" in run("put", "-", "piped/folder/", stdin=b"x", code=2).stderr
    assert run("ls", "-r", "piped/folder/", code=3).stdout == b""


@pytest.mark.parametrize(
    ("args", "words"),
    [(("-r", "piped", "-"), b"takes one blob"), (("piped/a", "-", "--json"), b"--json and the bytes")],
)
def test_standard_output_takes_the_bytes_of_one_blob_and_nothing_else(run, tmp_path, args, words):
    assert words in run("get", *args, code=2).stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "command", ["ls piped/", "get piped/c -", "cat piped/c", "get -f piped/c c", "ls --json piped/"]
)
@pytest.mark.parametrize(
    ("stream", "words"), [(">/dev/full", b"No space left on device"), (">&-", b"Bad file descriptor")]
)
def test_output_that_cannot_be_written_is_one_line(run, shell, command, stream, words):
    run("put", "-", "piped/c", stdin=b"some bytes")
    done = shell(f"st {command} {stream}")
    assert done.returncode == 1
    assert done.stderr == b"storage-tui: cannot write the output: " + words + b"\n"


def test_input_that_is_closed_is_one_line_and_stores_nothing(run, shell):
    done = shell("st put - piped/closed <&-")
    assert done.returncode == 1 and b"Bad file descriptor" in done.stderr and done.stderr.count(b"\n") == 1
    assert run("ls", "piped/closed", code=3).stdout == b""
    assert shell("st ls piped/ >&- 2>&- <&-").returncode == 1


def test_a_reader_that_goes_ends_it_quietly(run, shell):
    run("put", "-", "piped/long", stdin=bytes(4_000_000))
    for command in ("get piped/long -", "cat piped/long"):
        assert shell(f"st {command} | head -c 10").stderr == b""


def test_a_target_with_a_slash_is_a_folder_that_is_made(run, tmp_path):
    run("put", "-", "piped/d", stdin=b"x")
    run("get", "piped/d", f"new{os.sep}deep{os.sep}")
    assert (tmp_path / "new" / "deep" / "d").read_bytes() == b"x"
    (tmp_path / "file").write_bytes(b"kept")
    assert b"Not a directory" in run("get", "-f", "piped/d", "file/", code=1).stderr
