"""What a preview decodes of a GeoTIFF is what rasterio reads: 750 small files, or refused with the true reason."""

import asyncio
import json
import math
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy
import pytest

from storage_tui.previews.base import THUMBNAIL_BUDGET, PreviewError, Source
from storage_tui.previews.decoding.pictures import BACKDROP
from storage_tui.previews.decoding.tiff import rasters
from storage_tui.previews.decoding.tiff.levels import Level
from storage_tui.previews.decoding.tiff.samples import known, sample
from storage_tui.previews.raster import tiff_directory as tags
from storage_tui.previews.raster.geokeys import read_georeference
from storage_tui.previews.raster.layout import FORMATS, sample_type
from storage_tui.previews.raster.nodata import parse_nodata, read_nodata
from storage_tui.previews.raster.picture import plan_picture
from storage_tui.previews.raster.tiff_directory import Tiff, read_tiff
from tests import effort, wanted
from tests.previews.ranges import Ranges
from tests.world.environment import GIVEN, is_all_wanted, world_python

PROGRAM = Path(__file__).with_name("rasters.py")
ROOT = Path(__file__).parents[2]
REFUSED = {
    "complex": "complex numbers are not drawn", "lerc": "LERC is not decoded here", "CIELAB": "CIELab colours",
    "compression 6": "old JPEG is not", "compression 9": "JBIG is not", "compression 34661": "JBIG is not",
    "compression 33003": "JPEG 2000 is not", "compression 50002": "JPEG XL is not",
    "compression 12345": "compression 12345 is not", "5, 6 and 5": "different widths (5, 6 bits)",
    "predictor 2 of": "predictor 2 of", "predictor 3 of 8": "predictor 3 of 8-bit integers",
    "predictor 5 of": "predictor 5 of 8-bit integers",
}  # fmt: skip
"""By a word of the name of a case: the reason why there is no picture."""
LOSSY = 2  # of 255: two versions of libjpeg or libwebp may round otherwise
CHROMA = 24  # of 255, in few pixels: libjpeg 9, which GDAL may come with, scales colours of JPEG up in another way
CHROMA_MEAN = 1.5


@pytest.mark.slow
@pytest.mark.timeout(1000)
async def test_every_raster_is_decoded_as_gdal_reads_it_or_refused_with_the_true_reason(tmp_path: Path) -> None:
    cases = make_cases(tmp_path)
    wrong, equal, refused = [], 0, 0
    for case in cases:
        if "file" not in case:  # this GDAL cannot write the case
            continue
        try:
            is_equal = await compare(tmp_path / case["file"], case["name"], case["answer"])
        except AssertionError as exc:
            wrong.append(f"{case['name']}: {exc}")
            continue
        equal, refused = equal + is_equal, refused + (not is_equal)
    print(f"{equal} rasters equal, {refused} refused with the reason, {len(wrong)} wrong")
    assert not wrong, "\n".join(wrong)
    assert equal > 10 * refused


def make_cases(folder: Path) -> list[dict[str, Any]]:
    """Let the world's Python write the cases."""
    if not is_all_wanted() and not os.environ.get(GIVEN):
        wanted.lack("rasterio is large; WORLD=1 installs and tests it")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    command = [str(world_python()), "-W", "ignore", str(PROGRAM), str(folder), str(effort.count(7, 2, 1))]
    environment |= {"PYTHONPATH": str(ROOT)}
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False, text=True, timeout=900)
    assert run.returncode == 0, run.stderr
    return json.loads((folder / "cases.json").read_text("utf-8"))


