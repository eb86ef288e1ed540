"""The directories of a TIFF: which one is shown, its levels, its mask, its place on the ground, and its orientation."""

import itertools

import numpy
import pytest

from storage_tui.previews import preview
from storage_tui.previews.base import MIB, THUMBNAIL_BUDGET
from storage_tui.previews.decoding import rasters
from storage_tui.previews.decoding.pictures import BACKDROP
from storage_tui.previews.formats.geotiff import describe
from storage_tui.previews.raster import tiff_directory as tags
from storage_tui.previews.raster.geokeys import Georeference, read_georeference
from storage_tui.previews.raster.picture import Plan, plan_picture
from storage_tui.previews.raster.tiff_directory import Tiff, read_tiff
from tests.previews.ranges import Ranges, show
from tests.previews.tiffs import Page, grey, write

SCALE, TIE = (8.0, 9.0, 0.0), (2.0, 3.0, 0.0, 5e5, 4.6e6, 0.0)
MATRIX = (8.0, 3.0, 0.0, 5e5, 2.0, -9.0, 0.0, 4.6e6, *([0.0] * 7), 1.0)


def flat(width: int, height: int, value: int, **more: object) -> Page:
    """A page of one grey."""
    return grey(width, height, [bytes((value,)) * width * height], **more)


async def opened(content: bytes) -> tuple[Tiff, Ranges]:
    """The directories, and what was asked for."""
    ranges = Ranges.of(content)
    source = ranges.source()
    source.begin()
    source.allow(THUMBNAIL_BUDGET)
    return await read_tiff(source, await source.head()), ranges


async def planned(content: bytes, space: tuple[int, int]) -> Plan:
    """The job for a picture in this room."""
    source = Ranges.of(content).source()
    source.begin()
    source.allow(THUMBNAIL_BUDGET)
    return await plan_picture(source, await read_tiff(source, await source.head()), space)


async def shade(content: bytes, space: tuple[int, int]) -> tuple[int, int, float]:
    """Width, height and grey of the level that is drawn in this room."""
    plan = await planned(content, space)
    told, _ = rasters.decode(plan.job, plan.content)
    return plan.job["level"]["width"], plan.job["level"]["height"], told["low"]


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
async def test_the_order_of_the_directories_does_not_matter(order: tuple[int, ...]) -> None:
    pages = [flat(40, 30, 1), flat(20, 15, 2, t254=1), flat(10, 8, 3, t254=1), flat(16, 16, 4, t254=1)]
    content = write(*(pages[at] for at in order))
    facts = dict(describe((await opened(content))[0]))
    assert facts["pixels"] == "40 × 30, 1 band of uint8"
    assert sorted(facts["overviews"].split(", ")) == ["10 × 8", "20 × 15"]  # the square one is no version of the page
    assert await shade(content, (40, 40)) == (40, 30, 1)
    assert await shade(content, (20, 20)) == (20, 15, 2)
    assert await shade(content, (5, 5)) == (10, 8, 3)


async def test_of_several_pages_the_first_is_shown_with_its_own_levels() -> None:
    pages = flat(40, 30, 1), flat(20, 15, 2, t254=1), flat(80, 60, 3), flat(20, 15, 4, t254=1)
    facts = dict((await show(write(*pages))).facts)
    assert (facts["pixels"], facts["pages"]) == ("40 × 30, 1 band of uint8", "the first of 2")
    assert facts["overviews"] == "20 × 15"
    assert await shade(write(*pages), (20, 20)) == (20, 15, 2)


@pytest.mark.parametrize("is_big", [False, True])
async def test_levels_may_lie_inside_of_a_directory(is_big: bool) -> None:
    page = flat(40, 30, 1)
    page.inner = [flat(20, 15, 2, t254=1), flat(10, 8, 3, t254=1)]
    content = write(page, flat(40, 30, 9), is_big=is_big)
    assert dict((await show(content)).facts)["overviews"] == "20 × 15, 10 × 8"
    assert await shade(content, (10, 10)) == (10, 8, 3)


async def test_a_thumbnail_in_front_of_the_picture_is_not_the_picture() -> None:
    thumbnail = flat(16, 16, 9, t254=1)
    thumbnail.inner = [flat(40, 30, 1)]
    content = write(thumbnail)
    assert dict((await show(content)).facts)["pixels"] == "40 × 30, 1 band of uint8"
    assert await shade(content, (40, 40)) == (40, 30, 1)
    assert await shade(write(flat(20, 15, 9, t255=2), flat(40, 30, 1)), (40, 40)) == (40, 30, 1)


