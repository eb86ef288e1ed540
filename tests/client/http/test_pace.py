"""The limits of the rate: exact, smooth, shared, and changed while bytes move; on a clock that only waiting moves."""

import threading
from typing import Any

import pytest

from storage_tui import Storage
from storage_tui.client.control import TransferControl
from storage_tui.client.http.pace import Lane, Pace
from storage_tui.client.http.rates import parse_rates, rates_form, rates_text
from storage_tui.contract.errors import BadRequestError
from tests.client.moving import in_thread
from tests.faults.proxy import FaultProxy

MIB = 1024 * 1024


class Timed:
    """A lane whose waits move its clock."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, rate: float) -> None:
        self.now = 100.0
        self.lane = Lane(lambda: self.now)
        monkeypatch.setattr(self.lane._changed, "wait", self._wait, raising=False)
        self.lane.set(rate)

    def _wait(self, timeout: float) -> bool:
        self.now += timeout
        return False

    def move(self, size_bytes: int) -> list[tuple[float, int]]:
        """Move so many bytes; return when which of them moved."""
        return [(self.now, len(piece)) for piece in self.lane.pieces(bytes(size_bytes))]


@pytest.mark.parametrize("rate", [1024, 100_000, 10_000_000, 3.3e8])
def test_ten_seconds_of_bytes_take_ten_seconds_and_never_come_in_bursts(
    monkeypatch: pytest.MonkeyPatch, rate: float
) -> None:
    timed = Timed(monkeypatch, rate)
    moved = timed.move(int(rate * 10)) if rate < 2e8 else [row for _ in range(10) for row in timed.move(int(rate))]
    assert moved[-1][0] - 100 == pytest.approx(10, rel=0.05)
    for number, (since, _) in enumerate(moved):
        burst = 0
        for at, count in moved[number : number + 60]:
            burst += count if at - since < 0.25 else 0
        assert burst <= max(rate * 0.4, 2048)


def test_time_that_was_not_used_is_hardly_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    timed = Timed(monkeypatch, 1_000_000)
    timed.now += 3600
    begun = timed.now
    timed.move(2_000_000)
    assert timed.now - begun > 1.85


def test_a_change_holds_for_what_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    timed = Timed(monkeypatch, 1_000_000)
    timed.move(1_000_000)
    timed.lane.set(2_000_000)
    begun = timed.now
    timed.move(4_000_000)
    assert timed.now - begun == pytest.approx(2, rel=0.05)
    timed.lane.set(None)
    begun = timed.now
    timed.move(10**9)
    assert timed.now == begun
    timed.lane.set(1_000_000)
    timed.move(1_000_000)
    assert timed.now - begun == pytest.approx(1, rel=0.1)


def test_a_wait_ends_with_the_limit() -> None:
    lane = Lane()
    lane.set(1024)
    waiting = threading.Event()

    def take() -> None:
        waiting.set()
        lane.take(10**9)

    done = in_thread(take)
    waiting.wait(30)
    lane.set(None)
    done()


@pytest.mark.parametrize("how", ["cancel", "pause"])
def test_a_wait_ends_with_its_transfer(how: str) -> None:
    lane, control = Lane(), TransferControl()
    lane.set(1024)
    done = in_thread(lambda: lane.take(10**9, control))
    getattr(control, how)()
    done()


@pytest.mark.parametrize("rate", [0, 1023, -5, float("nan"), float("inf"), "10M", True])
def test_what_is_no_limit_is_refused_and_changes_nothing(rate: Any) -> None:
    pace = Pace()
    pace.set(up=5000, down=None)
    for rates in ({"up": rate, "down": None}, {"up": 1e9, "down": rate}):
        with pytest.raises(BadRequestError, match="limit"):
            pace.set(**rates)
    assert (pace.up.bytes_per_s, pace.down.bytes_per_s) == (5000, None)


@pytest.mark.parametrize(
    ("text", "rates", "words"),
    [
        ("10M", (10e6, 10e6), "10.0 MB/s"),
        ("10M:2M", (10e6, 2e6), "10.0 MB/s up, 2.0 MB/s down"),
        ("10M 2M", (10e6, 2e6), "10.0 MB/s up, 2.0 MB/s down"),
        ("off", (None, None), "off"),
        ("0", (None, None), "off"),
        ("OFF:512k", (None, 512e3), "off up, 512 kB/s down"),
        ("1.5Mi", (1.5 * MIB, 1.5 * MIB), "1.6 MB/s"),
        ("2gb/s", (2e9, 2e9), "2.0 GB/s"),
        ("5000", (5000.0, 5000.0), "5.0 kB/s"),
    ],
)
def test_limits_are_read_as_people_write_them(text: str, rates: tuple[float, float], words: str) -> None:
    assert parse_rates(text) == rates
    assert rates_text(*rates) == words
    assert parse_rates(rates_form(*rates)) == rates


@pytest.mark.parametrize(
    "text", ["", " ", ":", "a", "10M:", "10M:2M:3M", "-5M", "1e9", "١M", "10i", "inf", "nan", "10_0M", "10MM", "1\n2M3"]
)
def test_other_texts_are_refused_with_an_example(text: str) -> None:
    with pytest.raises(BadRequestError, match="10M"):
        parse_rates(text)


def test_a_limit_holds_for_all_that_moves_blobs_and_for_nothing_else(storage: Storage, proxy: FaultProxy) -> None:
    taken: dict[str, int] = {"up": 0, "down": 0}
    pace = storage.engine.pace
    pace.set(up=1e9, down=1e9)
    for name, lane in (("up", pace.up), ("down", pace.down)):
        real = lane.take

        def take(count: int, control: Any = None, *, name: str = name, real: Any = real) -> None:
            taken[name] += count
            real(count, control)

        lane.take = take  # type: ignore[method-assign]
    value = bytes(3 * MIB)
    storage.set("large", value)
    storage.set("small", b"x" * 1000)
    assert taken == {"up": len(value) + 1000, "down": 0}
    assert storage.get("large") == value
    with storage.stream("large") as chunks:
        assert sum(map(len, chunks)) == len(value)
    assert taken["down"] == 2 * len(value)
    storage.list("")
    storage.stat("small")
    storage.describe()
    storage.delete("small")
    assert taken == {"up": len(value) + 1000, "down": 2 * len(value)}
