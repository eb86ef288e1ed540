"""The listing: pages that come and go, filter, sort, and where the cursor belongs."""

import random
from array import array
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from storage_tui.client.patterns.words import Filter
from storage_tui.contract.columns import ColumnPage
from storage_tui.contract.models import Blob, Page
from storage_tui.tui.state.arranging import PIECE, arranged
from storage_tui.tui.state.listing import DEFAULTS, Folder, Listing, order
from storage_tui.tui.state.parts import parts_of

NOW = datetime(2024, 5, 1, tzinfo=UTC)
PAGES_KEPT = DEFAULTS.pages_kept


def page(*keys: str, folders: tuple[str, ...] = (), token: str | None = None) -> Page:
    return Page(tuple(Blob(key, "data", size_bytes=len(key), modified=NOW) for key in keys), folders, token)


def shown(listing: Listing) -> list[str]:
    return [row.key for row in listing.rows()]


def test_one_page_shows_folders_first_and_several_keep_the_order_of_the_keys() -> None:
    one = Listing("data", "")
    one.add_page(page("a", "c", folders=("b/",)))
    assert shown(one) == ["b/", "a", "c"]
    several = Listing("data", "")
    several.add_page(page("a", "c", folders=("b/",), token="t"))
    assert shown(several) == ["a", "b/", "c"]
    several.add_page(page("d", folders=("e/",)))
    assert shown(several) == ["a", "b/", "c", "d", "e/"]


def test_a_blob_beside_the_folder_of_its_name() -> None:
    listing = Listing("data", "")
    listing.add_page(page("abc", folders=("abc/",)))
    assert listing.index_of("abc", is_folder=False) == 1
    assert listing.index_of("abc/", is_folder=True) == 0


def test_dropped_pages_are_wanted_again_and_may_have_changed() -> None:
    listing = Listing("data", "k/")
    for number in range(PAGES_KEPT + 2):
        token = None if number == PAGES_KEPT + 1 else f"t{number + 1}"
        listing.add_page(page(f"k/{number:03}a", f"k/{number:03}b", token=token))
    assert listing.row(0) is None
    missing = listing.missing_page(0)
    assert missing is not None and missing[:2] == (0, None)
    listing.restore_page(0, page("k/000b"))
    assert listing.loaded == 2 * (PAGES_KEPT + 2) - 1
    assert [row.key for index in (0, -1) if (row := listing.row(index % len(listing)))] == [
        "k/000b",
        f"k/{PAGES_KEPT + 1:03}b",
    ]


@pytest.mark.parametrize("sort", ["name", "size", "age", "expiry", "type"])
def test_pages_in_columns_are_listed_filtered_and_sorted_as_their_details(sort: Any) -> None:
    whole, columns = Listing("tmp", "k/"), Listing("tmp", "k/")
    for number in range(3):
        blobs = tuple(
            Blob(f"k/{number}-{at:02}{end}", "tmp", at * 7 % 11, NOW + timedelta(minutes=at % 5), expires=expires)
            for at, (end, expires) in enumerate([(".csv", None), (".tif", NOW), ("\n", NOW + timedelta(days=1))] * 5)
        )
        given = Page(blobs, (f"k/{number}-07f/",), None if number == 2 else f"t{number}")
        whole.add_page(given)
        columns.add_columns(ColumnPage.of(given, "k/"))
    assert (columns.loaded, columns.size_bytes, columns.is_complete) == (48, whole.size_bytes, True)
    for wanted in ("", "7", "*.csv"):
        for listing in (whole, columns):
            listing.set_filter(Filter(wanted))
            listing.set_sort(sort)
        assert len(columns) == len(whole) > 0
        for index in range(len(whole)):
            row, known = whole.row(index), columns.outline(index)
            assert columns.row(index) is None and known == whole.outline(index)
            assert row is not None and known.key == row.key
            if isinstance(row, Blob) and isinstance(known, Blob):
                assert (known.size_bytes, known.modified, known.expires) == (row.size_bytes, row.modified, row.expires)
    columns.set_filter(None)
    missing = columns.missing_page(0)
    assert missing is not None and missing[0] == 0
    assert columns.index_of("k/2-07f/") is not None


def test_what_a_server_with_keys_only_left_out_is_not_made_up() -> None:
    listing = Listing("data", "")
    listing.add_page(Page((Blob("a", "data"),), ("b/",)))
    assert [listing.outline(at) for at in range(2)] == [Folder("b/", "data"), Blob("a", "data")]
    ends = datetime.max.replace(tzinfo=UTC)
    listing = Listing("tmp", "")
    listing.add_page(Page((Blob("a", "tmp", 5, NOW, expires=ends),)))
    assert listing.outline(0) == Blob("a", "tmp", 5, NOW)  # the end of the calendar is "never"


