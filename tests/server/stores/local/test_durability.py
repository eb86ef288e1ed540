"""The order in which a local store makes things durable, and what it does when the disk fails underneath."""

import asyncio
import errno
from pathlib import Path

import apsw
import pytest

from storage_tui.contract.errors import PreconditionFailedError, StorageError, StoreFullError, UnavailableError
from storage_tui.server.stores.base import Precondition
from storage_tui.server.stores.local.database.rows import INLINE_BYTES
from storage_tui.server.stores.local.database.schema import BUSY_MS
from storage_tui.server.stores.local.store import LocalStore
from tests.server.stores.broken_disks import FailingDisk, OffLoopDisk, RecordingDisk
from tests.server.stores.engines import Stage, local_row, random_bytes

LARGE = INLINE_BYTES + 1
MIB = 1024 * 1024


async def recorded(tmp_path: Path) -> tuple[Stage, list[str]]:
    """A store whose disk notes its steps, COMMITs included, from now on."""
    disk = RecordingDisk(tmp_path / "data")
    stage = Stage(local_row(reserve_bytes=0, disk=disk), tmp_path)
    await stage.start()
    assert isinstance(stage.store, LocalStore) and stage.store._orphan_search is not None
    await stage.store._orphan_search  # a file that it meets before its COMMIT costs it a COMMIT of its own
    stage.store._connection.set_commit_hook(lambda: bool(disk.steps.append("commit")))
    disk.steps.clear()
    return stage, disk.steps


async def failing(tmp_path: Path) -> tuple[Stage, FailingDisk]:
    disk = FailingDisk(tmp_path / "data")
    stage = Stage(local_row(reserve_bytes=0, disk=disk), tmp_path)
    await stage.start()
    return stage, disk


async def test_a_blob_is_synced_named_and_committed_in_this_order(tmp_path: Path) -> None:
    stage, steps = await recorded(tmp_path)
    await stage.put("k", random_bytes(LARGE))
    assert steps == ["sync file", "publish", "sync blobs", "commit"]
    steps.clear()
    await stage.put("k", b"small")
    assert steps == ["commit"]
    await stage.store.close()


async def test_an_upload_is_synced_before_its_offset_and_its_name_are_committed(tmp_path: Path) -> None:
    stage, steps = await recorded(tmp_path)
    session = await stage.store.create_upload(stage.at("k"))
    async with stage.store.write_upload(session.upload_id) as writer:
        await writer.write(random_bytes(2 * MIB))
        steps.clear()
        await writer.checkpoint()
        assert steps == ["sync file", "sync uploads", "commit"]
        steps.clear()
        await writer.write(random_bytes(MIB))
        await writer.finish()
        assert steps == ["sync file", "publish", "sync blobs", "commit"]
    await stage.store.close()


async def test_nothing_is_unlinked_before_the_commit_that_lets_go_of_it(tmp_path: Path) -> None:
    stage, steps = await recorded(tmp_path)
    await stage.put("k", random_bytes(LARGE))
    steps.clear()
    await stage.store.delete(stage.at("k"))
    assert steps == ["commit"]
    stage.clock.advance(hours=23)
    await stage.store.sweep()
    assert "unlink blobs" not in steps
    steps.clear()
    stage.clock.advance(hours=1)
    await stage.store.sweep()
    unlinked = steps.index("unlink blobs")
    assert "commit" in steps[:unlinked]
    assert "commit" in steps[unlinked:]
    await stage.store.close()


async def test_a_copy_is_a_link_and_costs_no_bytes(tmp_path: Path) -> None:
    stage, steps = await recorded(tmp_path)
    await stage.put("k", random_bytes(LARGE))
    steps.clear()
    await stage.store.copy(stage.at("k"), stage.at("c"))
    assert steps == ["publish", "sync blobs", "commit"]
    assert {path.stat().st_nlink for path in (tmp_path / "data" / "blobs").glob("*/*")} == {2}
    await stage.store.close()


async def test_a_copy_where_links_are_impossible_is_a_synced_copy(tmp_path: Path) -> None:
    stage, disk = await failing(tmp_path)
    content = random_bytes(3 * MIB)
    await stage.put("k", content)
    disk.fails["link"] = errno.EMLINK
    await stage.store.copy(stage.at("k"), stage.at("c"))
    await stage.store.delete(stage.at("k"))
    assert await stage.get("c") == content
    assert {path.stat().st_nlink for path in (tmp_path / "data" / "blobs").glob("*/*")} == {1}
    await stage.store.close()


