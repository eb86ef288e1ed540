"""Z takes back what this session changed, and gz lists what can come back."""

from pathlib import Path
from typing import Any

import pytest

from storage_tui import Storage
from storage_tui.client.agent.place import AgentPlace
from tests.client.published import PublishedServer


async def take_back(browser: Any, words: str) -> None:
    await browser.rests()
    log = browser.app.desk.log
    before = len(log.messages)
    await browser.press("Z")
    await browser.shows("Take back the last change?")
    await browser.shows(words)
    await browser.press("enter")
    # In the log: the end of a transfer may be said right after.
    await browser.until(lambda: any("taken back" in message.text for message in list(log.messages)[before:]))


async def delete(browser: Any) -> None:
    await browser.rests()
    await browser.press("D")
    await browser.shows("Deleted blobs can come back for 24 hours")
    await browser.press("right", "enter")
    await browser.shows("(Z takes it back)")


async def test_a_delete_a_rename_and_a_paste_are_taken_back_one_by_one(browse: Any, store: Storage) -> None:
    store.set("a", b"one")
    store.set("b", b"two")
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["a", "b"])
        await delete(browser)
        await browser.until(lambda: browser.names == ["b"])
        await browser.press("r")
        await browser.shows("Rename the blob b")
        await browser.type("c")
        await browser.press("enter")
        await browser.until(lambda: browser.names == ["bc"])
        await browser.press("C", "2")
        await browser.until(lambda: browser.main.place.location.storage_type == "tmp")
        await browser.press("g", "p")
        await browser.shows("In tmp they expire 7 days from now")
        await browser.press("enter")
        await browser.until(lambda: browser.names == ["bc"])
        await take_back(browser, "Delete tmp:bc, which was made")
        await browser.until(lambda: browser.names == [])
        await browser.press("1")
        await take_back(browser, "Move data:bc back to data:b")
        await browser.until(lambda: browser.names == ["b"])
        await take_back(browser, "Bring back data:a, which was deleted")
        await browser.until(lambda: browser.names == ["a", "b"])
        await browser.press("Z")
        await browser.shows("nothing to take back in this session")
    assert (store.get("a"), store.get("b"), store.list(storage_type="tmp")) == (b"one", b"two", [])


async def test_what_a_rename_replaced_comes_back_with_it(browse: Any, store: Storage) -> None:
    store.set("a", b"one")
    store.set("b", b"two")
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["a", "b"])
        await browser.press("r")
        await browser.shows("Rename the blob a")
        await browser.press("backspace")
        await browser.type("b")
        await browser.press("enter")
        await browser.shows("Enter again replaces it")
        await browser.press("enter")
        await browser.until(lambda: browser.names == ["b"])
        await take_back(browser, "and bring back the blob that was replaced")
        await browser.until(lambda: browser.names == ["a", "b"])
    assert (store.get("a"), store.get("b")) == (b"one", b"two")


async def test_what_somebody_changed_since_is_left_as_it_is(browse: Any, store: Storage) -> None:
    store.set("a", b"one")
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["a"])
        await delete(browser)
        store.set("a", b"theirs")
        await browser.press("Z")
        await browser.shows("Take back the last change?")
        await browser.press("enter")
        await browser.shows("not taken back")
    assert store.get("a") == b"theirs"


async def test_a_change_can_be_kept_and_the_one_before_taken_back(browse: Any, store: Storage) -> None:
    for key in ("a", "b"):
        store.set(key, key.encode())
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["a", "b"])
        for left in (["b"], []):
            await delete(browser)
            await browser.until(lambda left=left: browser.names == left)
        await browser.press("Z")
        await browser.shows("1 change before it can follow")
        await browser.press("right", "right", "enter")
        await browser.shows("that change stays")
        await take_back(browser, "data:a")
        await browser.until(lambda: browser.names == ["a"])


