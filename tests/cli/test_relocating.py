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
            client.delete_many(client.iter_list(storage_type=storage_type), storage_type=storage_type)
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


def test_a_lone_slash_is_the_top_of_a_type_and_a_spelled_key_is_taken(run, storage, tmp_path):
    storage.set("f/a", b"content")
    assert lines(run("mv", "f/a", "data:/")) == ["data:a"]
    assert lines(run("cp", "a", "tmp:/")) == ["tmp:a"]
    assert lines(run("cp", "-r", "data:", "result:/")) == ["copied 1 blob (7 B) to result:"]
    assert lines(run("mv", "a", "data:/a")) == ["data:/a"]
    assert (storage.list(), storage.list(storage_type="result")) == (["/a"], ["a"])
    (tmp_path / "up.txt").write_text("x")
    run("put", "up.txt", "data:/")
    assert storage.list() == ["/a", "up.txt"]


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


def test_a_pattern_moves_what_it_matches_with_its_folders(run, storage):
    for key in ("maps/2023/a.tif", "maps/2024/a.tif", "maps/2024/b.txt", "maps/top.tif", "other/a.tif"):
        storage.set(key, key.encode())
    assert lines(run("cp", "maps/*/a.tif", "tmp:old")) == ["copied 2 blobs (30 B) to tmp:old/"]
    assert storage.list(storage_type="tmp") == ["old/2023/a.tif", "old/2024/a.tif"]
    assert lines(run("mv", "-v", "maps/**/*.tif", "result:"))[-1] == "moved 3 blobs (42 B) to result:"
    assert storage.list(storage_type="result") == ["2023/a.tif", "2024/a.tif", "top.tif"]
    assert storage.list() == ["maps/2024/b.txt", "other/a.tif"]
    assert lines(run("mv", "-r", "map*", "result:new")) == ["moved 1 blob (15 B) to result:new/maps/2024/b.txt"]
    assert storage.list() == ["other/a.tif"]


def test_a_pattern_without_a_match_is_an_error_and_moves_nothing(run, storage):
    storage.set("a.tif", b"a")
    for command in ("mv", "cp"):
        told = run(command, "a.tif", "*.txt", "tmp:", code=3).stderr.decode()
        assert told == "storage-tui: nothing matches data:*.txt\n"
        assert run(command, "*.tif", "tmp:", "--larger", "1k").stdout == b""
        assert b"a pattern" in run(command, "{" + "a,b" * 300 + "}{a,b}{a,b}", "tmp:", code=2).stderr
    assert (storage.list(), storage.list(storage_type="tmp")) == (["a.tif"], [])


def test_limits_leave_blobs_where_they_are(run, storage):
    for key, size in {"f/small": 1, "f/g/large": 2000, "f/middle": 500, "one": 5}.items():
        storage.set(key, b"x" * size)
    assert lines(run("mv", "-r", "f", "tmp:", "--larger", "400")) == ["moved 2 blobs (2.5 kB) to tmp:"]
    assert storage.list(storage_type="tmp") == ["f/g/large", "f/middle"] and storage.list() == ["f/small", "one"]
    assert lines(run("mv", "-r", "tmp:f/", "back", "--smaller", "1k", "--newer-than", "1d"))[0].startswith(
        "moved 1 blob"
    )
    assert storage.list("back/") == ["back/middle"]
    assert run("mv", "one", "two", "--larger", "10").stdout == b"" and storage.exists("one")
    assert lines(run("mv", "one", "two", "--smaller", "10")) == ["data:two"]
    assert run("mv", "nothing", "two", "--smaller", "10", code=3).stderr.endswith(b"no blob 'nothing' in data\n")
    assert b"data:f is a folder; give -r" in run("mv", "f", "two", "--smaller", "10", code=3).stderr
    assert run("mv", "-r", "f", "tmp:", "--older-than", "3d").stdout == b""


def test_a_key_with_a_star_in_its_name_is_moved_by_its_name(run, storage):
    for key in ("st*r", "star", "st[a]r/x", "stxr"):
        storage.set(key, key.encode())
    assert lines(run("mv", "st*r", "tmp:")) == ["tmp:st*r"]
    assert lines(run("mv", "-r", "st[a]r", "tmp:")) == ["moved 1 blob (8 B) to tmp:st[a]r/"]
    assert lines(run("mv", r"tmp:st\*r", "data:b*ck")) == ["data:b*ck"]
    assert storage.list() == ["b*ck", "star", "stxr"]
    assert lines(run("cp", "st*r", "b*ck", "tmp:to/")) == ["copied 3 blobs (12 B) to tmp:to/"]
    assert storage.list("to/", "tmp") == ["to/b*ck", "to/star", "to/stxr"]


def test_what_was_overwritten_is_named_with_the_command_that_brings_it_back(run, storage):
    for key in ("a b", "c", "f/1", "f/2"):
        storage.set(key, key.encode())
        storage.set(key, b"there", "tmp")
    done = run("mv", "-f", "a b", "tmp:")
    assert done.stdout == b"tmp:a b\n"
    command = "storage-tui undelete 'tmp:a b'"
    assert done.stderr.decode() == f"the blob that was there before is kept for 24 hours: {command}\n"
    run("undelete", "--yes", "tmp:a b")
    assert storage.get("a b", "tmp") == b"there"
    told = run("cp", "-rf", "f/", "tmp:f").stderr.decode()
    assert told.endswith("2 blobs that were there before are kept for 24 hours: storage-tui trash tmp:f/\n")
    assert run("cp", "-f", "--json", "c", "tmp:").stderr == b"" == run("mv", "-qf", "c", "tmp:").stderr
    told = run("cp", "tmp:c", "tmp:c", code=4).stderr
    assert b"name another target" in told and b"--force" not in told


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("mv", "data:a"), 2, "where does 'data:a' go? Name a key or folder last"),
        (("cp", "-r", "a"), 2, "where does 'a' go? Name a key or folder last"),
        (("diff", "f", "g"), 3, "data:f is a folder; diff compares two blobs, and storage-tui check two folders"),
        (("diff", "f/", "tmp:"), 2, "data:f/ and tmp: are folders; storage-tui check compares folders"),
    ],
)
def test_a_command_that_takes_two_places_says_which_one_is_wrong(run, storage, words, code, told):
    storage.set("f/x", b"x")
    assert told in run(*words, code=code).stderr.decode()
