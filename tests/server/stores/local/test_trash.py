"""Deleted and overwritten blobs of a local store: how long they are kept, what makes them go, and what never loses
them."""

import logging
import random
import subprocess
import sys
from datetime import timedelta
from itertools import islice
from pathlib import Path

import apsw
import pytest

from storage_tui.contract.errors import NotFoundError, QuotaExceededError, StoreFullError
from storage_tui.contract.trash import DELETED, MOVED_OVER, OVERWRITTEN, WITHDRAWN, BringBack, GoneBlob
from storage_tui.contract.wire import Span
from storage_tui.server.stores.base import Precondition
from storage_tui.server.stores.local.database.rows import INLINE_BYTES
from storage_tui.server.stores.local.files import Disk
from storage_tui.server.stores.local.room import TraceBounds
from storage_tui.server.stores.local.store import LocalStore
from storage_tui.server.stores.totals import Ceiling
from storage_tui.server.stores.trash import ACTOR
from storage_tui.server.upkeep import backing_up
from storage_tui.server.upkeep.backing_up import back_up
from storage_tui.server.upkeep.restoring import Progress, restore
from storage_tui.server.upkeep.verifying import Tally, verify
from tests.effort import count
from tests.server.stores.engines import ALICE, BOB, Clock, Stage, blob_files, local_row, random_bytes, whole
from tests.server.stores.local import trash_child as child
from tests.server.stores.older import WITHOUT_TRASH
from tests.server.stores.test_conformance import AWKWARD_KEYS

LARGE = INLINE_BYTES + 1
MIB = 1024 * 1024
KILLS = count(3, 30, 200)
ROOT = Path(__file__).parents[4]


class CountedDisk(Disk):
    """A disk of so many bytes, of which blob files and parts take what they take."""

    capacity = 64 * MIB

    def free_bytes(self) -> int:
        used = 0
        for folder in (self.blobs, self.uploads):
            for path in folder.rglob("*"):
                try:
                    used += path.stat().st_size if path.is_file() else 0
                except FileNotFoundError:
                    continue
        return self.capacity - used

    def total_bytes(self) -> int:
        return self.capacity


async def small_disk(path: Path) -> Stage:
    stage = Stage(local_row(disk=CountedDisk(path / "data"), reserve_bytes=MIB), path)
    await stage.start()
    return stage


def store_of(stage: Stage) -> LocalStore:
    assert isinstance(stage.store, LocalStore)
    return stage.store


async def gone(stage: Stage, prefix: str = "", storage_type: str = "data") -> list[GoneBlob]:
    page = await store_of(stage).trash.list_page(stage.namespace, storage_type, prefix=prefix, limit=1000)
    assert page.next_token is None
    return list(page.blobs)


async def back(stage: Stage, key: str, storage_type: str = "data", **how: object) -> str | None:
    """Bring a blob back; returns the code of the refusal."""
    target = BringBack(key, **how)  # type: ignore[arg-type]
    [result] = await store_of(stage).trash.bring_back(stage.namespace, storage_type, [target])
    return result.error


@pytest.mark.parametrize("size_bytes", [0, 10, LARGE])
async def test_a_blob_is_kept_for_a_day_and_not_longer(local: Stage, size_bytes: int) -> None:
    content = random_bytes(size_bytes)
    before = await local.put("k", content)
    await local.store.delete(local.at("k"))
    for hours in (1, 22):
        local.clock.advance(hours=hours)
        await local.store.sweep()
    [row] = await gone(local)
    assert (row.blob, row.how, (row.until or row.gone) - row.gone) == (before, DELETED, timedelta(days=1))
    assert await back(local, "k") is None
    assert await local.get("k") == content
    assert await local.store.stat(local.at("k")) == before
    await local.store.delete(local.at("k"))
    local.clock.advance(days=1)
    assert await gone(local) == [], "before a sweep too"
    assert await back(local, "k") == NotFoundError.code
    await local.store.sweep()
    assert blob_files(local) == []


