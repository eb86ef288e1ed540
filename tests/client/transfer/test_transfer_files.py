"""The files that transfers read and write: regular ones only, whole or not at all, with the rights they should have."""

import errno
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from storage_tui import Storage
from storage_tui.client.control import TransferControl
from storage_tui.contract.errors import (
    LocalFileError,
)
from tests.client.moving import MIB, in_thread, only
from tests.faults.proxy import Fault, FaultProxy

pytestmark = pytest.mark.usefixtures("hasty")


def test_a_full_disk_is_one_sentence_and_the_download_goes_on_later(
    storage: Storage, content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage.set("k", content)
    write = os.pwrite

    def full(descriptor: int, chunk: Any, position: int) -> int:
        if position >= 12 * MIB:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, chunk, position)

    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", full)
        with pytest.raises(
            LocalFileError, match="no room left on the disk for 'k'; make room and run it again to continue"
        ):
            storage.get_file("k", tmp_path / "k")
    assert not (tmp_path / "k").exists()
    control = TransferControl()
    storage.get_file("k", tmp_path / "k", control=control)
    assert control.note.startswith("resumed at") and (tmp_path / "k").read_bytes() == content
    assert only(tmp_path, "k")


def test_only_a_regular_file_is_written(storage: Storage, tmp_path: Path) -> None:
    storage.set("k", b"new")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "there").write_bytes(b"kept")
    (tmp_path / "link").symlink_to("there")
    for name, kind in (("folder", "a folder"), ("pipe", "a pipe"), ("link", "a symbolic link")):
        with pytest.raises(LocalFileError, match=kind):
            storage.get_file("k", tmp_path / name)
    with pytest.raises(LocalFileError):
        storage.get_file("k", tmp_path / "missing" / "k")
    with pytest.raises(LocalFileError):
        storage.get_file("k", tmp_path / ("x" * 300))
    with pytest.raises(LocalFileError, match="a device"):
        storage.get_file("k", "/dev/null")
    assert (tmp_path / "there").read_bytes() == b"kept"
    assert only(tmp_path, "folder", "pipe", "there", "link")


def test_an_existing_file_keeps_its_permissions_and_a_new_one_takes_the_umask(storage: Storage, tmp_path: Path) -> None:
    storage.set("k", b"new")
    (tmp_path / "old").write_bytes(b"old")
    (tmp_path / "old").chmod(0o640)
    mask = os.umask(0o027)
    try:
        storage.get_file("k", tmp_path / "old")
        storage.get_file("k", tmp_path / "new")
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "old").stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640
    assert (tmp_path / "old").read_bytes() == b"new"


def test_a_name_of_full_length_can_be_downloaded(storage: Storage, tmp_path: Path) -> None:
    storage.set("k", b"new")
    name = "é" * 127
    storage.get_file("k", tmp_path / name)
    assert (tmp_path / name).read_bytes() == b"new"


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe", "denied name"])
def test_what_cannot_be_uploaded_is_refused_with_a_sentence(storage: Storage, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "denied name":
        path = Path("a\0b")
    with pytest.raises(LocalFileError):
        storage.set_file("k", path)
    assert not storage.exists("k")


def test_two_downloads_to_one_name_at_once_do_not_mix(
    behind: Storage, storage: Storage, proxy: FaultProxy, content: bytes, tmp_path: Path
) -> None:
    storage.set("k", content)
    proxy.faults.append(Fault(stall_down=12_000_000))
    first = in_thread(lambda: behind.get_file("k", tmp_path / "k"))
    proxy.stalled.get(timeout=30)
    storage.set("k", content[::-1])
    with Storage(proxy.url, token=_token_of(behind)) as other:
        other.get_file("k", tmp_path / "k")
    assert (tmp_path / "k").read_bytes() == content[::-1]
    proxy.release()
    first()
    assert (tmp_path / "k").read_bytes() in (content, content[::-1]) and only(tmp_path, "k")


def _token_of(client: Storage) -> str:
    return client.engine.server.reach().token.reveal()


@pytest.mark.parametrize("kind", ["symlink", "symlink to nothing", "folder", "pipe", "hard link"])
def test_what_somebody_put_in_place_of_a_part_is_not_touched(
    behind: Storage, storage: Storage, proxy: FaultProxy, content: bytes, tmp_path: Path, kind: str
) -> None:
    from storage_tui.client.transfer.part_file import Purpose

    storage.set("k", content)
    precious = tmp_path / "precious"
    precious.write_bytes(b"kept")
    purpose = Purpose("k", behind.display_url, "data", "k")
    part = tmp_path / purpose.part_name(purpose.digest())
    {
        "symlink": lambda: part.symlink_to(precious),
        "symlink to nothing": lambda: part.symlink_to(tmp_path / "nothing"),
        "folder": part.mkdir,
        "pipe": lambda: os.mkfifo(part),
        "hard link": lambda: os.link(precious, part),
    }[kind]()
    behind.get_file("k", tmp_path / "k")
    assert (tmp_path / "k").read_bytes() == content and precious.read_bytes() == b"kept"
    assert only(tmp_path, "k", "precious", part.name)
