"""A block of a TIFF is decoded under the layout that the file says, or refused with the true reason."""

import io
import lzma
import zlib
from collections.abc import Callable
from fractions import Fraction

import numpy
import pytest
from PIL import Image

from storage_tui.previews import preview
from storage_tui.previews.base import THUMBNAIL_BUDGET, PreviewError
from storage_tui.previews.decoding.pictures import BACKDROP
from storage_tui.previews.decoding.tiff import rasters
from storage_tui.previews.raster import tiff_directory as tags
from storage_tui.previews.raster.picture import plan_picture
from storage_tui.previews.raster.tiff_directory import read_tiff
from tests.previews.ranges import Ranges, plain, show
from tests.previews.samples import zstandard
from tests.previews.tiffs import Page, grey, write

RAMP = numpy.arange(24 * 32, dtype="u2").reshape(24, 32)
REVERSED = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))
PLAIN: dict[int, Callable[[bytes], bytes]] = {1: bytes, 8: zlib.compress, 32946: zlib.compress, 34925: lzma.compress,
                                              50000: zstandard}  # fmt: skip


async def drawn(content: bytes) -> tuple[dict, numpy.ndarray]:
    """The facts and the picture, a pixel for each pixel of the file."""
    source = Ranges.of(content).source()
    source.begin()
    source.allow(THUMBNAIL_BUDGET)
    tiff = await read_tiff(source, await source.head())
    size = max(tiff.main.number(tags.WIDTH), tiff.main.number(tags.HEIGHT))
    plan = await plan_picture(source, tiff, (size, size))
    told, rgb = rasters.decode(plan.job, plan.content)  # here, not in a process of its own, which takes long to start
    told |= {"shown": plan.job["level"]["shown"], "colours": plan.job["level"]["colours"]}
    return told, numpy.frombuffer(rgb, "u1").reshape(told["height"], told["width"], 3)


