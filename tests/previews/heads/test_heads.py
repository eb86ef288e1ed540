"""Every sample: known, within its budget, true; damaged ones are in tests/previews/facts."""

import pytest

from storage_tui.previews import preview
from storage_tui.previews.base import KIB
from tests.previews.heads.damage import judged
from tests.previews.heads.samples import HEADS
from tests.previews.ranges import Ranges, plain


@pytest.mark.parametrize("kind", HEADS)
async def test_a_file_is_known_and_shown(kind: str) -> None:
    make, name, expected = HEADS[kind]
    ranges = Ranges.of(make())
    shown = await preview(ranges.source(name), width=100, height=30)
    assert (shown.kind, shown.is_damaged) == (kind, False)
    assert expected in plain(shown)
    assert len(ranges.asked) <= 2
    assert sum(stop - start for start, stop in ranges.asked) <= 256 * KIB


@pytest.mark.parametrize("kind", HEADS)
async def test_the_whole_screen_and_the_smallest_pane_show_it_too(kind: str) -> None:
    make, name, _ = HEADS[kind]
    content = make()
    assert not (await judged(content, name, is_full=True)).is_damaged
    assert not (await preview(Ranges.of(content).source(name), width=1, height=1)).is_damaged