async def test_many_changes_share_a_commit(tmp_path: Path) -> None:
    stage, steps = await recorded(tmp_path)
    await asyncio.gather(*(stage.put(f"k{number}", b"x") for number in range(200)))
    assert len(steps) < 100
    await stage.store.close()


@pytest.mark.parametrize("operation", ["sync_file", "sync_dir", "publish"])
async def test_a_failed_sync_makes_the_store_read_only_and_loud(
    tmp_path: Path, operation: str, caplog: pytest.LogCaptureFixture
) -> None:
    stage, disk = await failing(tmp_path)
    before = random_bytes(LARGE)
    await stage.put("k", before)
    session = await stage.store.create_upload(stage.at("u"))
    async with stage.store.write_upload(session.upload_id) as writer:
        await writer.write(b"durable")
    disk.fails[operation] = errno.EIO
    with pytest.raises(UnavailableError):
        await stage.put("k", random_bytes(LARGE))
    assert disk.fails == {}
    assert "read-only" in caplog.text
    for call in (
        stage.put("k", b"x"),
        stage.put("new", random_bytes(LARGE)),
        stage.store.delete(stage.at("k")),
        stage.store.copy(stage.at("k"), stage.at("c")),
        stage.store.create_upload(stage.at("v")),
        stage.store.sweep(),
    ):
        with pytest.raises(UnavailableError, match=r"read-only since.*restart"):
            await call
    assert await stage.get("k") == before
    assert await stage.keys() == ["k"]
    await stage.restart()
    assert await stage.get("k") == before
    assert (await stage.store.find_upload(session.upload_id)).offset == 7
    await stage.put("k", b"after")
    await stage.store.close()


async def test_a_failed_sync_of_an_upload_makes_the_store_read_only(tmp_path: Path) -> None:
    stage, disk = await failing(tmp_path)
    session = await stage.store.create_upload(stage.at("u"))
    with pytest.raises(UnavailableError, match="read-only"):
        async with stage.store.write_upload(session.upload_id) as writer:
            await writer.write(random_bytes(2 * MIB))
            await writer.checkpoint()
            await writer.write(random_bytes(2 * MIB))
            disk.fails["sync_file"] = errno.EIO
            await writer.finish()
    assert (await stage.store.find_upload(session.upload_id)).offset == 2 * MIB
    await stage.restart()
    assert (await stage.store.find_upload(session.upload_id)).offset == 2 * MIB
    await stage.store.close()


async def test_a_failed_commit_makes_the_store_read_only(tmp_path: Path) -> None:
    stage, _ = await failing(tmp_path)
    assert isinstance(stage.store, LocalStore)
    await stage.put("k", b"before")
    stage.store._connection.set_commit_hook(lambda: True)  # SQLite then rolls back and reports an error
    outcomes = await asyncio.gather(
        stage.put("k", b"x"), stage.put("k", random_bytes(LARGE)), stage.store.delete(stage.at("k")),
        return_exceptions=True,
    )  # fmt: skip
    assert all(isinstance(outcome, UnavailableError) for outcome in outcomes)
    assert await stage.get("k") == b"before"
    await stage.restart()
    assert await stage.get("k") == b"before"
    await stage.store.close()


@pytest.mark.parametrize("operation", ["put", "upload", "copy"])
async def test_a_disk_that_fills_up_under_a_write_leaves_the_store_usable(tmp_path: Path, operation: str) -> None:
    stage, disk = await failing(tmp_path)
    content = random_bytes(3 * MIB)
    await stage.put("source", content)
    disk.fails["write"] = errno.ENOSPC
    with pytest.raises(StoreFullError):
        if operation == "put":
            await stage.put("k", content)
        elif operation == "upload":
            await stage.upload("k", content)
        else:
            disk.fails["link"] = errno.EMLINK
            await stage.store.copy(stage.at("source"), stage.at("k"))
    assert await stage.keys() == ["source"]
    await stage.put("k", content)
    await stage.upload("u", content)
    assert await stage.get("u") == content
    await stage.store.close()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
async def test_a_blob_whose_sync_finds_no_room_is_refused_alone(tmp_path: Path, number: int) -> None:
    stage, disk = await failing(tmp_path)
    disk.fails["sync_file"] = number
    with pytest.raises(StoreFullError):
        await stage.put("k", random_bytes(LARGE))
    assert await stage.keys() == [] and not list((tmp_path / "data" / "uploads").iterdir())
    await stage.put("k", random_bytes(LARGE))
    await stage.store.close()


