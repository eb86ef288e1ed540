"""What a call has acknowledged is on the disk by the rules of POSIX: bytes first, then their name, and every folder."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from storage_tui import Storage
from storage_tui.client.batch.plan import plan_download
from storage_tui.client.batch.scheduler import Batch
from storage_tui.client.transfer.conflict import Conflict
from storage_tui.client.transfer.journal import Journal
from storage_tui.client.transfer.part_file import PartFile, Purpose, opened_folder
from storage_tui.client.transfer.queue_file import WaitingList
from storage_tui.client.transfer.records import UnfinishedTransfer, now_text
from storage_tui.machine import directories
from storage_tui.server.stores.base import Address
from storage_tui.server.stores.local.records import LocalRecords
from storage_tui.server.stores.local.store import LocalStore
from storage_tui.server.upkeep import backing_up, restoring
from storage_tui.server.upkeep.backing_up import back_up
from storage_tui.server.upkeep.restoring import restore
from tests.promises.durable import Durable

LARGE = b"large " * 20_000
SQLITE = ("meta.db", "meta.db-wal", "meta.db-shm")  # which syncs by itself, seen in test_fault_points.py
LOCKS = ("lock", "collector", ".lock")  # made anew where they are not there


@pytest.fixture
def durable() -> Durable:
    return Durable()


async def fill(store: LocalStore) -> None:
    await store.start()
    for key, content in (("small", b"small"), ("large", LARGE), ("old", LARGE)):
        await store.put(Address("d" * 40, "data", key), content)
    await store.copy(Address("d" * 40, "data", "large"), Address("d" * 40, "data", "copy"))
    await store.delete(Address("d" * 40, "data", "old"))


def refused(*_: object) -> None:
    raise OSError(errno.EMLINK, "no more links")


async def test_a_new_store_with_its_folders_and_blobs(
    durable: Durable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = LocalStore(tmp_path / "of" / "a" / "store", reserve_bytes=0)
    with durable.followed(monkeypatch), monkeypatch.context() as patch:
        await fill(store)
        patch.setattr(os, "link", refused)
        await store.copy(Address("d" * 40, "data", "large"), Address("d" * 40, "data", "copied"))
    assert durable.missing(tmp_path, but=(*SQLITE, *LOCKS)) == durable.too_early == []
    await store.close()


async def test_a_backup_and_what_is_restored_from_it(
    durable: Durable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = LocalStore(tmp_path / "store", reserve_bytes=0)
    await fill(store)
    await store.close()
    with durable.followed(monkeypatch):
        back_up(tmp_path / "store", tmp_path / "to" / "backup", keep=7, progress=backing_up.Progress())
        restore(tmp_path / "to" / "backup", tmp_path / "new" / "store", progress=restoring.Progress())
    assert durable.missing(tmp_path / "to", tmp_path / "new", but=(*LOCKS, *SQLITE[1:])) == durable.too_early == []


def test_records_of_tokens_keys_and_the_catalog(
    durable: Durable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = LocalRecords(tmp_path)
    with durable.followed(monkeypatch):
        records.write("revoked", b"{}")
        records.write("images/org:p/i", b"first")
        records.write("images/org:p/i", b"second")
        records.write("gone", b"")
        records.remove("gone")
    assert durable.missing(tmp_path, but=LOCKS) == durable.too_early == []


def download(storage: Storage, folder: Path) -> None:
    for name in ("a", "b/c", "b/d", "large"):
        storage.set(f"p/{name}", LARGE if name == "large" else name.encode())
    (folder / "b").mkdir(parents=True)
    results = Batch(storage.engine, plan_download(storage.engine, "p/", "data", folder)).run()
    assert [result.state for result in results] == ["done"] * 4
    storage.get_file("p/large", folder / "single")


def download_queue(storage: Storage, folder: Path) -> None:
    for name in ("a", "b/c", "b/d", "large"):
        storage.set(f"p/{name}", LARGE if name == "large" else name.encode())
    (folder / "b").mkdir(parents=True)
    states: list[str] = []
    batch = Batch(storage.engine, on_end=lambda rows: states.extend(result.state for _, result in rows))
    batch.add(plan_download(storage.engine, "p/", "data", folder).items)
    batch.close()
    batch.run()
    assert states == ["done"] * 4


def resume_part(_: Storage, folder: Path) -> None:
    purpose = Purpose("target", "server", "data", "k")
    folder.mkdir()
    with opened_folder(folder) as opened:
        part, _ = PartFile.open(opened, purpose, resume=True)
        part.write(0, memoryview(LARGE))
        part.commit()


def keep_journal(_: Storage, folder: Path) -> None:
    transfer = UnfinishedTransfer("upload", "s", "data", "k", str(folder / "k"), 5, now_text())
    journal = Journal(folder).entry(transfer)
    for _ in range(2):
        assert journal.note(transfer)
    journal.close()


def keep_queue(_: Storage, folder: Path) -> None:
    row = UnfinishedTransfer("upload", "server", "data", "k", str(folder / "k"), 5, conflict=Conflict.SKIP)
    waiting = WaitingList(folder, "server")
    for number in range(3):
        waiting.add([(number, row)])
    waiting.close(keep=True)


@pytest.mark.parametrize("act", [download, download_queue, resume_part, keep_journal, keep_queue])
def test_what_a_client_keeps(
    act: Callable[[Storage, Path], None], durable: Durable, storage: Storage, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(directories, "state_dir", lambda: tmp_path / "state")
    folder = tmp_path / "folder"
    with durable.followed(monkeypatch):
        act(storage, folder)
    folders = tuple(path.name for path in folder.rglob("*") if path.is_dir() and act in (download, download_queue))
    assert [what for what in durable.missing(folder) if what not in {f"the name {name}" for name in folders}] == []
    assert durable.too_early == []


def test_what_was_forgotten_is_found(durable: Durable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with durable.followed(monkeypatch):
        (tmp_path / "new").write_bytes(b"x")
        (tmp_path / "new").rename(tmp_path / "named")
    assert durable.missing(tmp_path) == ["the name named", "the bytes of named"]
    assert durable.too_early == [str(tmp_path / "named")]
