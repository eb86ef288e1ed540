"""Renames that replace nothing: in one step, and where the system has no such step."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from storage_tui.machine import renames

WAYS = {"one step": renames.rename_new, "two steps": renames._in_two_steps}


@pytest.fixture(params=WAYS)
def rename(request: pytest.FixtureRequest) -> Callable[[Path, Path], None]:
    return WAYS[request.param]


def test_files_links_and_folders_get_the_new_name(rename: Callable[[Path, Path], None], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("words")
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "folder" / "deep").mkdir(parents=True)
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\n"))
    for name in ("file", "link", "folder"):
        rename(tmp_path / name, odd)
        assert {path.name for path in tmp_path.iterdir()} == ({"file", "link", "folder"} - {name} | {odd.name})
        rename(odd, tmp_path / name)
    assert (tmp_path / "file").read_text() == "words" and (tmp_path / "folder" / "deep").is_dir()
    assert (tmp_path / "link").readlink() == Path("nowhere")


@pytest.mark.parametrize("taken", ["file", "empty folder", "link to nothing"])
@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_a_taken_name_stays_what_it_is(
    rename: Callable[[Path, Path], None], tmp_path: Path, kind: str, taken: str
) -> None:
    def make(path: Path, what: str) -> None:
        if "link" in what:
            path.symlink_to("nowhere")
        elif "folder" in what:
            path.mkdir()
        else:
            path.write_text(path.name)

    make(tmp_path / "old", kind)
    make(tmp_path / "new", taken)
    before = [os.lstat(tmp_path / name).st_ino for name in ("old", "new")]
    with pytest.raises(FileExistsError):
        rename(tmp_path / "old", tmp_path / "new")
    assert [os.lstat(tmp_path / name).st_ino for name in ("old", "new")] == before


def test_what_cannot_be_renamed_keeps_its_name(rename: Callable[[Path, Path], None], tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        rename(tmp_path / "none", tmp_path / "new")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError):
        rename(tmp_path / "folder", tmp_path / "folder" / "below")
    assert [*tmp_path.rglob("*")] == [tmp_path / "folder"]
