"""`storage-tui mv` and `cp` of several blobs and of folders, as a person uses them."""

import json
import os
import signal
import subprocess
import sys

import pytest

from storage_tui import Storage


@pytest.fixture
def storage(home):
    with Storage(data_dir=f"{home['STORAGE_TUI_HOME']}/data") as client:
        for storage_type in ("data", "tmp", "result"):
            client.delete_many(client.list(storage_type=storage_type), storage_type=storage_type)
        yield client


def lines(done):
    return done.stdout.decode().splitlines()


def test_a_blob_is_renamed_and_moved_between_types(run, storage):
    storage.set("a", b"content", "tmp")
    assert lines(run("mv", "tmp:a", "tmp:b")) == ["tmp:b"]
    assert lines(run("mv", "tmp:b", "data:kept/")) == ["data:kept/b"]
    assert run("mv", "-q", "kept/b", "c").stdout == b""
    assert (storage.list(), storage.list(storage_type="tmp")) == (["c"], [])
    assert storage.get("c") == b"content"
    assert lines(run("mv", "c", "c")) == ["data:c  skipped: it is there already"]
    assert storage.get("c") == b"content"


def test_several_blobs_and_folders_go_into_a_folder(run, storage):
    for key in ("a", "b", "f/x", "f/g/y"):
        storage.set(key, key.encode())
    assert lines(run("cp", "-r", "a", "b", "f", "tmp:to/")) == ["copied 4 blobs (10 B) to tmp:to/"]
    assert storage.list(storage_type="tmp") == ["to/a", "to/b", "to/f/g/y", "to/f/x"]
    told = lines(run("mv", "-v", "a", "b", "result:"))
    assert told == ["result:a", "result:b", "moved 2 blobs (2 B) to result:"]
    assert lines(run("mv", "-r", "f/", "result:new")) == ["moved 2 blobs (8 B) to result:new/"]
    assert storage.list(storage_type="result") == ["a", "b", "new/g/y", "new/x"] and storage.list() == []


def test_what_exists_stays_unless_it_is_said_otherwise(run, storage):
    def put():
        for key, value in {"f/1": b"one", "f/2": b"two", "to/1": b"there", "to/2": b"two"}.items():
            storage.set(key, value)

    put()
    refused = run("mv", "f/1", "to/1", code=4).stderr.decode()
    assert "'to/1' exists already in data; give --force to overwrite it" in refused
    failed = run("mv", "-r", "f/", "to", code=6).stderr.decode()
    assert "moved 0 of 2 blobs, 2 failed" in failed and storage.get("to/1") == b"there"
    run("mv", "-n", "-r", "f/", "to", code=6)
    skipped = lines(run("mv", "-r", "--on-conflict", "skip", "f/", "to"))
    assert skipped == ["moved 0 blobs (0 B) to data:to/, 2 skipped"] and storage.list("f/") == ["f/1", "f/2"]
    different = lines(run("cp", "-r", "--on-conflict", "different", "f/", "to"))
    assert different == ["copied 1 blob (3 B) to data:to/, 1 skipped"] and storage.get("to/1") == b"one"
    put()
    assert lines(run("mv", "-r", "--on-conflict", "rename", "f/", "to")) == ["moved 2 blobs (6 B) to data:to/"]
    assert storage.list() == ["to/1", "to/1 (2)", "to/2", "to/2 (2)"] and storage.get("to/1 (2)") == b"one"
    put()
    assert lines(run("mv", "-rf", "f/", "to")) == ["moved 2 blobs (6 B) to data:to/"]
    assert storage.get("to/1") == b"one" and storage.list("f/") == []


def test_a_dry_run_tells_and_changes_nothing(run, storage):
    for key in ("f/1", "f/2"):
        storage.set(key, b"12")
    storage.set("to/f/2", b"there", "tmp")
    told = lines(run("mv", "--dry-run", "-v", "-r", "f", "tmp:to/"))
    assert told[:2] == ["data:f/1 -> tmp:to/f/1", "data:f/2 -> tmp:to/f/2  exists already"]
    assert "expires 7 days after it was written" in told[2]
    assert told[3:] == ["would move 2 blobs (4 B) to tmp:to/, of which 1 exists there already"]
    rows = [json.loads(row) for row in lines(run("cp", "--dry-run", "--json", "-r", "f", "tmp:to/"))]
    assert [(row["state"], row["exists"]) for row in rows] == [("would copy", False), ("would copy", True)]
    assert lines(run("mv", "--dry-run", "f/1", "g")) == ["data:f/1 -> data:g"]
    assert storage.list() == ["f/1", "f/2"] and storage.list(storage_type="tmp") == ["to/f/2"]


def test_json_is_an_object_for_each_blob(run, storage):
    for key in ("f/1", "f/2"):
        storage.set(key, b"12")
    storage.set("f/2", b"there", "tmp")
    rows = [json.loads(row) for row in lines(run("mv", "--json", "-r", "f", "tmp:", code=6))]
    assert [(row["source"], row["target"], row["state"]) for row in rows] == [
        ("data:f/1", "tmp:f/1", "done"), ("data:f/2", "tmp:f/2", "failed"),
    ]  # fmt: skip
    assert (rows[0]["key"], rows[0]["storage_type"], rows[0]["size"]) == ("f/1", "tmp", 2)
    assert rows[1]["error"] == "conflict"


def test_nothing_moves_out_of_products_and_that_is_told_first(run, storage):
    run("put", "-", "products:f/x", stdin=b"1")
    told = run("mv", "products:f/x", "data:", code=4).stderr.decode()
    assert "cannot move 'f/x': products is upload only" in told
    assert (
        "cannot move blobs: products is upload only" in run("mv", "-r", "products:f", "data:", code=4).stderr.decode()
    )
    assert storage.list() == []
    assert lines(run("cp", "-r", "products:f", "data:")) == ["copied 1 blob (1 B) to data:f/"]
    told = run("mv", "-rf", "data:f", "products:", code=6).stderr.decode()
    assert "cannot overwrite 'f/x'" in told and storage.list() == ["f/x"]
    run("rm", "--yes", "products:f/x")


def test_a_stopped_move_goes_on_with_the_same_command(run, home, storage):
    keys = [f"f/{number:05}" for number in range(6000)]
    for key in keys[:20]:
        storage.set(key, key.encode())
    for start in range(20, len(keys), 1000):
        storage.copy_many([_copied(keys[0], key) for key in keys[start : start + 1000]])
    command = [sys.executable, "-m", "storage_tui", "mv", "-v", "-r", "f/", "tmp:g"]
    with subprocess.Popen(command, env=home, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        first = process.stdout.readline()
        os.kill(process.pid, signal.SIGINT)
        told = process.stdout.read()
        said = process.stderr.read().decode()
    assert first == b"tmp:g/00000\n"
    assert process.returncode in (0, 130) and ("the same command does the rest" in said or process.returncode == 0), (
        said
    )
    assert len(storage.list(storage_type="tmp")) > 0 and told is not None
    run("mv", "-r", "f/", "tmp:g", code=0 if process.returncode else 3)
    assert sum(1 for _ in storage.iter_list("g/", "tmp")) == 6000 and storage.list() == []


def _copied(key, to_key):
    from storage_tui.contract.moves import Move

    return Move(key, to_key)
