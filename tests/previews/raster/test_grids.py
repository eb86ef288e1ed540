"""Grids that are drawn without a library: heights, ENVI in all orders, Esri grids; held against rasterio's readers."""

import struct
from pathlib import Path

import numpy
import pytest
import rasterio

from storage_tui.previews import Preview, Source, preview
from storage_tui.previews.local_files import LocalFiles
from storage_tui.previews.raster.field import painted
from tests.previews.heads import kept
from tests.previews.ranges import Ranges, plain

VALUES = (numpy.arange(2 * 30 * 40) % 249).reshape(2, 30, 40)


async def seen(path: Path, **view: int) -> Preview:
    """The preview of a local file, which has siblings."""
    files = LocalFiles()
    return await preview(Source(files, await files.stat(str(path))), **view)  # type: ignore[arg-type]


@pytest.mark.parametrize("order", ["BSQ", "BIL", "BIP"])
@pytest.mark.parametrize("kind", ["uint8", "int16", "float32", "float64", "uint16"])
async def test_envi_is_drawn_from_the_file_beside_its_header(tmp_path: Path, order: str, kind: str) -> None:
    where = {"crs": "EPSG:32633", "transform": rasterio.Affine(10, 0, 500_000, 0, -10, 5_000_000), "INTERLEAVE": order}
    path = tmp_path / "scene.dat"
    with rasterio.open(path, "w", driver="ENVI", width=40, height=30, count=2, dtype=kind, **where) as new:
        new.write(VALUES.astype(kind))
    shown = await seen(path.with_suffix(".hdr"), width=40, height=60)
    facts = dict(shown.facts)
    assert shown.is_drawing and facts["drawn"] == "band 1 of scene.dat, all, 0 to 248"
    field = painted(VALUES[0].tolist())
    assert field is not None and (field.least, field.most) == (0, 248)
    path.write_bytes(path.read_bytes()[:900])
    assert "the first" in dict((await seen(path.with_suffix(".hdr"))).facts).get("drawn", "the first")
    path.unlink()
    assert "drawn" not in dict((await seen(path.with_suffix(".hdr"))).facts)


@pytest.mark.parametrize(
    "line",
    ["samples = 999999999", "lines = 0", "bands = 0", "data type = 99", "header offset = 999999999", "lines = -1"],
)
async def test_a_header_of_envi_that_lies_is_shown_as_its_text(tmp_path: Path, line: str) -> None:
    name = line.partition(" =")[0]
    told = {"samples": "4", "lines": "3", "bands": "1", "header offset": "0", "data type": "1", "interleave": "bsq"}
    told[name] = line.partition("= ")[2]
    (tmp_path / "a.hdr").write_text("ENVI\n" + "".join(f"{key} = {value}\n" for key, value in told.items()))
    (tmp_path / "a.img").write_bytes(bytes(12))
    shown = await seen(tmp_path / "a.hdr")
    assert shown.kind == "ENVI header" and not shown.is_drawing and line in plain(shown)


async def test_an_esri_grid_is_drawn_and_is_text_on_the_whole_screen(tmp_path: Path) -> None:
    rows = "\n".join(" ".join(map(str, row)) for row in VALUES[0].tolist())
    text = f"ncols 40\nnrows 30\nxllcorner 5\nyllcorner 50\ncellsize 0.5\nNODATA_value 0\n{rows}\n"
    (tmp_path / "a.asc").write_text(text)
    with rasterio.open(tmp_path / "a.asc") as dataset:
        known = dataset.read(1, masked=True).compressed()
    shown = await seen(tmp_path / "a.asc", width=40, height=60)
    assert shown.is_drawing and dict(shown.facts)["drawn"] == f"all, {known.min():.6g} to {known.max():.6g}"
    assert "drawn" not in dict((await seen(tmp_path / "a.asc", is_full=True)).facts)
    for broken in (text.replace("7", "x", 1), text[:150], text.replace("ncols 40", "ncols 999999999999")):
        (tmp_path / "a.asc").write_text(broken)
        assert (await seen(tmp_path / "a.asc")).facts


async def test_heights_are_drawn_in_the_middle() -> None:
    heights = numpy.full((1201, 1201), -32768, ">i2")
    heights[560:640] = numpy.arange(1201)
    ranges = Ranges.of(heights.tobytes())
    shown = await preview(ranges.source("N45E010.hgt"), width=60, height=40)
    assert shown.is_drawing and dict(shown.facts)["drawn"] == "81 rows in the middle"
    assert len(ranges.asked) == 2 and sum(stop - start for start, stop in ranges.asked) <= 256 * 1024
    empty = Ranges.of(struct.pack(">h", -32768) * 1201 * 1201)
    assert "no height in the middle" in (await preview(empty.source("N45E010.hgt"))).note


def test_numbers_that_are_none_have_no_colour() -> None:
    assert painted([[float("nan"), None, "a"]]) is None and painted([[1, 1]]) is not None
    field = painted([[1e308, -1e308, 5, 7]], (5,))
    assert field is not None and (field.width, field.height, field.least) == (4, 1, -1e308)


async def test_the_sources_of_a_vrt_are_looked_for_beside_it(tmp_path: Path) -> None:
    names = ("a.tif", "parts/b.tif", "none.tif", "../secret.tif", "/etc/passwd", "/vsicurl/http://x/y.tif")
    bands = "".join(f"<SimpleSource><SourceFilename>{name}</SourceFilename></SimpleSource>" for name in names)
    (tmp_path / "v").mkdir()
    (tmp_path / "v" / "all.vrt").write_text(
        f'<VRTDataset rasterXSize="2" rasterYSize="2"><VRTRasterBand band="1">{bands}</VRTRasterBand></VRTDataset>'
    )
    for name in ("v/a.tif", "v/parts/b.tif", "secret.tif"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"a")
    facts = dict((await seen(tmp_path / "v" / "all.vrt")).facts)
    assert (facts["found"], facts["not there"]) == ("a.tif, parts/b.tif", "none.tif")


async def test_messages_past_the_first_bytes_are_those_of_the_index(tmp_path: Path) -> None:
    message = bytearray(kept.unpacked(kept.GRIB_2))
    message[8:16] = struct.pack(">Q", 1 << 20)
    (tmp_path / "a.grib2").write_bytes(bytes(message.ljust(1 << 20, b"\0")) * 2)
    assert "messages" in dict((await seen(tmp_path / "a.grib2")).facts)
    index = "1:0:d=2026030100:TMP:2 m above ground:6 hour fcst:\n2:1048576:d=2026030100:UGRD\x1b[2J:10 m:anl:\nbroken\n"
    (tmp_path / "a.grib2.idx").write_text(index)
    shown = await seen(tmp_path / "a.grib2", width=100)
    assert dict(shown.facts)["messages"] == "2 by a.grib2.idx"
    assert "TMP" in plain(shown) and "6 hour fcst" in plain(shown) and "\x1b" not in plain(shown)
    assert (await seen(tmp_path / "a.grib2", is_full=True)).kind == "GRIB"
