"""`undelete`, `trash` and `purge` as a person types them, and what `rm` says about the way back."""

import json

import pytest


@pytest.fixture
def put(run, tmp_path):
    """Store a text under a location, over what is there."""

    def call(location: str, text: str) -> None:
        (tmp_path / "source.txt").write_text(text)
        run("put", "-q", "-f", "source.txt", location)

    return call


def rows(run, location: str):
    return [json.loads(line) for line in run("trash", location, "--json").stdout.splitlines()]


def test_a_deleted_folder_comes_back_by_the_words_that_rm_gives(run, put) -> None:
    put("data:one/a b.txt", "a")
    put("data:one/b.txt", "b")
    told = run("rm", "-r", "--yes", "data:one").stdout.decode()
    assert told == "deleted 2 blobs (2 B): data:one; to bring back within 24 hours: storage-tui undelete -r data:one\n"
    assert [row["key"] for row in rows(run, "data:one")] == ["one/a b.txt", "one/b.txt"]
    assert {row["how"] for row in rows(run, "data:one")} == {"deleted"}
    assert {row["by"] for row in rows(run, "data:one")} == {"local"}
    assert run("undelete", "-r", "data:one").stdout == b"brought back 2 blobs: data:one\n"
    assert run("cat", "data:one/a b.txt").stdout == b"a"
    assert rows(run, "data:one") == []
    assert b"nothing can be brought back at data:one" in run("trash", "data:one").stderr


def test_what_was_overwritten_comes_back_only_after_a_yes(run, put) -> None:
    put("data:two/k", "old")
    put("data:two/k", "new")
    refused = run("undelete", "data:two/k", code=2)
    assert b"exists and would be replaced; give --yes" in refused.stderr
    assert run("cat", "data:two/k").stdout == b"new"
    run("undelete", "data:two/k", "--yes")
    assert run("cat", "data:two/k").stdout == b"old"
    run("undelete", "data:two/k", "--yes")
    assert run("cat", "data:two/k").stdout == b"new"


def test_a_folder_comes_back_as_it_was_and_blobs_that_exist_stay(run, put) -> None:
    put("data:three/kept", "1")
    put("data:three/kept", "2")
    put("data:three/gone", "1")
    run("rm", "data:three/gone")
    done = run("undelete", "-r", "data:three")
    assert done.stdout == b"brought back 1 blob: data:three\n"
    assert b"1 key exist" in done.stderr
    assert run("cat", "data:three/kept").stdout == b"2"
    [old] = rows(run, "data:three/kept")
    assert b"give --yes" in run("undelete", "-r", "data:three", "--at", old["modified"], code=2).stderr
    run("undelete", "-r", "data:three", "--at", old["modified"], "--yes")
    assert run("cat", "data:three/kept").stdout == b"1"


def test_a_purge_asks_and_leaves_what_exists(run, put) -> None:
    for text in ("1", "2", "3"):
        put("data:four/k", text)
    put("data:four/k2", "1")
    run("rm", "data:four/k2")
    assert b"2 versions (2 B) would be removed for good; give --yes" in run("purge", "data:four/k", code=2).stderr
    assert run("purge", "data:four/k", "--yes").stdout == b"purged 2 versions of data:four/k\n"
    assert run("cat", "data:four/k").stdout == b"3"
    assert [row["key"] for row in rows(run, "data:four")] == ["four/k2"]
    [told] = run("purge", "-r", "data:four", "--yes", "--json").stdout.splitlines()
    assert json.loads(told)["purged"] == 1
    assert b"nothing was purged" in run("purge", "-r", "data:four", "--yes", code=3).stderr


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["undelete", "data:none"], 3, "can be brought back"),
        (["undelete", "-r", "data:none"], 3, "nothing below data:none/ can be brought back"),
        (["undelete", "data:"], 2, "key"),
        (["undelete", "data:none", "--at", "2999-01-01"], 2, "in the future"),
        (["undelete", "data:none", "--at", "soon"], 2, "not a moment"),
        (["undelete", "data:none", "--at", "0001-01-01"], 2, "not a moment"),
        (["undelete", "frog:none"], 3, "can be brought back"),
        (["purge", "data:", "--yes"], 2, "key"),
        (["trash", "data:a/../b"], 2, "segment"),
    ],
)
def test_what_cannot_be_is_one_line(run, words, code, told) -> None:
    assert told in run(*words, code=code).stderr.decode()


