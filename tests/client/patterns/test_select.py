"""The blobs of a pattern: all that match and no other, in order, from as few lists as the pattern allows."""

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from storage_tui import Storage
from storage_tui.client import folding
from storage_tui.client.patterns.conditions import condition
from storage_tui.client.patterns.globs import Glob, quote
from storage_tui.client.patterns.select import blobs_below, matching_blobs, matching_entries, pattern_of, within
from storage_tui.contract.keys import Location
from storage_tui.contract.models import Blob
from tests.client.patterns.test_globs import grown_pattern
from tests.client.published import PublishedServer
from tests.effort import count

NAMES = ("a", "b", "ab", ".a", "a-b", "a b", "[a]", "", "{a,b}", "a*")


def grown_keys(rng: random.Random) -> list[str]:
    """Return keys: blobs and folders of one name, folder markers, empty segments."""
    found = {"/".join(rng.choice(NAMES) for _ in range(rng.randint(1, 4))) for _ in range(60)} - {""}
    return sorted(found, key=str.encode)


def expected_blobs(keys: list[str], glob: Glob, *, recursive: bool) -> list[str]:
    """Return the keys that match, and with `recursive` those in folders that match."""
    return [key for key in keys if glob.matches(key) or (recursive and any(map(glob.matches_folder, above(key))))]


def above(key: str) -> list[str]:
    """Return the folders of a key, with their slashes."""
    places = [at for at, character in enumerate(key) if character == "/"]
    return [key[: at + 1] for at in places]


@pytest.fixture(params=["ours", "published"])
def client(request: pytest.FixtureRequest, storage: Storage, token: str) -> Iterator[Storage]:
    if request.param == "ours":
        yield storage
        return
    published: PublishedServer = request.getfixturevalue("published")
    with Storage(published.url, token=token) as plain:
        yield plain


@pytest.mark.parametrize("seed", range(count(2, 4, 40)))
def test_a_pattern_selects_what_it_matches_in_the_order_of_the_keys(
    client: Storage, storage: Storage, seed: int
) -> None:
    rng = random.Random(seed)
    keys = grown_keys(rng)
    for key in keys:
        storage.set(key, "x")
    for _ in range(30):
        glob = Glob(grown_pattern(rng))
        for recursive in (False, True):
            found = [blob.key for blob in matching_blobs(client.engine, "data", glob, recursive=recursive)]
            assert found == expected_blobs(keys, glob, recursive=recursive), (glob.text, recursive)


@pytest.mark.parametrize("seed", range(count(2, 4, 40)))
def test_a_listed_pattern_names_folders_too(storage: Storage, seed: int) -> None:
    rng = random.Random(seed)
    keys = grown_keys(rng)
    for key in keys:
        storage.set(key, "x")
    for _ in range(60):
        glob = Glob(grown_pattern(rng))
        entries = [row if isinstance(row, str) else row.key for row in matching_entries(storage.engine, "data", glob)]
        blobs = {key for key in keys if glob.matches(key)}
        folders = {folder for key in keys for folder in above(key) if glob.matches_folder(folder)}
        if "**" in glob.text:  # the folder in front of `**` is not in itself
            assert blobs <= set(entries) <= blobs | folders, glob.text
        else:
            assert Counter(entries) == Counter(blobs) + Counter(folders), glob.text


@pytest.mark.parametrize("pattern", ["./x", "a/./x", "a/../*", "*/./x", "{.,a}/x", "..", "a/.", "**/../x", "x" * 1025])
def test_a_segment_that_no_key_has_matches_nothing_and_breaks_off_nothing(storage: Storage, pattern: str) -> None:
    storage.set("a/x", "x")
    expected = ["a/x"] if pattern.startswith("{") else []
    assert [row.key for row in matching_blobs(storage.engine, "data", Glob(pattern))] == expected
    assert [row.key for row in matching_entries(storage.engine, "data", Glob(pattern))] == expected


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str]]]:
    """Collect the prefixes and delimiters of all lists."""
    asked: list[tuple[str, str]] = []
    before = folding.list_page

    def list_page(service: Any, prefix: str, storage_type: str, delimiter: str, token: Any, limit: int) -> Any:
        asked.append((prefix, delimiter))
        return before(service, prefix, storage_type, delimiter, token, limit)

    with monkeypatch.context() as patch:
        patch.setattr(folding, "list_page", list_page)
        yield asked


