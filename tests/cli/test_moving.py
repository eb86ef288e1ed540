"""Folders on the command line: conflicts, JSON, signals, and going on with what was not finished."""

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.proxy import Fault, FaultProxy
from tests.server.running import RunningServer

SIZE = 80 * 1024 * 1024
STOP = 70 * 1024 * 1024


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = RunningServer(tmp_path_factory.mktemp("moving") / "store")
    running.data_dir.mkdir(mode=0o700)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def token_file(server, tmp_path_factory):
    path = tmp_path_factory.mktemp("token") / "token"
    path.touch(mode=0o600)
    path.write_text(server.token())
    return path


@pytest.fixture
def tree(tmp_path):
    for name in ("a", "sub/b", "sub/c"):
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return tmp_path / "tree"


def lines(result):
    return result.stdout.decode().splitlines()


def test_a_folder_is_uploaded_but_for_what_cannot_be(run, tmp_path):
    tree = tmp_path / "partly"
    (tree / "a").mkdir(parents=True)
    (tree / "a" / "x.csv").write_text("1")
    (tree / "bad\nname").write_text("2")
    (tree / "link").symlink_to("a")
    (tree / "other").symlink_to("a")
    done = run("put", "-r", "partly/", "partly/", code=6)
    assert lines(run("ls", "partly/a/")) == ["x.csv"]
    assert b"left out: the name of" in done.stderr and b"U+000A" in done.stderr
    assert b"link' is a symbolic link, and 1 more links and the like" in done.stderr
    assert b"uploaded 1 of 1 file, 1 left out" in done.stderr
    rows = [json.loads(line) for line in lines(run("put", "-r", "partly/", "partly/", "--json", code=6))]
    assert [row["state"] for row in rows if row.get("state") == "left out"] == ["left out"] * 3
    assert rows[-1]["summary"]["left_out"] == 1 and rows[-1]["summary"]["moved"] == 1
    (tree / "bad\nname").unlink()
    done = run("put", "-r", "partly/", "partly/")
    assert b"symbolic link" in done.stderr and b"left out" in done.stderr


def test_json_is_a_line_for_each_file_in_order_and_a_summary(run, tree, tmp_path):
    rows = [json.loads(line) for line in lines(run("put", "-r", "tree/", "json/", "--json", "--jobs", "3"))]
    assert [row["target"] for row in rows[:-1]] == ["data:json/a", "data:json/sub/b", "data:json/sub/c"]
    assert {row["state"] for row in rows[:-1]} == {"verified"}
    assert rows[-1] == {"summary": {"files": 3, "moved": 3, "skipped": 0, "failed": 0, "bytes": 11, "left_out": 0}}
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a").write_bytes(b"old")
    rows = [json.loads(line) for line in lines(run("get", "-r", "json/", "out", "--json", code=6))]
    assert rows[0]["state"] == "failed" and rows[0]["error"] == "conflict"
    assert rows[-1]["summary"] == {"files": 3, "moved": 2, "skipped": 0, "failed": 1, "bytes": 10, "left_out": 0}


@pytest.mark.parametrize(
    ("choice", "first", "content"),
    [("skip", "skipped", b"old"), ("overwrite", "verified", b"a"), ("rename", "verified", b"old"),
     ("resume", "verified", b"a"), ("different", "verified", b"a")],
)  # fmt: skip
def test_a_conflict_is_settled_as_chosen(run, tree, tmp_path, choice, first, content):
    run("put", "-r", "tree/", "conflict/")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a").write_bytes(b"old")
    found = lines(run("get", "-r", "conflict/", "out", "--verbose", "--on-conflict", choice))
    assert found[0].split("  ")[1].split(",")[0] == first
    assert (tmp_path / "out" / "a").read_bytes() == content
    assert (tmp_path / "out" / "a (2)").exists() == (choice == "rename")


def test_a_folder_that_is_the_same_is_not_sent_again(run, tree):
    run("put", "-r", "tree/", "same/")
    (tree / "a").write_bytes(b"new")
    found = lines(run("put", "-r", "tree/", "same/", "--verbose", "--on-conflict", "different"))
    assert found.pop().startswith("uploaded 1 file (3 B) to data:same/, every checksum compared, 2 skipped: the same")
    assert [line.split("  ")[1] for line in found] == [
        "verified", "skipped, the same bytes are there", "skipped, the same bytes are there"
    ]  # fmt: skip
    [summary] = lines(run("put", "-r", "tree/", "same/", "--on-conflict", "different"))
    assert summary == "uploaded 0 files (0 B) to data:same/, 3 skipped: the same bytes are there"


def test_a_reason_that_all_files_share_is_told_once(run, tree):
    done = run("put", "-r", "tree/", "away/", "--url", "http://127.0.0.1:9/storage/v1", code=6)
    first, again, total = done.stderr.decode().splitlines()
    assert first.startswith("storage-tui: no token for the server was found")
    assert again == first.replace("storage-tui: ", "storage-tui: 2 more times: ")
    assert total == "storage-tui: uploaded 0 of 3 files, 3 failed"


def test_force_and_another_choice_contradict(run):
    assert b"--force" in run("get", "x", "-f", "--on-conflict", "skip", code=2).stderr


def test_nothing_unfinished_says_so(run):
    assert b"no unfinished transfers" in run("resume").stderr


