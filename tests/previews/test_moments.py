"""Dates and times in tables of text: of any year, to the nanosecond."""

import io
from typing import Any

import pytest

from storage_tui.previews.decoding.tables.moments import date_text
from tests import wanted
from tests.previews.ranges import plain, show

numpy = wanted.module("numpy")
arrow_io = wanted.module("arro3.io")
core = wanted.module("arro3.core")
TYPE = core.DataType


def iso(text: str) -> str:
    """A date of numpy with a year of four digits at least."""
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    year, rest = digits.split("-", 1)
    return f"{sign}{year.zfill(4)}-{rest}"


@pytest.mark.parametrize("first", [-800_000, -719_600, -1000, 0, 2_932_000, 50_000_000])
def test_a_date_of_any_year_is_that_of_numpy(first: int) -> None:
    for day in range(first, first + 1500):
        assert date_text(day) == iso(str(numpy.datetime64(day, "D")))


MOMENTS = [
    (TYPE.timestamp("ns"), 1_704_067_200_123_456_789, "2024-01-01 00:00:00.123456789"),
    (TYPE.timestamp("ns"), 1_704_067_200_000_000_000, "2024-01-01 00:00:00"),
    (TYPE.timestamp("us"), 253_402_300_800_000_000, "10000-01-01 00:00:00"),
    (TYPE.timestamp("us"), 1_500_000, "1970-01-01 00:00:01.500000"),
    (TYPE.timestamp("ms"), -1_000_000_000_000_000, "-29719-04-05 22:13:20"),
    (TYPE.timestamp("ns", tz="Europe/Berlin"), -1, "1970-01-01 00:59:59.999999999+01:00"),
    (TYPE.timestamp("ms", tz="Asia/Kolkata"), 0, "1970-01-01 05:30:00+05:30"),
    (TYPE.timestamp("s", tz="Europe/Berlin"), 253_402_300_800, "10000-01-01 00:00:00Z"),
    (TYPE.timestamp("s", tz="-02:00"), 0, "1969-12-31 22:00:00-02:00"),
    (TYPE.date32(), 2_932_897, "10000-01-01"),
    (TYPE.date64(), 253_402_300_800_000, "10000-01-01"),
    (TYPE.time64("ns"), 3_723_123_456_789, "01:02:03.123456789"),
    (TYPE.duration("ns"), 10**18, "11574 days, 1:46:40"),
    (TYPE.duration("ns"), -5, "-1 day, 23:59:59.999999995"),
]


@pytest.mark.parametrize(("kind", "value", "text"), MOMENTS, ids=[text for _, _, text in MOMENTS])
async def test_a_column_of_moments_is_shown_as_it_is(kind: Any, value: int, text: str) -> None:
    width = "i4" if TYPE.is_date32(kind) else "i8"
    column = core.Array.from_numpy(numpy.array([value], width)).cast(kind)
    output = io.BytesIO()
    arrow_io.write_ipc(core.Table.from_arrays([column], names=["when"]), output)
    shown = await show(output.getvalue(), width=100)
    assert not shown.note and text[:31] in plain(shown)
