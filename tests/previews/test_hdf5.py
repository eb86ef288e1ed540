"""HDF5 by h5py: groups and datasets of both forms of the format, within the budget."""

import pytest

from storage_tui.previews import preview
from storage_tui.previews.base import HEADER_BUDGET
from tests.previews.ranges import Ranges, plain, show
from tests.previews.samples import hdf5


@pytest.mark.parametrize("libver", ["earliest", "latest"])
async def test_groups_and_datasets_are_listed_with_type_and_shape(libver: str) -> None:
    shown = await show(hdf5(libver), width=100)
    text = plain(shown)
    assert "/run0/temperature  float32            24 × 10" in text
    assert "/flags             int16, big-endian  5" in text
    assert ("datasets", "3") in shown.facts and not shown.note


async def test_a_group_of_many_objects_is_listed_through_its_tree() -> None:
    shown = await preview(Ranges.of(hdf5(groups=60)).source(), width=100, is_full=True)
    assert ("datasets", "61") in shown.facts
    assert "/run59/temperature" in plain(shown)


async def test_links_that_are_kept_elsewhere_are_said_to_be_missing() -> None:
    assert "not read" in (await show(hdf5("latest", groups=60))).note


async def test_a_file_of_gigabytes_costs_two_requests() -> None:
    content = hdf5(groups=200)
    ranges = Ranges(10**10, lambda start, stop: content[start:stop].ljust(stop - start, b"\0"))
    shown = await preview(ranges.source(), width=100)
    assert len(ranges.asked) <= HEADER_BUDGET.requests
    assert sum(stop - start for start, stop in ranges.asked) <= HEADER_BUDGET.size_bytes
    assert "run" in plain(shown) and "not read" in shown.note


@pytest.mark.parametrize("place", range(0, 2000, 97))
async def test_addresses_that_lie_end_the_walk(place: int) -> None:
    content = bytearray(hdf5())
    content[96 + place : 104 + place] = (96).to_bytes(8, "little")
    shown = await show(bytes(content))
    assert shown.facts
