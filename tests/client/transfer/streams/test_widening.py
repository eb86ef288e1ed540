"""The rule for the number of streams, over simulated links; the clock moves only with the simulation."""

from collections.abc import Callable

import pytest

from storage_tui.client.http.pace import Pace, StreamRule
from storage_tui.client.transfer.streams.widening import Widening

MB = 1e6
MOST_STREAMS = StreamRule().most_streams
STEP_S = 0.05


def simulated(
    rate_of: Callable[[int], float], *, seconds: float, waiting: float = 1.0, left: float = 1e12,
    limit: float | None = None, is_long: Callable[[], bool | None] = lambda: True,
) -> list[int]:  # fmt: skip
    """Return the number of streams over time, when so many streams move `rate_of` bytes a second together."""
    now = 0.0
    pace = Pace()
    pace.down.set(limit)
    widening = Widening(pace, "down", is_long, lambda: now)
    counts = []
    while now < seconds:
        streams = widening.streams
        for _ in range(streams):
            widening.note(int(rate_of(streams) * STEP_S / streams), STEP_S * waiting)
        left -= rate_of(streams) * STEP_S
        counts.append(widening.wanted(int(left)))
        now += STEP_S
    return counts


def test_a_link_with_a_window_for_each_connection_gets_all_streams() -> None:
    counts = simulated(lambda streams: 8 * MB * streams, seconds=10)
    assert counts[0] == 1 and counts[-1] == MOST_STREAMS and max(counts) == MOST_STREAMS


def test_a_link_that_is_full_goes_back_to_one_stream_and_tries_rarely() -> None:
    counts = simulated(lambda _: 8 * MB, seconds=120)
    assert max(counts) == 2
    assert counts.count(2) < len(counts) / 8


def test_a_link_that_carries_three_streams_stays_near_them() -> None:
    counts = simulated(lambda streams: min(streams, 3) * 8 * MB, seconds=60)
    assert counts[-1] == 4


@pytest.mark.parametrize(
    ("rate", "waiting", "left", "limit"),
    [
        (500 * MB, 0.6, 1e12, None),  # loopback
        (8 * MB, 0.2, 1e12, None),  # a slow disk, or a slow processor
        (8 * MB, 1.0, 30e6, None),  # little left
        (8 * MB, 1.0, 1e12, 8e6),  # a limit that a person set
        (0, 1.0, 1e12, None),  # a server that is silent
    ],
    ids=["fast", "disk", "small", "limited", "silent"],
)
def test_one_stream_stays_alone(rate: float, waiting: float, left: float, limit: float | None) -> None:
    asked = []

    def is_long() -> bool:
        asked.append(1)
        return True

    counts = simulated(
        lambda streams: rate * streams, seconds=30, waiting=waiting, left=left, limit=limit, is_long=is_long
    )
    assert set(counts) == {1} and not asked


def test_a_near_server_gets_one_stream_and_is_asked_once() -> None:
    answers = [False]
    counts = simulated(lambda streams: 8 * MB * streams, seconds=60, is_long=answers.pop)
    assert set(counts) == {1} and not answers


def test_a_long_link_is_asked_for_once() -> None:
    answers = [True]
    counts = simulated(lambda streams: 8 * MB * streams, seconds=10, is_long=answers.pop)
    assert counts[-1] == MOST_STREAMS and not answers


def test_while_nobody_can_say_the_question_is_put_rarely() -> None:
    asked = []

    def is_long() -> bool | None:
        asked.append(1)
        return True if len(asked) == 5 else None

    counts = simulated(lambda streams: 8 * MB * streams, seconds=75, is_long=is_long)
    assert set(counts) == {1} and len(asked) == 4  # after 1, 6, 16 and 36 seconds
    asked.clear()
    counts = simulated(lambda streams: 8 * MB * streams, seconds=90, is_long=is_long)
    assert counts[-1] == MOST_STREAMS and len(asked) == 5


def test_a_rate_that_still_grows_is_waited_for() -> None:
    now = 0.0
    widening = Widening(Pace(), "down", lambda: True, lambda: now)
    rate = 0.1 * MB
    while now < 4:
        widening.note(int(rate * STEP_S), STEP_S)
        assert widening.wanted(10**12) == 1
        rate *= 1.06  # more than `flat` from one window to the next
        now += STEP_S


def test_the_end_of_the_search_is_final() -> None:
    now = 0.0
    widening = Widening(Pace(), "up", lambda: True, lambda: now)
    widening.end()
    for _ in range(1000):
        widening.note(400_000, STEP_S)
        assert widening.wanted(10**12) == widening.streams == 1
        now += STEP_S
