"""What was not there when a transfer began, and is there when it ends, is nobody's to overwrite but by order."""

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest

from storage_tui import Storage
from storage_tui.client.batch.mover import Mover
from storage_tui.client.batch.plan import BatchItem, BatchPlan, plan_download, plan_rest
from storage_tui.client.batch.results import BatchResult
from storage_tui.client.batch.scheduler import Batch
from storage_tui.client.control import TransferControl
from storage_tui.client.transfer.conflict import Conflict
from storage_tui.contract.errors import ConflictError, LocalFileError
from tests.faults.proxy import Fault, FaultProxy
from tests.waits import wait_for_end

pytestmark = pytest.mark.usefixtures("hasty")

SIZE = 20 * 1024 * 1024
MINE = b"what somebody put there meanwhile"
STATES = {Conflict.REFUSE: "failed", Conflict.SKIP: "skipped", Conflict.RENAME: "done", Conflict.OVERWRITE: "done"}


@pytest.fixture(scope="module")
def content() -> bytes:
    return random.Random(8).randbytes(SIZE)


def _item(direction: str, path: Path, root: Path | None = None) -> BatchItem:
    return BatchItem("download" if direction == "download" else "upload", "data", "k", path, SIZE, root)


def _meanwhile(
    behind: Storage, proxy: FaultProxy, item: BatchItem, conflict: Conflict, happens: Callable[[], object]
) -> BatchResult:
    """The result of an item when something happens in the middle of it."""
    return _stopped_midway(behind, proxy, item, conflict, lambda _: happens())


def _kept_midway(behind: Storage, proxy: FaultProxy, item: BatchItem) -> BatchResult:
    """An item that was begun with nothing there, and left to be gone on with."""
    return _stopped_midway(behind, proxy, item, Conflict.REFUSE, lambda control: control.cancel(keep=True))


def _stopped_midway(
    behind: Storage, proxy: FaultProxy, item: BatchItem, conflict: Conflict,
    happens: Callable[[TransferControl], object],
) -> BatchResult:  # fmt: skip
    behind.describe()
    proxy.cut_all()
    proxy.faults.append(Fault(stall_up=SIZE // 2, stall_down=SIZE // 2))
    results: list[BatchResult] = []
    control = TransferControl()
    thread = Thread(target=lambda: results.append(Mover(behind.engine, conflict=conflict).move(item, control)))
    thread.start()
    proxy.stalled.get(timeout=30)
    happens(control)
    proxy.release()
    wait_for_end(thread)
    return results[0]


@pytest.mark.parametrize("has_root", [True, False], ids=["in a folder", "by itself"])
@pytest.mark.parametrize("conflict", STATES)
def test_a_file_that_comes_to_be_during_a_download_is_kept_unless_it_is_to_be_overwritten(
    behind: Storage, storage: Storage, proxy: FaultProxy, content: bytes, tmp_path: Path, conflict: Conflict,
    has_root: bool,
) -> None:  # fmt: skip
    storage.set("k", content)
    target = tmp_path / "out" / "k"
    target.parent.mkdir()
    item = _item("download", target, target.parent if has_root else None)
    result = _meanwhile(behind, proxy, item, conflict, lambda: target.write_bytes(MINE))
    assert target.read_bytes() == (content if conflict is Conflict.OVERWRITE else MINE)
    assert result.state == STATES[conflict]
    if result.state == "failed":
        assert isinstance(result.error, ConflictError) and "not overwritten" in result.error.message
    names = {path.name for path in target.parent.iterdir()}
    assert names == ({"k", "k (2)"} if conflict is Conflict.RENAME else {"k"}) and behind.unfinished() == []


@pytest.mark.parametrize("conflict", STATES)
def test_a_key_that_comes_to_be_during_an_upload_is_kept_unless_it_is_to_be_overwritten(
    behind: Storage, storage: Storage, proxy: FaultProxy, content: bytes, source: Path, conflict: Conflict
) -> None:
    result = _meanwhile(behind, proxy, _item("upload", source), conflict, lambda: storage.set("k", MINE))
    assert storage.get("k") == (content if conflict is Conflict.OVERWRITE else MINE)
    assert result.state == STATES[conflict]
    if result.state == "failed":
        assert isinstance(result.error, ConflictError) and "not overwritten" in result.error.message
    assert behind.unfinished() == []
    assert storage.list() == (["k", "k (2)"] if conflict is Conflict.RENAME else ["k"])


@pytest.mark.parametrize("direction", ["download", "upload"])
def test_what_came_to_be_before_a_broken_transfer_is_gone_on_with_is_kept_too(
    behind: Storage, storage: Storage, proxy: FaultProxy, content: bytes, source: Path, direction: str
) -> None:
    if direction == "download":
        storage.set("k", content)
    target = source.with_name("target")
    path = target if direction == "download" else source
    _kept_midway(behind, proxy, _item(direction, path))
    target.write_bytes(MINE) if direction == "download" else storage.set("k", MINE)
    [left] = behind.unfinished()
    if direction == "download":
        with pytest.raises(ConflictError, match="not overwritten"):
            behind.resume(left)
    [result] = Batch(behind.engine, plan_rest([left]), conflict=Conflict.OVERWRITE).run()
    assert isinstance(result.error, ConflictError) and "not overwritten" in result.error.message
    assert (target.read_bytes() if direction == "download" else storage.get("k")) == MINE
    if direction == "download":
        target.unlink()
        behind.resume(behind.unfinished()[0])
        assert target.read_bytes() == content


def test_small_files_of_a_folder_are_kept_too(
    storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abc":
        storage.set(f"few/{name}", name)
    plan = plan_download(storage.engine, "few/", "data", tmp_path / "out")
    plan = BatchPlan([replace(item, conflict=Conflict.SKIP) if item.path.name == "c" else item for item in plan.items])
    settle = Mover.settle

    def settled_then_there(self: Mover, item: BatchItem, control: TransferControl) -> object:
        place = settle(self, item, control)
        item.path.parent.mkdir(exist_ok=True)
        if item.path.name != "a":
            item.path.write_bytes(MINE)
        return place

    monkeypatch.setattr(Mover, "settle", settled_then_there)
    results = Batch(storage.engine, plan, conflict=Conflict.REFUSE).run()
    assert [result.state for result in results] == ["done", "failed", "skipped"]
    found = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    assert found == {"a": b"a", "b": MINE, "c": MINE}


def test_an_upload_that_was_not_to_overwrite_and_now_is_overwrites(
    behind: Storage, storage: Storage, proxy: FaultProxy, content: bytes, source: Path
) -> None:
    result = _kept_midway(behind, proxy, _item("upload", source))
    assert result.state == "cancelled"
    storage.set("k", MINE)
    assert Mover(behind.engine, conflict=Conflict.OVERWRITE).move(result.item, TransferControl()).state == "done"
    assert storage.get("k") == content and behind.unfinished() == []


@pytest.mark.parametrize("kind", ["a folder", "a symbolic link"])
def test_what_no_order_could_overwrite_is_named_and_not_offered_to_be(
    storage: Storage, tmp_path: Path, kind: str
) -> None:
    storage.set("k", b"x")
    target = tmp_path / "target"
    target.mkdir() if kind == "a folder" else target.symlink_to("nowhere")
    result = Mover(storage.engine, conflict=Conflict.REFUSE).move(_item("download", target), TransferControl())
    assert isinstance(result.error, LocalFileError) and kind in result.error.message