async def test_every_way_of_going_is_told_with_who_did_it(local: Stage) -> None:
    ACTOR.set("ada")
    for key in ("a", "b", "c", "d"):
        await local.put(key, b"1")
    await local.put("p", b"1", "products")
    await local.store.delete(local.at("a"))
    await local.put("b", b"2")
    await local.store.move(local.at("c"), local.at("d"))
    await local.store.withdraw(local.at("p", "products"))
    assert [(row.key, row.how, row.by) for row in await gone(local)] == [
        ("a", DELETED, "ada"), ("b", OVERWRITTEN, "ada"), ("d", MOVED_OVER, "ada"),
    ]  # fmt: skip
    [product] = await gone(local, storage_type="products")
    assert product.how == WITHDRAWN
    assert (await store_of(local).overview()).gone.count == 4


async def test_with_no_retention_all_is_as_without_a_trash(tmp_path: Path) -> None:
    stage = Stage(local_row(reserve_bytes=0, kept_for=timedelta(0)), tmp_path)
    await stage.start()
    await stage.put("k", random_bytes(LARGE))
    await stage.put("k", random_bytes(10))
    await stage.store.delete(stage.at("k"))
    assert await gone(stage) == []
    assert await back(stage, "k") == NotFoundError.code
    stage.clock.advance(hours=1)
    await stage.store.sweep()
    assert blob_files(stage) == []
    assert (await store_of(stage).trash.terms()).retention_s == 0
    await stage.store.close()


async def test_a_shorter_retention_ends_what_was_kept_under_a_longer_one(local: Stage) -> None:
    await local.put("k", random_bytes(LARGE))
    await local.store.delete(local.at("k"))
    await local.store.close()
    local.engine = local_row(reserve_bytes=0, kept_for=timedelta(0))
    await local.start()
    assert await gone(local) == []
    local.clock.advance(hours=1)
    await local.store.sweep()
    assert blob_files(local) == []


async def test_the_seven_days_of_tmp_are_not_extended(local: Stage) -> None:
    before = await local.put("k", random_bytes(LARGE), "tmp")
    local.clock.advance(days=6, hours=20)
    await local.store.delete(local.at("k", "tmp"))
    [row] = await gone(local, storage_type="tmp")
    assert row.until == before.expires
    assert await back(local, "k", "tmp") is None
    assert (await local.store.stat(local.at("k", "tmp"))).expires == before.expires
    await local.store.delete(local.at("k", "tmp"))
    local.clock.advance(hours=4)
    assert await gone(local, storage_type="tmp") == []
    assert await back(local, "k", "tmp") == NotFoundError.code
    await local.store.sweep()
    assert len(blob_files(local)) == 0 or (local.clock.advance(hours=1), await local.store.sweep())
    assert blob_files(local) == []


async def test_an_expired_blob_that_is_overwritten_is_not_kept(local: Stage) -> None:
    await local.put("k", b"1", "tmp")
    local.clock.advance(days=7)
    await local.put("k", b"2", "tmp")
    assert await gone(local, storage_type="tmp") == []


async def test_a_moment_finds_what_was_there_then(local: Stage) -> None:
    moments = []
    for number in range(4):
        await local.put("k", b"%d" % number)
        moments.append(local.clock.now)
        local.clock.advance(minutes=1)
    await local.store.delete(local.at("k"))
    for number in (2, 0, 3, 1):
        assert await back(local, "k", at=moments[number] + timedelta(seconds=30), overwrite=True) is None
        assert await local.get("k") == b"%d" % number
    assert await back(local, "k", at=moments[0] - timedelta(seconds=1), overwrite=True) == NotFoundError.code


async def test_awkward_keys_come_back_each_as_itself(local: Stage) -> None:
    for key in AWKWARD_KEYS:
        await local.put(key, key.encode())
    await local.store.delete_many(ALICE, "data", [(key, None) for key in AWKWARD_KEYS])
    assert [row.key for row in await gone(local)] == sorted(AWKWARD_KEYS, key=str.encode)
    for prefix in ("a", "a/", "/", "caf"):
        expected = sorted((key for key in AWKWARD_KEYS if key.startswith(prefix)), key=str.encode)
        assert [row.key for row in await gone(local, prefix)] == expected
    assert all([await back(local, key) is None for key in AWKWARD_KEYS])
    for key in AWKWARD_KEYS:
        assert await local.get(key) == key.encode()


