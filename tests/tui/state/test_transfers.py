"""The queue: honest totals, and what each state allows."""

from pathlib import Path

from storage_tui.client.batch.progress import RateMeter
from storage_tui.client.control import TransferControl
from storage_tui.tui.state.transfers import Transfer, TransferQueue


def make(count: int, size_bytes: int = 100) -> tuple[TransferQueue, list[Transfer]]:
    queue = TransferQueue()
    items = [Transfer("upload", "data", str(number), Path("x"), size_bytes) for number in range(count)]
    queue.add(items)
    return queue, items


def begin(queue: TransferQueue, transfer: Transfer) -> TransferControl:
    control = TransferControl()
    queue.begin(transfer, control)
    return control


def test_what_is_queued_is_handed_over_once_in_the_order_it_came() -> None:
    queue, items = make(3)
    assert queue.take_fresh() == items and queue.take_fresh() == []


def test_only_what_runs_is_paused_and_only_what_is_paused_goes_on() -> None:
    queue, items = make(2)
    assert not queue.pause(items[0])
    begin(queue, items[0])
    assert queue.running == 1
    assert queue.pause(items[0]) and not queue.pause(items[0])
    assert queue.running == 0 and queue.is_active
    assert queue.unpause(items[0]) and not queue.unpause(items[0])
    assert items[0].state == "running"


def test_what_was_cancelled_before_it_began_stays_cancelled() -> None:
    queue, items = make(1)
    assert queue.cancel(items[0]) and not queue.cancel(items[0])
    begin(queue, items[0])
    assert items[0].state == "cancelled" and items[0].control is None and not queue.is_active


def test_the_gauge_counts_the_whole_batch() -> None:
    queue, items = make(4)
    begin(queue, items[0])
    control = begin(queue, items[1])
    queue.end(items[0], "done")
    control.done_bytes = 50
    queue.poll(now=0.0)
    control.done_bytes = 75
    gauge = queue.poll(now=1.0)
    assert (gauge.files, gauge.files_done, gauge.done_bytes, gauge.total_bytes) == (4, 1, 175, 400)
    assert gauge.bytes_per_s == 25 and gauge.eta_s == 9
    assert items[1].eta_s == 1
    for item in items:
        queue.cancel(item)
    assert not queue.is_active


def test_retry_puts_a_failed_transfer_back_and_nothing_else() -> None:
    queue, items = make(1)
    queue.take_fresh()
    begin(queue, items[0])
    queue.end(items[0], "done")
    assert not queue.retry(items[0]) and queue.take_fresh() == []
    items[0].state, items[0].error = "failed", "why"
    assert queue.retry(items[0])
    assert queue.take_fresh() == [items[0]] and not items[0].error


def test_what_is_retried_while_others_run_counts_once() -> None:
    queue, items = make(3)
    begin(queue, items[0])
    queue.end(items[1], "failed")
    assert queue.retry(items[1]) and queue.poll().files == 3


def test_the_rate_is_of_the_last_seconds() -> None:
    meter = RateMeter()
    for second in range(20):
        meter.read(second * 10 if second < 10 else 90 + (second - 9) * 100, float(second))
    assert meter.bytes_per_s == 100
    meter.read(0, 21.0)
    assert meter.bytes_per_s == 0
