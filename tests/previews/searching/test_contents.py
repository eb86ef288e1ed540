"""The search inside contents: what GNU grep finds, packed, in any encoding, within bounds, and stopped."""

import bz2
import contextlib
import gzip
import lzma
import os
import random
import re
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from storage_tui import Storage
from storage_tui.client.patterns.select import blobs_below
from storage_tui.previews.searching.contents import ContentSearch
from storage_tui.previews.searching.lines import BlobLines
from storage_tui.previews.searching.query import Ended, Found, Query
from tests.effort import count, some
from tests.server.running import RunningServer, running_server
from tests.waits import wait_for_end, wait_until

WORDS = ("error", "ERROR", "err", "a.b", "axb", "", "é", "value 12", "   ", "end$")
PATTERNS = (
    ("error", ()),
    ("ERROR", ("-i",)),
    ("a.b", ("-F",)),
    ("a.b", ()),
    ("^err", ()),
    ("[0-9]+", ("-E",)),
    ("b$", ()),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("server") / "store") as running:
        yield running


@pytest.fixture
def storage(server: RunningServer, request: pytest.FixtureRequest) -> Iterator[Storage]:
    with Storage(server.url, token=server.token(request.node.name)) as client:
        yield client


def results(
    storage: Storage, query: Query, **options: Any
) -> tuple[dict[str, list[tuple[int, str]]], dict[str, Ended]]:
    """Return the matching lines and the end of the search of each key."""
    lines: dict[str, list[tuple[int, str]]] = {}
    ends: dict[str, Ended] = {}
    search = ContentSearch(storage.engine, query, **options)
    for event in search.run(blobs_below(storage.engine, "data", "")):
        if isinstance(event, Found):
            lines.setdefault(event.blob.key, []).extend((row.number, row.text) for row in event.matches)
        else:
            ends[event.blob.key] = event
    return lines, ends


def grown_text(rng: random.Random) -> bytes:
    """Return lines, with one of the line ends, with or without a last one."""
    end = rng.choice(("\n", "\r\n"))
    text = end.join(" ".join(rng.choice(WORDS) for _ in range(rng.randint(0, 5))) for _ in range(rng.randint(0, 300)))
    return (text + rng.choice(("", end))).encode()


@pytest.mark.parametrize("seed", range(count(1, 3, 30)))
def test_the_lines_are_those_of_gnu_grep(storage: Storage, tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    for number in range(25):
        content = grown_text(rng)
        name = f"f{number:02}"
        if rng.random() < 0.15:
            content = bytes(rng.randrange(256) for _ in range(3000)) + b"\nerror 12 a.b\n"
        (tmp_path / name).write_bytes(content)
        packed: dict[str, Any] = {"": bytes, ".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}
        ending = rng.choice(list(packed))
        storage.set(name, packed[ending](content))
    names = sorted(path.name for path in tmp_path.iterdir())
    for pattern, flags in some(PATTERNS, every=2):
        told = subprocess.run(
            ["grep", "-n", "--binary-files=without-match", *flags, pattern, *names],
            cwd=tmp_path, capture_output=True, env={"LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"]},
        )  # fmt: skip
        expected: dict[str, list[tuple[int, str]]] = {}
        for line in told.stdout.decode().split("\n")[:-1]:
            name, line_number, text = line.split(":", 2)
            expected.setdefault(name, []).append((int(line_number), text.removesuffix("\r")))
        query = Query(pattern, is_fixed="-F" in flags, ignores_case="-i" in flags)
        found, _ = results(storage, query)
        if "$" in pattern:  # GNU grep counts the carriage return to the line
            texts = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
            found = {name: rows for name, rows in found.items() if b"\r" not in texts[name]}
            expected = {name: rows for name, rows in expected.items() if b"\r" not in texts[name]}
        assert found == expected, (pattern, flags)


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"", []), (b"x", [(1, "x")]), (b"\n\nx\n", [(3, "x")]), ("é x\n".encode("utf-16"), [(1, "é x")]),
        ("a\nx\n".encode("utf-16-be"), [(2, "x")]), ("a\nx".encode("utf-32"), [(2, "x")]),
        (b"\xef\xbb\xbfx\n", [(1, "x")]),
        (b"a\rx\rb", [(2, "x")]), (gzip.compress(b"a\n", mtime=0) + gzip.compress(b"x\n", mtime=0), [(2, "x")]),
        (gzip.compress(b"", mtime=0), []),
        (gzip.compress(b"x\n", mtime=0) + b"\0" * 512, [(1, "x")]),
        (bz2.compress(b"x") + bz2.compress(b"y"), [(1, "xy")]),
    ],
)  # fmt: skip
def test_any_text_is_read(storage: Storage, content: bytes, lines: list[tuple[int, str]]) -> None:
    storage.set("a", content)
    assert results(storage, Query("x"))[0].get("a", []) == lines


def test_a_match_says_where_it_is_in_the_blob(storage: Storage) -> None:
    storage.set("a", b"\xef\xbb\xbffirst\nzweite x\n")
    [event, _] = ContentSearch(storage.engine, Query("x")).run(blobs_below(storage.engine, "data", ""))
    [match] = event.matches
    assert (match.number, match.offset, match.text[match.start : match.stop]) == (2, 9, "x")