@pytest.mark.parametrize("bits", [1, 8])
@pytest.mark.parametrize("is_first", [False, True])
async def test_what_the_mask_leaves_out_is_not_there(bits: int, is_first: bool) -> None:
    row = b"\xff\xff\0\0" if bits == 1 else b"\1" * 16 + bytes(16)
    mask = grey(32, 24, [row * 24], bits, t254=4, t262=4)
    page = grey(32, 24, [bytes(range(32)) * 24])
    plan = await planned(write(mask, page) if is_first else write(page, mask), (32, 24))
    told, rgb = rasters.decode(plan.job, plan.content)
    picture = numpy.frombuffer(rgb, "u1").reshape(24, 32, 3)
    assert (told["low"], told["high"]) == (0, 15)
    assert (picture[:, 16:] == BACKDROP).all() and (picture[:, 15] == 255).all()


async def test_a_mask_that_the_budget_does_not_reach_is_told() -> None:
    page = grey(1000, 1000, [bytes(1_000_000)])
    mask = grey(1000, 1000, [b"\xff" * 1_000_000], 8, t254=4, t262=4)
    shown = await preview(Ranges.of(write(page, mask)).source(), width=40, height=20)
    assert shown.lines and shown.note.startswith("drawn without its mask")


@pytest.mark.parametrize("turn", range(1, 9))
async def test_a_scan_is_shown_upright_and_a_map_as_it_lies(turn: int) -> None:
    values = numpy.arange(32 * 24, dtype="u1").reshape(24, 32)
    upright = {1: values, 2: values[:, ::-1], 3: values[::-1, ::-1], 4: values[::-1], 5: values.T,
               6: values[::-1].T, 7: values[::-1, ::-1].T, 8: values[:, ::-1].T}  # fmt: skip
    for more, expected in (({}, upright[turn]), ({"t33550": SCALE, "t33922": TIE}, values)):
        plan = await planned(write(grey(32, 24, [values.tobytes()], t274=turn, **more)), (32, 32))
        told, rgb = rasters.decode(plan.job, plan.content)
        assert (told["width"], told["height"]) == expected.shape[::-1]
        shades = (numpy.clip(expected.astype(float), told["low"], told["high"]) - told["low"]) / (
            told["high"] - told["low"]
        )
        assert (abs(numpy.frombuffer(rgb, "u1")[::3].reshape(expected.shape) - shades * 255) <= 1).all()


async def place_of(**more: object) -> Georeference | None:
    """Where a raster of 32 by 24 pixels lies."""
    tiff, _ = await opened(write(flat(32, 24, 1, **more)))
    return read_georeference(tiff.main, 32, 24)


def keys(*pairs: tuple[int, int]) -> tuple[int, ...]:
    """The directory of GeoKeys."""
    return (1, 1, 0, len(pairs), *(number for key, value in pairs for number in (key, 0, 1, value)))


@pytest.mark.parametrize("raster_type, where, bounds", [  # the expected values are those of GDAL 3.10
    (1, {"t33550": SCALE, "t33922": TIE}, (499984, 4599811, 500240, 4600027)),
    (2, {"t33550": SCALE, "t33922": TIE}, (499980, 4599815.5, 500236, 4600031.5)),
    (2, {"t33550": (8.0, -9.0, 0.0), "t33922": TIE}, (499980, 4599815.5, 500236, 4600031.5)),
    (1, {"t34264": MATRIX}, (500000, 4599784, 500328, 4600064)),
    (2, {"t34264": MATRIX}, (499994.5, 4599787.5, 500322.5, 4600067.5)),
    (1, {"t34264": (8.0, 0.0, 0.0, 5e5, 0.0, 9.0, 0.0, 4.6e6, *([0.0] * 7), 1.0)}, (500000, 4600000, 500256, 4600216)),
])  # fmt: skip
async def test_the_bounds_are_those_of_the_corners(raster_type: int, where: dict, bounds: tuple[float, ...]) -> None:
    place = await place_of(t34735=keys((1024, 1), (1025, raster_type), (3072, 32633)), **where)
    assert place is not None and place.epsg == 32633
    assert place.bounds == pytest.approx(bounds)