async def test_an_upload_whose_sync_finds_no_room_keeps_what_was_durable_and_no_more(tmp_path: Path) -> None:
    stage, disk = await failing(tmp_path)
    content = random_bytes(4 * MIB)
    session = await stage.store.create_upload(stage.at("u"), size_bytes=len(content))
    with pytest.raises(StoreFullError):
        async with stage.store.write_upload(session.upload_id) as writer:
            await writer.write(content[: 2 * MIB])
            await writer.checkpoint()
            await writer.write(content[2 * MIB :])
            disk.fails["sync_file"] = errno.ENOSPC  # a second sync would succeed, and prove nothing
            await writer.finish()
    assert (await stage.store.find_upload(session.upload_id)).offset == 2 * MIB
    async with stage.store.write_upload(session.upload_id) as writer:
        await writer.write(content[2 * MIB :])
        await writer.finish()
    assert await stage.get("u") == content
    await stage.store.close()


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOSPC])
async def test_a_folder_that_cannot_be_opened_to_be_synced_refuses_one_blob(tmp_path: Path, number: int) -> None:
    stage, disk = await failing(tmp_path)
    for operation in ("sync_dir", "publish"):
        disk.fails[operation] = number
        with pytest.raises((UnavailableError, StoreFullError)):
            await stage.put("k", random_bytes(LARGE))
    session = await stage.store.create_upload(stage.at("u"))
    disk.fails["sync_dir"] = number
    with pytest.raises((UnavailableError, StoreFullError)):
        async with stage.store.write_upload(session.upload_id) as writer:
            await writer.write(random_bytes(2 * MIB))
            await writer.checkpoint()
    assert await stage.keys() == [] and not list((tmp_path / "data" / "blobs").glob("*/*"))
    await stage.put("k", random_bytes(LARGE))
    await stage.store.close()


async def test_a_database_that_another_program_holds_is_no_failed_disk(tmp_path: Path) -> None:
    stage, _ = await failing(tmp_path)
    assert isinstance(stage.store, LocalStore)
    await stage.put("k", b"before")
    other = apsw.Connection(str(tmp_path / "data" / "meta.db"))
    stage.store._connection.set_busy_timeout(10)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(UnavailableError, match="another program"):
        await stage.put("k", b"x")
    other.execute("ROLLBACK")
    other.close()
    await stage.put("k", b"after")
    assert await stage.get("k") == b"after"
    await stage.store.close()


async def test_an_idle_checkpoint_leaves_the_patience_of_the_writer_as_it_was(tmp_path: Path) -> None:
    stage, _ = await failing(tmp_path)
    assert isinstance(stage.store, LocalStore)
    await stage.put("k", b"x")
    await stage.store._committer.shrink()  # a checkpoint
    assert stage.store._connection.pragma("busy_timeout") == BUSY_MS
    await stage.store.close()


async def test_a_defect_in_one_change_does_not_end_the_writer(tmp_path: Path) -> None:
    stage, _ = await failing(tmp_path)
    assert isinstance(stage.store, LocalStore)

    def broken(_: object) -> None:
        raise ZeroDivisionError

    with pytest.raises(StorageError, match="ZeroDivisionError"):
        await stage.store._committer.run(broken)
    await stage.put("k", b"goes on")
    assert await stage.get("k") == b"goes on"
    await stage.store.close()


async def test_the_disk_is_never_used_on_the_event_loop(tmp_path: Path) -> None:
    disk = OffLoopDisk(tmp_path / "data")
    stage = Stage(local_row(disk=disk), tmp_path)
    await stage.start()
    for size_bytes in (10, LARGE, 3 * MIB):
        await stage.put("k", random_bytes(size_bytes))
        await stage.upload("u", random_bytes(size_bytes))
        await stage.store.copy(stage.at("k"), stage.at("c"))
        for ending in ("park", "cancel", "refuse"):
            first = Precondition(if_none_match=("*",))
            session = await stage.store.create_upload(stage.at(ending), precondition=first)
            await stage.put(ending)
            async with stage.store.write_upload(session.upload_id) as writer:
                await writer.write(random_bytes(size_bytes))
                if ending == "cancel":
                    await stage.store.cancel_upload(session.upload_id)
                if ending == "refuse":
                    with pytest.raises(PreconditionFailedError):
                        await writer.finish()
            async with stage.store.open(stage.at("k")) as reader:
                assert reader.blob.size_bytes == size_bytes
            await stage.store.delete(stage.at(ending))
        stage.clock.advance(days=8)
        await stage.store.sweep()
    await stage.restart()
    await stage.store.close()
