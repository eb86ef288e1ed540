"""The trash of the desktop: what the specification says, and nothing deleted where there is none."""

import os
import stat
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest

from storage_tui.contract.errors import LocalFileError
from storage_tui.tui.local.trash import find_trash, put_in_trash


@pytest.fixture
def home_trash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    trash = tmp_path / ".local" / "share" / "Trash"
    trash.mkdir(parents=True)
    return trash


def put(path: Path) -> None:
    put_in_trash(path, find_trash(path))


def test_a_file_goes_to_the_trash_with_a_note_of_where_it_was(tmp_path: Path, home_trash: Path) -> None:
    path = tmp_path / "here" / "ä b%.txt"
    path.write_text("words")
    put(path)
    assert not path.exists()
    assert (home_trash / "files" / path.name).read_text() == "words"
    lines = (home_trash / "info" / f"{path.name}.trashinfo").read_text("ascii").splitlines()
    assert lines[0] == "[Trash Info]"
    assert unquote_to_bytes(lines[1].removeprefix("Path=")) == os.fsencode(path)
    assert lines[2].startswith("DeletionDate=20") and len(lines[2]) == len("DeletionDate=2026-11-30T12:00:00")


def test_the_same_name_again_gets_a_number(tmp_path: Path, home_trash: Path) -> None:
    path = tmp_path / "here" / "a"
    for text in ("1", "2", "3"):
        path.write_text(text)
        put(path)
    assert {file.name: file.read_text() for file in (home_trash / "files").iterdir()} == {
        "a": "1",
        "a.2": "2",
        "a.3": "3",
    }
    assert {file.name for file in (home_trash / "info").iterdir()} == {"a.trashinfo", "a.2.trashinfo", "a.3.trashinfo"}


@pytest.mark.parametrize("name", [b"bad\xff", b"new\nline", b"\x1b[31m", b"x" * 255, b" ", b"%41", b".hidden", b"-rf"])
def test_any_name_goes_and_its_note_leads_back(tmp_path: Path, home_trash: Path, name: bytes) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path / "here") + b"/" + name))
    path.write_text("x")
    put(path)
    assert not path.exists()
    (note,) = (home_trash / "info").iterdir()
    (kept,) = (home_trash / "files").iterdir()
    assert note.name == f"{kept.name}.trashinfo"
    line = note.read_text("ascii").splitlines()[1]
    assert unquote_to_bytes(line.removeprefix("Path=")) == os.fsencode(path)


def test_a_folder_and_a_link_go_as_they_are(tmp_path: Path, home_trash: Path) -> None:
    folder, link = tmp_path / "here" / "folder", tmp_path / "here" / "link"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "f").write_text("x")
    link.symlink_to(folder)
    put(link)
    put(folder)
    assert (home_trash / "files" / "link").is_symlink()
    assert (home_trash / "files" / "folder" / "deep" / "f").read_text() == "x"


def test_without_a_trash_nothing_is_deleted_and_the_way_out_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    path = tmp_path / "here" / "a"
    path.write_text("x")
    with pytest.raises(LocalFileError, match=r"nothing was deleted: make one \(mkdir -p .*, or delete in the shell"):
        put(path)
    assert path.read_text() == "x"


def test_a_trash_that_cannot_be_written_loses_nothing(tmp_path: Path, home_trash: Path) -> None:
    path = tmp_path / "here" / "a"
    path.write_text("x")
    (home_trash / "files").write_text("a file, no folder")
    with pytest.raises(OSError, match=r"."):
        put(path)
    assert path.read_text() == "x"


def test_a_path_that_cannot_be_moved_leaves_no_note(tmp_path: Path, home_trash: Path) -> None:
    folder = tmp_path / "here"
    path = folder / "a"
    path.write_text("x")
    if os.geteuid() == 0:
        (home_trash / "files").mkdir()
        path = Path("/proc/self/environ")  # of another disk: a rename fails
        with pytest.raises(OSError, match=r"."):
            put_in_trash(path, home_trash)
    else:
        folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
        with pytest.raises(OSError, match=r"."):
            put(path)
        folder.chmod(stat.S_IRWXU)
    assert list((home_trash / "info").iterdir()) == []


def test_xdg_data_home_names_the_trash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    (tmp_path / "data" / "Trash").mkdir(parents=True)
    path = tmp_path / "here" / "a"
    path.write_text("x")
    put(path)
    assert (tmp_path / "data" / "Trash" / "files" / "a").exists()
