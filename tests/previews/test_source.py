"""A Source: each byte once, one request a call, never past the budget."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage_tui.previews.base import CACHE_BYTES, KIB, Budget, BudgetError, read_note
from tests.previews.ranges import Ranges

CONTENT = bytes(range(256)) * 8


async def test_what_was_read_is_not_asked_for_again() -> None:
    ranges = Ranges.of(CONTENT)
    source = ranges.source()
    assert await source.read(0, 100) == CONTENT[:100]
    assert await source.read(20, 60) == CONTENT[20:60]
    assert await source.read(50, 150) == CONTENT[50:150]
    assert ranges.asked == [(0, 100), (100, 150)]
    assert source.bytes_read == 150


async def test_a_read_past_the_budget_raises_and_asks_nothing() -> None:
    ranges = Ranges.of(CONTENT)
    source = ranges.source()
    source.begin()
    source.allow(Budget(requests=1, size_bytes=100))
    with pytest.raises(BudgetError):
        await source.read(0, 101)
    await source.read(0, 50)
    with pytest.raises(BudgetError):
        await source.read(50, 60)
    assert ranges.asked == [(0, 50)]


async def test_every_page_has_a_budget_of_its_own() -> None:
    source = Ranges(10**9, lambda start, stop: bytes(stop - start)).source()
    for page in range(40):
        source.begin()
        await source.read(page * 100 * KIB, (page + 1) * 100 * KIB)
    assert source.requests == 40


async def test_the_tail_of_a_small_blob_is_taken_from_the_head() -> None:
    ranges = Ranges.of(CONTENT)
    source = ranges.source()
    await source.head()
    assert await source.tail(10) == CONTENT[-10:]
    assert len(ranges.asked) == 1


@given(st.lists(st.tuples(st.integers(0, 2100), st.integers(0, 2100)), max_size=8))
async def test_any_reads_in_any_order_are_the_bytes_of_the_blob(reads: list[tuple[int, int]]) -> None:
    source = Ranges.of(CONTENT).source()
    source.allow(Budget(requests=99, size_bytes=10**6))
    for start, stop in reads:
        assert await source.read(start, stop) == CONTENT[start:stop]


async def test_the_note_is_empty_for_a_blob_read_whole() -> None:
    source = Ranges.of(CONTENT).source()
    await source.head()
    assert read_note(source) == ""


async def test_a_read_as_large_as_the_cache_is_handed_out_whole() -> None:
    ranges = Ranges(10**8, lambda start, stop: b"z" * (stop - start))
    source = ranges.source()
    await source.head()
    source.allow(Budget(requests=9, size_bytes=10**8))
    assert len(await source.read(10**6, 10**6 + CACHE_BYTES + 5)) == CACHE_BYTES + 5
