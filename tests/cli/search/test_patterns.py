"""Patterns and limits on the command line: what each command takes, asks, prints and refuses."""

import json
import sys

import pytest

from storage_tui import Storage
from storage_tui.server.stores.local.seed import seed
from tests.benchmarks.seed import LOCAL_NAMESPACE, make_blobs
from tests.cli.test_commands import lines
from tests.terminal import Terminal

KEYS = ("maps/2023/a.tif", "maps/2023/b.tif", "maps/2024/a.tif", "maps/f1.txt", "maps/f[1].txt")


def fill(folder):
    """Make a store with the keys of KEYS in `data`, each holding its own name; return what names it."""
    with Storage(data_dir=folder / "data") as storage:
        for key in KEYS:
            storage.set(key, key)
    return {"STORAGE_TUI_HOME": str(folder), "STORAGE_TUI_LINGER": "20"}


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    """A store that no test changes in `data`."""
    return fill(tmp_path_factory.mktemp("shelf"))


@pytest.fixture
def filled(run, shelf):
    """Run commands on the store that nobody changes."""
    return lambda *args, **options: run(*args, **{**shelf, **options})


@pytest.fixture
def own(run, tmp_path):
    """Run commands on a store of one test."""
    names = fill(tmp_path / "own")
    return lambda *args, **options: run(*args, **{**names, **options})


def test_commands_take_what_a_pattern_matches(filled, tmp_path):
    assert lines(filled("ls", "data:maps/*")) == ["maps/2023/", "maps/2024/", "maps/f1.txt", "maps/f[1].txt"]
    assert lines(filled("ls", "maps/{2023,2024}/a.*")) == ["maps/2023/a.tif", "maps/2024/a.tif"]
    assert lines(filled("ls", "-r", "maps/202?")) == list(KEYS[:3])
    assert filled("cat", "maps/**/a.tif").stdout == b"maps/2023/a.tifmaps/2024/a.tif"
    assert [line.split()[-1] for line in lines(filled("du", "maps/20*"))] == [
        "data:maps/2024/", "data:maps/2023/", "data:maps/20*",
    ]  # fmt: skip
    filled("get", "-q", "maps/*/a.tif", "out")
    assert (tmp_path / "out/2024/a.tif").read_text() == "maps/2024/a.tif"
    filled("get", "-q", "maps/f1.txt", "maps/2023/b.tif", "flat")
    assert sorted(path.name for path in (tmp_path / "flat").iterdir()) == ["b.tif", "f1.txt"]
    filled("cp", "-q", "maps/*/a.tif", "tmp:keep")
    assert lines(filled("ls", "-r", "tmp:")) == ["keep/2023/a.tif", "keep/2024/a.tif"]


def test_an_existing_name_is_no_pattern_and_a_backslash_quotes(own):
    assert own("cat", "maps/f[1].txt").stdout == b"maps/f[1].txt"
    assert own("cat", "maps/f[12].txt").stdout == b"maps/f1.txt"
    assert own("cat", "maps/f\\[1\\].txt").stdout == b"maps/f[1].txt"
    own("rm", "maps/f[1].txt")
    assert lines(own("ls", "maps/f*")) == ["maps/f1.txt"]


def test_a_pattern_without_a_match_is_one_line_and_not_found(filled):
    for command in (("ls",), ("cat",), ("du",), ("rm", "--yes"), ("get",), ("grep", "x")):
        told = filled(*command, "data:none/*.x", code=3)
        assert told.stdout == b"" and told.stderr.startswith(b"storage-tui: nothing matches data:none/*.x"), command
        assert len(told.stderr.splitlines()) == 1


def test_a_deletion_by_pattern_asks_with_count_bytes_and_times(own):
    refusal = own("rm", "maps/**/*.tif", code=2)
    assert b"3 blobs (45 B), written 20" in refusal.stderr and b"give --yes" in refusal.stderr
    told = lines(own("rm", "--dry-run", "maps/**/*.tif"))
    assert told[:3] == [f"would delete data:{key}" for key in KEYS[:3]] and told[3].startswith("would delete 3 blobs")
    assert lines(own("rm", "-n", "-q", "maps/**")) == [told[3].replace("3 blobs (45 B)", "5 blobs (69 B)")]
    rows = [json.loads(row) for row in lines(own("rm", "-n", "--json", "maps/2024/*"))]
    assert rows == [{"storage_type": "data", "key": "maps/2024/a.tif", "dry_run": True}]
    assert len(lines(own("ls", "-r", "maps"))) == 5
    (told,) = lines(own("rm", "--yes", "maps/**/*.tif", "maps/2023/*"))
    assert told.startswith("deleted 3 blobs (45 B); to bring back within 24 hours: storage-tui undelete ")
    assert lines(own("ls", "-r", "maps")) == ["maps/f1.txt", "maps/f[1].txt"]


