"""Pages of a list in columns: the same as their details, and refused where they are none."""

from array import array
from datetime import UTC, datetime
from typing import Any

import pytest

from storage_tui.contract.columns import ColumnPage
from storage_tui.contract.errors import ProtocolError
from storage_tui.contract.models import Blob, Page
from storage_tui.contract.moments import from_millis

WRITTEN = datetime(2024, 5, 1, 12, 30, 0, 125_000, UTC)
GONE = datetime(2024, 5, 8, 12, 30, 0, 125_000, UTC)
PLAIN = {"names": ["a", "b"], "sizes": [1, 2], "modified": [3, 4], "prefixes": [], "next": None}


def test_columns_tell_what_the_details_tell() -> None:
    blobs = Blob("p/b", "tmp", 7, WRITTEN, expires=GONE), Blob("p/d\n", "tmp", 2**40, WRITTEN)
    page = ColumnPage.of(Page(blobs, ("p/a/", "p/c/"), "next"), "p/")
    assert page.names == ("a/", "b", "c/", "d\n")
    assert page.sizes.tolist() == [0, 7, 0, 2**40]
    assert [from_millis(moment) for moment in page.modified if moment] == [WRITTEN, WRITTEN]
    assert page.expires is not None
    assert [moment and from_millis(moment) for moment in page.expires] == [0, GONE, 0, 0]
    assert page.prefixes.tolist() == [0, 2]
    assert page.next_token == "next"
    assert ColumnPage.from_json(page.to_json()) == ColumnPage(
        page.names, page.sizes, page.modified, page.expires, page.prefixes, "next"
    )


def test_nothing_that_expires_costs_nothing() -> None:
    page = ColumnPage.of(Page((Blob("k", "data", 1, WRITTEN),)), "")
    assert page.expires is None and "expires" not in page.to_json()
    assert ColumnPage.of(Page(()), "") == ColumnPage((), array("Q"), array("q"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"names": "ab"}, {"names": ["a", 5]}, {"names": ["a", "\ud800"]}, {"names": None}, {"names": ["a"]},
        {"sizes": [1, -2]}, {"sizes": [1, 2**64]}, {"sizes": [1, 2.5]}, {"sizes": "12"}, {"sizes": [1]},
        {"modified": [3, 10**18]}, {"modified": [-1, 4]}, {"modified": [3]}, {"modified": {"a": 1}},
        {"expires": [1]}, {"expires": [None, None]}, {"prefixes": [2]}, {"prefixes": [1, 0]}, {"prefixes": [0, 0]},
        {"prefixes": [-1]}, {"next": 5},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_page_in_columns_is_refused(wrong: dict[str, Any]) -> None:
    ColumnPage.from_json(PLAIN)
    with pytest.raises(ProtocolError, match="in columns"):
        ColumnPage.from_json({**PLAIN, **wrong})


@pytest.mark.parametrize("raw", [None, [], "x", {}, 5])
def test_what_is_no_object_is_refused(raw: Any) -> None:
    with pytest.raises(ProtocolError, match="in columns"):
        ColumnPage.from_json(raw)