@pytest.mark.parametrize(
    ("pattern", "asked"),
    [
        ("a/*/x.tif", {("a/", "/"), ("a/1/x.tif", ""), ("a/2/x.tif", "")}),
        ("a/1*/x.tif", {("a/1", "/"), ("a/1/x.tif", "")}),
        ("{a,b}/x", {("a/x", ""), ("b/x", "")}),
        ("b/**/x.tif", {("b/", "")}),
        ("b\\*", {("b*", "")}),
    ],
)
def test_only_prefixes_that_can_match_are_listed(
    storage: Storage, monkeypatch: pytest.MonkeyPatch, pattern: str, asked: set[tuple[str, str]]
) -> None:
    for key in ("a/1/x.tif", "a/1/deep/y", "a/2/y", "b/1/x.tif", "c"):
        storage.set(key, "x")
    with counted(monkeypatch) as lists:
        list(matching_blobs(storage.engine, "data", Glob(pattern)))
    assert set(lists) == asked


def test_many_small_folders_are_listed_as_one(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(60):
        storage.set(f"a/{number:03}/x.tif", "x")
        storage.set(f"a/{number:03}/y.tif", "x")
    with counted(monkeypatch) as lists:
        found = list(matching_blobs(storage.engine, "data", Glob("a/*/x.tif")))
    assert len(found) == 60 and len(lists) == 2


@pytest.mark.parametrize("key", ["a[1].txt", "b*", "c{x,y}", "d?/e"])
def test_a_blob_or_folder_of_exactly_the_name_is_no_pattern(storage: Storage, key: str) -> None:
    storage.set(key, "x")
    assert pattern_of(storage.engine, Location("data", key)) is None
    assert pattern_of(storage.engine, Location("data", key.partition("/")[0])) is None
    assert pattern_of(storage.engine, Location("data", quote(key))) == Glob(quote(key))
    assert pattern_of(storage.engine, Location("tmp", key)) == Glob(key)


def test_limits_are_compared_also_where_a_server_lists_keys_only(
    storage: Storage, published: PublishedServer, token: str
) -> None:
    for key, size in (("a", 1), ("b", 1000), ("c", 5000)):
        storage.set(key, b"x" * size)
    with Storage(published.url, token=token) as plain:
        for client in (storage, plain):
            large = within(client.engine, blobs_below(client.engine, "data", ""), [condition(">999B")])
            assert [blob.key for blob in large] == ["b", "c"]


def test_a_limit_with_an_unknown_value_matches_nothing() -> None:
    blob = Blob("a", "data")
    now = datetime.now(UTC)
    for word in (">1d", "<1d", ">1B", "<1B", "left>1d", "left<1d", "age>1d", "size<1k"):
        assert not condition(word).matches(blob, now)


@pytest.mark.parametrize(
    ("word", "is_match"),
    [
        (">3d", True), (">5d", False), ("age<1w", True), ("<2h", True), ("<30m", False), ("left>30m", True),
        (">1GB", True), (">1GiB", False), ("size>1G", True), (">1g", True), ("size>900M", True), ("<900M", True),
        (">500k", True), ("<1.1GB", True), ("<1.05GiB", True), ("SIZE<2gb", True),
    ],
)  # fmt: skip
def test_a_limit_compares_what_it_says(word: str, is_match: bool) -> None:
    now = datetime(2024, 6, 1, tzinfo=UTC)
    blob = Blob("a", "tmp", 1_050_000_000, now - timedelta(days=4), "e", expires=now + timedelta(hours=1))
    assert condition(word).matches(blob, now) is is_match


@pytest.mark.parametrize(
    "word", [">٣d", ">1_0d", ">+1d", ">1e9d", ">" + "9" * 40 + "d", "<3", ">d", "size>3d", "left<1GB"]
)
def test_a_limit_that_cannot_be_read_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match=r"limit|unit|calendar"):
        condition(word)
