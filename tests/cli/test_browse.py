"""Starting the browser for real, in a pty: the first look, early keys, leaving the terminal as it was, the demo."""

import signal
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from storage_tui import Storage
from storage_tui.cli.start.first_look import names_of, picture
from storage_tui.client.access.quick_list import peek_page
from storage_tui.contract.keys import Location
from tests.terminal import Terminal
from tests.waits import LIMIT_S

COMMAND = [sys.executable, "-m", "storage_tui"]
KEYS = [f"maps/sheet-{number:02}.tif" for number in range(12)]


@pytest.fixture(scope="module")
def warm(home):
    """The environment of a home whose embedded server runs and has some blobs."""
    environ = {**home, "TERM": "xterm-256color"}
    data_dir = Path(home["STORAGE_TUI_HOME"]) / "data"
    with Storage(data_dir=data_dir) as storage:
        for key in KEYS:
            storage.set(key, key)
        yield environ, data_dir


def test_the_list_is_there_before_the_browser_and_stays_when_it_comes(warm):
    environ, _ = warm
    with Terminal([*COMMAND, "data:maps/"], environ=environ) as terminal:
        terminal.wait_for("sheet-11.tif")
        assert b"\x1b[?1003h" not in terminal.raw  # the browser has not begun: it asks for the mouse first of all
        terminal.wait_for("1/12")
        assert "sheet-00.tif" in terminal.text()
        terminal.send("q")
        assert terminal.wait_for_exit() == 0


@pytest.mark.parametrize("moment", ["at once", "first look", "browser"])
@pytest.mark.parametrize("typed", ["2q", "G21q"])
def test_a_key_and_q_at_once_leave_without_a_trace(warm, moment, typed):
    environ, data_dir = warm
    with Terminal([*COMMAND, "data:maps/"], environ=environ) as terminal:
        if moment != "at once":
            terminal.wait_for("sheet-11.tif" if moment == "first look" else "1/12")
        terminal.send(typed)
        assert terminal.wait_for_exit() == 0
        assert b"Traceback" not in terminal.raw and b"defect" not in terminal.raw
    assert not (data_dir.parent / "state" / "crash.log").exists()


def test_keys_typed_before_the_browser_is_there_are_not_lost_and_not_shown(warm):
    environ, _ = warm
    with Terminal([*COMMAND, "data:maps/"], environ=environ) as terminal:
        terminal.wait_for("sheet-11.tif")
        terminal.send("j", "j")
        terminal.wait_for("3/12")
        assert "jj" not in terminal.text()
        terminal.send("q")
        assert terminal.wait_for_exit() == 0


def test_enter_typed_early_opens(warm):
    environ, _ = warm
    with Terminal([*COMMAND, "data:"], environ=environ) as terminal:
        terminal.wait_for("maps/")
        terminal.send("enter")
        terminal.wait_for("1/12")
        terminal.send("q")
        assert terminal.wait_for_exit() == 0


def test_the_terminal_is_as_it_was_afterwards(warm):
    environ, _ = warm
    with Terminal([*COMMAND, "data:maps/"], environ=environ) as terminal:
        before = termios.tcgetattr(terminal.descriptor)
        terminal.wait_for("1/12")
        terminal.send("q")
        assert terminal.wait_for_exit() == 0
        assert termios.tcgetattr(terminal.descriptor) == before
        assert terminal.raw.rindex(b"\x1b[?1049l") > terminal.raw.rindex(b"\x1b[?1049h")


@pytest.mark.parametrize(("columns", "rows"), [(20, 5), (80, 24), (200, 60)])
def test_it_starts_in_any_size(warm, columns, rows):
    environ, _ = warm
    with Terminal([*COMMAND, "data:maps/"], environ=environ, columns=columns, rows=rows) as terminal:
        terminal.wait_for("sheet-00")
        terminal.wait_for("1/12")
        terminal.send("q")
        assert terminal.wait_for_exit() == 0


