"""The queue: a bounded number at once, honest totals, and what each state allows."""

from collections.abc import Callable
from pathlib import Path

from storage_tui.client.batch.progress import RateMeter
from storage_tui.tui.state.transfers import AT_ONCE, Transfer, TransferQueue


def make(count: int, size_bytes: int = 100) -> tuple[TransferQueue, list[Transfer]]:
    queue = TransferQueue()
    items = [Transfer("upload", "data", str(number), Path("x"), size_bytes) for number in range(count)]
    queue.add(items)
    return queue, items


def test_only_so_many_run_at_once_in_the_order_they_came() -> None:
    queue, items = make(AT_ONCE + 2)
    started = [transfer for _ in range(AT_ONCE) for transfer in queue.next_group()]
    assert started == items[:AT_ONCE]
    assert queue.next_group() == []
    items[1].state = "done"
    assert queue.next_group() == [items[AT_ONCE]]


def test_a_paused_transfer_gives_its_place_away() -> None:
    queue, items = make(AT_ONCE + 1)
    while queue.next_group():
        pass
    queue.pause(items[0])
    assert items[0].control is not None and items[0].control.is_paused
    assert queue.next_group() == [items[AT_ONCE]]
    queue.resume(items[0])
    assert items[0].state == "running"


def test_what_joins_moves_together_and_counts_once() -> None:
    queue, items = make(3 * AT_ONCE + 2)

    def joining(first: Transfer) -> Callable[[Transfer], bool]:
        return lambda other: other.number < first.number + 3

    queue.cancel(items[1])
    groups = []
    while group := queue.next_group(joining):
        groups.append([item.number for item in group])
    assert groups == [[1, 3], *([n, n + 1, n + 2] for n in range(4, 3 * AT_ONCE + 1, 3))]
    assert queue.running == 3 * AT_ONCE - 1 and {item.group for item in items[3:6]} == {4}
    for item in items[3:5]:
        item.state = "done"
    assert queue.next_group(joining) == [], "one of that group still runs"
    items[5].state = "done"
    assert [item.number for item in queue.next_group(joining)] == [3 * AT_ONCE + 1, 3 * AT_ONCE + 2]


def test_the_gauge_counts_the_whole_batch() -> None:
    queue, items = make(4)
    (first,), (second,) = queue.next_group(), queue.next_group()
    assert second.control is not None
    first.state = "done"
    second.control.done_bytes = 50
    queue.poll(now=0.0)
    second.control.done_bytes = 75
    gauge = queue.poll(now=1.0)
    assert (gauge.files, gauge.files_done, gauge.done_bytes, gauge.total_bytes) == (4, 1, 175, 400)
    assert gauge.bytes_per_s == 25 and gauge.eta_s == 9
    assert second.eta_s == 1
    for item in items:
        queue.cancel(item)
    queue.next_group()
    assert not queue.is_active


def test_retry_puts_a_failed_transfer_back_and_nothing_else() -> None:
    queue, items = make(1)
    queue.next_group()
    items[0].state = "done"
    assert not queue.retry(items[0])
    items[0].state, items[0].error = "failed", "why"
    assert queue.retry(items[0])
    assert queue.next_group() == [items[0]] and not items[0].error


def test_what_is_retried_while_others_run_counts_once() -> None:
    queue, items = make(3)
    queue.next_group()
    items[1].state = "failed"
    assert queue.retry(items[1]) and queue.poll().files == 3


def test_the_rate_is_of_the_last_seconds() -> None:
    meter = RateMeter()
    for second in range(20):
        meter.read(second * 10 if second < 10 else 90 + (second - 9) * 100, float(second))
    assert meter.bytes_per_s == 100
    meter.read(0, 21.0)
    assert meter.bytes_per_s == 0