async def compare(path: Path, name: str, answer: dict[str, Any] | None) -> bool:
    """Whether the raster is drawn; an AssertionError says what is wrong with it."""
    source = Ranges.of(await asyncio.to_thread(path.read_bytes)).source()
    source.begin()
    source.allow(THUMBNAIL_BUDGET)
    tiff = await read_tiff(source, await source.head())
    if answer is not None:
        compare_facts(tiff, answer)
    reason = next((text for word, text in REFUSED.items() if word in name), None)
    size = tiff.main.number(tags.WIDTH), tiff.main.number(tags.HEIGHT)
    try:
        await compare_level(source, tiff, size, path, answer)
        for number, level in enumerate(answer["levels"] if answer is not None else ()):
            await compare_level(source, tiff, level, path.with_suffix(f".{number}.tif"), answer)
    except (PreviewError, ValueError) as exc:
        assert reason is not None, f"not drawn: {exc}"
        assert reason in str(exc), f"refused with a false reason: {exc}"
        return False
    assert reason is None, "drawn"
    return True


async def compare_level(
    source: Source, tiff: Tiff, size: tuple[int, int], path: Path, answer: dict[str, Any] | None
) -> None:
    """One level, whose samples lie beside the path."""
    plan = await plan_picture(source, tiff, size)
    told, rgb = rasters.decode(plan.job, plan.content)
    assert answer is not None, "drawn, and GDAL cannot read it"
    level = Level.of(plan.job["level"])
    assert (level.width, level.height) == tuple(size)
    assert not plan.part and not plan.lacks_mask and "damaged" not in told and "lacks_mask" not in told
    pixels, mask = numpy.load(path.with_suffix(".npy")), numpy.load(path.with_suffix(".mask.npy"))
    compare_pixels(level, plan.content, told, rgb, pixels, mask, answer)


def compare_facts(tiff: Tiff, answer: dict[str, Any]) -> None:
    """Size, bands, type, levels, reference, bounds and nodata."""
    main = tiff.main
    width, height = main.number(tags.WIDTH), main.number(tags.HEIGHT)
    assert (width, height) == (answer["width"], answer["height"])
    assert [[page.number(tags.WIDTH), page.number(tags.HEIGHT)] for page in tiff.levels] == answer["levels"]
    form, bits = sample_type(main)
    if main.number(tags.PHOTOMETRIC) != 6 and answer["space"] is None:
        assert main.number(tags.SAMPLES, 1) == answer["bands"]
    whole = next(width for width in (8, 16, 32, 64, 128) if width >= bits)
    kind = f"{FORMATS[form]}{whole}".replace("complex int32", "complex_int16")
    assert answer["dtype"] in ((kind, "float32") if kind == "float16" else (kind,))  # GDAL has halves since 3.11
    place = read_georeference(main, width, height)
    assert (place.epsg if place else None) == answer["epsg"]
    if answer["bounds"] is not None:
        west, south, east, north = answer["bounds"]
        bounds = (min(west, east), min(south, north), max(west, east), max(south, north))
        assert place.bounds == pytest.approx(bounds), f"bounds {place.bounds}, not {bounds}"
    text = main.text(tags.GDAL_NODATA)
    expected = None if answer["nodata"] is None else float(answer["nodata"])
    if form not in FORMATS or form > 3:
        return
    read = read_nodata(text, form, bits)
    if read is None:  # none, or one that no finite sample has
        assert expected is None or not math.isfinite(expected), f"nodata is {expected}"
    else:
        assert expected is not None and (float(read) == expected or int(expected) == read), f"nodata {read}, {expected}"
    assert (parse_nodata(text) is None) >= (expected is not None and not text)


def compare_pixels(level: Level, content: bytes, told: dict, rgb: bytes, pixels: Any, mask: Any, answer: dict) -> None:
    """The samples before they are stretched, the pixels that have a value, the limits of the shades, the colours."""
    size = (level.width, level.height)
    lossy = LOSSY if level.compression in (7, 50001) else 0
    lossy = CHROMA if level.compression == 7 and level.colours == "ycbcr" else lossy
    is_converted = answer["space"] is not None or level.colours == "ycbcr"  # to RGB, by GDAL
    planes = sample(level, content, level.shown, size).planes
    if not (level.colours == "cmyk" and is_converted):
        for band, plane in zip(level.shown, planes, strict=True):
            same(numpy.array(plane, pixels.dtype).reshape(pixels.shape[1:]), pixels[band], f"band {band}", lossy)
    alpha = None
    if level.alpha is not None:
        (alpha,) = sample(level, content, [level.alpha], size).planes
        alpha = numpy.array(alpha, pixels.dtype).reshape(pixels.shape[1:])
        same(alpha, pixels[level.alpha], "alpha", lossy)
        assert answer["colours"][level.alpha] == "alpha" or level.mask is not None
    elif "alpha" in answer["colours"] and not is_converted:
        raise AssertionError("the opacity is not seen")
    compare_colours(level, told, rgb, pixels, mask, alpha, answer, lossy)