def test_the_demo_opens_on_its_own_store_and_leaves_nothing(home, tmp_path):
    environ = {**home, "TERM": "xterm-256color", "TMPDIR": str(tmp_path)}
    with Terminal([*COMMAND, "--demo"], environ=environ) as terminal:
        terminal.wait_for("rasters/")
        assert [path.name[:16] for path in tmp_path.iterdir() if path.is_dir()] == ["storage-tui-demo"]
        terminal.send("q")
        assert terminal.wait_for_exit() == 0
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("storage-tui-demo")]


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_closed_terminal_ends_the_demo_and_leaves_nothing(home, tmp_path, number):
    environ = {**home, "TERM": "xterm-256color", "TMPDIR": str(tmp_path)}
    with Terminal([*COMMAND, "--demo"], environ=environ) as terminal:
        terminal.wait_for("rasters/")
        terminal.process.send_signal(number)
        terminal.wait_for_exit()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("storage-tui-demo")]


def test_a_terminal_that_goes_without_a_signal_ends_the_browser(warm):
    environ, _ = warm
    with Terminal(COMMAND, environ=environ) as terminal:
        terminal.wait_for("maps/")
        terminal.hang_up()
        terminal.process.wait(LIMIT_S)


def test_a_wrong_location_is_one_line_and_no_screen(home):
    with Terminal([*COMMAND, "tmp:a/../b"], environ={**home, "TERM": "xterm-256color"}) as terminal:
        assert terminal.wait_for_exit() == 2
        assert "segment '..'" in terminal.text()
        assert b"?1049h" not in terminal.raw


def test_without_a_terminal_that_moves_its_cursor_it_says_so(home):
    with Terminal(COMMAND, environ={**home, "TERM": "dumb"}) as terminal:
        assert terminal.wait_for_exit() == 2
        assert "TERM" in terminal.text()


def test_the_first_page_is_what_the_client_gets(warm):
    _, data_dir = warm
    with Storage(data_dir=data_dir) as storage:
        for location in (Location("data", "maps/"), Location("data"), Location("tmp")):
            expected = storage.list_page(location.key, storage_type=location.storage_type)
            assert peek_page(data_dir, location, limit=1000) == expected


def test_no_server_is_no_page(tmp_path):
    assert peek_page(tmp_path / "nothing", Location("data"), limit=10) is None


def test_the_first_look_shows_folders_and_names_and_nothing_a_terminal_obeys():
    body = b'{"prefixes": ["p/folder/"], "blobs": [{"key": "p/b\\u202egpj"}, {"key": "p/a[/nope]"}]}'
    assert names_of(body) == [("p/a[/nope]", False), ("p/b\u202egpj", False), ("p/folder/", True)]
    text = picture(names_of(body), "data", "p/", columns=80, rows=24)
    assert "folder/" in text
    assert "[/nope]" in text
    assert "\u202e" not in text
    assert "\\u202e" in text
    assert picture(names_of(body), "data", "p/", columns=40, rows=6).count("H") >= 2


@pytest.mark.parametrize(
    ("arguments", "extra", "is_shown"),
    [([], {}, True), (["data:maps"], {}, True), (["data:maps/"], {}, True), (["nope:"], {}, False), (["ls"], {}, False),
     (["--demo"], {}, False), ([], {"STORAGE_TUI_URL": "http://127.0.0.1:9/storage/v1"}, False),
     ([], {"STORAGE_TUI_THEME": "nord"}, False), ([], {"_STORAGE_TUI_COMPLETE": "x"}, False)],
)  # fmt: skip
def test_only_a_plain_command_line_is_shown_before_the_program_is_loaded(warm, arguments, extra, is_shown):
    environ, _ = warm
    code = f"from storage_tui.cli.start import first_look; first_look.begin({arguments!r}); first_look.drop()"
    with Terminal([sys.executable, "-c", code], environ={**environ, **extra}) as terminal:
        terminal.wait_for_exit()
        assert (b"?1049h" in terminal.raw) == is_shown
        assert ((b"sheet-11.tif" if arguments else b"maps/") in terminal.raw) == is_shown


def test_the_first_look_loads_next_to_nothing():
    code = "import sys; from storage_tui.cli.start import first_look; print(*sys.modules)"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    assert not loaded & {"click", "dataclasses", "pathlib", "platformdirs", "tomllib", "httpx", "textual", "datetime"}
    assert not loaded & {"json", "re", "socket", "hashlib", "enum", "typing"}