async def test_nobody_finds_or_takes_what_another_user_deleted(local: Stage) -> None:
    await local.put("k", b"1")
    await local.store.delete(local.at("k"))
    local.namespace = BOB
    assert await gone(local) == []
    assert await back(local, "k") == NotFoundError.code
    assert (await store_of(local).trash.purge_prefix(BOB, "data", "")).count == 0
    local.namespace = ALICE
    assert len(await gone(local)) == 1


async def test_an_upgraded_store_keeps_what_goes_from_then_on(local: Stage) -> None:
    await local.put("k", b"1")
    await local.store.delete(local.at("k"))
    await local.put("l", random_bytes(LARGE))
    await local.store.close()
    connection = apsw.Connection(str(local.path / "data" / "meta.db"))
    connection.execute("DELETE FROM contents WHERE id IN (SELECT content FROM gone); DELETE FROM gone;" + WITHOUT_TRASH)
    connection.close()
    await local.start()
    assert await gone(local) == []
    await local.store.delete(local.at("l"))
    assert await back(local, "l") is None


async def test_what_is_kept_survives_a_restart_and_is_no_orphan(local: Stage) -> None:
    content = random_bytes(LARGE)
    await local.put("k", content)
    await local.put("k", b"small")
    await local.restart()
    assert await store_of(local).find_orphans() == 0
    tally = Tally()
    assert list(verify(local.path / "data", tally)) == []
    assert await back(local, "k", overwrite=True) is None
    assert await local.get("k") == content


async def test_a_restored_store_has_what_existed_and_an_empty_trash(local: Stage) -> None:
    await local.put("k", random_bytes(LARGE))
    await local.put("k", b"now")
    await local.put("l", b"small")
    await local.store.delete(local.at("l"))
    target = local.path / "backup"
    back_up(local.path / "data", target, keep=7, must_link=False, progress=backing_up.Progress())
    restore(local.path / "backup", local.path / "again", progress=Progress())
    assert list(verify(local.path / "again", Tally())) == []
    other = Stage(local_row(reserve_bytes=0), local.path)
    other.engine = type(other.engine)(lambda path, clock: LocalStore(path / "again", clock=clock, reserve_bytes=0))
    await other.start()
    assert await other.get("k") == b"now"
    assert await gone(other) == []
    await other.store.close()


async def test_a_reader_reads_on_while_its_blob_goes_for_good(local: Stage) -> None:
    content = random_bytes(3 * MIB)
    await local.put("k", content)
    async with local.store.open(local.at("k")) as reader:
        await local.store.delete(local.at("k"))
        await store_of(local).trash.purge(ALICE, "data", [("k", None)])
        assert blob_files(local) == []
        assert b"".join([piece async for piece in reader.chunks(Span(0, len(content)))]) == content


async def test_a_purge_makes_room_at_once_and_is_in_the_audit_log(local: Stage) -> None:
    for key in ("k", "l"):
        await local.put(key, random_bytes(LARGE))
        await local.put(key, random_bytes(LARGE))
    done = await store_of(local).trash.purge(ALICE, "data", [("k", None)])
    assert (done.count, done.size_bytes, done.is_more) == (1, LARGE, False)
    assert len(blob_files(local)) == 3
    assert (await store_of(local).trash.purge_prefix(ALICE, "data", "l")).count == 1
    assert len(blob_files(local)) == 2
    connection = apsw.Connection(str(local.path / "data" / "meta.db"))
    assert connection.execute("SELECT count(*) FROM audit").get == 2
    connection.close()


