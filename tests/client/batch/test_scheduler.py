"""One scheduler for all: it takes items while it moves others, is fair to those who come later, and each is steered."""

import gc
import queue
import threading
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from storage_tui import Storage
from storage_tui.client.batch.packs import Joining
from storage_tui.client.batch.plan import BatchItem, plan_download
from storage_tui.client.batch.results import BatchResult
from storage_tui.client.batch.scheduler import Batch
from storage_tui.client.batch.turns import Turns
from storage_tui.client.transfer.conflict import Conflict
from storage_tui.contract.errors import LocalFileError
from storage_tui.contract.models import ServiceInfo
from tests.client.moving import leave_free, moved_alone
from tests.faults.proxy import Fault, FaultProxy
from tests.waits import wait_for_end

pytestmark = pytest.mark.usefixtures("hasty")

VALUE = b"x" * 300_000
STALL = Fault(stall_down=50_000)


class Told:
    """What a batch told, in the order in which it did."""

    def __init__(self) -> None:
        self.ended: dict[int, BatchResult] = {}
        self.order: list[int] = []
        self.active: set[int] = set()
        self.most_at_once = 0
        self._news: queue.Queue[int] = queue.Queue()

    def begin(self, rows: Sequence[tuple[int, Any]]) -> None:
        self.active.update(number for number, _ in rows)
        self.most_at_once = max(self.most_at_once, len(self.active))

    def end(self, rows: Sequence[tuple[int, BatchResult]]) -> None:
        for number, result in rows:
            self.active.discard(number)
            self.order.append(number)
            self.ended[number] = result
            self._news.put(number)

    def wait_for(self, *numbers: int) -> None:
        while not {*numbers} <= self.ended.keys():
            self._news.get(timeout=30)


@contextmanager
def queue_of(
    storage: Storage, told: Told, *, jobs: int = 4, conflict: Conflict = Conflict.OVERWRITE
) -> Iterator[Batch]:
    """A batch without a plan that runs until the end of the block, or until it is cancelled."""
    batch = Batch(storage.engine, conflict=conflict, jobs=jobs, on_begin=told.begin, on_end=told.end)
    thread = threading.Thread(target=batch.run)
    thread.start()
    try:
        yield batch
    except BaseException:
        batch.cancel()
        raise
    finally:
        batch.close()
        wait_for_end(thread)


def downloads(storage: Storage, folder: Path, names: str) -> list[BatchItem]:
    """One for each letter, each its own request."""
    for name in names:
        storage.set(name, VALUE)
    return [BatchItem("download", "data", name, folder / name, len(VALUE)) for name in names]


def test_items_that_are_added_while_it_runs_are_moved(storage: Storage, tmp_path: Path) -> None:
    told = Told()
    first, second = downloads(storage, tmp_path, "ab"), downloads(storage, tmp_path, "c")
    with queue_of(storage, told) as batch:
        assert batch.add(first) == range(2)
        told.wait_for(0, 1)
        assert batch.add(second) == range(2, 3)
        told.wait_for(2)
        now = batch.progress()
        assert (now.files, now.files_done, now.done_bytes) == (3, 3, 3 * len(VALUE)) and batch.results == []
    assert [told.ended[number].key for number in range(3)] == ["a", "b", "c"]
    assert all((tmp_path / name).read_bytes() == VALUE for name in "abc")
    with pytest.raises(ValueError, match="takes no more items"):
        batch.add(first)


def test_a_batch_that_never_had_an_item_ends_when_it_is_closed(storage: Storage) -> None:
    with queue_of(storage, Told()) as batch:
        batch.add([])


def test_a_group_that_is_added_later_does_not_wait_for_the_end_of_one_before_it(
    behind: Storage, storage: Storage, proxy: FaultProxy, tmp_path: Path
) -> None:
    told = Told()
    long, short = downloads(storage, tmp_path, "abcd"), downloads(storage, tmp_path, "z")
    proxy.faults.append(STALL)
    with queue_of(behind, told, jobs=1) as batch:
        batch.add(long)
        proxy.stalled.get(timeout=30)
        batch.add(short)
        proxy.release()
    assert told.order == [0, 1, 4, 2, 3]


