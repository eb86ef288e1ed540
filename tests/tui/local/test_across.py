"""Copies and moves between the two sides: what arrives, what stays when it does not, and pasted paths."""

from pathlib import Path
from typing import Any

import pytest
from textual import events

from storage_tui import Storage
from storage_tui.tui.local import moves
from storage_tui.tui.state.transfers import Transfer
from tests.tui.conftest import Browser
from tests.tui.local.test_side import at, names, open_side, side


@pytest.fixture
def here(tmp_path: Path) -> Path:
    folder = tmp_path / "here"
    for name in ("a", "b", "many/1", "many/sub/2", "many/sub/3"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"text of {name}")
    return folder


def is_idle(browser: Browser) -> bool:
    queue, made = browser.app.desk.queue, browser.main._sides._made
    return bool(queue.items) and not queue.is_active and (made is None or not made.moves._is_working)


def kept(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


async def paste(browser: Browser, text: str) -> None:
    (browser.app.focused or browser.app.screen).post_message(events.Paste(text))
    await browser.pilot.pause()


async def test_f5_uploads_local_marks_into_the_open_prefix(here: Path, store: Storage, browse: Any) -> None:
    store.set("there/x", b"x")
    async with browse("data:there/") as browser:
        await browser.until(lambda: browser.names == ["x"])
        await open_side(browser)
        await browser.press("ctrl+a", "f5")
        await browser.shows("Upload 3 paths to data")
        await browser.shows("5 files")
        await browser.press("enter")
        await browser.until(lambda: browser.names == ["many/", "a", "b", "x"])
        assert not len(side(browser).desk.marks)
    assert store.list("there/") == [
        "there/a",
        "there/b",
        "there/many/1",
        "there/many/sub/2",
        "there/many/sub/3",
        "there/x",
    ]
    assert len(kept(here)) == 5


async def test_f5_downloads_marks_into_the_open_local_folder(here: Path, store: Storage, browse: Any) -> None:
    for key in ("x", "folder/y", "folder/z"):
        store.set(key, key)
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["folder/", "x"])
        await open_side(browser)
        await browser.press("enter")  # many/
        await browser.until(lambda: names(browser) == ["sub/", "1"])
        await browser.press("tab", "ctrl+a", "f5")
        await browser.shows("Download 3 blobs")
        await browser.press("enter")
        await browser.until(lambda: names(browser) == ["folder/", "sub/", "1", "x"])
    assert (here / "many" / "folder" / "y").read_text() == "folder/y"
    assert store.list() == ["folder/y", "folder/z", "x"]


async def test_without_a_local_side_f5_downloads_and_f6_uploads(here: Path, store: Storage, browse: Any) -> None:
    store.set("x", b"x")
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["x"])
        await browser.press("f5")
        await browser.shows("Download x")
        await browser.press("escape", "f6")
        await browser.shows("Upload to data")


async def test_a_move_into_the_store_deletes_the_files_after_they_have_arrived(
    here: Path, store: Storage, browse: Any
) -> None:
    async with browse() as browser:
        await open_side(browser)
        await browser.press("f6")
        await browser.shows("Move many to data")
        await browser.shows("The files are deleted here after they have arrived whole")
        await browser.shows("3 files")
        await browser.press("enter")
        await browser.until(lambda: names(browser) == ["a", "b"])
        await browser.shows("moved 3 files")
        await browser.press("Z")
        await browser.shows("The last change cannot be taken back")
        await browser.shows("F6 brings them back")
        await browser.press("escape")
    assert store.list() == ["many/1", "many/sub/2", "many/sub/3"]
    assert not (here / "many").exists()


