"""Pictures in half blocks and quadrants, and maps in dots: the right colours in the right places."""

import io
import struct

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from storage_tui.previews import preview
from storage_tui.previews.base import MIB
from storage_tui.previews.decoding.painting.cells import to_cells
from storage_tui.previews.projections import to_degrees
from storage_tui.previews.raster.halfblocks import cell_lines, picture_lines
from storage_tui.previews.vector.canvas import Canvas, clip
from storage_tui.previews.vector.rings import ring_area
from tests.previews.ranges import Ranges, plain, show
from tests.previews.samples import encoded, geotiff, picture

CONSOLE = Console()


def test_two_rows_of_pixels_are_one_row_of_half_blocks() -> None:
    lines = picture_lines(bytes((255, 0, 0, 0, 255, 0, 0, 0, 255)), 1, 3, truecolor=True)
    assert [line.plain for line in lines] == ["▀", "▀"]
    style = lines[0].spans[0].style
    assert str(style) == "#fc0000 on #00fc00"
    assert str(lines[1].spans[0].style) == "#0000fc"


def test_without_truecolor_the_palette_of_256_is_used() -> None:
    lines = picture_lines(bytes((255, 0, 0, 128, 128, 128)), 1, 2, truecolor=False)
    assert str(lines[0].spans[0].style) == "color(196) on color(244)"


def test_a_cell_of_quadrants_has_the_two_colours_that_fit_best() -> None:
    red, blue = bytes((252, 0, 0)), bytes((0, 0, 252))
    pixels = red + blue + blue + blue + blue + blue + red + red  # 4 x 2: one red corner; the lower half of the second
    [line] = cell_lines(to_cells(pixels, 2, 1, across=2), 2, truecolor=True)
    assert line.plain in ("▘▀", "▘▄", "▟▄", "▟▀")
    seen = {(letter, str(line.get_style_at_offset(CONSOLE, at))) for at, letter in enumerate(line.plain)}
    assert ("▘", "#fc0000 on #0000fc") in seen
    assert seen & {("▀", "#0000fc on #fc0000"), ("▄", "#fc0000 on #0000fc")}


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GeoTIFF"])
async def test_quadrants_show_what_half_blocks_cannot(kind: str) -> None:
    stripes = np.zeros((64, 128, 3), "uint8")
    stripes[:, 0::2] = 255
    image = Image.fromarray(stripes)
    output = io.BytesIO()
    if kind == "GeoTIFF":
        image.save(output, "TIFF")
    else:
        image.save(output, kind, **({"quality": 100, "subsampling": 0} if kind == "JPEG" else {}))
    halves = await show(output.getvalue(), width=64, height=30)
    quadrants = await show(output.getvalue(), width=64, height=30, quadrants=True)
    assert [line.cell_len for line in quadrants.lines] == [64] * 16
    assert not set(plain(halves)) & set("▌▐")
    assert {letter for line in quadrants.lines for letter in line.plain} <= set("▌▐")
    assert (len(quadrants.lines), quadrants.is_drawing) == (len(halves.lines), True)


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (900, 1), (7, 5), (3000, 40)])
async def test_a_picture_of_any_shape_fits_in_quadrants(size: tuple[int, int]) -> None:
    output = io.BytesIO()
    Image.new("RGB", size, (200, 30, 30)).save(output, "PNG")
    shown = await show(output.getvalue(), width=40, height=12, quadrants=True)
    assert shown.lines and len(shown.lines) <= 12 and all(0 < line.cell_len <= 40 for line in shown.lines)
    halves = await show(output.getvalue(), width=40, height=12)
    across, down = shown.lines[0].cell_len - halves.lines[0].cell_len, len(shown.lines) - len(halves.lines)
    assert abs(across) <= 1 and abs(down) <= 1  # the same room