def test_a_row_alone_in_its_page_is_read_alone_and_stays_while_others_come() -> None:
    listing = Listing("data", "k/")
    for number in range(PAGES_KEPT + 2):
        keys = [f"k/{number:02}-{at:02}" for at in range(40)]
        token = None if number == PAGES_KEPT + 1 else "more"
        listing.add_page(page(*keys, folders=(f"k/{number:02}-a/",), token=token))
    assert listing.missing_key(0) is None  # its page is read, as all of it is in view
    listing.set_filter(Filter("-07"))
    assert listing.row(0) is None
    assert listing.outline(0) == Blob("k/00-07", "data", size_bytes=7, modified=NOW)
    assert listing.missing_key(0) == (7, "k/00-07")
    row = Blob("k/00-07", "data", size_bytes=5)
    listing.keep_row(8, row)
    assert listing.row(0) is None  # another's place
    listing.keep_row(7, row)
    assert listing.row(0) == row
    listing.set_filter(Filter("-a"))
    assert listing.missing_key(0) == (40, "k/00-a/")
    assert listing.row(0) == Folder("k/00-a/", "data")  # nothing to read
    listing.set_filter(None)
    assert listing.row(7) == row
    listing.restore_page(0, page("k/00-new"))
    listing.restore_page(1, page(*(f"k/x{at:02}" for at in range(40))))
    assert listing.row(7) != row


def test_the_filter_covers_dropped_pages_and_pages_to_come() -> None:
    listing = Listing("data", "k/")
    for number in range(PAGES_KEPT + 2):
        listing.add_page(page(f"k/{number:03}a", f"k/{number:03}B", token="more"))
    listing.set_filter(Filter("00"))
    assert len(listing) == 20
    listing.add_page(page("k/100a"))
    assert len(listing) == 21
    listing.set_filter(Filter("B"))
    assert len(listing) == PAGES_KEPT + 2
    listing.set_filter(None)
    assert len(listing) == listing.loaded


def test_sort_by_size_age_and_expiry_keeps_folders_first() -> None:
    listing = Listing("tmp", "")
    blobs = tuple(
        Blob(key, "tmp", size_bytes=size, modified=NOW - timedelta(days=days), expires=NOW + timedelta(days=7 - days))
        for key, size, days in (("a", 5, 1), ("b", 50, 3), ("c", 1, 2))
    )
    listing.add_page(Page(blobs, ("z/",)))
    for sort, wanted in (("size", "zbac"), ("age", "zacb"), ("expiry", "zbca"), ("name", "zabc")):
        listing.set_sort(sort)  # type: ignore[arg-type]
        assert "".join(key[0] for key in shown(listing)) == wanted


@pytest.mark.parametrize("sort", ["name", "size", "age", "expiry", "type"])
@pytest.mark.parametrize("is_reversed", [False, True])
def test_a_list_of_any_size_is_sorted_as_its_rows_are_though_most_are_not_here(sort: Any, is_reversed: bool) -> None:
    pick = random.Random(sort)
    pages = PAGES_KEPT + 4
    listing, blobs = Listing("tmp", ""), []
    for number in range(pages):
        page = [
            Blob(f"{number:03}{at:03}.{pick.choice(('tif', 'CSV', 'b'))}", "tmp",
                 size_bytes=pick.choice((None, 5, 7, 2**50)),
                 modified=(moment := NOW - timedelta(seconds=pick.randrange(99))),
                 expires=moment + timedelta(days=7))
            for at in range(200)
        ]  # fmt: skip
        blobs += page
        listing.add_page(Page(tuple(page), (f"{number:03}x/",), None if number == pages - 1 else "more"))
    pieces = sum(1 for _ in listing.sorting(sort, is_reversed=is_reversed))
    assert sort == "name" or pieces > 3
    folders = [f"{number:03}x/" for number in range(pages)]
    wanted = [blob.key for blob in sorted(blobs, key=lambda blob: order(blob, sort), reverse=is_reversed)]
    wanted = [*(reversed(folders) if is_reversed and sort == "name" else folders), *wanted]
    assert [listing.index_of(key) for key in wanted[::50]] == list(range(len(listing)))[::50]
    listing.set_filter(Filter("tif"))
    assert len(listing) == sum(key.endswith("tif") for key in wanted)
    assert [listing.index_of(key) for key in [key for key in wanted if key.endswith("tif")][:40]] == list(range(40))
    listing.set_filter(None)
    assert listing.index_of(wanted[-1]) == len(wanted) - 1


