"""Small files move many in one request where the server takes packs; what a pack does not bring to a good end goes by
itself, and nobody sees a difference but in time."""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from storage_tui import Storage
from storage_tui.client.batch.packs import PACK_BLOBS, SMALL_BYTES
from storage_tui.client.batch.plan import BatchPlan, plan_download, plan_upload, survey
from storage_tui.client.batch.results import BatchResult
from storage_tui.client.batch.scheduler import Batch
from storage_tui.client.transfer.conflict import Conflict
from storage_tui.client.transfer.sources import FileSource
from storage_tui.contract.wire import Span
from tests.client.moving import moved_alone, write_tree
from tests.client.published import PublishedServer
from tests.faults.proxy import Fault, FaultProxy
from tests.waits import wait_for_end

pytestmark = pytest.mark.usefixtures("hasty")

COUNT = 150
FILES = {f"{number % 3}/file {number:03} ü.csv": os.urandom(number * 20) for number in range(COUNT)}


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    return moved_alone(monkeypatch)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return write_tree(tmp_path / "tree", FILES)


@pytest.fixture
def through(behind: Storage) -> Storage:
    behind.describe()
    return behind


def _up(storage: Storage, tree: Path, **options: Any) -> list[BatchResult]:
    return Batch(storage.engine, plan_upload(tree, "p/", "data"), conflict=Conflict.OVERWRITE, **options).run()


def _down(storage: Storage, folder: Path, **options: Any) -> list[BatchResult]:
    return Batch(storage.engine, plan_download(storage.engine, "p/", "data", folder), **options).run()


def _all_there(storage: Storage, folder: Path, results: list[BatchResult]) -> None:
    assert [result.state for result in results] == ["done"] * COUNT
    assert all(result.is_verified for result in results)
    for name, content in FILES.items():
        assert storage.get(f"p/{name}") == content == (folder / name).read_bytes()
    left = [path for path in folder.rglob("*") if path.name.startswith(".")]
    assert left == []


def test_small_files_go_up_and_down_together_and_in_order(
    storage: Storage, tree: Path, tmp_path: Path, alone: list[str]
) -> None:
    (tree / "large").write_bytes(bytes(SMALL_BYTES + 1))
    told: list[BatchResult] = []
    up = _up(storage, tree, on_result=told.append)
    assert told == up and [result.key for result in up] == [f"p/{name}" for name in sorted(FILES)] + ["p/large"]
    assert alone[:1] == ["p/large"] and len(alone) <= 1 + COUNT % PACK_BLOBS, "the last of a folder may be alone"
    batch = Batch(storage.engine, plan_download(storage.engine, "p/", "data", tmp_path / "down"))
    down = batch.run()
    assert (tmp_path / "down" / "large").stat().st_size == SMALL_BYTES + 1
    _all_there(storage, tmp_path / "down", [result for result in down if result.key != "p/large"])
    now = batch.progress()
    assert (now.files_done, now.done_bytes, now.total_bytes) == (COUNT + 1, now.total_bytes, batch._plan.total_bytes)
    modes = {(tmp_path / "down" / name).stat().st_mode for name in ("large", min(FILES))}
    assert len(modes) == 1, "the same permissions either way"


def test_a_plain_published_server_gets_each_by_itself(
    published: PublishedServer, token: str, tree: Path, tmp_path: Path, alone: list[str]
) -> None:
    with Storage(published.url, token=token) as storage:
        assert {result.state for result in _up(storage, tree)} == {"done"}
        assert {result.state for result in _down(storage, tmp_path / "down")} == {"done"}
    assert len(alone) == 2 * COUNT


@pytest.mark.parametrize("conflict", list(Conflict))
def test_what_is_there_already_is_treated_as_asked(
    storage: Storage, tree: Path, tmp_path: Path, conflict: Conflict
) -> None:
    first, second, *_ = sorted(FILES)
    storage.set(f"p/{first}", b"old")
    plan = survey(storage.engine, plan_upload(tree, "p/", "data"), "p/", "data")
    up = Batch(storage.engine, plan, conflict=conflict).run()
    states = {"skip": "skipped", "refuse": "failed"}
    assert [result.state for result in up] == [states.get(conflict.value, "done")] + ["done"] * (COUNT - 1)
    is_kept = conflict in (Conflict.SKIP, Conflict.REFUSE, Conflict.RENAME)
    assert storage.get(f"p/{first}") == (b"old" if is_kept else FILES[first])
    (tmp_path / "down" / "0").mkdir(parents=True)
    (tmp_path / "down" / second).write_bytes(b"there")
    down = _down(storage, tmp_path / "down", conflict=conflict)
    assert sum(result.state == "done" for result in down) == len(down) - (conflict.value in states)
    assert (tmp_path / "down" / second).read_bytes() == (b"there" if is_kept else FILES[second])