async def test_live_and_gone_blobs_together_stay_within_a_quota(local: Stage) -> None:
    store_of(local).obey(lambda namespace, _: Ceiling(size_bytes=1000) if namespace == ALICE else None)
    for number in range(10):
        await local.put(f"k{number}", bytes(100))
    with pytest.raises(QuotaExceededError):
        await local.put("more", b"1")
    await local.store.delete_many(ALICE, "data", [(f"k{number}", None) for number in range(10)])
    assert len(await gone(local)) == 10
    await local.put("new", bytes(350))
    assert [row.key for row in await gone(local)] == [f"k{number}" for number in range(4, 10)]
    await local.put("new", bytes(360))
    assert [row.key for row in await gone(local)] == ["k8", "k9", "new"]
    assert await back(local, "k9") is None
    with pytest.raises(QuotaExceededError):
        await local.put("more", bytes(541))
    await local.put("more", bytes(540))
    assert await gone(local) == []


async def test_no_user_keeps_more_rows_than_the_bound(local: Stage) -> None:
    await local.store.close()
    local.engine = local_row(reserve_bytes=0, traces=TraceBounds(gone=5))
    await local.start()
    for number in range(8):
        await local.put("k", b"%d" % number)
    assert [row.blob.modified for row in await gone(local)]
    assert len(await gone(local)) == 5
    store_of(local).obey(lambda *_: Ceiling(count=4))
    await local.put("k", b"x")
    assert len(await gone(local)) == 3


async def test_a_disk_is_never_full_of_what_was_deleted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    stage = await small_disk(tmp_path)
    piece = random_bytes(4 * MIB)
    with caplog.at_level(logging.WARNING):
        for number in range(40):  # 160 MiB through a disk of 64
            await stage.put("k", piece)
            stage.clock.advance(seconds=1)
            assert len(await gone(stage)) > min(number - 2, 8)
    assert "cannot come back" in caplog.text
    terms = await store_of(stage).trash.terms()
    kept = await gone(stage)
    assert terms.since is not None and terms.since < kept[0].gone
    assert (await store_of(stage).overview()).gone.ended_early > 20
    uploaded = await stage.upload("u", random_bytes(50 * MIB))
    assert uploaded.size_bytes == 50 * MIB
    assert await gone(stage) == [] or (await gone(stage))[0].gone > kept[0].gone
    with pytest.raises(StoreFullError):
        await stage.upload("v", random_bytes(30 * MIB))
    await stage.store.delete(stage.at("u"))
    await stage.upload("v", random_bytes(50 * MIB))
    await stage.store.close()


async def test_a_write_that_never_fits_takes_nothing_from_the_trash(tmp_path: Path) -> None:
    stage = await small_disk(tmp_path)
    for _ in range(8):
        await stage.put("k", random_bytes(4 * MIB))
    kept = await gone(stage)
    assert len(kept) == 7
    with pytest.raises(StoreFullError):
        await stage.store.create_upload(stage.at("huge"), size_bytes=1 << 40)
    assert await gone(stage) == kept
    await stage.store.close()


async def test_a_sweep_gives_back_the_reserve_that_another_program_took(tmp_path: Path) -> None:
    stage = await small_disk(tmp_path)
    for _ in range(8):
        await stage.put("k", random_bytes(4 * MIB))
        stage.clock.advance(seconds=1)
    disk = store_of(stage)._disk
    assert isinstance(disk, CountedDisk)
    disk.capacity = 20 * MIB
    await stage.store.sweep()
    assert disk.free_bytes() >= MIB
    assert 2 <= len(await gone(stage)) < 5
    assert await stage.get("k")
    await stage.store.close()


async def test_rows_of_a_wrong_clock_do_not_stay_for_ever(local: Stage) -> None:
    local.clock.advance(days=20)
    await local.put("k", b"1")
    await local.store.delete(local.at("k"))
    local.clock.advance(days=-20)
    await local.store.sweep()
    assert len(await gone(local)) == 1
    local.clock.advance(days=1)
    await local.store.sweep()
    assert await gone(local) == []
    connection = apsw.Connection(str(local.path / "data" / "meta.db"))
    assert connection.execute("SELECT count(*) FROM gone").get == 0
    connection.close()


