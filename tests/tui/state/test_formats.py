"""Numbers as people read them."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from storage_tui.tui.lists.flat import day_title
from storage_tui.tui.state.formats import age_text, count_text, countdown_text, duration_text, moment_text, urgency

NOW = datetime(2024, 5, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("left", "text", "how"),
    [
        (timedelta(days=6, hours=23, minutes=59), "6d 23h", "later"),
        (timedelta(hours=5, minutes=3), "5h 03m", "critical"),
        (timedelta(hours=30), "1d 6h", "soon"),
        (timedelta(seconds=59), "59s", "critical"),
        (timedelta(0), "gone", "gone"),
    ],
)
def test_countdowns(left: timedelta, text: str, how: str) -> None:
    assert countdown_text(NOW + left, NOW) == text
    assert urgency(NOW + left, NOW) == how


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York", "UTC"])
@pytest.mark.parametrize("moment", [datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC)])
def test_a_moment_at_the_end_of_the_calendar_is_shown(
    moment: datetime, zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert str(moment.year) in moment_text(moment)
        assert day_title(moment, NOW)
    finally:
        monkeypatch.undo()
        time.tzset()


def test_ages_counts_and_durations() -> None:
    steps = [(5, "5s"), (700, "11m"), (90_000, "25h"), (86400 * 80, "80d"), (86400 * 1000, "2y")]
    assert [age_text(NOW - timedelta(seconds=seconds), NOW) for seconds, _ in steps] == [text for _, text in steps]
    assert age_text(NOW + timedelta(seconds=5), NOW) == "0s"
    assert count_text(14_000, is_open=True) == "14,000+"
    assert [duration_text(seconds) for seconds in (42, 725, 12_000, None, 1e12)] == [
        "0:42",
        "12:05",
        "3h 20m",
        "?",
        "?",
    ]