def test_no_more_than_asked_for_are_moved_at_once(storage: Storage, tmp_path: Path) -> None:
    told = Told()
    items = downloads(storage, tmp_path, "abcdefghijkl")
    with queue_of(storage, told, jobs=3) as batch:
        for item in items:
            batch.add([item])
    assert len(told.ended) == len(items) and told.most_at_once <= 3


def test_one_at_a_time_keeps_the_order(storage: Storage, tmp_path: Path) -> None:
    told = Told()
    with queue_of(storage, told, jobs=1) as batch:
        batch.add(downloads(storage, tmp_path, "abcdef"))
    assert told.order == [*range(6)]


def test_a_paused_transfer_gives_its_place_away_and_goes_on(
    behind: Storage, storage: Storage, proxy: FaultProxy, tmp_path: Path
) -> None:
    told = Told()
    items = downloads(storage, tmp_path, "abc")
    proxy.faults.append(STALL)
    with queue_of(behind, told, jobs=1) as batch:
        batch.add(items)
        proxy.stalled.get(timeout=30)
        batch.pause(0)
        told.wait_for(1, 2)
        assert 0 not in told.ended
        batch.unpause(0)
    assert told.ended[0].state == "done" and (tmp_path / "a").read_bytes() == VALUE


def test_one_that_waits_is_held_until_it_may_go_on(
    behind: Storage, storage: Storage, proxy: FaultProxy, tmp_path: Path
) -> None:
    told = Told()
    items = downloads(storage, tmp_path, "abc")
    proxy.faults.append(STALL)
    with queue_of(behind, told, jobs=1) as batch:
        batch.add(items)
        proxy.stalled.get(timeout=30)
        batch.pause(1)
        proxy.release()
        told.wait_for(0, 2)
        batch.unpause(1)
    assert told.order == [0, 2, 1]


def test_all_are_paused_and_go_on(behind: Storage, storage: Storage, proxy: FaultProxy, tmp_path: Path) -> None:
    told = Told()
    items = downloads(storage, tmp_path, "abcd")
    proxy.faults.append(STALL)
    with queue_of(behind, told, jobs=1) as batch:
        batch.add(items[:2])
        proxy.stalled.get(timeout=30)
        batch.pause()
        batch.add(items[2:])
        batch.unpause()
    assert [told.ended[number].state for number in range(4)] == ["done"] * 4


def test_one_that_waits_is_cancelled_at_once_and_the_others_are_moved(
    behind: Storage, storage: Storage, proxy: FaultProxy, tmp_path: Path
) -> None:
    told = Told()
    items = downloads(storage, tmp_path, "abc")
    proxy.faults.append(STALL)
    with queue_of(behind, told, jobs=1) as batch:
        batch.add(items)
        proxy.stalled.get(timeout=30)
        batch.cancel(1)
        assert told.order == [1] and told.ended[1].state == "cancelled"
        proxy.release()
    assert [told.ended[number].state for number in range(3)] == ["done", "cancelled", "done"]
    assert not (tmp_path / "b").exists()


def test_a_cancel_of_all_ends_the_batch_with_a_result_for_each(
    behind: Storage, storage: Storage, proxy: FaultProxy, tmp_path: Path
) -> None:
    told = Told()
    items = downloads(storage, tmp_path, "abc")
    proxy.faults.append(STALL)
    with queue_of(behind, told, jobs=1) as batch:
        batch.add(items)
        proxy.stalled.get(timeout=30)
        batch.pause(2)
        batch.cancel()
    assert {number: row.state for number, row in told.ended.items()} == dict.fromkeys(range(3), "cancelled")
    assert list(tmp_path.iterdir()) == []


