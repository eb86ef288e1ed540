"""Folders moved as one: counted first, a few at once, each with its result."""

import errno
import os
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from storage_tui import Storage
from storage_tui.client.batch.mover import Mover
from storage_tui.client.batch.plan import BatchItem, BatchPlan, plan_download, plan_upload, survey
from storage_tui.client.batch.results import BatchResult
from storage_tui.client.batch.scheduler import Batch
from storage_tui.client.control import TransferControl
from storage_tui.client.transfer.conflict import Conflict
from storage_tui.contract.errors import LocalFileError, StorageError
from storage_tui.contract.models import Blob
from tests.client.moving import leave_free, write_tree
from tests.faults.proxy import Fault, FaultProxy
from tests.waits import wait_for_end

pytestmark = pytest.mark.usefixtures("hasty")

FILES = {"a": b"1", "b/c.txt": b"two" * 1000, "b/d/e": b"", "z": b"x" * 3_000_000}
OLD = b"old"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return write_tree(tmp_path / "tree", FILES)


@pytest.fixture
def stored(storage: Storage) -> Storage:
    for name, content in FILES.items():
        storage.set(f"p/{name}", content)
    return storage


def _states(results: list[BatchResult]) -> list[str]:
    return [result.state for result in results]


def test_a_folder_goes_up_and_down_in_order_and_counted(storage: Storage, tree: Path, tmp_path: Path) -> None:
    plan = plan_upload(tree, "p/", "data")
    assert (len(plan.items), plan.total_bytes) == (4, sum(map(len, FILES.values())))
    told: list[BatchResult] = []
    results = Batch(storage.engine, plan, conflict=Conflict.OVERWRITE, on_result=told.append).run()
    assert told == results and [result.key for result in results] == [f"p/{name}" for name in sorted(FILES)]
    assert all(result.is_verified for result in results)
    down = plan_download(storage.engine, "p/", "data", tmp_path / "new" / "down")
    batch = Batch(storage.engine, down)
    batch.run()
    now = batch.progress()
    assert (now.files, now.files_done, now.files_failed) == (4, 4, 0)
    assert now.done_bytes == now.total_bytes == plan.total_bytes
    for name, content in FILES.items():
        assert (tmp_path / "new" / "down" / name).read_bytes() == content


DOWN = {  # what becomes of: a file of other size, one of the same size and other bytes, one that is the same
    Conflict.SKIP: (["skipped"] * 3, (OLD, b"TWO" * 1000, b"")),
    Conflict.OVERWRITE: (["done"] * 3, (b"1", b"two" * 1000, b"")),
    Conflict.RENAME: (["done"] * 3, (OLD, b"TWO" * 1000, b"")),
    Conflict.OTHER_SIZE: (["done", "skipped", "skipped"], (b"1", b"TWO" * 1000, b"")),
    Conflict.DIFFERENT: (["done", "done", "skipped"], (b"1", b"two" * 1000, b"")),
    Conflict.REFUSE: (["failed"] * 3, (OLD, b"TWO" * 1000, b"")),
}


@pytest.mark.parametrize("conflict", list(Conflict))
def test_what_is_there_already_is_treated_as_asked_downwards(
    stored: Storage, tmp_path: Path, conflict: Conflict
) -> None:
    names = ("a", "b/c.txt", "b/d/e")
    for name, content in zip(names, (OLD, b"TWO" * 1000, b""), strict=True):
        (tmp_path / "down" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "down" / name).write_bytes(content)
    results = Batch(
        stored.engine, plan_download(stored.engine, "p/", "data", tmp_path / "down"), conflict=conflict
    ).run()
    states, contents = DOWN[conflict]
    assert _states(results) == [*states, "done"]
    assert tuple((tmp_path / "down" / name).read_bytes() for name in names) == contents
    if conflict is Conflict.RENAME:
        assert (tmp_path / "down" / "b" / "c (2).txt").read_bytes() == b"two" * 1000


@pytest.mark.parametrize("is_surveyed", [False, True])
@pytest.mark.parametrize("conflict", list(Conflict))
def test_what_is_there_already_is_treated_as_asked_upwards(
    storage: Storage, tree: Path, conflict: Conflict, is_surveyed: bool
) -> None:
    names = ("a", "b/c.txt", "b/d/e")
    for name, content in zip(names, (OLD, b"TWO" * 1000, b""), strict=True):
        storage.set(f"p/{name}", content)
    plan = plan_upload(tree, "p/", "data")
    if is_surveyed:
        plan = survey(storage.engine, plan, "p/", "data")
    results = Batch(storage.engine, plan, conflict=conflict).run()
    states, contents = DOWN[conflict]
    assert _states(results) == [*states, "done"]
    assert tuple(storage.get(f"p/{name}") for name in names) == contents
    if conflict is Conflict.RENAME:
        assert storage.get("p/b/c (2).txt") == b"two" * 1000