async def test_a_projection_of_its_own_is_not_the_system_that_it_is_based_on() -> None:
    geo = keys((1024, 1), (1025, 1), (2048, 4326), (3072, 32767))
    place = await place_of(t34735=geo, t33550=SCALE, t33922=TIE)
    assert place is not None and place.epsg is None
    assert place.name == "a projection of its own" and not place.is_geographic


async def test_the_model_says_which_of_two_systems_counts() -> None:
    for model, epsg in ((1, 32633), (2, 4326)):
        place = await place_of(
            t34735=keys((1024, model), (1025, 1), (2048, 4326), (3072, 32633)), t33550=SCALE, t33922=TIE
        )
        assert place is not None and (place.epsg, place.is_geographic) == (epsg, model == 2)


async def test_the_middle_of_a_large_raster_ends_where_the_raster_ends() -> None:
    """The tiles of the last row and column are full, and what they hold outside of the raster is no part of it."""
    tile = numpy.random.default_rng(1).integers(100, 200, (512, 512), "u1")
    for width, height, size in ((5000, 600, "1,536 × 88"), (300, 5000, "300 × 512")):
        blocks = -(-width // 512) * -(-height // 512)
        ranges = Ranges.of(write(grey(width, height, [tile.tobytes()] * blocks, t322=512, t323=512)))
        shown = await preview(ranges.source(), width=60, height=20)
        assert sum(stop - start for start, stop in ranges.asked) <= MIB
        assert dict(shown.facts)["drawn"] == f"{size} from its middle"


async def test_a_tag_that_is_there_twice_counts_once() -> None:
    content = bytearray(write(flat(32, 24, 7, t65000=99)))
    at = content.find((65000).to_bytes(2, "little"))
    content[at : at + 2] = (tags.WIDTH).to_bytes(2, "little")
    tiff, _ = await opened(bytes(content))
    assert tiff.main.number(tags.WIDTH) == 32


@pytest.mark.parametrize("tag", [256, 258, 273, 277, 279, 320, 322, 330, 338, 339, 34735])
async def test_a_float_where_an_integer_belongs_is_no_error(tag: int) -> None:
    for number in (float("inf"), float("nan"), -1e300):
        page = flat(32, 24, 7, t262=3, t320=tuple(range(768)))
        page.tags[tag] = (number,) * 3
        shown = await show(write(page))
        assert not shown.is_damaged and "cannot convert" not in shown.note and "must be in range" not in shown.note


async def test_directories_out_of_reach_leave_a_request_for_the_pixels() -> None:
    """As of a file with many pages, each directory in front of its pixels."""
    step, pages = 10_000_000, 9
    content = bytearray(write(*(flat(100, 100, at) for at in range(pages))))

    def part(start: int, stop: int) -> bytes:
        """Page after page, far from each other."""
        out = bytearray(stop - start)
        for at in range(pages):
            page = bytearray(write(flat(100, 100, at)))
            base = at * step
            entries = int.from_bytes(page[8:10], "little")
            following = 10 + 12 * entries
            if at < pages - 1:
                page[following : following + 4] = (base + step + 8).to_bytes(4, "little")
            for entry in range(entries):
                where = 10 + 12 * entry
                if int.from_bytes(page[where : where + 2], "little") == tags.STRIP_OFFSETS:
                    place = int.from_bytes(page[where + 8 : where + 12], "little")
                    page[where + 8 : where + 12] = (base + place).to_bytes(4, "little")
            low, high = max(start, base), min(stop, base + len(page))
            if low < high:
                out[low - start : high - start] = page[low - base : high - base]
        return bytes(out)

    assert content
    ranges = Ranges(pages * step, part)
    shown = await preview(ranges.source(), width=40, height=20)
    assert shown.lines and len(ranges.asked) <= THUMBNAIL_BUDGET.requests
    assert dict(shown.facts)["pages"] == "the first of 3 or more"
    assert "some directories could not be reached" in shown.note


async def test_a_mask_that_cannot_be_read_is_told() -> None:
    mask = grey(32, 24, [bytes(96)], 1, t254=4, t262=4, t259=34887)
    shown = await show(write(flat(32, 24, 7), mask))
    assert shown.lines and shown.note == "drawn without its mask"
    mask = grey(32, 24, [b"no such codes"], 1, t254=4, t262=4, t259=8)
    shown = await show(write(flat(32, 24, 7), mask))
    assert shown.lines and shown.note == "drawn without its mask"