async def test_a_move_out_of_the_store_deletes_the_blobs_after_they_have_arrived(
    here: Path, store: Storage, browse: Any
) -> None:
    for key in ("f/y", "f/z", "stays"):
        store.set(key, key)
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["f/", "stays"])
        await open_side(browser)
        await browser.press("tab", "f6")
        await browser.shows("Move 2 blobs from data")
        await browser.shows("The blobs are deleted here after they have arrived whole")
        await browser.press("enter")
        await browser.until(lambda: browser.names == ["stays"])
        await browser.shows("moved 2 files")
        assert store.list() == ["stays"]
        await browser.press("Z")
        await browser.shows("Bring back the 2 blobs of data that were deleted")
        await browser.press("enter")
        await browser.until(lambda: browser.names == ["f/", "stays"])
    assert store.get("f/z") == b"f/z"
    assert (here / "f" / "y").read_text() == "f/y"


async def test_what_was_skipped_stays_where_it_was(here: Path, store: Storage, browse: Any) -> None:
    store.set("a", "of the store")
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["a"])
        await open_side(browser)
        await browser.press("j", "f6")
        await browser.shows("1 file")
        await browser.press("enter")
        await browser.shows("1 stayed where they were: the key exists")
        assert (here / "a").read_text() == "text of a"
        await browser.press("tab", "f6")
        await browser.shows("Move a")
        await browser.press("enter")
        await browser.shows("the file exists: data:a stays")
    assert store.get("a") == b"of the store"
    assert (here / "a").read_text() == "text of a"