async def test_a_million_deletes_are_listed_page_by_page(local: Stage) -> None:
    number = count(2000, 20_000, 1_000_000)
    for start in range(0, number, 1000):
        keys = [f"{key:07}" for key in range(start, start + 1000)]
        connection = store_of(local)._connection
        await store_of(local)._committer.run(
            lambda _, keys=keys, connection=connection: connection.executemany(
                "INSERT INTO gone (namespace, type, key, id, size, crc, modified, content, at, how, by) "
                "VALUES (?, 'data', ?, ?, 0, 0, 0, 1, ?, 'deleted', '')",
                [(bytes.fromhex(ALICE), key.encode(), f"{int(key):032x}", 1_714_564_800_123) for key in keys],
            )
        )
    seen, after = 0, ""
    while True:
        page = await store_of(local).trash.list_page(ALICE, "data", after=after, limit=1000)
        assert [int(row.key) for row in page.blobs] == list(range(seen, seen + len(page.blobs)))
        seen += len(page.blobs)
        if page.next_token is None:
            break
        after = page.next_token
    assert seen == number
    total = 0
    while True:
        done = await store_of(local).trash.purge_prefix(ALICE, "data", "")
        total += done.count
        if not done.is_more or not done.count:
            break
    assert total == number


def run_and_kill(data_dir: Path, run: int, most_lines: int) -> list[str]:
    """What a process told until it was killed after so many lines."""
    command = [sys.executable, "-m", "tests.server.stores.local.trash_child", str(data_dir), str(run)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        lines = list(islice(process.stdout, most_lines))
        process.kill()
        return lines + process.stdout.readlines()


async def test_kills_lose_no_blob_that_was_deleted_or_overwritten(tmp_path: Path) -> None:
    chance, told = random.Random(1), dict[str, dict[str, int]]()
    for run in range(KILLS):
        lines = run_and_kill(tmp_path / "data", run, chance.randrange(150))
        last: dict[str, str] = {}
        for worker, etag, size in (line.split() for line in lines if line.endswith("\n")):
            key = f"{run}/{worker}"
            last[key] = etag
            if etag != "-":
                told.setdefault(key, {})[etag] = int(size)
        stage = Stage(local_row(reserve_bytes=0), tmp_path, clock=Now(), namespace=child.NAMESPACE)
        await stage.start()
        await store_of(stage).find_orphans()
        await check_nothing_is_lost(stage, told, last)
        await stage.store.close()
        assert [finding for finding in verify(tmp_path / "data", Tally()) if finding.kind != "orphan"] == []


class Now(Clock):
    """The clock of the process that is killed."""

    def __call__(self):  # type: ignore[no-untyped-def]
        from datetime import UTC, datetime

        return datetime.now(UTC)


async def check_nothing_is_lost(stage: Stage, told: dict[str, dict[str, int]], last: dict[str, str]) -> None:
    """Every blob that was ever told is at its key or in the trash, whole; its bytes are read there."""
    rows = {(row.key, row.blob.etag): row for row in await all_gone(stage)}
    for key, versions in told.items():
        try:
            there = (await stage.store.stat(stage.at(key))).etag
        except NotFoundError:
            there = None
        for etag, size_bytes in versions.items():
            assert etag == there or (key, etag) in rows, f"{key} lost {etag}"
            if key in last and etag != there:
                copy = f"check/{etag}"
                assert await back(stage, key, etag=etag, to_key=copy) is None
                async with stage.store.open(stage.at(copy)) as reader:
                    assert len(await whole(reader)) == size_bytes
                await stage.store.move(stage.at(copy), stage.at(key), precondition=Precondition())
                await back_to(stage, key, there)


async def back_to(stage: Stage, key: str, etag: str | None) -> None:
    if etag is None:
        await stage.store.delete(stage.at(key))
    else:
        assert await back(stage, key, etag=etag, overwrite=True) is None


async def all_gone(stage: Stage) -> list[GoneBlob]:
    rows: list[GoneBlob] = []
    after = ""
    while True:
        page = await store_of(stage).trash.list_page(stage.namespace, "data", after=after, limit=1000)
        rows += page.blobs
        if page.next_token is None:
            return rows
        after = page.next_token