def test_failures_end_their_files_alone_and_can_be_run_again(storage: Storage, tree: Path) -> None:
    (tree / "b" / "c.txt").unlink()
    plan = BatchPlan(plan_upload(tree, "p/", "data").items)
    (tree / "a").unlink()
    batch = Batch(storage.engine, plan, conflict=Conflict.OVERWRITE)
    results = batch.run()
    assert _states(results) == ["failed", "done", "done"] and batch.progress().files_failed == 1
    assert isinstance(results[0].error, LocalFileError)
    (tree / "a").write_bytes(b"1")
    again = batch.failed_plan()
    assert [item.key for item in again.items] == ["p/a"]
    assert _states(Batch(storage.engine, again).run()) == ["done"]


def test_a_file_that_arrives_damaged_is_fetched_once_more(
    stored: Storage, proxy: FaultProxy, token: str, tmp_path: Path
) -> None:
    with Storage(proxy.url, token=token) as behind:
        plan = plan_download(behind.engine, "p/z", "data", tmp_path / "down")
        proxy.cut_all()
        proxy.faults += [Fault(flip_down=1_000_000)]
        [result] = Batch(behind.engine, plan, jobs=1).run()
    assert result.state == "done" and result.note == "arrived damaged, started over"


def test_no_room_is_one_error_before_anything_moves(
    stored: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_free(monkeypatch, 1_000_000)
    plan = plan_download(stored.engine, "p/", "data", tmp_path / "down")
    with pytest.raises(LocalFileError, match="3,003,001 bytes are needed for 4 files and 1,000,000 are free"):
        Batch(stored.engine, plan).run()
    assert not (tmp_path / "down").exists()


def test_each_disk_needs_room_for_its_own_files_alone(
    storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_free(monkeypatch, 40_000_000)
    here, there = (
        BatchItem("download", "data", "k", folder / "k", 20_000_000) for folder in (tmp_path / "new", Path("/dev"))
    )
    BatchPlan([here, there]).check_room(storage.display_url)  # as what `resume` goes on with
    with pytest.raises(LocalFileError, match="40,000,000 bytes are needed for 2 files"):
        BatchPlan([here, replace(here, path=tmp_path / "other" / "k"), there]).check_room(storage.display_url)


def test_nothing_is_written_or_read_through_a_symbolic_link(stored: Storage, tree: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "down").mkdir()
    (tmp_path / "down" / "b").symlink_to(outside)
    results = Batch(
        stored.engine, plan_download(stored.engine, "p/", "data", tmp_path / "down"), conflict=Conflict.OVERWRITE
    ).run()
    assert _states(results) == ["done", "failed", "failed", "done"]
    assert list(outside.iterdir()) == []
    plan = plan_upload(tree, "q/", "data")
    shutil.rmtree(tree / "b")
    (outside / "c.txt").write_text("secret")
    (tree / "b").symlink_to(outside)
    (tree / "a").unlink()
    (tree / "a").symlink_to(outside / "c.txt")
    assert _states(Batch(stored.engine, plan).run()) == ["failed", "failed", "failed", "done"]


def test_what_is_no_regular_file_is_left_out_of_an_upload(storage: Storage, tree: Path) -> None:
    os.mkfifo(tree / "pipe")
    (tree / "link").symlink_to("a")
    assert len(plan_upload(tree, "p/", "data").items) == len(FILES)


def test_a_key_that_leads_upwards_stays_in_the_folder(storage: Storage, tmp_path: Path) -> None:
    storage.set("p/%2e%2e/x", b"1")
    plan = plan_download(storage.engine, "p/", "data", tmp_path / "down", blobs=[Blob("p/../../x", "data", 1)])
    assert all(item.path.is_relative_to(tmp_path / "down") and ".." not in item.path.parts for item in plan.items)


def test_at_most_so_many_are_moved_at_once(
    storage: Storage, proxy: FaultProxy, token: str, tree: Path, tmp_path: Path
) -> None:
    for number in range(20):
        (tree / f"n{number}").write_bytes(b"1")
    with Storage(proxy.url, token=token) as behind:
        Batch(behind.engine, plan_upload(tree, "p/", "data"), conflict=Conflict.OVERWRITE, jobs=3).run()
    assert proxy.connections <= 3


def _stalled(behind: Storage, proxy: FaultProxy, act: Callable[[Batch], Any], tmp_path: Path) -> list[BatchResult]:
    plan = plan_download(behind.engine, "p/", "data", tmp_path / "down")
    proxy.cut_all()
    proxy.default = Fault(stall_down=1_000_000)
    batch = Batch(behind.engine, plan, jobs=2)
    results: list[BatchResult] = []
    thread = threading.Thread(target=lambda: results.extend(batch.run()))
    thread.start()
    proxy.stalled.get(timeout=30)
    act(batch)
    wait_for_end(thread)
    return results


@pytest.mark.usefixtures("stored")
def test_a_batch_is_cancelled_at_once(behind: Storage, proxy: FaultProxy, tmp_path: Path) -> None:
    results = _stalled(behind, proxy, lambda batch: batch.cancel(), tmp_path)
    assert _states(results)[-1] == "cancelled" and not (tmp_path / "down" / "z").exists()


@pytest.mark.usefixtures("stored")
def test_a_batch_is_paused_and_goes_on(behind: Storage, proxy: FaultProxy, tmp_path: Path) -> None:
    def act(batch: Batch) -> None:
        batch.pause()
        proxy.default = Fault()
        proxy.cut_all()  # an idle connection keeps the fault that it began with
        batch.unpause()

    assert _states(_stalled(behind, proxy, act, tmp_path)) == ["done"] * 4
    assert (tmp_path / "down" / "z").read_bytes() == FILES["z"]


def test_what_on_result_raises_comes_out(storage: Storage, tree: Path) -> None:
    def tell(result: BatchResult) -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        Batch(storage.engine, plan_upload(tree, "p/", "data"), conflict=Conflict.OVERWRITE, on_result=tell).run()


def test_a_published_server_moves_folders_too(published: Any, token: str, tree: Path, tmp_path: Path) -> None:
    with Storage(published.url, token=token) as plain:
        Batch(plain.engine, plan_upload(tree, "p/", "data"), conflict=Conflict.OVERWRITE).run()
        for conflict, state in ((Conflict.REFUSE, "done"), (Conflict.OTHER_SIZE, "skipped")):
            plan = plan_download(plain.engine, "p/", "data", tmp_path / "down")
            assert set(_states(Batch(plain.engine, plan, conflict=conflict).run())) == {state}


def test_a_server_that_is_gone_fails_each_file(token: str, tree: Path) -> None:
    with Storage("http://127.0.0.1:9/storage/v1", token=token, retries=0) as nobody:
        results = Batch(nobody.engine, plan_upload(tree, "p/", "data"), conflict=Conflict.OVERWRITE).run()
    assert all(isinstance(result.error, StorageError) for result in results)


def test_a_file_that_cannot_be_synced_fails_and_leaves_nothing(
    stored: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    plan = plan_download(stored.engine, "p/", "data", tmp_path / "down")
    monkeypatch.setattr(os, "fsync", refuse)
    batch = Batch(stored.engine, plan)
    assert _states(batch.run()) == ["failed"] * 4
    assert batch.progress().files_failed == 4
    assert [path for path in (tmp_path / "down").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("most", [1, 3])
def test_a_machine_that_gives_few_threads_moves_all_the_same(
    stored: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """As in a container with a limit of processes."""
    start, begun = threading.Thread.start, []

    def start_some(thread: threading.Thread) -> None:
        kind = thread.name.rpartition("-")[0]
        if begun.count(kind) == most:
            raise RuntimeError("can't start new thread")
        begun.append(kind)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_some)
    plan = plan_download(stored.engine, "p/", "data", tmp_path / "down")
    assert _states(Batch(stored.engine, plan).run()) == ["done"] * 4


def test_a_machine_that_gives_no_thread_says_so(
    stored: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    plan = plan_download(stored.engine, "p/", "data", tmp_path / "down")
    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(RuntimeError, match="new thread"):
        Batch(stored.engine, plan).run()


def test_a_cancel_ends_the_comparison_of_a_large_file(storage: Storage, tmp_path: Path) -> None:
    path, looks = tmp_path / "large", []
    path.touch()
    os.truncate(path, 64 * 1024 * 1024)

    class Watched(TransferControl):
        def check(self) -> None:
            looks.append(path)
            if len(looks) == 3:
                self.cancel()
            super().check()

    blob = Blob("k", "data", 64 * 1024 * 1024, crc32c="AAAAAA==")
    item = BatchItem("download", "data", "k", path, blob.size_bytes, blob=blob)
    result = Mover(storage.engine, conflict=Conflict.DIFFERENT).settle(item, Watched())
    assert isinstance(result, BatchResult)
    assert result.state == "cancelled"
    assert len(looks) == 3


def test_a_disk_without_room_tells_how_much_is_needed_for_what(
    stored: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_free(monkeypatch, 0)
    (tmp_path / "down").mkdir()
    (tmp_path / "down" / "a").write_bytes(OLD)
    (tmp_path / "down" / "z").write_bytes(OLD)
    plan = plan_download(stored.engine, "p/", "data", tmp_path / "down")
    with pytest.raises(LocalFileError, match=r"3,003,001 bytes are needed for 4 files"):
        Batch(stored.engine, plan, conflict=Conflict.OVERWRITE).run()
    with pytest.raises(LocalFileError, match=r"3,000 bytes are needed for 2 files") as refused:
        Batch(stored.engine, plan, conflict=Conflict.SKIP).run()
    assert "0 are free" in refused.value.message