@pytest.mark.parametrize("is_reversed", [False, True])
@pytest.mark.parametrize("kinds", [1, 3, 700, 10**9])
@pytest.mark.parametrize("count", [0, 1, 9, PIECE, 3 * PIECE + 7])
def test_rows_are_arranged_by_value_in_turns_and_rows_of_one_value_keep_their_order(
    count: int, kinds: int, is_reversed: bool
) -> None:
    pick = random.Random(count)
    values = array("d", (pick.randrange(kinds) for _ in range(count)))
    wanted = sorted(range(count), key=lambda row: (values[row], row), reverse=is_reversed)
    turns = arranged(range(count), memoryview(values), is_reversed=is_reversed)
    found, most = None, 2 * (-(-count // PIECE)) + count // PIECE + 1
    for _ in range(most + 1):
        try:
            next(turns)
        except StopIteration as end:
            found = end.value
            break
    assert found is not None, f"more than {most} turns"
    assert list(found) == wanted


def test_sorting_that_is_left_changes_nothing() -> None:
    listing = Listing("data", "")
    listing.add_page(page(*(f"{at:05}" for at in range(9000)), token="t"))
    listing.add_page(page("x"))
    for _ in zip(range(2), listing.sorting("size", is_reversed=True), strict=False):
        pass
    assert (listing.sort, listing.is_reversed, listing.index_of("00007")) == ("key", False, 7)


@pytest.mark.parametrize("sort", ["size", "age", "type"])
@pytest.mark.parametrize("turns", [1, 3, 7])
def test_a_page_that_changes_while_a_list_is_sorted_leaves_its_order_as_it_was(sort: Any, turns: int) -> None:
    listing = Listing("data", "")
    for number in range(4):
        listing.add_page(page(*(f"{number}{at:04}.c" for at in range(900)), token="t" if number < 3 else None))
    for turn, _ in enumerate(listing.sorting(sort)):
        if turn == turns:
            listing.restore_page(2, page(*(f"2{at:04}.b" for at in range(950))))
    assert (listing.sort, listing.loaded) == ("key", 3650)
    assert [listing.index_of(key) for key in ("10000.c", "20949.b", "30899.c")] == [900, 2749, 3649]


def test_the_place_of_a_key_that_is_gone_is_the_next_one() -> None:
    listing = Listing("data", "")
    listing.add_page(page("a", "c", token="t"))
    assert listing.index_after("b") == 1
    assert listing.covers("b") and not listing.covers("d")
    listing.add_page(page("e"))
    assert listing.covers("z")
    assert listing.index_of("b") is None


def test_an_empty_page_in_the_middle_is_no_end() -> None:
    listing = Listing("data", "")
    listing.add_page(page("a", token="t"))
    listing.add_page(page(token="u"))
    listing.add_page(page("b"))
    assert shown(listing) == ["a", "b"]


def test_filters() -> None:
    names = ["Alpha.TIF", "alpha.csv", "beta/", "x-alpine"]
    assert [name for name in names if Filter("alp").matches(name)] == ["Alpha.TIF", "alpha.csv", "x-alpine"]
    assert [name for name in names if Filter("Alp").matches(name)] == ["Alpha.TIF"]
    assert [name for name in names if Filter("*.tif").matches(name)] == ["Alpha.TIF"]
    assert [name for name in names if Filter("~xpe").matches(name)] == ["x-alpine"]
    assert [name for name in names if Filter("alp csv").matches(name)] == ["alpha.csv"]
    assert Filter("be*").matches("beta/")


@pytest.mark.parametrize("sort", ["name", "size"])
@pytest.mark.parametrize("words", ["", "7"])
def test_parts_name_every_row_shown_those_of_dropped_pages_too(sort: Any, words: str) -> None:
    listing = Listing("data", "k/")
    pages = PAGES_KEPT + 3
    for number in range(pages):
        keys = [f"k/{number:02}-{at:02}" + "x" * (at * 7 % 11) for at in range(20)]
        listing.add_page(page(*keys, folders=(f"k/{number:02}-7f/",), token=None if number == pages - 1 else "more"))
    listing.set_filter(Filter(words))
    listing.set_sort(sort)
    parts = parts_of(listing, 0, len(listing))
    assert len([part for part in parts if part.rows is None]) == 3
    wanted = sorted((row.key, isinstance(row, Folder)) for row in map(listing.outline, range(len(listing))))
    found = [(row.key, isinstance(row, Folder)) for part in parts for row in part.stand_ins()]
    assert found == wanted and sum(map(len, parts)) == len(listing)
    some = [(row.key, isinstance(row, Folder)) for part in parts_of(listing, 30, 35) for row in part.stand_ins()]
    assert some == sorted((row.key, isinstance(row, Folder)) for row in map(listing.outline, range(30, 35)))
