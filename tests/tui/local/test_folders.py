"""Local folders as lists: pages in one order, odd names, what is no file, what cannot be read."""

import os
from pathlib import Path

import pytest

from storage_tui.contract.errors import LocalFileError
from storage_tui.tui.local.entry import LocalEntry, note_of
from storage_tui.tui.local.folders import LocalFolders, folder_prefix
from storage_tui.tui.side import LOCAL
from storage_tui.tui.state.listing import Folder, ListBounds, Listing, Row
from storage_tui.tui.state.parts import parts_of
from storage_tui.tui.store_reads import PageRestorer, read_pages, read_part

ODD = (
    b"bad\xff",
    b"new\nline",
    b"two\n\nlines",
    b"\x1b[31m",
    b"x" * 255,
    b" ",
    "\u202e".encode(),
    b"a b",
    b"a\tb",
    b"-",
)


def fill(place: Path, *, also_folders: bool = False) -> None:
    """Make a file of each odd name, and a folder of each."""
    for name in ODD:
        path = os.fsencode(place) + b"/" + name
        Path(os.fsdecode(path)).write_text("x")
        if also_folders:
            Path(os.fsdecode(path[: 250 + len(os.fsencode(place))] + b".d")).mkdir()


async def listed(folder: Path, bounds: ListBounds | None = None, *, folders: LocalFolders | None = None) -> Listing:
    listing = Listing(LOCAL, folder_prefix(folder), bounds or ListBounds())
    async for _ in read_pages(folders or LocalFolders(), listing):
        pass
    return listing


def shown(listing: Listing) -> list[str]:
    rows = [listing.row(index) or listing.outline(index) for index in range(len(listing))]
    return [row.key[len(listing.prefix) :] for row in rows]


async def test_a_folder_is_listed_with_folders_first_and_sizes(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("12345")
    (tmp_path / "z").mkdir()
    listing = await listed(tmp_path)
    assert shown(listing) == ["here/", "z/", "f"]
    row = listing.row(2)
    assert isinstance(row, LocalEntry) and row.size_bytes == 5 and row.modified is not None


async def test_links_and_pipes_are_named_and_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "here"
    (folder / "link").symlink_to("/etc")
    (folder / "nowhere").symlink_to("no\nsuch")
    os.mkfifo(folder / "pipe")
    rows = {row.key.rpartition("/")[2]: row for row in (await listed(folder)).rows()}
    assert {name: note_of(row) for name, row in rows.items()} == {
        "link": " → /etc", "nowhere": " → no\nsuch", "pipe": " (named pipe)",
    }  # fmt: skip
    assert not any(isinstance(row, Folder) for row in rows.values())


@pytest.mark.parametrize("pages_kept", [1, 16])
async def test_odd_names_are_found_again_in_a_list_of_many_pages(tmp_path: Path, pages_kept: int) -> None:
    fill(tmp_path / "here", also_folders=True)
    bounds = ListBounds(first_page=2, next_page=3, pages_kept=pages_kept)
    folders = LocalFolders()
    listing = await listed(tmp_path / "here", bounds, folders=folders)
    names = shown(listing)
    assert sorted(map(os.fsencode, names)) == sorted([*ODD, *(name[:249] + b".d/" for name in ODD)])
    for index, name in enumerate(names):
        assert listing.index_of(listing.prefix + name) == index
    restorer = PageRestorer(folders)
    for index in range(len(listing)):
        await restorer.restore(listing, index)
        assert listing.row(index) is not None
    assert shown(listing) == names


async def test_marks_over_dropped_pages_take_every_odd_name(tmp_path: Path) -> None:
    fill(tmp_path / "here")
    folders = LocalFolders()
    listing = await listed(tmp_path / "here", ListBounds(first_page=2, next_page=3, pages_kept=1), folders=folders)
    found: list[Row] = []
    for part in parts_of(listing, 0, len(listing)):
        found += part.rows if part.rows is not None else await read_part(folders, part, part.stand_ins())
    assert {os.fsencode(row.key.rpartition("/")[2]) for row in found} == set(ODD)


async def test_hidden_names_are_counted_and_shown_when_asked_for(tmp_path: Path) -> None:
    folder = tmp_path / "here"
    (folder / ".a").write_text("x")
    (folder / "b").write_text("x")
    folders = LocalFolders()
    assert shown(await listed(folder, folders=folders)) == ["b"]
    assert folders.hidden_in(folder_prefix(folder)) == 1
    folders.shows_hidden = True
    assert shown(await listed(folder, folders=folders)) == [".a", "b"]


async def test_a_file_that_vanishes_between_two_pages_is_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "here"
    for number in range(10):
        (folder / f"{number}").write_text("x")
    listing = Listing(LOCAL, folder_prefix(folder), ListBounds(first_page=3, next_page=3))
    async for _ in read_pages(LocalFolders(), listing):
        for number in (4, 5, 9):
            (folder / f"{number}").unlink(missing_ok=True)
    assert shown(listing) == ["0", "1", "2", "3", "6", "7", "8"]


@pytest.mark.parametrize("what", ["missing", "a file"])
async def test_what_cannot_be_listed_is_told_in_one_line(tmp_path: Path, what: str) -> None:
    path = tmp_path / "here" / "x"
    if what == "a file":
        path.write_text("x")
    one_line = r"^(No such file|Not a directory)[^\n]*: cannot read the folder '[^\n]*x/'$"
    with pytest.raises(LocalFileError, match=one_line):
        await listed(path)


async def test_a_folder_of_a_hundred_thousand_files_is_listed_in_order(tmp_path: Path) -> None:
    folder = tmp_path / "here"
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for number in range(100_000):
            os.mknod(f"{number:06}", 0o600, dir_fd=descriptor)
    finally:
        os.close(descriptor)
    listing = await listed(folder)
    assert listing.loaded == 100_000
    assert shown(listing) == [f"{number:06}" for number in range(100_000)]
