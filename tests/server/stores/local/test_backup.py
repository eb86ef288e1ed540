"""Backup beside a running server, and restore into an empty directory: all is back, or one line says what is not."""

import json
import os
import random
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import apsw
import httpx
import pytest

from storage_tui.contract.errors import (
    ConflictError,
    DamagedError,
    NotFoundError,
    StorageError,
    StoreFullError,
    UnavailableError,
)
from storage_tui.contract.models import Page
from storage_tui.server.stores.local.database.schema import SCHEMA_VERSION
from storage_tui.server.stores.local.files import RESTORING
from storage_tui.server.stores.local.store import LocalStore
from storage_tui.server.upkeep import backing_up, restoring
from storage_tui.server.upkeep.backing_up import back_up, no_collecting
from storage_tui.server.upkeep.restoring import restore
from storage_tui.server.upkeep.snapshots import MANIFEST, Backup
from storage_tui.server.upkeep.verifying import Tally, verify
from tests import wanted
from tests.server.running import RunningServer
from tests.server.stores.engines import EngineRow, Stage, blob_files

CONTENTS = {
    f"k{number}": random.Random(number).randbytes(size)
    for number, size in enumerate((0, 5, 900, 65_536, 65_537, 300_000, 1_200_000))
}

BARE = EngineRow(lambda path, clock: LocalStore(path, clock=clock, reserve_bytes=0))


def snapshot(data_dir: Path, target: Path, *, keep: int = 7, link: bool = False) -> backing_up.Progress:
    done = backing_up.Progress()
    back_up(data_dir, target, keep=keep, must_link=link, progress=done)
    return done


def bring_back(source: Path, data_dir: Path, *, stamp: str | None = None, may_lose: bool = False) -> restoring.Progress:
    done = restoring.Progress()
    restore(source, data_dir, stamp=stamp, may_lose=may_lose, progress=done)
    return done


@pytest.fixture
async def filled(local: Stage) -> Stage:
    """A store with blobs of all sizes."""
    for key, content in CONTENTS.items():
        await local.upload(key, content)
    return local


@pytest.fixture
def data_dir(filled: Stage) -> Path:
    return filled.path / "data"


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "backup"