@pytest.mark.parametrize("fault", [
    Fault(cut_up=20_000), Fault(cut_down=100), Fault(cut_down=20_000), Fault(flip_up=3000), Fault(flip_down=9000),
    Fault(flip_down=30_000), Fault(refuse=True), Fault(answer=b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"),
    Fault(answer=b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\xff\xff\xff\xff"), Fault(pace_bytes=7),
    Fault(answer=b"HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{\"results\":[]}"),
], ids=str)  # fmt: skip
def test_whatever_breaks_a_pack_each_blob_arrives_whole(
    through: Storage, storage: Storage, proxy: FaultProxy, tree: Path, tmp_path: Path, fault: Fault
) -> None:
    count = 3 if fault.answer is None else 1  # such an answer to a single blob would be believed
    proxy.cut_all()
    proxy.faults.extend([fault] * count)
    up = _up(through, tree, jobs=1, pack_blobs=10)
    assert [result.state for result in up] == ["done"] * COUNT, [result.error for result in up if result.error]
    plan = plan_download(storage.engine, "p/", "data", tmp_path / "down")
    proxy.cut_all()
    proxy.faults.extend([fault] * count)
    _all_there(storage, tmp_path / "down", Batch(through.engine, plan, jobs=1, pack_blobs=10).run())


def test_a_link_in_the_way_is_not_followed(storage: Storage, tree: Path, tmp_path: Path) -> None:
    _up(storage, tree)
    names = sorted(FILES)
    (tmp_path / "down" / "0").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    (tmp_path / "down" / "1").symlink_to(tmp_path / "outside")
    (tmp_path / "down" / names[0]).symlink_to(tmp_path / "outside" / "file")
    results = _down(storage, tmp_path / "down", conflict=Conflict.OVERWRITE)
    failed = {result.key for result in results if result.state == "failed"}
    assert failed == {f"p/{name}" for name in names if name.startswith("1/")} | {f"p/{names[0]}"}
    assert list((tmp_path / "outside").iterdir()) == []
    (tree / names[0]).unlink()
    (tree / names[0]).symlink_to(tmp_path / "secret")
    (tmp_path / "secret").write_bytes(b"secret")
    assert all(storage.get(result.key) != b"secret" for result in _up(storage, tree) if result.state == "done")


def test_a_file_that_grows_past_a_pack_goes_by_itself(storage: Storage, tree: Path, alone: list[str]) -> None:
    plan = plan_upload(tree, "p/", "data")
    name = min(FILES)
    (tree / name).write_bytes(bytes(SMALL_BYTES + 1))
    results = Batch(storage.engine, plan, conflict=Conflict.OVERWRITE).run()
    assert {result.state for result in results} == {"done"} and f"p/{name}" in alone
    assert len(storage.get(f"p/{name}")) == SMALL_BYTES + 1


def test_a_file_that_changes_while_a_pack_is_made_is_left_out_of_it(
    storage: Storage, tree: Path, alone: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    read = FileSource.chunks

    def changing(self: FileSource, span: Span) -> Iterator[Any]:
        yield from read(self, span)
        if self._name.endswith(min(FILES)):
            os.utime(tree / min(FILES), ns=(0, time.time_ns()))

    monkeypatch.setattr(FileSource, "chunks", changing)
    results = {result.key: result.state for result in _up(storage, tree)}
    assert f"p/{min(FILES)}" in alone
    assert results.pop(f"p/{min(FILES)}") == "failed" and set(results.values()) == {"done"}


def test_what_may_not_be_written_twice_goes_one_by_one(storage: Storage, tree: Path, alone: list[str]) -> None:
    few = BatchPlan(plan_upload(tree, "p/", "products").items[:5])
    assert {result.state for result in Batch(storage.engine, few).run()} == {"done"} and len(alone) == 5


@pytest.mark.parametrize("keep", [False, True])
def test_a_cancel_within_a_pack_ends_all_and_leaves_nothing(
    through: Storage, storage: Storage, proxy: FaultProxy, tree: Path, tmp_path: Path, keep: bool
) -> None:
    _up(storage, tree)
    plan = plan_download(storage.engine, "p/", "data", tmp_path / "down")
    proxy.cut_all()
    proxy.default = Fault(stall_down=2000)
    batch = Batch(through.engine, plan, jobs=2)
    running = threading.Thread(target=batch.run)
    running.start()
    proxy.stalled.get(timeout=20)
    batch.cancel(keep=keep)
    wait_for_end(running)
    states = {result.state for result in batch.results}
    assert states <= {"done", "cancelled"} and "cancelled" in states
    assert list((tmp_path / "down").rglob(".*")) == []


@pytest.mark.parametrize("at", [0, 40])
def test_one_that_is_cancelled_within_a_pack_is_not_written_and_the_others_are(
    through: Storage, storage: Storage, proxy: FaultProxy, tree: Path, tmp_path: Path, at: int
) -> None:
    _up(storage, tree)
    plan = plan_download(storage.engine, "p/", "data", tmp_path / "down")
    proxy.cut_all()
    proxy.faults.append(Fault(stall_down=300))
    batch = Batch(through.engine, plan, jobs=1)
    running = threading.Thread(target=batch.run)
    running.start()
    proxy.stalled.get(timeout=20)
    batch.cancel(at)
    proxy.release()
    wait_for_end(running)
    states = [result.state for result in batch.results]
    assert states == ["done"] * at + ["cancelled"] + ["done"] * (COUNT - at - 1)
    assert not plan.items[at].path.exists() and plan.items[at + 1].path.exists()


def test_a_paused_pack_goes_on_item_by_item(
    through: Storage, storage: Storage, proxy: FaultProxy, tree: Path, tmp_path: Path
) -> None:
    _up(storage, tree)
    plan = plan_download(storage.engine, "p/", "data", tmp_path / "down")
    proxy.cut_all()
    proxy.faults.append(Fault(stall_down=2000))
    batch = Batch(through.engine, plan, jobs=1)
    running = threading.Thread(target=batch.run)
    running.start()
    proxy.stalled.get(timeout=20)
    batch.pause()
    assert running.is_alive()
    batch.unpause()
    wait_for_end(running)
    _all_there(storage, tmp_path / "down", batch.results)