@pytest.mark.parametrize("make", [lambda: encoded("PNG"), geotiff, lambda: geotiff(1)])
async def test_left_and_right_of_a_picture_differ(make: object) -> None:
    shown = await show(make(), width=40, height=20)  # type: ignore[operator]
    styles = {str(span.style) for span in shown.lines[1].spans}
    assert len(styles) >= 2


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WebP", "GIF", "BMP"])
async def test_a_picture_without_its_end_is_told_to_be_cut(kind: str) -> None:
    content = encoded(kind)
    assert not (await show(content)).note and not (await show(content + b"more" * 9)).note
    assert "its end is missing: the picture is cut" in plain(await show(content[: -len(content) // 8]))


@pytest.mark.parametrize(
    "options", [{"compression": name} for name in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg")]
)
async def test_tiffs_of_every_common_compression_are_drawn(options: dict[str, str]) -> None:
    shown = await show(encoded("TIFF", **options))
    assert shown.lines, plain(shown)


async def test_a_large_geotiff_is_drawn_from_an_overview_in_few_requests() -> None:
    content = geotiff()
    padding = 50_000_000
    ranges = Ranges(len(content) + padding, lambda start, stop: content[start:stop].ljust(stop - start, b"\x00"))
    shown = await preview(ranges.source(), width=60, height=30)
    assert shown.lines
    assert len(ranges.asked) <= 4
    assert "overviews: 350 × 250, 175 × 125" in plain(shown)
    assert "extent: x 710240 to 717240, y 4112620 to 4117620" in plain(shown)
    assert "bounds: 37.1347°N to 37.1814°N, 120.6331°W to 120.5529°W" in plain(shown)


async def test_a_turned_photograph_is_shown_upright() -> None:
    image = picture(size=(80, 40))
    exif = image.getexif()
    exif[0x0112], exif[0x0110] = 6, "Camera \x1b[31m"
    import io

    output = io.BytesIO()
    image.save(output, "JPEG", exif=exif, quality=95)
    shown = await show(output.getvalue(), width=40, height=43)
    assert ("camera", "Camera \\x1b[31m") in shown.facts
    first, last = str(shown.lines[0].spans[0].style), str(shown.lines[-1].spans[0].style)
    assert first.startswith(("#d", "#e"))
    assert last.startswith(("#1", "#0"))


def test_a_square_degree_at_the_equator_has_its_area() -> None:
    assert ring_area([(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)]) == pytest.approx(1.2364e10, rel=1e-3)


@pytest.mark.parametrize(
    "epsg, x, y, expected",
    [
        (32633, 500_000, 5_000_000, (15.0, 45.153477183)),
        (32610, 710_240, 4_117_620, (-120.631663229, 37.181374907)),
        (32733, 500_000, 10_000_000, (15.0, 0.0)),
        (3857, 1_113_194.9079, 1_118_889.9748, (10.0, 10.0)),
    ],
)
def test_projected_metres_are_shown_in_degrees(epsg: int, x: float, y: float, expected: tuple[float, float]) -> None:
    # the expected values are those of PROJ 9
    assert to_degrees(epsg, x, y) == pytest.approx(expected, abs=1e-8)


def test_lines_are_clipped_to_the_canvas() -> None:
    assert clip((-5, 2), (5, 2), 9, 9) == ((0, 2), (5, 2))
    assert clip((-5, -2), (5, -2), 9, 9) is None
    canvas = Canvas(5, 1)
    canvas.line((-1e9, 0), (1e9, 0))
    assert canvas.rows() == ["⠉⠉⠉⠉⠉"]


async def test_a_map_shows_the_corners_of_its_shapes() -> None:
    shown = await show(b'{"type": "Polygon", "coordinates": [[[10, 45], [12, 45], [12, 47], [10, 47], [10, 45]]]}')
    assert shown.lines[0].plain == "47°N 10°E"
    assert shown.lines[-1].plain.strip() == "45°N 12°E"
    assert ("area", "34,583 km²") in shown.facts or "km²" in plain(shown)


async def test_a_raster_without_overviews_is_drawn_from_its_middle() -> None:
    output = io.BytesIO()
    noise = Image.effect_noise((3000, 2400), 60)
    noise.paste(255, (0, 1100, 3000, 1300))
    noise.save(output, "TIFF", tiffinfo={278: 4})
    ranges = Ranges.of(output.getvalue())
    shown = await preview(ranges.source(), width=60, height=20)
    part = dict(shown.facts)["drawn"]
    assert part.startswith("3,000 × ") and part.endswith(" from its middle")
    assert shown.lines and len(ranges.asked) <= 4
    assert sum(stop - start for start, stop in ranges.asked) <= MIB


@pytest.mark.parametrize("bits", [1, 2, 4, 12])
async def test_samples_of_a_few_bits_are_drawn(bits: int) -> None:
    side, most = 64, (1 << bits) - 1
    rows = ["".join(f"{most if x >= side // 2 else 0:0{bits}b}" for x in range(side)) for _ in range(side)]
    pixels = b"".join(int(row, 2).to_bytes(side * bits // 8, "big") for row in rows)
    entries = {256: side, 257: side, 258: bits, 259: 1, 262: 1, 273: 0, 277: 1, 278: side, 279: len(pixels)}
    entries[273] = 8 + 2 + 12 * len(entries) + 4
    tags = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(entries.items()))
    content = struct.pack("<2sHIH", b"II", 42, 8, len(entries)) + tags + bytes(4) + pixels
    shown = await show(content, width=60, height=24)
    assert not shown.note and ("shades", f"0 to {most}") in shown.facts
    assert shown.lines