@pytest.mark.parametrize("body", [b"", b"{", b"[1,", b'{"a": x}', b"\xff", b"nul", b"[]", b'{"prefixes": []}'])
def test_an_answer_that_is_no_list_is_no_first_look(body):
    with pytest.raises((ValueError, KeyError, TypeError)):  # what `begin` takes for that
        names_of(body)


LOOK = """
import time
from storage_tui.cli.start import first_look
first_look.begin(["data:maps/"])
look = first_look.take("data", "maps/")
with look:
    while not look.typed:
        time.sleep(0.01)
print("\\r\\n", look.current, look.typed, "\\r")
"""
"""The first look alone, as long as nothing but steps is typed."""


@pytest.mark.parametrize("rows", [10, 24])
def test_steps_are_obeyed_while_the_program_is_loaded_and_other_keys_wait(warm, rows):
    environ, _ = warm
    with Terminal([sys.executable, "-c", LOOK], environ=environ, rows=rows) as terminal:
        terminal.wait_for(" 1/12")
        for keys, at in (("j", 2), ("k", 1), ("k", 1), ("\x1b[B\x1bOB", 3), ("\x1b[A", 2), ("j" * 20, 12), ("k", 11)):
            terminal.send(keys)
            terminal.wait_for(f" {at}/12")
            terminal.wait_for(f"▌  sheet-{at - 1:02}.tif")
        assert terminal.text().count("▌") == 1
        terminal.send("k:jj")
        terminal.wait_for("maps/sheet-09.tif b':jj'")
        assert terminal.wait_for_exit() == 0


def test_own_keys_are_not_taken_for_steps(warm):
    environ, data_dir = warm
    keys = data_dir.parent / "config" / "keys.toml"
    keys.parent.mkdir(exist_ok=True)
    keys.write_text('[keys]\ndown = ["Q"]\n')
    try:
        with Terminal([*COMMAND, "data:maps/"], environ=environ) as terminal:
            terminal.wait_for("sheet-11.tif")
            terminal.send("jQ")
            terminal.wait_for(" 2/12")
            terminal.send("q")
            assert terminal.wait_for_exit() == 0
    finally:
        keys.unlink()


@pytest.mark.parametrize("rows", [10, 40])
def test_the_browser_continues_where_the_cursor_is(warm, rows):
    environ, _ = warm
    with Terminal([*COMMAND, "data:maps/"], environ=environ, rows=rows) as terminal:
        terminal.wait_for("sheet-0")
        terminal.send("jjjjjjjjj", "\r")
        terminal.wait_for("data ▸ maps/sheet-09.tif")
        terminal.send("q")
        terminal.wait_for(" 10/12")
        terminal.send("q")
        assert terminal.wait_for_exit() == 0


def test_the_first_look_has_the_order_of_the_browser(home, tmp_path):
    environ = {**home, "TERM": "xterm-256color", "STORAGE_TUI_HOME": str(tmp_path / "mixed")}
    with Storage(data_dir=tmp_path / "mixed/data") as storage:
        for key in ("a.txt", "b/c", "d.txt", "e/f"):
            storage.set(key, key)
        code = "from storage_tui.cli.start import first_look; first_look.begin([]); input()"
        with Terminal([sys.executable, "-c", code], environ=environ) as terminal:
            terminal.wait_for("d.txt")
            early = [word for word in terminal.text().split() if word in ("a.txt", "b/", "d.txt", "e/")]
        with Terminal(COMMAND, environ=environ) as terminal:
            terminal.wait_for("name  ")
            late = [word for word in terminal.text().split() if word in ("a.txt", "b/", "d.txt", "e/")]
            terminal.send("q")
            assert terminal.wait_for_exit() == 0
    assert early == late == ["b/", "e/", "a.txt", "d.txt"]


def test_a_first_look_that_nobody_goes_on_with_leaves_the_terminal_as_it_was(warm):
    environ, _ = warm
    code = "from storage_tui.cli.start import first_look; first_look.begin([]); first_look.drop()"
    with Terminal([sys.executable, "-c", code], environ=environ) as terminal:
        before = termios.tcgetattr(terminal.descriptor)
        assert terminal.wait_for_exit() == 0
        assert termios.tcgetattr(terminal.descriptor) == before
        assert terminal.raw.rindex(b"\x1b[?1049l") > terminal.raw.rindex(b"\x1b[?1049h")


