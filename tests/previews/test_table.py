"""Every row of the table on real files: told by content, within its budget, true."""

import asyncio
import subprocess
import sys

import pytest

from storage_tui.previews import PREVIEWS, preview
from storage_tui.previews.base import KIB
from tests.previews.heads.damage import rows_with_samples
from tests.previews.ranges import Ranges, plain, show
from tests.previews.samples import SAMPLES


@pytest.mark.parametrize("kind", SAMPLES)
async def test_a_file_is_known_by_its_content_and_shown(kind: str) -> None:
    make, expected = SAMPLES[kind]
    ranges = Ranges.of(make())
    shown = await preview(ranges.source(), width=100, height=30)
    assert shown.kind == kind
    assert not shown.is_damaged
    assert expected in plain(shown)
    assert len(ranges.asked) <= 4


@pytest.mark.parametrize("row", PREVIEWS, ids=lambda row: type(row).__name__ + row.kind)
def test_every_row_of_the_table_has_a_sample(row: object) -> None:
    assert any(found is row for found in rows_with_samples())


@pytest.mark.parametrize("kind", SAMPLES)
@pytest.mark.parametrize("size", [(1, 1), (20, 5), (300, 100)])
async def test_any_size_of_view_will_do(kind: str, size: tuple[int, int]) -> None:
    shown = await show(SAMPLES[kind][0](), width=size[0], height=size[1])
    assert not shown.is_damaged


@pytest.mark.parametrize("kind", SAMPLES)
async def test_nothing_a_terminal_obeys_is_in_what_is_shown(kind: str) -> None:
    content = SAMPLES[kind][0]() + b"\x1b]52;c;aGk=\x07 \xe2\x80\xae \xc2\x9b31m"
    text = plain(await show(content)).replace("\n", "")
    assert not {"\x1b", "\x07", "\u202e", "\x9b"} & set(text)


@pytest.mark.parametrize("kind", ["GeoJSON", "CSV", "gzip", "PNG", "GeoTIFF"])
async def test_a_cancelled_preview_leaves_the_next_one_whole(kind: str) -> None:
    content = SAMPLES[kind][0]()
    task = asyncio.create_task(show(content))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not (await show(content)).is_damaged


async def test_an_unknown_size_is_found_out_with_the_first_read() -> None:
    ranges = Ranges.of(SAMPLES["CSV"][0]())
    source = ranges.source(knows_size=False)
    assert (await preview(source)).kind == "CSV"
    assert source.size_bytes == ranges.size_bytes
    assert len(ranges.asked) == 1


async def test_an_empty_blob_costs_nothing_and_says_so() -> None:
    for knows_size, requests in ((True, 0), (False, 1)):
        ranges = Ranges.of(b"")
        shown = await preview(ranges.source(knows_size=knows_size))
        assert (shown.kind, shown.note) == ("empty", "this blob has no bytes")
        assert len(ranges.asked) == requests


async def test_a_large_blob_says_how_much_was_read() -> None:
    ranges = Ranges(10**10, lambda start, stop: b"line of a log\n" * ((stop - start) // 14 + 1))
    shown = await preview(ranges.source("run.log"))
    assert shown.note == "65.5 kB of 10.0 GB read"
    assert sum(stop - start for start, stop in ranges.asked) == 64 * KIB


def test_previews_load_no_decoder_until_the_first_picture() -> None:
    code = "import sys, storage_tui.previews; sys.exit('PIL' in sys.modules or 'httpx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
