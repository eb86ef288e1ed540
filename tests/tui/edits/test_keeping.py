"""Another seven days from the browser: rows, marks, folders, and what does not expire."""

from typing import Any

from storage_tui import Storage
from tests.faults.proxy import NONE, Fault, FaultProxy
from tests.tui.conftest import BOTH_WIRES

WIRES = BOTH_WIRES


async def test_a_keeps_the_row_for_seven_days_from_now(browse: Any, store: Storage) -> None:
    store.set("a", b"x", "tmp")
    before = store.stat("a", "tmp").expires
    async with browse("tmp:") as browser:
        await browser.until(lambda: browser.names == ["a"])
        await browser.press("a")
        await browser.shows("a is kept for seven days from now")
    after = store.stat("a", "tmp").expires
    assert before is not None and after is not None and after > before


async def test_marks_and_folders_are_kept_after_a_question(browse: Any, store: Storage) -> None:
    for number in range(12):
        store.set(f"d/{number}", b"x", "tmp")
    store.set("e", b"x", "tmp")
    async with browse("tmp:") as browser:
        await browser.until(lambda: browser.names == ["d/", "e"])
        await browser.press("ctrl+a", "a")
        await browser.shows("Keep 13 blobs of tmp for seven more days?")
        await browser.press("enter")
        await browser.shows("13 blobs are kept for seven days from now")


async def test_Esc_before_the_first_answer_says_that_nothing_is_confirmed(
    browse: Any, store: Storage, wire: str
) -> None:
    store.set("a", b"x", "tmp")
    with FaultProxy(wire) as proxy:
        async with browse("tmp:", url=proxy.url) as browser:
            await browser.until(lambda: browser.names == ["a"])
            proxy.default = Fault(stall_up=1)
            proxy.cut_all()
            await browser.press("a")
            await browser.shows("Keeping 0 of 1 longer (Esc stops)")
            await browser.press("escape")
            await browser.shows("stopped: the server has confirmed no blob as kept longer")
            proxy.default = NONE
            proxy.release()
            proxy.cut_all()


async def test_what_does_not_expire_is_refused_in_one_line(browse: Any, store: Storage) -> None:
    store.set("a", b"x")
    async with browse("data:") as browser:
        await browser.until(lambda: browser.names == ["a"])
        await browser.press("a")
        await browser.shows("blobs of data do not expire (kept until deleted)")


async def test_an_empty_list_has_nothing_to_keep_or_to_edit(browse: Any) -> None:
    async with browse("tmp:") as browser:
        await browser.shows("Empty")
        await browser.press("a")
        await browser.shows("nothing to keep")
        await browser.press("e")
        await browser.shows("the cursor is on no row")


async def test_a_blob_that_is_gone_is_not_edited_as_a_new_one(browse: Any, store: Storage, monkeypatch: Any) -> None:
    monkeypatch.setenv("VISUAL", "true")
    store.set("a", b"x")
    async with browse("data:") as browser:
        await browser.until(lambda: browser.names == ["a"])
        store.delete("a")
        await browser.press("e")
        await browser.shows("data:a is gone; nothing was opened")
    assert store.list() == []