def test_a_deletion_by_age_does_nothing_quietly_when_nothing_is_old(own):
    for words in (("data:**/*.tif",), ("-r", "data:maps"), ("data:maps/f1.txt",), ("data:none/*",), ("-r", "tmp:")):
        told = own("rm", *words, "--older-than", "3d", "--yes")
        assert told.stdout == told.stderr == b""
    own("rm", "data:none", "--older-than", "3d", "--yes", code=3)
    assert len(lines(own("ls", "-r", "maps"))) == 5
    assert lines(own("rm", "data:**/*.tif", "--newer-than", "1d", "--larger", "14", "--yes")) == [
        "deleted 3 blobs (45 B): data:**/*.tif; to bring back within 24 hours: storage-tui undelete 'data:**/*.tif'"
    ]


def test_limits_choose_blobs_for_every_command(filled, tmp_path):
    assert lines(filled("ls", "maps", "--smaller", "13")) == ["f1.txt"]
    assert lines(filled("ls", "-r", "--larger", "14")) == list(KEYS[:3])
    assert lines(filled("find", "data:", "--larger", "14", "b")) == ["data:maps/2023/b.tif"]
    assert lines(filled("du", "maps", "--smaller", "14"))[-1].split()[2:] == ["2", "data:maps/"]
    assert filled("ls", "maps", "--older-than", "1d").stdout == b""
    filled("get", "-q", "-r", "data:maps", "old", "--older-than", "1d")
    assert not (tmp_path / "old").exists()
    assert lines(filled("ls", "tmp:", "--expires-within", "1d")) == []


WRONG = (
    ("ls", "--older-than", "3"), ("ls", "--older-than", "3parsec"),
    ("rm", "x", "--larger", "1Q"), ("ls", "{a,b}" * 9),
    ("find", "data:", ">3"), ("rm", "x", "--older-than", "9999999999999y"), ("get", "maps/*", "-"),
    ("grep", "("), ("grep", "x", "--max-bytes", "much"), ("grep", "--all-types", "x", "data:"), ("tree", "-L", "0"),
    ("ls", "--sort", "colour"), ("get", "maps/2023/a.tif", "maps/2024/a.tif", "both"),
)  # fmt: skip


def test_what_cannot_be_read_is_a_usage_error(filled):
    for words in WRONG:
        told = filled(*words, code=2)
        assert told.stdout == b"" and told.stderr, words


def test_find_takes_words_globs_and_limits_of_the_browser(filled):
    assert lines(filled("find", "data:", "*.tif")) == [f"data:{key}" for key in KEYS[:3]]
    assert lines(filled("find", "data:maps/", "2023/*.tif")) == [f"data:{key}" for key in KEYS[:2]]
    assert lines(filled("find", "data:", "**/2024/*")) == ["data:maps/2024/a.tif"]
    assert lines(filled("find", "data:maps", "F1", ">1d")) == []
    assert filled("find", "-0", "data:", "f[").stdout == b"data:maps/f[1].txt\0"
    assert lines(filled("find", "--all-types", "~mfx")) == ["data:maps/f1.txt", "data:maps/f[1].txt"]
    row = json.loads(lines(filled("find", "--json", "data:maps/f1.txt"))[0])
    assert (row["storage_type"], row["key"], row["size"]) == ("data", "maps/f1.txt", 11)
    assert filled("find", "tmp:none", code=3).stdout == b""


