"""The location on the command line: a folder, or a blob in its folder."""

from typing import Any

import pytest

from storage_tui import Storage
from tests.faults.proxy import Fault, FaultProxy

KEYS = ("csv/x.csv", "csv/a.csv", "csv/z/deep", "top", "both", "both/inside", "sp ace/ü[1]?.txt")


@pytest.fixture
def filled(store: Storage) -> Storage:
    for key in KEYS:
        store.set(key, b"x")
    return store


@pytest.mark.parametrize(
    ("location", "path", "current", "names"),
    [
        ("data:csv/x.csv", "csv/", "x.csv", ["z/", "a.csv", "x.csv"]),
        ("data:csv/z/deep", "csv/z/", "deep", ["deep"]),
        ("data:top", "", "top", ["both/", "csv/", "sp ace/", "both", "top"]),
        ("data:sp ace/ü[1]?.txt", "sp ace/", "ü[1]?.txt", ["ü[1]?.txt"]),
        ("data:both", "", "both", ["both/", "csv/", "sp ace/", "both", "top"]),
        ("data:both/", "both/", "inside", ["inside"]),
        ("data:csv", "csv/", "z/", ["z/", "a.csv", "x.csv"]),
        ("data:csv/z/", "csv/z/", "deep", ["deep"]),
        ("data:", "", "both/", ["both/", "csv/", "sp ace/", "both", "top"]),
    ],
)
async def test_a_blob_opens_its_folder_with_the_cursor_on_it(
    filled: Storage, browse: Any, location: str, path: str, current: str, names: list[str]
) -> None:
    async with browse(location) as browser:
        await browser.until(lambda: browser.names == names)
        await browser.until(lambda: browser.current == path + current)
        assert browser.main.place.location.key == path
        assert [place.key for place in browser.app.desk.places.recent] == [path]


async def test_a_place_with_nothing_is_open_and_said(filled: Storage, browse: Any) -> None:
    async with browse("data:nope/none") as browser:
        await browser.until(lambda: "Nothing below data:nope/none/" in browser.text)
        assert browser.main.place.location.key == "nope/none/"


async def test_nothing_false_is_said_while_the_server_is_asked(filled: Storage, browse: Any, proxy: FaultProxy) -> None:
    proxy.default = Fault(stall_down=1)
    async with browse("data:csv/x.csv", url=proxy.url) as browser:
        await browser.until(lambda: "Listing" in browser.text)
        assert "Nothing below" not in browser.text and "Not read" not in browser.text
        proxy.release()
        await browser.until(lambda: browser.current == "csv/x.csv")