def put_file(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("mine")


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def contents_of(data_dir: Path) -> dict[str, bytes]:
    stage = Stage(BARE, data_dir)
    await stage.start()
    try:
        return {key: await stage.get(key) for key in await stage.keys()}
    finally:
        await stage.store.close()


async def test_all_is_back(filled: Stage, data_dir: Path, target: Path, tmp_path: Path) -> None:
    done = snapshot(data_dir, target)
    assert (done.blobs, done.copied, done.found) == (len(CONTENTS), 3, [])
    assert list(Backup(target).verify(Tally())) == []
    back = bring_back(target, tmp_path / "new")
    assert (back.blobs, back.found) == (len(CONTENTS), [])
    assert back.size_bytes == sum(map(len, CONTENTS.values()))
    assert list(verify(tmp_path / "new", Tally())) == []
    assert await contents_of(tmp_path / "new") == CONTENTS
    blobs = {key: await filled.store.stat(filled.at(key)) for key in CONTENTS}
    again = Stage(BARE, tmp_path / "new")
    await again.start()
    assert {key: await again.store.stat(again.at(key)) for key in CONTENTS} == blobs
    await again.store.close()


@pytest.mark.parametrize("link", [False, True], ids=["copied", "linked"])
async def test_a_second_backup_copies_only_what_is_new(
    filled: Stage, data_dir: Path, target: Path, tmp_path: Path, link: bool
) -> None:
    snapshot(data_dir, target, link=link)
    await filled.put("new", b"n" * 100_000)
    await filled.store.delete(filled.at("k6"))
    done = snapshot(data_dir, target, link=link)
    assert (done.copied, done.copied_bytes) == (1, 100_000)
    first, second = (taken.stamp for taken in Backup(target).snapshots())
    bring_back(target, tmp_path / "first", stamp=first)
    assert await contents_of(tmp_path / "first") == CONTENTS
    bring_back(target, tmp_path / "second", stamp=second)
    assert (await contents_of(tmp_path / "second")).keys() == CONTENTS.keys() - {"k6"} | {"new"}
    snapshot(data_dir, target, keep=1, link=link)
    assert len(Backup(target).snapshots()) == 1
    assert len(list((target / "blobs").glob("*/*"))) == 3  # k6 is in no snapshot any more
    assert list(Backup(target).verify(Tally())) == []
    inodes = {path.stat().st_ino for path in blob_files(filled)}
    assert bool(inodes & {path.stat().st_ino for path in (target / "blobs").glob("*/*")}) is link


async def test_no_file_is_collected_while_a_backup_copies(filled: Stage, data_dir: Path) -> None:
    await filled.store.delete(filled.at("k6"))
    filled.clock.advance(days=1)
    with no_collecting(data_dir):
        await filled.store.sweep()
        assert len(blob_files(filled)) == 3
    await filled.store.sweep()
    assert len(blob_files(filled)) == 2


@pytest.mark.parametrize("place", ["data", "data/backup", "."])
async def test_a_backup_into_the_data_directory_itself_is_refused(filled: Stage, data_dir: Path, place: str) -> None:
    with pytest.raises(ConflictError, match="overlap; name another"):
        snapshot(data_dir, filled.path / place)
    alias = filled.path / "alias"
    alias.symlink_to(data_dir)
    with pytest.raises(ConflictError, match="overlap; name another"):
        snapshot(data_dir, alias / "backup")


async def test_targets_that_cannot_be_are_refused(data_dir: Path, target: Path, tmp_path: Path) -> None:
    put_file(target / "letters.txt")
    with pytest.raises(ConflictError, match="holds something else"):
        snapshot(data_dir, target)
    assert names_in(target) == ["letters.txt"]
    with pytest.raises(NotFoundError, match="there is no store"):
        snapshot(tmp_path / "nothing", tmp_path / "other")
    assert not (tmp_path / "other").exists()
    snapshot(data_dir, tmp_path / "other")
    with Backup(tmp_path / "other").locked(), pytest.raises(ConflictError, match="is running in"):
        snapshot(data_dir, tmp_path / "other")


async def test_a_store_of_a_newer_program_is_not_backed_up(filled: Stage, data_dir: Path, target: Path) -> None:
    await filled.store.close()
    connection = apsw.Connection(str(data_dir / "meta.db"))
    connection.pragma("user_version", SCHEMA_VERSION + 1)
    connection.close()
    with pytest.raises(UnavailableError, match="newer storage-tui"):
        snapshot(data_dir, target)
    connection = apsw.Connection(str(data_dir / "meta.db"))
    connection.pragma("user_version", SCHEMA_VERSION)
    connection.close()
    await filled.store.start()


async def test_damage_in_the_store_is_told_and_never_replaces_a_good_copy(
    filled: Stage, data_dir: Path, target: Path, tmp_path: Path
) -> None:
    snapshot(data_dir, target)
    await filled.put("late", b"l" * 100_000)
    late = (await filled.store.stat(filled.at("late"))).etag
    for path in blob_files(filled):
        content = bytearray(path.read_bytes())
        content[7] ^= 1
        path.write_bytes(content)
    done = snapshot(data_dir, target)
    assert [(finding.kind, finding.key) for finding in done.found] == [("damaged", "late")]
    manifest = Backup(target).find(None).manifest
    assert (manifest["damaged"], manifest["damage"][0]["key"]) == (1, "late")
    assert not Backup(target).blob_path(str(late)).exists()
    with pytest.raises(DamagedError, match="--skip-damaged"):
        bring_back(target, tmp_path / "new")
    bring_back(target, tmp_path / "new", may_lose=True)
    assert await contents_of(tmp_path / "new") == CONTENTS


async def test_a_backup_that_broke_off_leaves_the_earlier_ones_and_the_next_one_goes_on(
    filled: Stage, data_dir: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot(data_dir, target)
    await filled.put("new", b"n" * 100_000)
    with monkeypatch.context() as patch:
        patch.setattr(backing_up, "write_json", _fail)
        with pytest.raises(UnavailableError, match="broke off"):
            snapshot(data_dir, target)
    assert len(Backup(target).snapshots()) == len(list((target / "snapshots").iterdir())) == 1
    half = target / "snapshots" / "29991231T000000Z"  # as a kill leaves it
    half.mkdir()
    (half / "meta.db").write_bytes(b"half")
    assert snapshot(data_dir, target).copied == 0
    assert not half.exists()
    assert list(Backup(target).verify(Tally())) == []


def _fail(*_: object) -> None:
    raise OSError(5, "Input/output error")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MiB."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        [wanted.program("mount"), "-t", "tmpfs", "-o", "size=2m", "tmpfs", place], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"needs to mount a small tmpfs: {mounted.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", place], check=True)


async def test_a_full_disk_is_told_before_and_in_the_middle(
    filled: Stage, data_dir: Path, small_disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled.store.delete(filled.at("k6"))
    snapshot(data_dir, small_disk / "backup")
    for number in range(3):
        await filled.put(f"large{number}", os.urandom(900_000))
    with pytest.raises(StoreFullError, match="this backup needs 2,700,000"):
        snapshot(data_dir, small_disk / "backup")
    monkeypatch.setattr(backing_up, "_refuse_without_room", lambda *_: None)
    with pytest.raises(StoreFullError, match="earlier snapshots are as they were"):
        snapshot(data_dir, small_disk / "backup")
    assert len(Backup(small_disk / "backup").snapshots()) == 1
    assert list(Backup(small_disk / "backup").verify(Tally())) == []
    snapshot(data_dir, tmp_path / "large")
    with pytest.raises(StoreFullError, match="restore again"):
        bring_back(tmp_path / "large", small_disk / "new")


async def test_a_restore_needs_an_empty_directory(data_dir: Path, target: Path, tmp_path: Path) -> None:
    snapshot(data_dir, target)
    put_file(tmp_path / "full" / "file")
    with pytest.raises(ConflictError, match="not empty"):
        bring_back(target, tmp_path / "full")
    assert names_in(tmp_path / "full") == ["file"]
    with pytest.raises(ConflictError, match="overlap; name another"):
        bring_back(target, target / "new")
    with pytest.raises(NotFoundError, match="not a backup"):
        bring_back(tmp_path / "full", tmp_path / "new")
    with pytest.raises(NotFoundError, match="no snapshot 2001"):
        bring_back(target, tmp_path / "new", stamp="2001")
    assert not (tmp_path / "new").exists()


async def test_a_restore_that_broke_off_goes_on_and_no_server_starts_before(
    data_dir: Path, target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot(data_dir, target)
    new = tmp_path / "new"
    with monkeypatch.context() as patch:
        patch.setattr(restoring, "_bring_database", _fail)
        with pytest.raises(UnavailableError, match="restore again"):
            bring_back(target, new)
    with pytest.raises(UnavailableError, match="was not finished"):
        await LocalStore(new).start()
    broken = next(path for path in (new / "blobs").glob("*/*") if path.stat().st_size == 300_000)
    broken.write_bytes(bytes(300_000))
    bring_back(target, new)
    assert not (new / RESTORING).exists()
    assert await contents_of(new) == CONTENTS


@pytest.mark.parametrize("damage", ["blob", "gone", "value", "database", "document", "manifest", "newer", "outside"])
async def test_a_damaged_backup_is_found_and_not_restored_as_a_whole_one(
    filled: Stage, data_dir: Path, target: Path, tmp_path: Path, damage: str
) -> None:
    (data_dir / "records").mkdir(exist_ok=True)
    (data_dir / "records" / "a.record").write_bytes(b"kept")
    snapshot(data_dir, target)
    taken = Backup(target).find(None)
    manifest = json.loads((taken.folder / MANIFEST).read_text())
    blob = next(path for path in (target / "blobs").glob("*/*") if path.stat().st_size == 300_000)
    match damage:
        case "blob":
            blob.write_bytes(bytes(300_000))
        case "gone":
            blob.unlink()
        case "value":
            connection = apsw.Connection(str(taken.database))
            connection.execute("UPDATE contents SET content = zeroblob(900) WHERE length(content) = 900")
            connection.close()
        case "database":
            content = bytearray(taken.database.read_bytes())
            content[5000] ^= 1
            taken.database.write_bytes(content)
        case "document":
            (taken.documents / "records" / "a.record").write_bytes(b"lost")
        case "manifest":
            (taken.folder / MANIFEST).write_text("{")
        case "newer":
            (taken.folder / MANIFEST).write_text(json.dumps({**manifest, "format": 2}))
        case "outside":
            manifest["documents"]["../../outside"] = {"size": 0, "sha256": ""}
            (taken.folder / MANIFEST).write_text(json.dumps(manifest))
    try:
        assert list(Backup(target).verify(Tally()))
    except UnavailableError:
        assert damage in ("manifest", "newer")
    with pytest.raises(StorageError) as caught:
        bring_back(target, tmp_path / "new")
    assert "\n" not in caught.value.message
    assert not (tmp_path / "new" / "meta.db").exists()
    assert not (tmp_path / "outside").exists()
    if damage in ("blob", "gone"):
        bring_back(target, tmp_path / "new", may_lose=True)
        assert await contents_of(tmp_path / "new") == {k: v for k, v in CONTENTS.items() if k != "k5"}


def test_a_backup_beside_a_busy_server_holds_all_that_was_acknowledged_before(tmp_path: Path) -> None:
    server = RunningServer(tmp_path / "data")
    server.start()
    stop = threading.Event()
    stored: list[str] = []

    def write() -> None:
        with server.client() as ann:
            number = 0
            while not stop.is_set():
                key, content = f"k{number:05}", random.Random(number).randbytes((40, 70_000, 300_000)[number % 3])
                assert ann.put(f"/data/set/{key}", content=content).is_success
                stored.append(key)
                if number % 5 == 4:
                    assert ann.delete(f"/data/k{number - 2:05}").is_success
                number += 1

    writer = threading.Thread(target=write)
    writer.start()
    token = server.token()
    try:
        for _ in range(3):
            while len(stored) < 30:
                assert not stop.wait(0.01)
            before = list(stored)
            stored.clear()
            assert snapshot(server.data_dir, tmp_path / "backup").found == []
    finally:
        stop.set()
        writer.join()
    assert server.stop() == 0
    assert list(Backup(tmp_path / "backup").verify(Tally())) == []
    bring_back(tmp_path / "backup", tmp_path / "new")
    again = RunningServer(tmp_path / "new")
    again.start()
    headers = {"Authorization": f"Bearer {token}"}  # signed before the backup: the keys are in it
    with httpx.Client(base_url=again.url, headers=headers, trust_env=False) as ann:
        answer = ann.get("/data/list", params={"details": "true"})
        found = {blob.key: blob for blob in Page.from_json(answer.json(), "data", None).blobs}
        numbers = [int(key[1:]) for key in before]
        assert {f"k{number:05}" for number in numbers if number % 5 != 2} <= found.keys()
        for key in found:
            content = random.Random(int(key[1:])).randbytes((40, 70_000, 300_000)[int(key[1:]) % 3])
            assert ann.get(f"/data/get/{key}").content == content
    assert again.stop() == 0
    assert again.log_text() == ""
