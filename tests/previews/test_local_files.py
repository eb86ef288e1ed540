"""Local files by ranges: the same previews as of a store, of the same file only, and nothing that hangs."""

import os
from pathlib import Path

import pytest

from storage_tui.contract.errors import (
    LocalFileError,
    NotFoundError,
    PreconditionFailedError,
    RangeNotSatisfiableError,
)
from storage_tui.contract.models import Blob
from storage_tui.previews import Source, preview
from storage_tui.previews.local_files import LocalFiles
from tests.previews import samples
from tests.previews.ranges import plain, show

FILES = LocalFiles()
CONTENTS = {
    "a.png": samples.encoded("PNG"),
    "a.npy": samples.array([[1, 2], [3, 4]]),
    "a.zip": samples.zipped(),
    "a.json": b'{"a": [1, 2, 3]}',
    "a.txt": "Wörter\n".encode() * 30_000,
    "a.bin": bytes(range(256)) * 3000,
    "empty": b"",
}


def write(folder: Path, name: str | bytes, content: bytes = b"x") -> Path:
    path = Path(os.fsdecode(os.fsencode(folder) + b"/" + os.fsencode(name)))
    path.write_bytes(content)
    return path


def source(path: Path) -> Source:
    return Source(FILES, Blob(str(path), "local", path.lstat().st_size))


@pytest.mark.parametrize("name", CONTENTS)
async def test_a_local_file_has_the_preview_of_a_blob_with_its_bytes(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, name, CONTENTS[name])
    shown = await preview(source(path), width=60, height=20)
    assert plain(shown) == plain(await show(CONTENTS[name], name))


@pytest.mark.parametrize("name", [b"bad\xff", b"new\nline", b"\x1b]52;c;QQ==\x07", b"x" * 255, b" "])
async def test_any_name_is_read(tmp_path: Path, name: bytes) -> None:
    path = write(tmp_path, name, b"words")
    assert (await FILES.read_range(str(path), start=1, stop=3)).data == b"or"


async def test_ranges_are_cut_at_the_end_and_refused_past_the_end(tmp_path: Path) -> None:
    path = str(write(tmp_path, "f", b"0123456789"))
    part = await FILES.read_range(path, start=8, stop=100)
    assert part.data == b"89" and part.blob.size_bytes == 10
    with pytest.raises(RangeNotSatisfiableError) as caught:
        await FILES.read_range(path, start=10, stop=11)
    assert caught.value.size_bytes == 10


@pytest.mark.parametrize("change", ["grows", "is replaced", "is rewritten"])
async def test_a_file_that_changes_between_two_reads_is_told_as_an_overwritten_blob_is(
    tmp_path: Path, change: str
) -> None:
    path = write(tmp_path, "f", b"x" * 300_000)
    reading = source(path)
    await reading.read(0, 1000)
    if change == "is replaced":
        write(tmp_path, "other", b"y" * 300_000).replace(path)
    else:
        path.write_bytes(b"y" * (300_000 + (change == "grows")))
        os.utime(path, ns=(1, 1))
    with pytest.raises(PreconditionFailedError):
        await reading.read(200_000, 201_000)


async def test_a_pipe_is_not_waited_for_and_a_link_is_not_followed(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(write(tmp_path, "f"))
    with pytest.raises(LocalFileError, match="no regular file"):
        await FILES.read_range(str(tmp_path / "pipe"))
    with pytest.raises(LocalFileError, match="is a symbolic link"):
        await FILES.read_range(str(tmp_path / "link"))
    with pytest.raises(LocalFileError):
        await FILES.read_range(str(tmp_path))


async def test_what_is_gone_is_not_found(tmp_path: Path) -> None:
    path = write(tmp_path, "f")
    path.unlink()
    for missing in (str(path), f"{path}/below"):
        with pytest.raises(NotFoundError):
            await FILES.read_range(missing)
        with pytest.raises(NotFoundError):
            await FILES.stat(missing)
    with pytest.raises(LocalFileError):
        await FILES.read_range("/a\0b")


async def test_a_huge_file_costs_what_is_read(tmp_path: Path) -> None:
    path = tmp_path / "huge"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    shown = await preview(source(path), width=60, height=20)
    assert "of 1.1 TB read" in shown.note
    assert len((await FILES.read_range(str(path))).data) <= 8 * 1024 * 1024