def test_an_undelete_of_a_folder_without_r_says_what_to_do(run, put) -> None:
    put("data:five/k", "1")
    run("rm", "data:five/k")
    assert b"give -r" in run("undelete", "data:five", code=3).stderr


def test_with_nothing_kept_rm_names_no_way_back(run, put, tmp_path) -> None:
    place = {"STORAGE_TUI_HOME": str(tmp_path / "own"), "STORAGE_TUI_KEEP_DELETED": "0", "STORAGE_TUI_LINGER": "5"}
    (tmp_path / "source.txt").write_text("x")
    run("put", "-q", "source.txt", "data:k/k", **place)
    assert b"undelete" not in run("rm", "-r", "--yes", "data:k", **place).stdout
    assert b"the server keeps none" in run("trash", "data:k", **place).stderr
    assert b"KEEP_DELETED" in run("ls", code=2, STORAGE_TUI_KEEP_DELETED="frog").stderr


def test_a_pattern_brings_back_lists_and_purges_what_it_matches(run, put) -> None:
    for key in ("x/a.npy", "x/deep/er/b.npy", "x/c.txt", "y.npy", "d.npy/inside"):
        put(f"tmp:seven/{key}", key)
    told = run("rm", "--yes", "tmp:seven/**/*.npy").stdout.decode()
    back = "storage-tui undelete 'tmp:seven/**/*.npy'"
    assert told == f"deleted 3 blobs (27 B): tmp:seven/**/*.npy; to bring back within 24 hours: {back}\n"
    run("rm", "tmp:seven/x/c.txt")
    assert [row["key"] for row in rows(run, "tmp:seven/**/*.npy")] == [
        "seven/x/a.npy",
        "seven/x/deep/er/b.npy",
        "seven/y.npy",
    ]
    assert run("undelete", "tmp:seven/**/*.npy").stdout == b"brought back 3 blobs: tmp:seven/**/*.npy\n"
    assert run("cat", "tmp:seven/x/deep/er/b.npy").stdout == b"x/deep/er/b.npy"
    assert [row["key"] for row in rows(run, "tmp:seven")] == ["seven/x/c.txt"]
    told = run("undelete", "tmp:seven/*.npy", code=3).stderr
    assert b"nothing of tmp:seven/*.npy can be brought back" in told
    run("rm", "-r", "--yes", "tmp:seven/*.npy")
    assert run("undelete", "-r", "tmp:seven/*.npy").stdout == b"brought back 2 blobs: tmp:seven/*.npy\n"
    run("rm", "--yes", "tmp:seven/*.npy")
    assert b"1 version (5 B) would be removed for good; give --yes" in run("purge", "tmp:seven/*.npy", code=2).stderr
    assert run("purge", "--yes", "tmp:seven/*.npy").stdout == b"purged 1 version of tmp:seven/*.npy\n"
    assert [row["key"] for row in rows(run, "tmp:seven/**")] == ["seven/x/c.txt"]


def test_a_key_with_the_characters_of_a_pattern_comes_back_by_its_name(run, put) -> None:
    for key in ("f[1].txt", "f1.txt", "a*", "ab"):
        put(f"data:eight/{key}", key)
    run("rm", "data:eight/f[1].txt")
    run("rm", "data:eight/a*")
    run("rm", "data:eight/f1.txt", "data:eight/ab")
    assert [row["key"] for row in rows(run, "data:eight/f[1].txt")] == ["eight/f[1].txt"]
    assert run("undelete", "data:eight/f[1].txt").stdout == b"brought back 1 blob: data:eight/f[1].txt\n"
    assert run("purge", "--yes", "data:eight/a*").stdout == b"purged 1 version of data:eight/a*\n"
    assert [row["key"] for row in rows(run, "data:eight")] == ["eight/ab", "eight/f1.txt"]


def test_a_key_without_an_older_version_is_not_asked_for(run, put) -> None:
    put("data:nine/k", "only")
    for words in ((), ("--yes",)):
        told = run("undelete", "data:nine/k", *words, code=3).stderr
        assert told == b"storage-tui: data:nine/k exists, and no other version of it can be brought back\n"


def test_many_deleted_places_are_named_by_the_list_that_shows_them(run, put) -> None:
    keys = [f"data:ten/{number}/x" for number in range(4)]
    for key in keys:
        put(key, "x")
    told = run("rm", "-r", "--yes", *(key[:-2] for key in keys)).stdout.decode()
    assert told.endswith("; kept for 24 hours: storage-tui trash data: shows what can be brought back\n")