async def test_a_file_that_changes_after_its_upload_began_stays(
    here: Path, store: Storage, browse: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    remove = moves._remove

    def changed_first(path: Path, top: Path | None, etag: str) -> None:
        path.write_text("newer words")
        remove(path, top, etag)

    monkeypatch.setattr(moves, "_remove", changed_first)
    async with browse() as browser:
        await open_side(browser)
        await browser.press("j", "f6")
        await browser.shows("1 file")
        await browser.press("enter")
        await browser.shows("it has changed since it was read")
    assert (here / "a").read_text() == "newer words"
    assert store.get("a") == b"text of a"


async def test_a_blob_that_is_overwritten_meanwhile_stays(
    here: Path, store: Storage, browse: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.set("x", "old")
    finish = moves.Moves._finish

    async def overwritten_first(self: moves.Moves, rows: list[moves.Moving]) -> None:
        await self._desk.storage.set("x", b"new")
        await finish(self, rows)

    monkeypatch.setattr(moves.Moves, "_finish", overwritten_first)
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["x"])
        await open_side(browser)
        await browser.press("tab", "f6")
        await browser.shows("Move x")
        await browser.press("enter")
        await browser.shows("stayed where they were")
    assert store.get("x") == b"new"
    assert (here / "x").read_text() == "old"


async def test_a_file_that_grew_between_the_list_and_the_upload_loses_nothing(
    here: Path, store: Storage, browse: Any
) -> None:
    async with browse() as browser:
        await open_side(browser)
        await browser.press("j", "f6")
        await browser.shows("1 file")
        with (here / "a").open("a") as file:
            file.write(" and more")
        await browser.press("enter")
        await browser.until(lambda: is_idle(browser))
        await browser.shows("stayed where they were")
    assert (here / "a").read_text() == "text of a and more"


async def test_a_file_that_vanishes_between_the_list_and_the_upload_is_one_failure(
    here: Path, store: Storage, browse: Any
) -> None:
    async with browse() as browser:
        await open_side(browser)
        await browser.press("f5")
        await browser.shows("3 files")
        (here / "many" / "1").unlink()
        await browser.press("enter")
        await browser.shows("1 failed")
    assert store.list() == ["many/sub/2", "many/sub/3"]


async def test_a_failed_move_that_is_tried_again_ends_as_a_move(here: Path, store: Storage, browse: Any) -> None:
    async with browse() as browser:
        await open_side(browser)
        await browser.press("j", "f6")
        await browser.shows("1 file")
        (here / "a").rename(here / "away")
        await browser.press("enter")
        await browser.shows("1 failed")
        (here / "away").rename(here / "a")
        await browser.press("w")
        await browser.shows("failed")
        await browser.press("r")
        await browser.until(lambda: browser.app.desk.queue.items[0].state == "done")
        await browser.press("q")
        await browser.shows("moved 1 file")
    assert store.list() == ["a"]
    assert not (here / "a").exists()


async def test_leaving_before_the_end_keeps_every_source(
    here: Path, store: Storage, browse: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with browse() as browser:
        await open_side(browser)
        await browser.press("f6")
        await browser.shows("3 files")
        monkeypatch.setattr(browser.app.desk.runner, "pump", lambda: None)  # the transfers wait
        await browser.press("enter")
        await browser.until(lambda: browser.app.desk.queue.is_active)
    assert len(kept(here)) == 5


async def test_types_that_keep_their_blobs_are_told_before_anything_moves(
    here: Path, store: Storage, browse: Any
) -> None:
    store.set("p", b"x", "products")
    async with browse("products:") as browser:
        await browser.until(lambda: browser.names == ["p"])
        await open_side(browser)
        await browser.press("tab", "f6")
        await browser.shows("cannot move out of products")
    assert store.list(storage_type="products") == ["p"]


async def test_links_stay_and_so_does_their_folder(here: Path, store: Storage, browse: Any) -> None:
    (here / "many" / "link").symlink_to("1")
    async with browse() as browser:
        await open_side(browser)
        await browser.press("f6")
        await browser.shows("1 left out")
        await browser.press("enter")
        await browser.shows("moved 3 files")
    assert [path.name for path in (here / "many").iterdir()] == ["link"]


async def test_two_paths_of_one_name_are_refused_before_anything_is_sent(
    here: Path, store: Storage, browse: Any
) -> None:
    (here / "many" / "a").write_text("another a")
    async with browse() as browser:
        await open_side(browser)
        await browser.press("j", "space", "g", "g", "enter")
        await browser.until(lambda: names(browser) == ["sub/", "1", "a"])
        await browser.press("G", "space", "f5")
        await browser.shows("both become 'a'")
        await browser.press("enter", "escape")
    assert store.list() == []


async def test_a_disk_without_room_is_told_and_nothing_moves(
    here: Path, store: Storage, browse: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.set("x", b"x" * 1000)
    from shutil import disk_usage

    usage = disk_usage(here)
    monkeypatch.setattr("storage_tui.client.batch.plan.shutil.disk_usage", lambda path: usage._replace(free=10))
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["x"])
        await open_side(browser)
        await browser.press("tab", "f6")
        await browser.shows("Move x")
        await browser.press("enter")
        await browser.shows("no room in")
    assert store.list() == ["x"]


def test_a_transfer_says_whether_its_checksums_were_compared() -> None:
    assert Transfer("upload", "data", "k", Path("/x")).is_verified is False


@pytest.mark.parametrize("with_side", [False, True])
async def test_pasted_paths_are_offered_as_an_upload(here: Path, store: Storage, browse: Any, with_side: bool) -> None:
    async with browse() as browser:
        await browser.until(lambda: not browser.main.reader.is_reading)
        if with_side:
            await open_side(browser)
        await paste(browser, f"'{here}/a' '{here}/many' {here}/gone")
        await browser.shows("Upload 2 paths to data")
        await browser.shows("1 pasted path not there, left out")
        await browser.shows("4 files")
        assert store.list() == []
        await browser.press("enter")
        await browser.shows("4 done")
    assert len(store.list()) == 4


@pytest.mark.parametrize("text", ["q", "D\nyes\n", "hello", "\x1b[31mq", "", "x" * 100_000, "/no/such/path"])
async def test_other_pasted_text_is_ignored_with_a_line(here: Path, store: Storage, browse: Any, text: str) -> None:
    store.set("blob", b"x")
    async with browse() as browser:
        await browser.until(lambda: browser.names == ["blob"])
        await paste(browser, text)
        await browser.shows("pasted text is")
        assert browser.app.screen is browser.main
        await browser.press("j")
    assert store.list() == ["blob"]


async def test_the_cursor_stays_near_what_went_away(here: Path, store: Storage, browse: Any) -> None:
    async with browse() as browser:
        await open_side(browser)
        await browser.press("j", "f6")
        await browser.shows("1 file")
        await browser.press("enter")
        await browser.until(lambda: names(browser) == ["many/", "b"])
        assert at(browser) == "b"