def test_binary_blobs_are_left_out_unless_asked_for(storage: Storage) -> None:
    storage.set("a", bytes(range(256)) * 100 + b"\nneedle\n")
    lines, ends = results(storage, Query("needle"))
    assert not lines and ends["a"].state == "binary"
    assert results(storage, Query("needle", with_binary=True))[1]["a"].count == 1


def test_a_long_line_is_shown_around_its_match(storage: Storage) -> None:
    storage.set("a", b"a" * 3_000_000 + b"NEEDLE" + b"b" * 3_000_000 + b"\nNEEDLE\n")
    lines, ends = results(storage, Query("NEEDLE"))
    (first, text), second = lines["a"]
    assert first == 1 and text.startswith("…a") and text.endswith("b…") and "NEEDLE" in text and len(text) < 600
    assert second == (2, "NEEDLE") and ends["a"].count == 2


def test_a_damaged_blob_is_searched_as_far_as_it_goes(storage: Storage) -> None:
    whole = gzip.compress(b"".join(b"%d NEEDLE\n" % number for number in range(50_000)))
    storage.set("cut", whole[:-5000])
    storage.set("hurt", whole[:2000] + b"\xff" * 500 + whole[2500:])
    lines, ends = results(storage, Query("NEEDLE"))
    assert ends["cut"].state == ends["hurt"].state == "damaged" and ends["cut"].reason
    assert lines["cut"][0] == (1, "0 NEEDLE") and 1000 < len(lines["cut"]) < 50_000


def test_a_blob_that_is_gone_is_told_and_the_others_are_searched(storage: Storage) -> None:
    for key in "abc":
        storage.set(key, "x")
    blobs = list(blobs_below(storage.engine, "data", ""))
    storage.delete("b")
    events = list(ContentSearch(storage.engine, Query("x")).run(blobs))
    assert [row.blob.key for row in events if isinstance(row, Found)] == ["a", "c"]
    assert [row.state for row in events if isinstance(row, Ended)] == ["whole", "unreadable", "whole"]


def test_no_more_bytes_are_read_than_allowed(storage: Storage) -> None:
    for number in range(12):
        storage.set(f"{number:02}", b"x\n" * 100_000)
    _, ends = results(storage, Query("y"), most_bytes=500_000, jobs=1)
    assert [end.state for end in ends.values()] == ["whole"] * 2 + ["cut"] * 0 + ["whole"] + ["not searched"] * 9
    assert sum(end.read_bytes for end in ends.values()) <= 700_000


def test_the_first_match_is_enough_when_only_the_names_are_wanted(storage: Storage) -> None:
    storage.set("a", b"x\n" + b"y\n" * 5_000_000)
    _, ends = results(storage, Query("x", wanted="first"))
    assert ends["a"].count == 1 and ends["a"].read_bytes < 500_000


def test_lines_are_counted_without_being_sent(storage: Storage) -> None:
    storage.set("a", b"x\n" * 100_000)
    lines, ends = results(storage, Query("x", wanted="count"))
    assert not lines and ends["a"].count == 100_000


def test_a_pattern_that_runs_for_ever_is_ended_and_the_others_go_on(storage: Storage) -> None:
    storage.set("a", b"a" * 50 + b"b")
    storage.set("b", b"aaa\n")
    lines, ends = results(storage, Query("(a+)+$"), step_s=1.0)
    assert ends["a"].state == "slow" and "took longer" in ends["a"].reason
    assert lines == {"b": [(1, "aaa")]}


def test_a_bomb_ends_at_the_limit() -> None:
    lines = BlobLines(Query("x"), re.compile("x"), "a.bz2", most_unpacked=1_000_000)
    packed = bz2.compress(b"a line\n" * 2_000_000)
    assert len(packed) < 100_000 and list(lines.feed(packed, is_last=True)).count(None) < 10
    assert lines.state == "cut" and "1,000,000 unpacked" in lines.reason


@pytest.mark.parametrize("pattern", ["(", "[", "*", "a{2,1}", "(?P<x", "\\", "x" * 20_000, "a{99999999999999999999}"])
def test_a_pattern_that_is_none_is_refused(storage: Storage, pattern: str) -> None:
    with pytest.raises(ValueError, match=r"regular expression|longer"):
        ContentSearch(storage.engine, Query(pattern))


def children() -> list[psutil.Process]:
    """Return the running processes that match lines for this test."""
    found = []
    for row in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess):  # ended since, or not waited for yet
            found += [row] if "searching" in " ".join(row.cmdline()) else []
    return found


@pytest.mark.parametrize("pattern", ["x", "(x+)+$"])
def test_a_search_that_is_stopped_leaves_nothing(storage: Storage, pattern: str) -> None:
    for number in range(20):
        storage.set(f"{number:02}", b"x" * 60 + b"!\nx\n" * 1000)
    search = ContentSearch(storage.engine, Query(pattern), step_s=60.0)
    events = search.run(blobs_below(storage.engine, "data", ""))
    thread = threading.Thread(target=lambda: list(events))
    if pattern == "x":
        next(events)
    else:
        thread.start()
        wait_until(children, "a process that matches lines runs")
        search.stop()
        wait_for_end(thread)
    search.stop()
    events.close()
    wait_until(lambda: not children(), "no process is left")