def test_a_tree_counts_and_sizes_each_folder(filled):
    assert lines(filled("tree", "data:")) == [
        "data:  5 blobs, 69 B",
        "└── maps/  5 blobs, 69 B",
        "    ├── 2023/  2 blobs, 30 B",
        "    │   ├── a.tif  15 B",
        "    │   └── b.tif  15 B",
        "    ├── 2024/  1 blob, 15 B",
        "    │   └── a.tif  15 B",
        "    ├── f1.txt  11 B",
        "    └── f[1].txt  13 B",
    ]
    assert lines(filled("tree", "-d", "-L", "2"))[-1] == "    └── 2024/  1 blob, 15 B"
    rows = [json.loads(row) for row in lines(filled("tree", "--json", "data:maps/2023"))]
    assert [(row["depth"], row["key"]) for row in rows] == [(1, "maps/2023/a.tif"), (1, "maps/2023/b.tif")]
    filled("tree", "data:none", code=3)


def test_ls_sorts(filled):
    assert lines(filled("ls", "-r", "--sort", "size")) == [*KEYS[:3], "maps/f[1].txt", "maps/f1.txt"]
    assert lines(filled("ls", "maps", "--sort", "size", "--reverse")) == ["2024/", "2023/", "f1.txt", "f[1].txt"]
    assert lines(filled("ls", "maps", "--reverse")) == ["f[1].txt", "f1.txt", "2024/", "2023/"]


def test_grep_prints_lines_names_counts_and_json(filled):
    assert lines(filled("grep", "a.tif", "data:maps")) == [f"data:{key}:{key}" for key in (KEYS[0], KEYS[2])]
    assert lines(filled("grep", "-n", "TIF", "-i", "maps/2023/a.tif")) == ["1:maps/2023/a.tif"]
    assert lines(filled("grep", "-l", "a.tif", "data:maps/**")) == ["data:maps/2023/a.tif", "data:maps/2024/a.tif"]
    assert lines(filled("grep", "-c", "b", "data:maps/2023")) == ["data:maps/2023/a.tif:0", "data:maps/2023/b.tif:1"]
    assert lines(filled("grep", "-F", "f[1]")) == ["data:maps/f[1].txt:maps/f[1].txt"]
    row = json.loads(lines(filled("grep", "--json", "f1"))[0])
    assert (row["key"], row["line"], row["start"], row["stop"], row["offset"]) == ("maps/f1.txt", 1, 5, 7, 0)
    assert filled("grep", "nowhere", code=1).stderr == b""
    limited = filled("grep", "x", "--max-bytes", "1", "-j", "1", code=6)
    assert b"--max-bytes" in limited.stderr


def test_a_terminal_gets_columns_and_colours_and_a_pipe_none(filled, home, shelf):
    environ = {
        **home,
        **shelf,
        "TERM": "xterm-256color",
        "LS_COLORS": "di=35:*.txt=33",
    }
    command = [sys.executable, "-m", "storage_tui", "ls", "data:maps"]
    with Terminal(command, environ=environ) as terminal:
        assert terminal.wait_for_exit() == 0
        assert b"\x1b[35m2023/\x1b[0m" in terminal.raw and b"\x1b[33mf1.txt\x1b[0m" in terminal.raw
        assert any("2023/" in row and "f1.txt" in row for row in terminal.text().splitlines())
    with Terminal(command, environ={**environ, "NO_COLOR": "1"}) as terminal:
        assert terminal.wait_for_exit() == 0
        assert b"\x1b[35m" not in terminal.raw
    assert filled("ls", "data:maps", LS_COLORS="di=35").stdout == b"2023/\n2024/\nf1.txt\nf[1].txt\n"


def test_old_blobs_of_many_are_deleted_by_batches(run, tmp_path):
    keys = [f"a/{number // 100:02}/{number:04}.{'npy' if number % 3 else 'txt'}" for number in range(3000)]
    seed(tmp_path / "data", make_blobs(LOCAL_NAMESPACE, keys, "data"))  # written in 2024
    store = ("--data-dir", str(tmp_path / "data"))
    assert lines(run("rm", "a/**/*.npy", "--older-than", "3d", "-qn", *store))[0].startswith("would delete 2,000 blobs")
    assert run("rm", "a/**/*.npy", "--newer-than", "3d", "--yes", *store).stdout == b""
    told = lines(run("rm", "a/**/*.npy", "--older-than", "3d", "--yes", *store))
    assert told[0].startswith("deleted 2,000 blobs")
    assert lines(run("ls", "-r", "a", *store)) == [key for key in keys if key.endswith("txt")]