def test_small_files_that_are_added_move_in_packs(
    storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, alone = Told(), moved_alone(monkeypatch)
    for number in range(100):
        storage.set(f"p/{number:02}", b"%d" % number)
    plan = plan_download(storage.engine, "p/", "data", tmp_path / "down")
    with queue_of(storage, told) as batch:
        batch.add(plan.items)
    assert {row.state for row in told.ended.values()} == {"done"} and len(told.ended) == 100
    assert all((tmp_path / "down" / f"{number:02}").read_bytes() == b"%d" % number for number in range(100))
    assert not alone


def test_what_there_is_no_room_for_fails_and_the_rest_is_moved(
    storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_free(monkeypatch, 20_000_000)
    told = Told()
    [item] = downloads(storage, tmp_path, "a")
    huge = BatchItem("download", "data", "huge", tmp_path / "huge", 10**12)
    with queue_of(storage, told) as batch:
        batch.add([huge, item])
    assert isinstance(told.ended[0].error, LocalFileError) and "no room" in told.ended[0].error.message
    assert told.ended[1].state == "done"


def test_a_long_queue_keeps_nothing_of_what_has_ended(storage: Storage, tmp_path: Path) -> None:
    told = 0

    def end(rows: Sequence[tuple[int, BatchResult]]) -> None:
        nonlocal told
        told += len(rows)
        done.put(told)

    def add(count: int) -> None:
        """Add items, and wait until all that were added have ended."""
        nonlocal added
        added += count
        batch.add([BatchItem("upload", "data", "k", tmp_path / f"{number}") for number in range(count)])
        while done.get(timeout=60) < added:
            pass

    COUNT, added = 2000, 0
    done: queue.Queue[int] = queue.Queue()
    batch = Batch(storage.engine, conflict=Conflict.OVERWRITE, on_end=end)
    thread = threading.Thread(target=batch.run)
    thread.start()
    held = []
    tracemalloc.start()
    try:
        for _ in range(3):
            add(COUNT)
            add(1)  # when this one is told of, the rows before it are no longer held by whoever told of them
            gc.collect()  # what is not kept may wait for the collector
            held.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
        batch.close()
        wait_for_end(thread)
    assert held[2] - held[1] < 100 * COUNT, "bytes for each that has ended"


def test_what_a_callback_raises_comes_out_and_ends_the_batch(storage: Storage, tmp_path: Path) -> None:
    def end(rows: Sequence[tuple[int, BatchResult]]) -> None:
        raise BrokenPipeError

    batch = Batch(storage.engine, conflict=Conflict.OVERWRITE, on_end=end)
    batch.add(downloads(storage, tmp_path, "abcdef"))
    with pytest.raises(BrokenPipeError):
        batch.run()
    with pytest.raises(ValueError, match="takes no more items"):
        batch.add([])


def test_a_callback_may_steer_the_batch(storage: Storage, tmp_path: Path) -> None:
    told = Told()

    def end(rows: Sequence[tuple[int, BatchResult]]) -> None:
        told.end(rows)
        if not batch.progress().files_done > 1:
            batch.cancel(2)

    batch = Batch(storage.engine, conflict=Conflict.OVERWRITE, jobs=1, on_end=end)
    batch.add(downloads(storage, tmp_path, "abc"))
    batch.close()
    batch.run()
    assert told.order == [0, 2, 1] and told.ended[2].state == "cancelled"


@pytest.mark.parametrize(
    ("steer", "wanted"),
    [
        (lambda turns: None, [0, 3, 1, 4, 2]),
        (lambda turns: turns.drop(1), [0, 3, 2, 4]),
        (lambda turns: (turns.hold(0), turns.unhold(0)), [0, 1, 3, 2, 4]),
        (lambda turns: (turns.hold(3), turns.hold(1), turns.unhold()), [1, 3, 0, 4, 2]),
        (lambda turns: [turns.drop(number) for number in range(5)], []),
        (lambda turns: turns.drain(), []),
    ],
)
def test_groups_have_turns(steer: Callable[[Turns], Any], wanted: list[int]) -> None:
    turns = Turns()
    items = [BatchItem("upload", "data", str(number), Path("/x")) for number in range(5)]
    turns.add(0, items[:3])
    turns.add(3, items[3:])
    steer(turns)
    assert len(turns) == len(wanted)
    taken = []
    while rows := turns.take(Joining(ServiceInfo(), Conflict.OVERWRITE)):
        taken += [(number, item.key) for number, item in rows]
    assert taken == [(number, str(number)) for number in wanted]
    assert turns.is_empty and turns.drop(1) is None


def test_what_waits_is_left_without_a_result_and_what_has_begun_ends(
    behind: Storage, storage: Storage, proxy: FaultProxy, tmp_path: Path
) -> None:
    told = Told()
    items = downloads(storage, tmp_path, "abc")
    proxy.faults.append(STALL)
    with queue_of(behind, told, jobs=1) as batch:
        batch.add(items)
        proxy.stalled.get(timeout=30)
        batch.leave_waiting()
        proxy.release()
    assert told.order == [0] and told.ended[0].state == "done"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