def test_a_stopped_folder_says_how_far_it_came_and_the_way_to_the_rest(run, home, server, token_file, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in "abc":
        (folder / name).write_bytes(random.Random(name).randbytes(SIZE // 4))
    with FaultProxy(server.url) as proxy:
        access = ("--url", proxy.url, "--token-file", str(token_file))
        run("put", "-r", "folder/", "stopped/", *access)
        run("get", "stopped/a", "back/", *access)
        proxy.default = Fault(stall_down=SIZE // 8)
        process = subprocess.Popen(
            [sys.executable, "-m", "storage_tui", "get", "-r", "stopped/", "back", "-j", "1",
             "--on-conflict", "different", *access],
            cwd=tmp_path, env=home, stderr=subprocess.PIPE,
        )  # fmt: skip
        proxy.stalled.get(timeout=30)
        process.send_signal(signal.SIGINT)
        _, complaint = process.communicate(timeout=30)
        assert process.returncode == 130
        assert complaint.decode() == (
            "storage-tui: stopped by SIGINT; 1 of 3 files done; "
            "the same command with --on-conflict different does the rest\n"
        )
        proxy.default = Fault()
        proxy.release()
        run("get", "-r", "stopped/", "back", "--on-conflict", "different", *access)
        assert b"no unfinished" in run("resume", *access).stderr
    for name in "abc":
        assert (tmp_path / "back" / name).read_bytes() == (folder / name).read_bytes()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("verb", ["put", "get"])
def test_a_signal_leaves_what_resume_goes_on_with(run, home, server, token_file, tmp_path: Path, verb, number):
    content = random.Random(number).randbytes(SIZE)
    (tmp_path / "source").write_bytes(content)
    key = f"signal/{verb}/{number}"
    with FaultProxy(server.url) as proxy:
        access = ("--url", proxy.url, "--token-file", str(token_file))
        if verb == "get":
            run("put", "source", key, *access)
        ends = ("source", key) if verb == "put" else (key, "target")
        proxy.default = Fault(stall_up=STOP) if verb == "put" else Fault(stall_down=STOP)
        process = subprocess.Popen(
            [sys.executable, "-m", "storage_tui", verb, *ends, *access], cwd=tmp_path, env=home, stderr=subprocess.PIPE
        )
        proxy.stalled.get(timeout=30)
        process.send_signal(number)
        _, complaint = process.communicate(timeout=30)
        assert process.returncode == 130
        name = signal.Signals(number).name
        assert complaint.decode() == (
            f"storage-tui: stopped by {name}; 1 transfer unfinished, continue with: storage-tui resume\n"
        )
        assert not (tmp_path / "target").exists()
        proxy.default = Fault()
        proxy.release()
        assert len(lines(run("resume", "--list", *access))) == 1
        found = lines(run("resume", *access))
        assert found[0].startswith(f"data:{key}  verified, resumed at")
        if verb == "put":
            run("get", key, "target", *access)
        assert (tmp_path / "target").read_bytes() == content
        assert b"no unfinished" in run("resume", *access).stderr


def test_what_is_forgotten_is_gone(run, home, server, token_file, tmp_path):
    (tmp_path / "source").write_bytes(os.urandom(SIZE))
    with FaultProxy(server.url) as proxy:
        access = ("--url", proxy.url, "--token-file", str(token_file))
        run("put", "source", "forget/a", *access)
        proxy.default = Fault(stall_down=STOP)
        process = subprocess.Popen(
            [sys.executable, "-m", "storage_tui", "get", "forget/a", "target", *access], cwd=tmp_path, env=home
        )
        proxy.stalled.get(timeout=30)
        process.kill()
        process.wait()
        proxy.release()
        assert lines(run("resume", "--forget", *access))[0].startswith("forgotten")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source"]


QUEUE = """
import os, sys
from pathlib import Path
from storage_tui import Storage
from storage_tui.machine import directories
from storage_tui.client.transfer.conflict import Conflict
from storage_tui.client.transfer.records import UnfinishedTransfer
from storage_tui.client.transfer.queue_file import WaitingList
folder, account = Path(sys.argv[2]), Storage(sys.argv[1], token_file=sys.argv[3]).account()
def row(direction, name, size, conflict, **more):
    path = str(folder / name)
    return UnfinishedTransfer(direction, account, "data", f"queue/{name}", path, size, conflict=conflict, **more)
rows = [
    row("upload", "up.csv", 2, Conflict.OVERWRITE),
    row("download", "kept", 3, Conflict.SKIP),
    row("download", "both", 4, Conflict.RENAME, root=str(folder)),
    row("upload", "gone", 5, Conflict.OVERWRITE),
]
WaitingList(directories.state_dir(), account).add(enumerate(rows))
os._exit(1)  # as a session of the browser that is killed
"""


def test_resume_takes_what_a_session_had_waiting_and_keeps_what_fails(run, home, server, token_file, tmp_path):
    access = ("--url", server.url, "--token-file", str(token_file))
    for name in ("kept", "both"):
        (tmp_path / name).write_bytes(b"new")
        run("put", name, f"queue/{name}", *access)
        (tmp_path / name).write_bytes(b"old")
    (tmp_path / "up.csv").write_bytes(b"1,")
    subprocess.run([sys.executable, "-c", QUEUE, server.url, str(tmp_path), str(token_file)], env=home)
    listed = lines(run("resume", "--list", *access))
    assert len(listed) == 4 and all(line.endswith("not begun") for line in listed)
    failed = run("resume", *access, code=6)
    assert b"finished 3 of 4 files, 1 failed" in failed.stderr and b"gone" in failed.stderr
    assert [(tmp_path / name).read_bytes() for name in ("kept", "both", "both (2)")] == [b"old", b"old", b"new"]
    assert b"text/csv" in run("ls", "--json", "data:queue/", *access).stdout
    (tmp_path / "gone").write_bytes(b"there now")
    assert lines(run("resume", *access)) == ["data:queue/gone  verified"]
    assert b"no unfinished" in run("resume", *access).stderr