def stretched(values: numpy.ndarray) -> tuple[float, float, numpy.ndarray]:
    """What one band is drawn as: low, high, and the shades between."""
    left = numpy.sort(values[numpy.isfinite(values)], axis=None)
    low, high = float(left[left.size * 2 // 100]), float(left[min(left.size - 1, left.size * 98 // 100)])
    shades = (numpy.clip(values.astype(float), low, high) - low) / (high - low) * 255 + 0.5
    return low, high, numpy.repeat(shades.astype("u1")[..., None], 3, 2)


async def is_drawn(content: bytes, values: numpy.ndarray) -> None:
    """The one band of the file is drawn as these values."""
    low, high, shades = stretched(values)
    told, picture = await drawn(content)
    assert (told["low"], told["high"]) == (low, high)
    assert "damaged" not in told
    assert (abs(picture.astype(int) - shades) <= 1).all()


async def refusal(content: bytes) -> str:
    """The reason why there is no picture."""
    shown = await show(content)
    assert not shown.lines and not shown.is_damaged, plain(shown)
    return shown.note


@pytest.mark.parametrize("compression", ["tiff_lzw", "packbits", "lzma", "zstd", "tiff_adobe_deflate", "raw"])
@pytest.mark.parametrize("rows", [7, 23])
async def test_the_last_strip_is_shorter_than_the_others(compression: str, rows: int) -> None:
    output = io.BytesIO()
    Image.fromarray(RAMP.astype("u1") % 251).save(output, "TIFF", compression=compression, tiffinfo={278: rows})
    await is_drawn(output.getvalue(), RAMP.astype("u1") % 251)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("bands", [1, 2])
@pytest.mark.parametrize("kind", ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8"])
async def test_differences_are_added_up_as_integers_of_their_width(kind: str, bands: int, order: str) -> None:
    values = (
        (RAMP.repeat(bands).reshape(24, 32, bands) * 1.25 - (0 if kind[0] == "u" else 300)).astype("i8").astype(kind)
    )
    whole = values.view(f"u{values.itemsize}")
    steps = numpy.diff(whole, axis=1, prepend=numpy.zeros((24, 1, bands), whole.dtype))
    packed = zlib.compress(steps.astype(steps.dtype.newbyteorder(order)).tobytes())
    form = {"u": 1, "i": 2, "f": 3}[kind[0]]
    page = grey(32, 24, [packed], (8 * values.itemsize,) * bands, t259=8, t317=2, t277=bands, t339=form)
    await is_drawn(write(page, order=order), values[..., 0])


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("bands", [1, 3])
@pytest.mark.parametrize("kind", ["f2", "f4", "f8"])
async def test_differences_of_floats_lie_by_significance(kind: str, bands: int, order: str) -> None:
    values = (RAMP.repeat(bands).reshape(24, 32 * bands) * 1.25 - 300).astype(f">{kind}")
    size = values.itemsize
    mixed = values.view("u1").reshape(24, 32 * bands, size).transpose(0, 2, 1).reshape(24, -1)
    steps = mixed.copy()
    steps[:, bands:] -= mixed[:, :-bands]
    page = grey(32, 24, [zlib.compress(steps.tobytes())], (8 * size,) * bands, t259=8, t317=3, t277=bands, t339=3)
    if bands == 1:
        await is_drawn(write(page, order=order), values)
        return
    told, picture = await drawn(write(page, order=order))
    assert told["shown"] == [0, 1, 2]
    assert (abs(picture - stretched(values[:, ::3])[2].astype(int)) <= 1).all()


@pytest.mark.parametrize("code", [1, 32773])
async def test_a_predictor_means_nothing_where_the_compression_has_none(code: int) -> None:
    values = RAMP.astype("u1")
    packed = values.tobytes() if code == 1 else b"".join(b"\x1f" + row.tobytes() for row in values)
    await is_drawn(write(grey(32, 24, [packed], t259=code, t317=2)), values)


@pytest.mark.parametrize("code", PLAIN)
@pytest.mark.parametrize("bits", [4, 8, 16])
async def test_the_bits_of_a_byte_may_come_last_first(code: int, bits: int) -> None:
    content = PLAIN[code](RAMP.astype("<u2").tobytes()).translate(REVERSED)
    values = RAMP if bits == 16 else numpy.frombuffer(RAMP.astype("<u2").tobytes(), "u1").reshape(24, 64)
    if bits == 4:
        values = numpy.stack((values >> 4, values & 15), 2).reshape(24, 128)
    await is_drawn(write(grey(values.shape[1], 24, [content], bits, t259=code, t266=2)), values)


@pytest.mark.parametrize("bits", [3, 6, 10, 12, 20, 31])
async def test_samples_of_odd_widths_lie_side_by_side(bits: int) -> None:
    values = RAMP.astype("u4") % (1 << min(bits, 9))
    rows = ["".join(f"{value:0{bits}b}" for value in row).ljust(-(-32 * bits // 8) * 8, "0") for row in values]
    packed = b"".join(int(row, 2).to_bytes(len(row) // 8, "big") for row in rows)
    await is_drawn(write(grey(32, 24, [packed], bits)), values)


@pytest.mark.parametrize("places, sizes", [(273, 279), (324, 325), (273, 325)])
async def test_tiles_are_tiles_whichever_tags_list_them(places: int, sizes: int) -> None:
    values = RAMP.astype("u1")
    tiles = [values[y : y + 16, x : x + 16] for y in (0, 16) for x in (0, 16)]
    blocks = [numpy.pad(tile, ((0, 16 - len(tile)), (0, 0)), constant_values=99).tobytes() for tile in tiles]
    page = grey(32, 24, blocks, t322=16, t323=16)
    page.places, page.sizes = places, sizes
    await is_drawn(write(page), values)


async def test_strips_may_come_without_their_sizes() -> None:
    for code in (1, 8):
        blocks = [PLAIN[code](RAMP[rows : rows + 8].astype("<u2").tobytes()) for rows in (0, 8, 16)]
        page = grey(32, 24, blocks, 16, t259=code, t278=8)
        page.sizes = 65000
        await is_drawn(write(page) + b"more", RAMP)


@pytest.mark.parametrize("code, size", [(1, 0), (1, 40), (1, 10**9), (8, 0)])
async def test_the_only_strip_may_have_a_wrong_size(code: int, size: int) -> None:
    page = grey(32, 24, [PLAIN[code](RAMP.astype("<u2").tobytes())], 16, t259=code)
    page.tags[279] = size
    await is_drawn(write(page) + b"more", RAMP)


@pytest.mark.parametrize("nodata, is_empty", [("", False), ("0", True), ("9", True)])
async def test_a_block_that_is_not_there_has_the_value_nodata_or_zero(nodata: str, is_empty: bool) -> None:
    values = RAMP.astype("u1") % 100 + 100
    page = grey(32, 24, [values[:8].tobytes(), None, (50, 0)], t278=8)
    if nodata:
        page.tags[42113] = nodata
    told, picture = await drawn(write(page))
    assert (picture[8:] == (BACKDROP if is_empty else 0)).all()
    assert told["low"] == (101 if is_empty else 0)


@pytest.mark.parametrize("nodata, note", [("", ""), ("5", "no pixel of the picture has a value")])
async def test_a_file_without_any_block_is_all_zeros_or_all_nodata(nodata: str, note: str) -> None:
    page = grey(32, 24, [None, None, None], t278=8, **({"t42113": nodata} if nodata else {}))
    shown = await show(write(page))
    assert shown.lines and shown.note == note
    assert ("shades" in dict(shown.facts)) == (not nodata)


@pytest.mark.parametrize("values", [(7.0, 7.0), (float("nan"), 7.0), (float("inf"), float("-inf"))])
async def test_a_raster_of_nothing_but_nodata_says_so(values: tuple[float, float]) -> None:
    shown = await show(write(grey(2, 4, [numpy.array(values * 4, "<f4").tobytes()], 32, t339=3, t42113="7")))
    assert shown.note == "no pixel of the picture has a value"
    assert "shades" not in dict(shown.facts)


async def test_the_largest_and_the_smallest_floats_are_shades() -> None:
    for values, shades in (((-1.7e308, 0, 1.6e308, 1.7e308), [0, 128, 248, 255]), ((0, 3e-310, 4e-310, 6e-310), None),
                           ((5, 5, 5, 5), [0, 0, 0, 0])):  # fmt: skip
        told, picture = await drawn(write(grey(4, 1, [numpy.array(values, "<f8").tobytes()], 64, t339=3)))
        assert (told["low"], told["high"]) == (values[0], values[3])
        assert shades is None or picture[0, :, 0].tolist() == shades


async def test_the_few_values_that_differ_from_all_others_are_shades_too() -> None:
    values = numpy.zeros((24, 32), "u2")
    values[0, :3] = 100, 200, 300
    told, picture = await drawn(write(grey(32, 24, [values.tobytes()], 16)))
    assert (told["low"], told["high"]) == (0, 300)
    assert picture[0, :4, 0].tolist() == [85, 170, 255, 0]


@pytest.mark.parametrize("kind, nodata, gone", [
    ("<f4", "-9999.9", 1), ("<f4", "1e20", 0), ("<f4", "-3.40282e+38", 3), ("<f4", "-3.4028234663852886e+38 ", 3),
    ("<f4", "0,1", 2), ("<f8", "0.1", 2), ("<f8", "-9999.9", 1), ("<f8", "1e+20", 0), ("<f4", "nan", 4),
    ("<f4", "inf", 4),
])  # fmt: skip
async def test_nodata_is_a_number_of_the_type_of_the_raster(kind: str, nodata: str, gone: int) -> None:
    values = numpy.array([1e20, -9999.9, 0.1, -3.4028234663852886e38, float("nan"), 6, 7, 8], kind)
    form = {"4": 32, "8": 64}[kind[-1]]
    _, picture = await drawn(write(grey(8, 1, [values.tobytes()], form, t339=3, t42113=nodata)))
    assert [at for at in range(8) if (picture[0, at] == BACKDROP).all()] == sorted({gone, 4})


@pytest.mark.parametrize("nodata, gone, fact", [
    ("7", [3], "7"), (" 7 of 9", [3], "7 of 9, read as 7"), ("7.0", [3], "7.0"),
    ("-9999", [], "-9999, which no uint8 has"),
    ("256", [], "256, which no uint8 has"), ("nan", [], "nan, which no uint8 has"), ("none", [0], "none, read as 0"),
])  # fmt: skip
async def test_nodata_of_integers_is_what_a_sample_can_be(nodata: str, gone: list[int], fact: str) -> None:
    values = numpy.array([0, 255, 1, 7, 241, 200, 100, 50], "u1")
    content = write(grey(8, 1, [values.tobytes()], t42113=nodata))
    _, picture = await drawn(content)
    assert [at for at in range(8) if (picture[0, at] == BACKDROP).all()] == gone
    assert dict((await show(content)).facts)["nodata"] == fact


async def test_nodata_of_64_bits_is_exact() -> None:
    values = numpy.array([2**63 - 1, 2**63 - 2, 2**63 - 3, 0], "<i8")
    _, picture = await drawn(write(grey(4, 1, [values.tobytes()], 64, t339=2, t42113=str(2**63 - 2))))
    assert [at for at in range(4) if (picture[0, at] == BACKDROP).all()] == [1]


async def test_a_colour_of_which_one_band_is_nodata_is_a_colour() -> None:
    pixels = bytes((0, 0, 255, 0, 0, 0, 9, 0, 0))
    _, picture = await drawn(write(grey(3, 1, [pixels], (8, 8, 8), t262=2, t277=3, t42113="0")))
    assert picture[0].tolist() == [[0, 0, 255], [*BACKDROP], [9, 0, 0]]


@pytest.mark.parametrize("extra, expected", [
    (2, [(100, 50, 20), (70, 45, 30), BACKDROP]), (1, [(100, 50, 20), (120, 70, 40), BACKDROP]),
    (0, [(100, 50, 20), (100, 50, 20), (100, 50, 20)]), (None, [(100, 50, 20), (100, 50, 20), (100, 50, 20)]),
])  # fmt: skip
@pytest.mark.parametrize("planar", [1, 2])
async def test_the_opacity_is_what_the_extra_sample_says(extra: int | None, expected: list, planar: int) -> None:
    pixels = numpy.array([(100, 50, 20, 255), (100, 50, 20, 128), (100, 50, 20, 0)], "u1")
    blocks = [pixels.tobytes()] if planar == 1 else [pixels[:, band].tobytes() for band in range(4)]
    more = {} if extra is None else {"t338": extra}
    _, picture = await drawn(write(grey(3, 1, blocks, (8,) * 4, t262=2, t277=4, t284=planar, **more)))
    assert (abs(picture[0].astype(int) - expected) <= 1).all()


async def test_the_opacity_is_no_colour() -> None:
    pixels = numpy.array([[(x, 100, 0, 255 if x < 16 else 0) for x in range(32)]] * 24, "u1")
    content = write(grey(32, 24, [pixels.tobytes()], (8,) * 4, t262=1, t277=4, t338=(0, 0, 2)))
    told, picture = await drawn(content)
    assert told["shown"] == [0, 1, 2]
    assert (picture[:, 16:] == BACKDROP).all()
    assert dict((await show(content)).facts)["drawn"] == "bands 1, 2, 3 as red, green, blue"
    told, _ = await drawn(write(grey(32, 24, [pixels.tobytes()], (8,) * 4, t262=1, t277=4, t338=(2, 0, 0))))
    assert told["shown"] == [0, 2, 3]
    two = write(grey(32, 24, [pixels[..., (0, 3)].tobytes()], (8, 8), t277=2, t338=2))
    told, picture = await drawn(two)
    assert (told["low"], told["high"]) == (0, 15)
    assert (picture[:, 16:] == BACKDROP).all()


@pytest.mark.parametrize("kind, factor", [("u1", 1), ("<u2", 257)])
async def test_inks_are_taken_from_white(kind: str, factor: int) -> None:
    inks = (numpy.array([(0, 0, 0, 0), (200, 0, 30, 0), (0, 0, 0, 255), (10, 20, 30, 40)]) * factor).astype(kind)
    bits = 8 * inks.itemsize
    _, picture = await drawn(write(grey(4, 1, [inks.tobytes()], (bits,) * 4, t262=5, t277=4)))
    assert picture[0].tolist() == [[255, 255, 255], [55, 255, 225], [0, 0, 0], [206, 198, 189]]
    told, _ = await drawn(write(grey(4, 1, [inks.tobytes()], (bits,) * 4, t262=5, t277=4, t332=2)))
    assert told["colours"] == "bands"  # other inks than cyan, magenta, yellow and black


@pytest.mark.parametrize("factor", [1, 256, 257])
@pytest.mark.parametrize("bits", [2, 8])
async def test_a_palette_has_8_bits_however_they_were_made_16(factor: int, bits: int) -> None:
    colours = [(255, 255, 255), (200, 30, 60), (20, 180, 90), (0, 0, 0)] + [(0, 0, 0)] * ((1 << bits) - 4)
    palette = tuple(colour[part] * factor for part in range(3) for colour in colours)
    pixels = bytes((0b00011011,)) if bits == 2 else bytes(range(4))
    _, picture = await drawn(write(grey(4, 1, [pixels], bits, t262=3, t320=palette)))
    assert picture[0].tolist() == [list(colour) for colour in colours[:4]]


async def test_a_palette_of_16_bits_is_fetched_too() -> None:
    palette = tuple(range(65536)) + tuple(reversed(range(65536))) + (257,) * 65536
    values = numpy.array([0, 1000, 40_000, 65_535], "<u2")
    content = write(grey(4, 1, [values.tobytes()], 16, t262=3, t320=palette))
    _, picture = await drawn(content)
    assert picture[0].tolist() == [[value // 257, (65535 - value) // 257, 1] for value in values.tolist()]
    ranges = Ranges(len(content) + 10**8, lambda start, stop: content[start:stop].ljust(stop - start, b"\0"))
    shown = await preview(ranges.source())
    assert shown.lines and len(ranges.asked) <= 4


def ycbcr(across: int, down: int, code: int) -> tuple[bytes, numpy.ndarray]:
    """A picture of four colours in quarters, and these colours."""
    quarters = Image.new("RGB", (2, 2))
    quarters.putdata([(200, 30, 60), (20, 180, 90), (40, 60, 220), (120, 120, 120)])
    picture = quarters.resize((40, 24), Image.Resampling.NEAREST)
    units = numpy.asarray(picture.convert("YCbCr")).reshape(24 // down, down, 40 // across, across, 3)
    packed = b"".join(
        units[row, :, column, :, 0].tobytes() + units[row, 0, column, 0, 1:].tobytes()
        for row in range(24 // down)
        for column in range(40 // across)
    )
    page = grey(40, 24, [PLAIN[code](packed)], (8, 8, 8), t259=code, t262=6, t277=3, t530=(across, down),
                t529=(Fraction(299, 1000), Fraction(587, 1000), Fraction(114, 1000)))  # fmt: skip
    return write(page), numpy.asarray(picture)


@pytest.mark.parametrize("code", [1, 8])
@pytest.mark.parametrize("across, down", [(1, 1), (2, 1), (2, 2), (4, 2), (4, 4)])
async def test_colours_of_several_pixels_may_lie_together(across: int, down: int, code: int) -> None:
    content, expected = ycbcr(across, down, code)
    _, picture = await drawn(content)
    assert (abs(picture.astype(int) - expected) <= 2).all()


def jpeg(mode: str, size: tuple[int, int], colour: tuple[int, ...]) -> bytes:
    """A JPEG of one colour; Pillow turns the values of CMYK over."""
    output = io.BytesIO()
    Image.new(mode, size, colour).save(output, "JPEG", quality=95, subsampling=0)
    return output.getvalue()


async def test_bands_in_jpeg_are_the_bands_of_the_file() -> None:
    block = jpeg("CMYK", (32, 24), (55, 255, 225, 100))  # the samples are 200, 0, 30, 155
    for photometric, extra in ((2, 0), (2, 2), (5, None), (1, 0)):
        more = {} if extra is None else {"t338": (extra,) if photometric == 2 else (0, 0, 0)}
        content = write(grey(32, 24, [block], (8,) * 4, t259=7, t262=photometric, t277=4, **more))
        told, picture = await drawn(content)
        expected = {(2, 0): (200, 0, 30), (2, 2): (137, 15, 34), (5, None): (21, 100, 88)}.get((photometric, extra))
        assert "damaged" not in told
        if expected is not None:
            assert (abs(picture[4, 4].astype(int) - expected) <= 3).all()


@pytest.mark.parametrize("photometric, expected", [(6, (200, 30, 60)), (2, (84, 114, 211))])
async def test_jpeg_is_ycbcr_only_where_the_file_says_so(photometric: int, expected: tuple[int, ...]) -> None:
    content = write(grey(32, 24, [jpeg("RGB", (32, 24), (200, 30, 60))], (8,) * 3, t259=7, t262=photometric, t277=3))
    _, picture = await drawn(content)
    assert (abs(picture[4, 4].astype(int) - expected) <= 3).all()


async def test_an_opaque_block_of_webp_has_its_opacity_all_the_same() -> None:
    blocks = []
    for alpha in (255, 128):
        output = io.BytesIO()
        Image.new("RGBA", (16, 8), (10, 20, 30, alpha)).save(output, "WEBP", lossless=True, exact=True)
        blocks.append(output.getvalue())
    page = grey(16, 12, [blocks[0], blocks[1]], (8,) * 4, t259=50001, t262=2, t277=4, t278=8, t338=2)
    told, picture = await drawn(write(page))
    assert "damaged" not in told
    assert (picture[:8] == (10, 20, 30)).all() and (abs(picture[8:].astype(int) - (25, 30, 35)) <= 1).all()


def codestream(mode: str, values: numpy.ndarray) -> bytes:
    """A block of JPEG 2000 without loss."""
    output = io.BytesIO()
    size = values.shape[1], values.shape[0]
    Image.frombytes(mode, size, values.tobytes()).save(output, "JPEG2000", no_jp2=True, irreversible=False)
    return output.getvalue()


@pytest.mark.parametrize("mode, bands", [("L", 1), ("RGB", 3), ("RGBA", 4)])
async def test_blocks_of_jpeg_2000_are_drawn_as_they_are(mode: str, bands: int) -> None:
    values = numpy.arange(64 * 32 * bands).reshape(32, 64, bands).astype("u1")
    values[..., 3:] = 255
    blocks = [codestream(mode, values[at : at + 16]) for at in (0, 16)]
    more = {"t338": 2} if bands == 4 else {}
    page = grey(64, 32, blocks, (8,) * bands, t259=33005, t262=2 if bands > 1 else 1, t277=bands, t278=16, **more)
    told, picture = await drawn(write(page))
    page.tags[259], page.blocks[:] = 1, [values[at : at + 16].tobytes() for at in (0, 16)]
    _, expected = await drawn(write(page))
    assert "damaged" not in told and (picture == expected).all()


@pytest.mark.parametrize("order", "<>")
async def test_jpeg_2000_of_16_bits_keeps_its_values(order: str) -> None:
    values = (numpy.arange(64 * 32).reshape(32, 64) * 31).astype("<u2")
    page = grey(64, 32, [codestream("I;16", values)], 16, t259=34712, t278=32)
    told, picture = await drawn(write(page, order=order))
    plain, expected = await drawn(write(grey(64, 32, [values.astype(f"{order}u2").tobytes()], 16), order=order))
    assert "damaged" not in told and (picture == expected).all()
    assert [told[name] for name in ("low", "high")] == [plain[name] for name in ("low", "high")]


async def test_jpeg_2000_of_another_form_is_damage() -> None:
    values = numpy.zeros((32, 64), "<u2")
    sound = codestream("L", values.astype("u1"))
    for block in (
        codestream("I;16", values),
        sound[:60],
        b"\0" * 50,
        sound[:43] + b"\xff" * 40,
        sound[:8] + b"\x7f" * 8,
    ):
        with pytest.raises((PreviewError, ValueError)):
            await drawn(write(grey(64, 32, [block], t259=34712, t278=32)))


@pytest.mark.parametrize("compression", ["group3", "group4", "tiff_ccitt"])
async def test_fax_codes_are_black_and_white(compression: str) -> None:
    output = io.BytesIO()
    marks = Image.fromarray((RAMP % 7 < 3).astype("u1") * 255).convert("1")
    marks.save(output, "TIFF", compression=compression)
    _, picture = await drawn(output.getvalue())
    assert (picture[..., 0] == numpy.asarray(marks.convert("L"))).all()


@pytest.mark.parametrize("reason, change", [
    ("complex numbers are not drawn", {258: 64, 339: 6}), ("complex numbers are not drawn", {258: 32, 339: 5}),
    ("CIELab colours are not drawn", {258: (8, 8, 8), 277: 3, 262: 8}), ("LERC is not decoded here", {259: 34887}),
    ("JPEG XL is not decoded here", {259: 50002}), ("old JPEG is not decoded here", {259: 6}),
    ("compression 4711 is not decoded here", {259: 4711}), ("JPEG of 16-bit integers", {259: 7, 258: 16}),
    ("its bands have different widths (5, 6 bits)", {258: (5, 6, 5), 277: 3}),
    ("its bands have different types (uint, float)", {258: (32, 32), 339: (1, 3), 277: 2}),
    ("predictor 2 of 12-bit integers is not decoded here", {258: 12, 259: 8, 317: 2}),
    ("predictor 3 of 8-bit integers is not decoded here", {259: 5, 317: 3}),
    ("24-bit floats are not decoded here", {258: 24, 339: 3}), ("12-bit signed integers", {258: 12, 339: 2}),
    ("128-bit floats", {258: 128, 339: 3}), ("its palette is missing", {262: 3}),
    ("its palette of 65,536 colours is larger than a preview reads", {258: 16, 262: 3, 320: (9,) * 200_000}),
    ("YCbCr of 16-bit integers is not drawn", {258: (16,) * 3, 262: 6, 277: 3}),
    ("it lists 1 of its 3 blocks", {278: 8}), ("it has no bands", {277: 0}),
    ("WebP of YCbCr is not decoded here", {262: 6, 277: 3, 259: 50001}),
    ("its list of blocks is no list of places", {273: "ab"}), ("a side of it is zero", {256: 0}),
    ("its bands have different types (uint, format 7)", {339: (1, 7), 277: 2, 258: (8, 8)}),
    ("it is made of deflate data that cannot be unpacked", {259: 8}),
    ("it is made of LZW data that cannot be unpacked", {259: 5}), ("it is made of data that ends early", {256: 999}),
])  # fmt: skip
async def test_what_is_not_drawn_is_refused_with_the_true_reason(reason: str, change: dict) -> None:
    page = grey(32, 24, [bytes(range(256)) * 3])
    page.tags |= change
    assert (await refusal(write(page))).startswith(f"no picture: {reason}")


@pytest.mark.parametrize("code", [1, 8])
async def test_a_damaged_block_is_counted_and_the_others_are_drawn(code: int) -> None:
    values = RAMP.astype("<u2")
    blocks = [PLAIN[code](values[rows : rows + 8].tobytes()) for rows in (0, 8, 16)]
    blocks[1] = blocks[1][: len(blocks[1]) // 2]
    content = write(grey(32, 24, blocks, 16, t259=code, t278=8))
    assert (await show(content)).note == "1 of 3 blocks are damaged"
    _, picture = await drawn(content)
    assert (picture[14:16] == BACKDROP).all() and picture[23, 31, 0] == 255


@pytest.mark.parametrize("tag", [273, 279])
async def test_a_list_of_blocks_past_the_end_is_told(tag: int) -> None:
    content = bytearray(write(grey(32, 24, [bytes(256)] * 3, t278=8)))
    at = content.find(tag.to_bytes(2, "little"))
    content[at + 8 : at + 12] = (len(content) - 4).to_bytes(4, "little")
    assert await refusal(bytes(content)) == "no picture: its list of blocks lies past the end of the file"


async def test_of_hundreds_of_bands_the_first_ones_are_drawn() -> None:
    bands = 3000
    pixels = numpy.repeat(RAMP[:2, :4, None], bands, 2).astype("<u2") * 50
    page = grey(4, 2, [pixels.tobytes()], (16,) * bands, t277=bands, t339=(1,) * bands)
    shown = await show(write(page))
    assert dict(shown.facts)["pixels"] == "4 × 2, 3000 bands of uint16"
    assert shown.lines


async def test_a_profile_far_away_costs_no_request() -> None:
    content = bytearray(write(grey(32, 24, [RAMP.astype("<u2").tobytes()], 16, t34675=bytes(3000), t700=bytes(2000))))
    at = content.find((34675).to_bytes(2, "little"))
    content[at + 8 : at + 12] = (90_000_000).to_bytes(4, "little")
    ranges = Ranges(100_000_000, lambda start, stop: bytes(content[start:stop]).ljust(stop - start, b"\0"))
    source = ranges.source()
    source.begin()
    source.allow(THUMBNAIL_BUDGET)
    tiff = await read_tiff(source, await source.head())
    await plan_picture(source, tiff, (32, 24))
    assert len(ranges.asked) == 1


def test_a_page_needs_no_block() -> None:
    assert write(Page({256: 1, 257: 1}, []))[:2] == b"II"
