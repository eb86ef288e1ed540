"""The footer names the keys for the row under the cursor: few, true, and never cut in the middle."""

from typing import Any

import pytest

from storage_tui import Storage
from storage_tui.contract.models import Blob
from storage_tui.tui.commands import Keymap, key_label
from storage_tui.tui.look.row_keys import keys_of_row
from storage_tui.tui.state.listing import Folder
from storage_tui.tui.widgets.bar_content import chord_content, footer_content
from tests.previews.tiffs import grey, write


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (Folder("a/", "data"), " Enter open  U usage  f find "),
        (Folder("a/", "tmp"), " Enter open  U usage  f find  a keep  c rescue "),
        (Blob("a.tif", "data"), " Enter explore "),
        (Blob("a.csv.gz", "tmp"), " Enter rows  a keep  c rescue "),
        (Blob("a.geojson", "data"), " Enter shapes  M map "),
        (Blob("a.md", "data"), " Enter read  e edit "),
        (Blob("a.zip", "data"), " Enter members "),
        (Blob("a.png", "data"), " Enter picture "),
        (Blob("a.grib", "data"), " Enter view "),
        (Blob("a.pdf", "data"), " Enter view  h up "),
        (Blob("a", "logs"), " Enter read  b its result "),
        (Blob("a", "result"), " Enter view  b its log "),
        (Blob("a.tif", "data", storage_class="GLACIER"), " ga ask back  i details  Enter explore "),
        (Blob("a.tif", "data", storage_class="STANDARD_IA"), " Enter explore "),
        (None, ""),
    ],
)
def test_each_kind_of_row_has_its_keys_first(row: Any, words: str) -> None:
    for width in (80, 120, 200):
        footer = footer_content("browser", width=width, first=keys_of_row(row)).plain
        assert footer.startswith(words) and len(footer) <= width and "? help" in footer
    assert len(keys_of_row(row)) <= 5


def test_keys_that_the_local_side_lacks_are_left_out_there() -> None:
    words = footer_content("local", width=120, first=keys_of_row(Folder("/a/", "local"))).plain
    assert words.startswith(" Enter open  h up") and "usage" not in words


def test_the_keys_after_the_first_of_a_chord_are_whole_and_the_others_are_counted() -> None:
    keymap = Keymap("browser")
    keymap.feed("g")
    hints = keymap.hints()
    whole = [f"  {key_label(key)} {row.title.rstrip('….').lower()}" for key, row in hints]
    for width in range(20, 400, 7):
        words = chord_content("g", hints, width=width).plain
        assert len(words) <= width
        shown, _, more = words.removeprefix(" g …").partition("  +")
        count = len(hints) - int(more.split()[0]) if more else len(hints)
        assert shown == "".join(whole[:count])
    assert "+" not in chord_content("g", hints, width=400).plain


async def test_Esc_leaves_a_chord_without_a_word(store: Storage, browse: Any) -> None:
    store.set("a.csv", "a,b\n1,2\n")
    async with browse() as browser:
        await browser.shows(" Enter rows  ")
        await browser.press("g")
        await browser.shows(" g …  g first row")
        await browser.press("escape")
        await browser.shows(" Enter rows  ")
        assert browser.app.desk.fresh_message is None


async def test_the_footer_follows_the_cursor(store: Storage, browse: Any) -> None:
    store.set("d/x", b"x")
    store.set("a.csv", "a,b\n1,2\n")
    store.set("b.tif", write(grey(2, 2, [bytes(4)])))
    async with browse() as browser:
        await browser.shows(" Enter open  U usage")
        await browser.press("j")
        await browser.shows(" Enter rows  ")
        await browser.press("j")
        await browser.shows(" Enter explore  ")
        await browser.press("s")
        await browser.shows(" Tab other side")
        await browser.press("s")
        await browser.until(lambda: browser.text.splitlines()[-1].startswith(" Enter explore"))


async def test_the_viewer_names_what_Enter_does_to_its_document(store: Storage, browse: Any) -> None:
    store.set("a.csv", "crop,size\nwheat,1\n")
    store.set("b.txt", "words\n")
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["a.csv", "b.txt"])
        await browser.press("enter")
        await browser.shows(" Enter all rows")
        await browser.press("q", "j", "enter")
        await browser.shows("hex/text")
        await browser.shows("words")
        assert "Enter" not in browser.text.splitlines()[-1]


async def test_the_footers_of_lists_follow_the_row_too(store: Storage, browse: Any) -> None:
    store.set("d/a.csv", "a,b\n1,2\n")
    store.set("d/b.md", "# words\n")
    store.set("own", b"x")
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["d/", "own"])
        await browser.press("f")
        await browser.shows("Type words")
        await browser.type("d/")
        await browser.press("enter", "enter")
        await browser.shows(" F3 rows  ")
        await browser.press("j")
        await browser.shows(" F3 read  e edit")
        await browser.press("f3")
        await browser.shows("hex/text")
        await browser.press("q", "q")
        await browser.until(lambda: browser.app.screen is browser.main)
        await browser.press("U")
        await browser.shows("in 3 blobs")
        await browser.press("g", "g")
        await browser.until(lambda: browser.text.splitlines()[-1].startswith((" Enter open  D delete", " Enter list")))
        await browser.press("j")
        await browser.shows(" Enter list them")


async def test_the_trash_says_how_a_version_comes_back_and_its_messages_go(store: Storage, browse: Any) -> None:
    store.set("a", b"1")
    store.set("a", b"22")
    store.set("b", b"333")
    store.delete("b")
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["a"])
        await browser.press("g", "z")
        await browser.until(lambda: browser.text.splitlines()[-1].startswith(" Enter bring back  Space"))
        await browser.press("j")
        await browser.shows(" Enter bring back beside")
        await browser.press("k", "space")
        await browser.shows(" Enter bring back 1")
        await browser.press("enter")
        await browser.shows("b came back")
        browser.app.desk.front.message_s = 0.0
        await browser.until(lambda: "b came back" not in browser.text)