def compare_colours(
    level: Level, told: dict, rgb: bytes, pixels: Any, mask: Any, alpha: Any, answer: dict, lossy: int
) -> None:
    """The picture where its colours do not depend on a choice of ours, and the shades of one band."""
    finite = numpy.isfinite(pixels[level.shown[0]]) if pixels.dtype.kind == "f" else numpy.True_
    picture = numpy.frombuffer(rgb, "u1").reshape(told["height"], told["width"], 3)
    if level.turned == 1 and (told["width"], told["height"]) == (level.width, level.height):
        behind = (picture == numpy.array(BACKDROP)).all(2)
        expected = None
        if level.colours == "palette":
            expected = numpy.array(answer["palette"])[pixels[0]][..., :3]
        elif answer["space"] is not None or (level.colours in ("rgb", "ycbcr") and pixels.dtype == "uint8"):
            expected = pixels[:3].transpose(1, 2, 0)
            if level.bits < 8:
                expected = (expected.astype(int) * 255 / (2**level.bits - 1) + 0.5).astype(int)
        if expected is not None and (alpha is None or not level.is_premultiplied):
            share = (mask > 0).astype(float) if alpha is None else alpha / float(numpy.iinfo(alpha.dtype).max)
            if alpha is not None:
                share = numpy.where(nodata_of(level, pixels), 0, share)
            blended = expected * share[..., None] + numpy.array(BACKDROP) * (1 - share[..., None])
            same(picture, blended, "colours", max(lossy, 1 if alpha is not None else 0))
        elif alpha is None and len(level.shown) == 1:
            assert behind[(mask == 0) | ~finite].all(), "a pixel without a value is drawn"
    if len(level.shown) != 1 or level.colours == "palette" or level.is_premultiplied:
        return
    there = (mask > 0) & finite if alpha is None else (alpha > 0) & ~nodata_of(level, pixels)
    left = numpy.sort(numpy.where(there, pixels[level.shown[0]], 0)[there], axis=None)
    assert ("is_empty" in told) == (left.size == 0)
    if left.size:
        low, high = left[left.size * 2 // 100], left[min(left.size - 1, left.size * 98 // 100)]
        low, high = (low, high) if low < high else (left[0], left[-1])
        assert abs(told["low"] - float(low)) <= lossy and abs(told["high"] - float(high)) <= lossy


def nodata_of(level: Level, pixels: Any) -> Any:
    """Where no shown band has a value."""
    planes = [known(pixels[band].flatten().tolist(), level) for band in level.shown]
    gone = [all(value is None for value in pixel) for pixel in zip(*planes, strict=True)]
    return numpy.array(gone).reshape(pixels.shape[1:])


def same(found: Any, expected: Any, what: str, most: int) -> None:
    """All values are equal, or with a lossy compression nearly so."""
    if most:
        differences = numpy.abs(found.astype(float) - expected)
        assert differences.max() <= most, f"{what} differ by up to {differences.max()}"
        assert differences.mean() <= CHROMA_MEAN, f"{what} differ by {differences.mean()}"
    else:
        differ = ~((found == expected) | ((found != found) & (expected != expected)))
        assert not differ.any(), (
            f"{what}: {differ.sum()} of {differ.size} differ, {found[differ][:3]}, {expected[differ][:3]}"
        )
