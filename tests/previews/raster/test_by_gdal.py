"""What the extra `geo` adds to previews, held against rasterio; and files that lie, in the process with limits."""

import subprocess
import sys
from typing import Any

import numpy
import pytest
import rasterio
import rasterio.warp

from storage_tui.previews import preview
from storage_tui.previews.decoding.decoder import DECODER
from storage_tui.previews.decoding.geo.one_file import OneFile
from storage_tui.previews.decoding.geo.rasters import DRIVERS
from storage_tui.previews.decoding.ranged_file import RangedFile
from tests.previews.heads.damage import judged, variants
from tests.previews.heads.samples import raster
from tests.previews.ranges import Ranges

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
FILES: dict[str, tuple[str, dict[str, Any]]] = {
    "GeoTIFF of LERC": ("GTiff", {"compress": "lerc"}),
    "GeoTIFF of complex": ("GTiff", {"kind": "complex64"}),
    "JPEG 2000": ("JP2OpenJPEG", {"QUALITY": 100, "REVERSIBLE": "YES"}),
    "NITF": ("NITF", {"ICORDS": "N"}),
    "ERDAS Imagine": ("HFA", {"kind": "float32"}),
    "PCIDSK": ("PCIDSK", {"kind": "int16"}),
    "Surfer grid": ("GSBG", {"kind": "float32"}),
    "Surfer 7 grid": ("GS7BG", {"kind": "float64"}),
}
WITHOUT = """
import asyncio, sys
sys.modules["rasterio"] = None
from tests.previews.ranges import plain, show
print(plain(asyncio.run(show(sys.stdin.buffer.read()))))
"""
VRT = b"""<VRTDataset rasterXSize="2" rasterYSize="2"><VRTRasterBand dataType="Byte" band="1"><SimpleSource>
<SourceFilename>/etc/passwd</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>"""


async def read(content: bytes, drivers: list[str], name: str = "a.tif") -> dict[str, Any]:
    """The answer of the decoder."""
    source = Ranges.of(content).source()
    source.begin()
    job = {"job": "geo", "name": name, "drivers": drivers, "columns": 80, "rows": 60, "bands": []}
    return (await DECODER.decode(job, b"", source=source))[0]


async def test_facts_and_pictures_are_those_of_rasterio() -> None:
    for kind, (driver, how) in FILES.items():
        content = raster(driver, **how)
        ranges = Ranges.of(content)
        shown = await preview(ranges.source(), width=80, height=60)
        assert (shown.kind, shown.note, shown.is_drawing) == (kind.partition(" of ")[0], "", True), kind
        assert len(ranges.asked) <= 2 and len(shown.lines) >= 20
        told = await read(content, [driver])
        with rasterio.MemoryFile(content) as memory, memory.open() as dataset:
            assert told["size"] == [dataset.width, dataset.height, dataset.count] and told["types"] == [
                dataset.dtypes[0]
            ]
            assert told.get("epsg") == (dataset.crs.to_epsg() if dataset.crs else None)
            if dataset.transform != rasterio.Affine.identity():
                assert told["bounds"] == pytest.approx(list(dataset.bounds))
            known = numpy.abs(dataset.read(1, masked=True)).compressed()
            assert [told["low"], told["high"]] == pytest.approx(list(numpy.percentile(known, (2, 98))), abs=1e-6)
            if dataset.crs:
                degrees = rasterio.warp.transform_bounds(dataset.crs, "EPSG:4326", *dataset.bounds)
                assert told["degrees"] == pytest.approx(list(degrees))


async def test_systems_without_a_code_are_looked_for_in_the_child() -> None:
    content = raster("GRIB", kind="float64")  # its driver writes UTM by its parameters
    told = await read(content, ["GRIB"], "a.grb")
    assert told["epsg"] == 32633 and "no_picture" not in told
    shown = await preview(Ranges.of(content).source("a.grb"), width=80, height=60)
    assert not shown.note and dict(shown.facts)["reference"].startswith("EPSG:32633")
    own = "+proj=laea +lat_0=51.5 +lon_0=9.5 +x_0=7 +y_0=0 +datum=WGS84 +units=m"
    with rasterio.MemoryFile() as memory:
        place = {"crs": own, "transform": rasterio.Affine(10, 0, 7, 0, -10, 0)}
        with memory.open(driver="GTiff", width=9, height=9, count=1, dtype="uint8", **place) as dataset:
            dataset.write(numpy.ones((1, 9, 9), "u1"))
        told = await read(memory.read(), ["GTiff"])
    assert told["epsg"] is None and told["degrees"][0] == pytest.approx(9.5, abs=0.01)


async def test_a_large_raster_is_drawn_in_its_middle_within_the_budget() -> None:
    values = numpy.random.default_rng(7).integers(0, 255, (1, 2000, 3000), "u1")
    with rasterio.MemoryFile() as memory:
        with memory.open(driver="HFA", width=3000, height=2000, count=1, dtype="uint8") as dataset:
            dataset.write(values)
        content = memory.read()
    ranges = Ranges.of(content)
    shown = await preview(ranges.source(), width=80, height=30)
    assert shown.is_drawing and dict(shown.facts)["drawn"].endswith(" rows in the middle")
    assert len(ranges.asked) <= 16 and sum(stop - start for start, stop in ranges.asked) <= 1 << 20 < len(content)


async def test_damaged_files_end_in_a_line() -> None:
    for kind, (driver, how) in FILES.items():
        for content in variants(raster(driver, **how), kind):
            await judged(content)


async def test_no_driver_opens_another_file() -> None:
    assert not DRIVERS & {"VRT", "WMS", "WCS", "HTTP", "GTI", "STACIT", "STACTA", "MRF", "PLMOSAIC", "EEDAI"}
    for drivers in (["VRT"], ["WMS", "VRT"], ["GTiff"]):
        with pytest.raises(Exception, match=r"no driver reads it|not recognized"):
            await read(VRT, drivers, "a.vrt")
    only = OneFile(RangedFile(3, 3, lambda start, stop, most: b"abc"[start:most]), "a.tif")
    assert only("a.tif").read() == b"abc"
    for path, mode in (("/etc/passwd", "r"), ("a.tif.aux.xml", "r"), ("a.tif", "w"), ("a.tif", "r+")):
        with pytest.raises(FileNotFoundError):
            only(path, mode)


def test_without_the_extra_the_header_is_shown_and_a_line_names_it() -> None:
    content = raster("JP2OpenJPEG")
    run = subprocess.run([sys.executable, "-c", WITHOUT], input=content, capture_output=True, check=True)
    text = run.stdout.decode()
    assert "pixels: 80 × 60, 1 band of uint, 8 bits" in text and "pip install 'storage-tui[geo]' shows more" in text