async def test_the_trash_lists_marks_brings_back_and_purges(browse: Any, store: Storage) -> None:
    for key in ("d/a", "d/b", "d/c", "e"):
        store.set(key, key.encode())
        store.delete(key)
    store.set("d/b", b"again")
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["d/"])
        await browser.press("l")
        await browser.until(lambda: browser.names == ["b"])
        await browser.press("g", "z")
        await browser.shows("3 versions · 9 B")
        assert "e " not in browser.text.split("trash")[0]
        await browser.press("ctrl+a", "b")
        await browser.shows("2 blobs came back, 1 did not")
        await browser.shows("1 version")
        await browser.press("D")
        await browser.shows("Remove 1 version for good?")
        await browser.press("right", "enter")
        await browser.shows("removed 1 version for good, 3 B")
        await browser.shows("Nothing below data:d/ was deleted or replaced lately")
        await browser.press("b")
        await browser.shows("nothing to bring back")
        await browser.press("escape")
        await browser.until(lambda: browser.names == ["a", "b", "c"])
    assert (store.get("d/a"), store.get("d/b"), store.get("d/c")) == (b"d/a", b"again", b"d/c")


async def test_the_trash_fits_every_screen(browse: Any, store: Storage) -> None:
    store.set("maps/a\u202e.tif", b"x" * 5000)
    store.delete("maps/a\u202e.tif")
    for size in ((120, 40), (80, 24), (40, 10), (20, 5)):
        async with browse(size=size) as browser:
            await browser.until(lambda: not browser.main.reader.is_reading)
            await browser.press("g", "z")
            await browser.shows("maps/a" if size[0] > 20 else "maps")
            assert "\u202e" not in browser.text


async def test_a_published_server_keeps_nothing_and_says_so(
    browse: Any, server: Any, token: str, store: Storage
) -> None:  # fmt: skip
    store.set("a", b"x")
    with PublishedServer(server.url, page=1000) as running:
        async with browse(url=running.url) as browser:
            await browser.until(lambda: browser.names == ["a"])
            await browser.press("g", "z")
            await browser.shows("This server keeps nothing that was deleted or replaced")
            await browser.press("escape", "D")
            await browser.shows("This cannot be undone.")
            await browser.press("right", "enter")
            await browser.shows("deleted 1 blob")
            assert "Z takes it back" not in browser.text
            await browser.press("Z")
            await browser.shows("nothing to take back")


async def upload(browser: Any, name: str, *, over: bool = False) -> None:
    await browser.rests()
    await browser.press("u")
    await browser.shows("Upload to data")
    await browser.type(name)
    await browser.shows("File, 3")
    if over:
        browser.app.screen.query_one("#conflict").focus()
        await browser.press("right")
    await browser.press("enter")


@pytest.mark.parametrize("uses_agent", [False, True])
async def test_uploads_are_taken_back_also_those_that_replaced_a_blob(
    browse: Any, store: Storage, place: AgentPlace, tmp_path: Path, uses_agent: bool
) -> None:
    store.set("b", b"before")
    for name in ("a", "b"):
        (tmp_path / "here" / name).write_bytes(b"new")
    async with browse(uses_agent=uses_agent) as browser:
        await browser.until(lambda: browser.names == ["b"])
        await upload(browser, "a")
        await browser.until(lambda: browser.names == ["a", "b"] and len(browser.app.desk.undo) == 1)
        await upload(browser, "b", over=True)
        await browser.until(lambda: len(browser.app.desk.undo) == 2)
        assert store.get("b") == b"new"
        await take_back(browser, "Delete data:b, which was uploaded, or put back what it replaced")
        assert (store.get("a"), store.get("b")) == (b"new", b"before")
        await take_back(browser, "Delete data:a, which was made")
        await browser.until(lambda: browser.names == ["b"])
    assert store.get("b") == b"before"


async def test_an_upload_to_a_type_that_keeps_its_blobs_is_no_dead_end(
    browse: Any, store: Storage, place: AgentPlace, tmp_path: Path
) -> None:
    store.set("a", b"one", "tmp")
    (tmp_path / "here" / "new").write_bytes(b"new")
    async with browse("tmp:") as browser:
        await browser.until(lambda: browser.names == ["a"])
        await delete(browser)
        await browser.press("3", "u")
        await browser.shows("Upload to products")
        await browser.type("new")
        await browser.shows("File, 3")
        await browser.press("enter")
        await browser.until(lambda: len(browser.app.desk.undo) == 2)
        log = browser.app.desk.log  # the end of the transfer is said a moment later, over what is said before
        await browser.until(lambda: any("1 transfer done" in message.text for message in log.messages))
        await browser.press("Z")
        await browser.shows("The last change cannot be taken back")
        await browser.shows("so an upload to products stays")
        await browser.press("right", "enter")
        await browser.shows("Z takes back the one before")
        await take_back(browser, "Bring back tmp:a, which was deleted")
    assert store.list(storage_type="tmp") == ["a"]
