"""Pasted text as local paths: the forms in which terminals drop files, and text that is none of them."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from storage_tui.tui.local import dropped
from storage_tui.tui.local.dropped import read_dropped


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "place with it's spaces"
    folder.mkdir()
    for name in ("a.txt", "b c.txt", "ä%20.txt", "#1.txt", "q?.txt"):
        (folder / name).write_text("x")
    return folder


def quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "'\\''") + "'"


def backslashed(path: Path) -> str:
    return "".join(f"\\{letter}" if letter in " '\"\\()&;" else letter for letter in str(path))


def url(path: Path) -> str:
    return path.as_uri()


FORMS: Mapping[str, Callable[[Path], str]] = {
    "as it is": str,
    "single quotes": quoted,
    "double quotes": lambda path: f'"{path}"',
    "backslashes": backslashed,
    "url": url,
    "url with localhost": lambda path: url(path).replace("file://", "file://localhost"),
    "url of this machine": lambda path: url(path).replace("file://", f"file://{os.uname().nodename}"),
    "space after it": lambda path: f"{quoted(path)} ",
    "line end after it": lambda path: f"{path}\r\n",
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["a.txt", "b c.txt", "ä%20.txt", "#1.txt", "q?.txt"])
def test_one_file_is_found_in_every_form_that_terminals_drop(place: Path, form: str, name: str) -> None:
    assert read_dropped(FORMS[form](place / name)).paths == (place / name,)


@pytest.mark.parametrize("form", ["single quotes", "double quotes", "backslashes", "url"])
@pytest.mark.parametrize("between", [" ", "\n", "\r\n", "\r"])
def test_several_files_are_found_in_one_line_or_one_a_line(place: Path, form: str, between: str) -> None:
    paths = [place / "a.txt", place / "b c.txt", place / "ä%20.txt"]
    assert read_dropped(between.join(map(FORMS[form], paths))).paths == tuple(paths)


def test_paths_as_they_are_come_one_a_line(place: Path) -> None:
    paths = [place / "a.txt", place / "b c.txt"]
    assert read_dropped("\n".join(map(str, paths))).paths == tuple(paths)


def test_the_clipboard_of_a_file_manager_is_read(place: Path) -> None:
    paths = (place / "a.txt", place / "b c.txt")
    text = "x-special/nautilus-clipboard\ncopy\n" + "\n".join(map(url, paths)) + "\n"
    assert read_dropped(text).paths == paths
    assert read_dropped("# files\r\n" + "\r\n".join(map(url, paths))).paths == paths


def test_a_name_that_is_no_utf_8_comes_through_a_url(place: Path) -> None:
    raw = os.fsencode(place) + b"/bad\xff"
    Path(os.fsdecode(raw)).write_text("x")
    assert read_dropped(f"file://{str(place).replace(' ', '%20')}/bad%FF").paths == (Path(os.fsdecode(raw)),)


def test_paths_of_windows_lead_below_mnt_and_into_wsl(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there: list[Path] = []
    monkeypatch.setattr(
        dropped, "_is_there", lambda path: there.append(path) or str(path).startswith(("/mnt/c/Users", "/home/me"))
    )
    for text in ('"C:\\Users\\me\\a b.txt"', "C:\\Users\\me\\a b.txt", "c:/Users/me/a b.txt"):
        assert read_dropped(text).paths == (Path("/mnt/c/Users/me/a b.txt"),)
    for text in (
        "\\\\wsl.localhost\\Debian\\home\\me\\f.txt",
        "\\\\wsl$\\Debian\\home\\me\\f.txt",
        '"\\\\wsl$\\Debian\\home\\me\\f.txt"',
    ):
        assert read_dropped(text).paths == (Path("/home/me/f.txt"),)


def test_a_link_that_leads_nowhere_is_a_path_that_is_there(place: Path) -> None:
    (place / "link").symlink_to("/no/such/place")
    assert read_dropped(str(place / "link")).paths == (place / "link",)


def test_what_is_not_there_is_counted(place: Path) -> None:
    found = read_dropped(f"{place / 'a.txt'}\n{place / 'gone.txt'}\n")
    assert found.paths == (place / "a.txt",)
    assert found.missing == 1


def test_each_path_is_taken_once(place: Path) -> None:
    assert read_dropped(f"{quoted(place / 'a.txt')} {url(place / 'a.txt')}").paths == (place / "a.txt",)


def test_the_home_folder_is_meant_by_a_tilde(place: Path, tmp_path: Path) -> None:
    (tmp_path / "in home.txt").write_text("x")
    assert read_dropped("~/in home.txt").paths == (tmp_path / "in home.txt",)


@pytest.mark.parametrize(
    "text",
    ["", " \r\n", "D", "rm -rf ~", "a.txt", "./a.txt", "../place", "hello world",
     "https://example.org/a.txt", "http:/etc",
     "file://elsewhere.example/etc/passwd", "file:relative", "file:///etc%00/passwd", "/no/such/path/at/all", "'/etc",
     "\0", "/\0etc", "q\nq\nD\n", "file://[bad/etc", "x" * 5000, "/" + "x" * 5000, "~nobody/a", "\\\\server\\share\\f"],
)  # fmt: skip
def test_text_that_names_no_file_of_this_machine_has_no_paths(
    place: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.chdir(place)
    assert read_dropped(text).paths == ()


def test_a_huge_text_is_not_looked_at(place: Path) -> None:
    assert read_dropped(f"{place / 'a.txt'}\n" * 100_000).paths == ()