@pytest.mark.parametrize(
    "words", [("lss",), ("LS",), ("ls-l",), ("lss", "tmp:"), ("gett", "tmp:a", "."), ("--url", "x", "pt")]
)
def test_a_misspelt_command_is_named_with_the_right_one(run, words):
    told = run(*words, code=2).stderr.decode()
    typed = words[2] if words[0] == "--url" else words[0]
    assert f"No command {typed!r}; did you mean " in told


def test_a_word_that_is_no_location_is_no_empty_folder(warm):
    environ, _ = warm
    for word, told in (
        ("lss", "did you mean ls"),
        ("demo", "did you mean --demo"),
        ("zzz", "nothing is stored at data:zzz"),
    ):
        with Terminal([*COMMAND, word], environ=environ) as terminal:
            assert terminal.wait_for_exit() == 2
            assert f"No command '{word}'" in terminal.text() and told in terminal.text()
            assert b"?1049h" not in terminal.raw


@pytest.mark.parametrize(("word", "way"), [("dta:maps/", "did you mean data:"), ("qqq:x", "the types are data, tmp")])
def test_a_storage_type_that_there_is_not_is_no_empty_folder(warm, word, way):
    with Terminal([*COMMAND, word], environ=warm[0]) as terminal:
        assert terminal.wait_for_exit() == 2
        told = " ".join(terminal.text().split())
    assert f"No storage type '{word.partition(':')[0]}', and nothing is stored at data:{word}; {way}" in told
    assert b"?1049h" not in terminal.raw


def test_a_word_that_is_a_folder_or_a_blob_opens(warm):
    environ, data_dir = warm
    with Storage(data_dir=data_dir) as storage:
        storage.set("lss", b"a blob")
        storage.set("odd:name", b"with a colon")
    for word, shown in (("maps", "sheet-00"), ("lss", "a blob"), ("tmp", "tmp"), ("odd:name", "with a colon")):
        with Terminal([*COMMAND, word], environ=environ) as terminal:
            terminal.wait_for(shown)
            terminal.send("q")
            assert terminal.wait_for_exit() == 0
    with Storage(data_dir=data_dir) as storage:
        storage.delete("lss")
        storage.delete("odd:name")


def test_the_demo_says_at_once_that_it_builds(home, tmp_path):
    environ = {**home, "TERM": "xterm-256color", "TMPDIR": str(tmp_path)}
    with Terminal([*COMMAND, "--demo"], environ=environ) as terminal:
        terminal.wait_for("building the demo's store")
        terminal.wait_for("rasters/")
        terminal.send("q")
        assert terminal.wait_for_exit() == 0


def test_sizes_stand_in_one_column_whatever_the_terminal_makes_of_a_name(home, tmp_path):
    names = ["plain.txt", "क्षि.txt", "👍🏽.txt", "flag🇩🇪.txt", "日本語.txt", "e\u0301.txt", "\U0001fae8.txt", "มา้.txt",
             "한국어.txt", "ｆｕｌｌ.txt", "👩\u200d👧.txt", "❤\ufe0f.txt"]  # fmt: skip
    environ = {**home, "TERM": "xterm-256color", "STORAGE_TUI_HOME": str(tmp_path / "widths")}
    with Storage(data_dir=tmp_path / "widths/data") as storage:
        for name in names:
            storage.set(name, b"x" * 1234)
        with Terminal(COMMAND, environ=environ) as terminal:
            terminal.wait_for(lambda text: text.count("1.2 kB") >= len(names))
            for _ in names:  # each row is drawn with the cursor and without
                terminal.send("j")
            terminal.wait_for(f" {len(names)}/{len(names)} ")
            rows = [
                "".join(terminal.screen.buffer[y][x].data[:1] or "\0" for x in range(terminal.screen.columns))
                for y in range(3, 3 + len(names))
            ]
            terminal.send("q")
            assert terminal.wait_for_exit() == 0
    assert len({row.index(" 1.2 kB ") for row in rows}) == 1, "\n".join(rows)
