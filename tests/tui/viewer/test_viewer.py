"""The full-screen viewer on a real server: any place of a blob, search, folding, members, saving, following."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.widgets import Input

from storage_tui import Storage
from storage_tui.tui.viewer.screen import ViewerScreen
from tests.faults.proxy import NONE, Fault, FaultProxy
from tests.tui.conftest import Browser

LINES = [f"{number:06} the quick brown fox" for number in range(20_000)]
LOG = "\n".join(LINES) + "\n"


async def view(browser: Browser) -> ViewerScreen:
    """Open the blob under the cursor and wait for its rows."""
    await browser.until(lambda: browser.current)
    await browser.press("enter")
    await browser.until(lambda: isinstance(browser.app.screen, ViewerScreen) and browser.app.screen.reader.document)
    assert isinstance(browser.app.screen, ViewerScreen)
    return browser.app.screen


async def test_enter_and_f3_open_the_viewer_and_esc_goes_back(store: Storage, browse: Any) -> None:
    store.set("a.txt", b"first\nsecond\n")
    async with browse() as browser:
        await view(browser)
        await browser.shows("second")
        await browser.press("escape")
        await browser.until(lambda: browser.app.screen is browser.main)
        await browser.press("f3")
        await browser.until(lambda: isinstance(browser.app.screen, ViewerScreen))
        await browser.press("q")
        await browser.until(lambda: browser.app.screen is browser.main)


async def test_both_ends_and_any_offset_are_reached_without_reading_what_is_between(
    store: Storage, browse: Any
) -> None:
    store.set_file("big.txt", io.BytesIO(LOG.encode() * 4))
    async with browse() as browser:
        screen = await view(browser)
        await browser.shows("000000 the")
        await browser.press("G")
        await browser.shows("019999 the")
        assert screen.reader.document is not None and screen.reader.document.source.bytes_read < 400_000
        await browser.press("g", "g")
        await browser.until(lambda: screen.reader.place == 0)
        await browser.press(":")
        await browser.type("50%")
        await browser.press("enter")
        await browser.until(lambda: (screen.reader.place or 0) > len(LOG))
        assert "50%" in browser.text or "51%" in browser.text


async def test_what_is_typed_before_the_prompt_is_drawn_goes_into_it(store: Storage, browse: Any) -> None:
    store.set_file("big.txt", io.BytesIO(LOG.encode()))
    async with browse() as browser:
        screen = await view(browser)
        for key, sign in (("colon", ":"), ("5", "5"), ("0", "0"), ("percent_sign", "%"), ("enter", "\r")):
            browser.app.post_message(events.Key(key, sign))
        await browser.until(lambda: (screen.reader.place or 0) > len(LOG) // 3)


async def test_scrolling_through_a_blob_shows_every_line_once(store: Storage, browse: Any) -> None:
    store.set_file("big.txt", io.BytesIO(LOG.encode()))
    async with browse(size=(100, 30)) as browser:
        screen = await view(browser)
        await browser.press("space", "b")
        for _ in range(150):
            screen.actions["page-down"]()
            await browser.pilot.pause()
            await browser.until(lambda: not screen.reader.is_reading)
        assert screen.reader.document is not None
        seen = [row.text.plain for row in screen.reader.document.rows]
        first = LINES.index(seen[0])
        assert seen == LINES[first : first + len(seen)]
        assert first + len(seen) > 4000
        for _ in range(160):
            screen.actions["page-up"]()
            await browser.pilot.pause()
            await browser.until(lambda: not screen.reader.is_reading)
        await browser.until(lambda: screen.reader.place == 0)


async def test_a_search_reads_on_and_finds_forwards_and_backwards(store: Storage, browse: Any) -> None:
    content = bytearray(b"x" * 99 + b"\n") * 30_000
    content[2_500_000:2_500_012] = "Nadel\u00e4 hier".encode()[:12]
    content[100_050:100_055] = b"nadel"
    store.set_file("hay.txt", io.BytesIO(bytes(content)))
    async with browse() as browser:
        screen = await view(browser)
        await browser.press("/")
        await browser.type("nadel")
        await browser.press("enter")
        await browser.until(lambda: screen.reader.place == 100_000)
        await browser.press("n")
        await browser.until(lambda: screen.reader.place == 2_500_000)
        await browser.press("n")
        await browser.shows('no more "nadel" below')
        await browser.press("N")
        await browser.until(lambda: screen.reader.place == 100_000)


async def test_esc_stops_a_search(store: Storage, proxy: FaultProxy, browse: Any) -> None:
    store.set_file("big.txt", io.BytesIO(b"y" * 20_000_000))
    proxy.default = Fault(rate_bytes_s=3_000_000)
    async with browse(url=proxy.url) as browser:
        screen = await view(browser)
        await browser.press("/")
        await browser.type("zebra")
        await browser.press("enter")
        await browser.shows("Esc stops")
        await browser.press("escape")
        await browser.until(lambda: screen.status.working == "")
        await browser.press("escape", "escape")
        await browser.until(lambda: browser.app.screen is browser.main)


async def test_esc_leaves_a_blob_whose_first_bytes_do_not_come(store: Storage, proxy: FaultProxy, browse: Any) -> None:
    store.set("a.txt", b"first\nsecond\n")
    async with browse(url=proxy.url) as browser:
        await browser.until(lambda: browser.current)
        proxy.default = Fault(stall_down=1)
        proxy.cut_all()
        await browser.press("enter")
        await browser.shows("Reading…")
        await browser.press("escape")
        await browser.until(lambda: browser.app.screen is browser.main)


async def test_esc_stops_a_jump_that_takes_long_and_the_rows_stay(
    store: Storage, proxy: FaultProxy, browse: Any
) -> None:
    store.set_file("big.txt", io.BytesIO(LOG.encode() * 4))
    async with browse(url=proxy.url) as browser:
        screen = await view(browser)
        await browser.shows("000000 the")
        await browser.until(lambda: not screen.reader.is_reading)
        proxy.default = Fault(stall_down=1)
        proxy.cut_all()
        await browser.press("G")
        await browser.shows("Reading…")
        await browser.press("escape")
        await browser.until(lambda: screen.status.working == "" and not screen.reader.is_reading)
        assert browser.app.screen is screen and screen.reader.place == 0 and "000000 the" in browser.text


async def test_a_server_that_is_away_while_following_is_told_once(
    store: Storage, proxy: FaultProxy, browse: Any
) -> None:
    store.set("run.log", b"2024-01-01 00:00:00 INFO begins\n")
    async with browse(url=proxy.url, retries=0) as browser:
        screen = await view(browser)
        screen.follower.look_s = screen.follower.idle_look_s = 0.02
        await browser.press("F")
        await browser.shows("following")
        await browser.until(lambda: not screen.reader.is_reading)
        refused = proxy.connections
        proxy.default = Fault(refuse=True)
        proxy.cut_all()
        await browser.until(lambda: proxy.connections > refused + 5)
        assert browser.app.desk.log.unseen_errors == 1
        store.set("run.log", b"2024-01-01 00:00:00 INFO is back\n")
        proxy.default = NONE
        await browser.shows("INFO is back")
        await browser.press("escape")


async def test_hex_and_text_show_the_same_place(store: Storage, browse: Any) -> None:
    store.set_file("big.txt", io.BytesIO(LOG.encode()))
    async with browse() as browser:
        screen = await view(browser)
        await browser.press(":")
        await browser.type("0x10000")
        await browser.press("enter")
        await browser.until(lambda: (screen.reader.place or 0) > 65_000)
        text_place = screen.reader.place or 0
        await browser.press("x")
        await browser.until(lambda: screen.reader.document is not None and screen.reader.document.is_hex)
        assert 0 <= text_place - (screen.reader.place or 0) < 32
        await browser.press("/")
        await browser.type("0x303031")
        await browser.press("enter")
        await browser.until(lambda: (screen.reader.place or 0) > text_place)


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (20, 5)])
async def test_bytes_can_be_seen_as_text_all_the_same(store: Storage, browse: Any, size: tuple[int, int]) -> None:
    store.set("a.bin", b"\x00\x01hello there\x02\xff" * 60)
    async with browse(size=size) as browser:
        screen = await view(browser)
        await browser.until(lambda: screen.reader.document is not None and screen.reader.document.is_hex)
        await browser.press("x")
        await browser.shows("hello there")
        assert screen.reader.mode == "text" and not screen.reader.document.is_hex
        await browser.press("x")
        await browser.until(lambda: screen.reader.document is not None and screen.reader.document.is_hex)


async def test_the_encoding_of_a_text_is_named_in_the_title(store: Storage, browse: Any) -> None:
    store.set("a.txt", "Привет мир, это русский текст в старой кодировке\n".encode("cp1251"))
    async with browse(size=(120, 30)) as browser:
        await view(browser)
        await browser.shows("Привет мир")
        await browser.shows("text, read as cp1251, guessed")


async def test_json_folds_and_unfolds(store: Storage, browse: Any) -> None:
    store.set("a.json", json.dumps({"deep": {"list": [{"n": i, "text": "t" * 90} for i in range(5)]}, "z": 1}).encode())
    async with browse() as browser:
        screen = await view(browser)
        await browser.shows('"deep"')
        await browser.press("-", "-", "-")
        await browser.until(lambda: "lines" in browser.text)
        before = len(screen.reader.document.rows) if screen.reader.document else 0
        await browser.press("+")
        await browser.until(lambda: screen.reader.document is not None and len(screen.reader.document.rows) > before)
        await browser.press("+", "+", "+", "+", "g", "g", "j", "j", "j")
        full = len(screen.reader.document.rows) if screen.reader.document else 0
        await browser.press("enter")
        await browser.until(lambda: screen.reader.document is not None and len(screen.reader.document.rows) < full)
        await browser.press("/")
        await browser.type('"n": 4')
        await browser.press("enter")
        await browser.shows('"n": 4')


async def test_a_command_that_only_other_documents_have_says_so_and_works_as_soon_as_one_is_shown(
    store: Storage, browse: Any
) -> None:
    store.set("a.json", json.dumps({"deep": {"list": [1, 2, 3]}}).encode())
    async with browse() as browser:
        screen = await view(browser)
        await browser.press("x")
        await browser.until(lambda: screen.reader.document is not None and screen.reader.document.has_offsets)
        await browser.press("-")
        await browser.shows("only JSON folds")
        await browser.press("enter")
        await browser.shows("nothing to open here")
        await browser.press("x", "x", "x")
        await browser.until(lambda: screen.reader.mode == "auto" and not screen.reader.is_reading)
        await browser.press("-")
        await browser.shows("levels open")


async def test_a_member_of_an_archive_opens_in_a_viewer_of_its_own(store: Storage, browse: Any) -> None:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("notes/readme.txt", "hello from inside\n" * 50)
    store.set("a.zip", output.getvalue())
    async with browse() as browser:
        await view(browser)
        await browser.shows("readme.txt")
        await browser.press("G", "enter")
        await browser.shows("hello from inside")
        await browser.shows("a.zip!/notes/readme.txt")
        await browser.press("F")
        await browser.shows("does not grow")
        await browser.press("escape")
        await browser.shows("notes/")


async def test_chosen_lines_are_copied_and_their_bytes_saved(
    store: Storage, browse: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.set("a.txt", b"".join(b"line %d\n" % number for number in range(50)))
    async with browse() as browser:
        await view(browser)
        written: list[str] = []
        monkeypatch.setattr(browser.app._driver, "write", written.append)
        await browser.press("j", "v", "j", "j", "y")
        await browser.shows("sent 3 lines")
        assert any("bGluZSAxCmxpbmUgMgpsaW5lIDM=" in text for text in written)
        await browser.press("g", "g", "v", "j", "s")
        await browser.until(lambda: browser.app.screen.has_class("-asking"))
        browser.app.screen.query_one("#words", Input).value = str(tmp_path / "part.txt")
        await browser.press("enter")
        await browser.shows("saved to")
        assert (tmp_path / "part.txt").read_bytes() == b"line 0\nline 1\n"
        await browser.press("s")
        await browser.until(lambda: browser.app.screen.has_class("-asking"))
        browser.app.screen.query_one("#words", Input).value = str(tmp_path / "part.txt")
        await browser.press("enter")
        await browser.shows("there is a file already")


async def test_following_shows_what_is_added_and_says_when_it_shrinks(store: Storage, browse: Any) -> None:
    store.set("run.log", b"2024-01-01 00:00:00 INFO begins\n" * 500)
    async with browse() as browser:
        await view(browser)
        await browser.press("F")
        await browser.shows("following")
        store.set("run.log", b"2024-01-01 00:00:00 INFO begins\n" * 500 + b"ERROR the newest line\n")
        await browser.shows("ERROR the newest line")
        store.set("run.log", b"a new run\n")
        await browser.shows("shorter now")
        store.delete("run.log")
        await browser.shows("is gone")
        await browser.press("escape")
        await browser.until(lambda: "following" not in browser.text)


async def test_f_again_stops_following(store: Storage, browse: Any) -> None:
    store.set("run.log", b"2024-01-01 00:00:00 INFO begins\n" * 500)
    async with browse() as browser:
        screen = await view(browser)
        await browser.press("F")
        await browser.shows("following; F stops")
        await browser.press("F")
        await browser.shows("no longer following")
        assert not screen.follower.is_following
        await browser.until(lambda: all(worker.is_finished for worker in screen.workers))


async def test_long_lines_wrap_or_move_sideways(store: Storage, browse: Any) -> None:
    store.set("a.txt", ("w" * 500 + "END äöü 漢字\nsecond\n").encode())
    async with browse(size=(60, 20)) as browser:
        screen = await view(browser)
        await browser.shows("END")
        await browser.press("W")
        await browser.until(lambda: "END" not in browser.text)
        await browser.press(*["l"] * 80)
        await browser.shows("END")
        assert screen.lines.left <= 520
        await browser.press("W")
        await browser.shows("second")


@pytest.mark.parametrize("size", [(20, 5), (80, 24), (120, 40)])
async def test_a_table_is_paged_below_its_head_which_moves_sideways_with_it(
    store: Storage, browse: Any, size: tuple[int, int]
) -> None:
    rows = "".join(f"{number},{'x' * 30},{number % 7}.5,end{number}\n" for number in range(40_000))
    store.set_file("a.csv", io.BytesIO(f"number,text,share,last\n{rows}".encode()))
    async with browse(size=size) as browser:
        screen = await view(browser)
        lines = browser.text.splitlines()
        assert "number" in lines[1] and screen.reader.document is not None and screen.reader.document.heads
        assert ("integer" in lines[2]) == (size[1] > 5)
        await browser.press("G")
        await browser.shows(" 39999")
        assert "number" in browser.text.splitlines()[1] and screen.reader.document.source.bytes_read < 300_000
        await browser.press(*["l"] * 9)
        await browser.shows("end39999")
        assert "last" in browser.text.splitlines()[1]
        await browser.press("x")
        await browser.until(lambda: screen.reader.mode == "text" and not screen.reader.is_reading)
        await browser.shows("39999,xxx")
        assert "last" not in browser.text.splitlines()[1]


@pytest.mark.parametrize("size", [(20, 5), (80, 24), (200, 60)])
async def test_the_viewer_works_at_any_size(store: Storage, browse: Any, size: tuple[int, int]) -> None:
    store.set("a.csv", b"a,b,c\n" + b"1,2,3\n" * 900)
    async with browse(size=size) as browser:
        screen = await view(browser)
        await browser.press("G", "x")
        await browser.until(lambda: screen.reader.mode == "text" and not screen.reader.is_reading)
        await browser.press("x", "space", "b", "?")
        await browser.press("escape", "q")
        await browser.until(lambda: browser.app.screen is browser.main)


async def test_a_blob_that_is_gone_or_changed_is_one_line_and_the_viewer_lives(store: Storage, browse: Any) -> None:
    store.set_file("big.txt", io.BytesIO(LOG.encode()))
    async with browse() as browser:
        await view(browser)
        store.set("big.txt", b"other\n")
        await browser.press("G")
        await browser.shows("R reads it again")
        await browser.press("R")
        await browser.shows("other")
        store.delete("big.txt")
        await browser.press("R")
        await browser.until(lambda: "big.txt" in browser.text.splitlines()[-2])


async def test_control_sequences_in_a_blob_do_not_reach_the_screen(store: Storage, browse: Any) -> None:
    store.set("a.txt", b"\x1b]0;owned\x07\x1b[31mred\xe2\x80\xae\n" * 10)
    async with browse() as browser:
        await view(browser)
        await browser.shows("\\x1b]0;owned")
        assert not {"\x1b", "\x07", "\u202e"} & set(browser.text)


async def test_open_in_the_pager_asks_before_it_downloads(
    store: Storage, browse: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.set("a.txt", b"text\n")
    monkeypatch.setenv("PAGER", "cat")
    async with browse() as browser:
        await view(browser)
        await browser.press("|")
        await browser.shows("Downloads the whole blob, 5 B")
        await browser.press("enter")
        await browser.shows("nothing was downloaded")
        await browser.press("|")
        await browser.shows("Downloads the whole")
        await browser.press("right", "enter")
        await browser.shows("cannot be handed to another program")
        monkeypatch.setenv("EDITOR", "no-such-editor")
        await browser.press("e")
        await browser.shows("no-such-editor is not installed")


async def test_a_folder_shows_the_mix_of_its_types_in_pane_and_details(store: Storage, browse: Any) -> None:
    for number in range(3):
        store.set(f"run/{number}.csv", b"a,b\n1,2\n")
    store.set("run/deep/b.tif", b"x" * 5000)
    async with browse() as browser:
        await browser.shows(".tif")
        await browser.shows("24 B")
        await browser.press("i")
        await browser.shows(".csv: 3, 24 B")
