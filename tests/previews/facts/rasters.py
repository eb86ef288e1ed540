"""Rows of rasters: rasterio writes and states; pictures by Pillow."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import rasterio
import rasterio.shutil
from PIL import Image
from rasterio.enums import Resampling
from rasterio.errors import NotGeoreferencedWarning
from rasterio.warp import transform_bounds

from storage_tui.previews.base import KIB, MIB
from storage_tui.previews.vector.shapes import bounds_text
from tests.previews.facts.row import Row, Stated, known, of_bytes
from tests.previews.heads import kept
from tests.previews.samples import SAMPLES, encoded

VALUES = (numpy.arange(60 * 80) % 251).reshape(1, 60, 80)
UTM = {"crs": "EPSG:32633", "transform": rasterio.Affine(10, 0, 500_000, 0, -10, 5_000_000)}
DEGREES = {"crs": "EPSG:4326", "transform": rasterio.Affine(0.5, 0, 10, 0, -0.5, 47)}
POLAR = {"crs": "EPSG:3413", "transform": rasterio.Affine(1000, 0, 500_000, 0, -1000, -1_500_000)}
LAEA = {"crs": "EPSG:3035", "transform": rasterio.Affine(20, 0, 4_321_000, 0, -20, 3_210_000)}
PILLOW_MODES = {"RGB": "RGB", "P": "palette", "L": "grey"}


def written(
    name: str, driver: str, kind: str = "uint8", place: dict[str, Any] = UTM, values: Any = VALUES, **how: Any
) -> Callable[[Path], Path]:
    """Return what writes a raster by a driver of rasterio."""

    def make(folder: Path) -> Path:
        path = folder / name
        count, height, width = values.shape
        where = {"width": width, "height": height, "count": count, "dtype": kind, **place}
        with rasterio.open(path, "w", driver=driver, **where, **how) as dataset:
            dataset.write(values.astype(kind))
        return path

    return make


def copied(name: str, driver: str, kind: str = "uint8", **more: Any) -> Callable[[Path], Path]:
    """Return what writes a raster by a driver that copies another."""
    place, values = more.pop("place", UTM), more.pop("values", VALUES)

    def make(folder: Path) -> Path:
        source = written("source.tif", "GTiff", kind, place, values)(folder)
        with warnings.catch_warnings(category=NotGeoreferencedWarning, action="ignore"):
            rasterio.shutil.copy(source, folder / name, driver=driver, **more)
        source.unlink()
        return folder / name

    return make


def pyramid(folder: Path) -> Path:
    """A GeoTIFF of three bands with overviews and nodata."""
    values = numpy.arange(3 * 600 * 800, dtype="i4").reshape(3, 600, 800) % 4001
    path = written("a.tif", "GTiff", "int16", values=values, tiled=True, compress="deflate", nodata=-9999)(folder)
    with rasterio.open(path, "r+") as dataset:
        dataset.build_overviews([2, 4], Resampling.nearest)
    return path


def mosaic(folder: Path) -> Path:
    """A VRT of one source beside it."""
    written("a.tif", "GTiff")(folder)
    rasterio.shutil.copy(folder / "a.tif", folder / "a.vrt", driver="VRT")
    return folder / "a.vrt"


def world(driver: str, suffix: str) -> Callable[[Path], Path]:
    """Return what writes a picture with its place beside it; the place is what is shown."""

    def make(folder: Path) -> Path:
        copied(f"a{suffix}", driver, WORLDFILE="YES")(folder)
        found = (folder / "a.wld").rename(folder / f"a{suffix[:2]}gw")
        for beside in folder.glob("*.xml"):
            beside.unlink()
        return found

    return make


def place_of(dataset: Any) -> dict[str, str]:
    """The place of a raster: its reference system, its bounds in degrees and in its own units, its pixel."""
    west, south, east, north = dataset.bounds
    name = dataset.crs.to_wkt().split('"')[1]
    facts = {"reference": f"EPSG:{dataset.crs.to_epsg()}, {name}"}
    degrees = transform_bounds(dataset.crs, "EPSG:4326", west, south, east, north, densify_pts=2)
    facts["bounds"] = bounds_text(degrees, is_geographic=True)
    if not dataset.crs.is_geographic:
        facts["extent"] = bounds_text((west, south, east, north), is_geographic=False)
    facts["pixel"] = f"{dataset.res[0]:g} × {dataset.res[1]:g}"
    return facts


def pixels_of(dataset: Any) -> str:
    """Size, bands and type of a raster."""
    bands = f"{dataset.count} band{'s' if dataset.count > 1 else ''}"
    return f"{dataset.width} × {dataset.height}, {bands} of {dataset.dtypes[0]}"


def of_rasterio(path: Path) -> Stated:
    """All that rasterio states and the preview shows in the same words."""
    with rasterio.open(path) as dataset:
        facts = {"pixels": pixels_of(dataset), **place_of(dataset)}
        if dataset.overviews(1):
            sides = [(dataset.width // level, dataset.height // level) for level in dataset.overviews(1)]
            facts["overviews"] = ", ".join(f"{width} × {height}" for width, height in sides)
        if dataset.nodata is not None:
            facts["nodata"] = f"{dataset.nodata:g}"
    return Stated(facts)


def of_rasterio_coded(path: Path) -> Stated:
    """The size in the words of a codestream, and the place."""
    with rasterio.open(path) as dataset:
        facts = place_of(dataset)
        bits = numpy.dtype(dataset.dtypes[0]).itemsize * 8
        return Stated(
            {"pixels": f"{dataset.width} × {dataset.height}, {dataset.count} band of uint, {bits} bits", **facts}
        )


def of_rasterio_nitf(path: Path) -> Stated:
    """The size in the words of a NITF, and the place."""
    with rasterio.open(path) as dataset:
        return Stated(
            {
                "pixels": f"{dataset.width} × {dataset.height}, uint, 8 bits",
                **place_of(dataset),
                "first image": dataset.tags()["NITF_IID1"].strip(),
                "from": dataset.tags()["NITF_ONAME"].strip() or "GDAL",
            }
        )


def of_rasterio_envi(path: Path) -> Stated:
    """The facts of the raster beside a header."""
    with rasterio.open(path.with_suffix(".img")) as dataset:
        return Stated(
            {
                "pixels": f"{dataset.width} × {dataset.height}, {dataset.count} bands",
                "type": dataset.dtypes[0],
                "pixel": f"{dataset.res[0]:g} × {dataset.res[1]:g}",
                "first pixel": f"{dataset.bounds.left:.12g}, {dataset.bounds.top:.12g}",
            }
        )


def corners(path: Path, **also: str) -> Stated:
    """The bounds in the units of the file."""
    with rasterio.open(path) as dataset:
        west, south, east, north = (float(side) for side in dataset.bounds)
        return Stated({"bounds": f"{west:.10g}, {south:.10g} to {east:.10g}, {north:.10g}", **also})


def of_rasterio_grid(path: Path) -> Stated:
    """The facts of an Esri grid."""
    with rasterio.open(path) as dataset:
        return corners(
            path,
            cells=f"{dataset.width} × {dataset.height}",
            cell=f"{dataset.res[0]:g}",
            drawn=f"all, {dataset.read(1).min()} to {dataset.read(1).max()}",
        )


def of_rasterio_vrt(path: Path) -> Stated:
    """The facts of a VRT."""
    with rasterio.open(path) as dataset:
        return corners(
            path,
            pixels=f"{dataset.width} × {dataset.height}",
            pixel="10 × 10",
            reference=place_of(dataset)["reference"],
        )


def of_rasterio_heights(path: Path) -> Stated:
    """The facts of SRTM heights."""
    with rasterio.open(path) as dataset:
        sides = [round(side) for side in dataset.bounds]
        return Stated(
            {
                "cells": f"{dataset.width:,} × {dataset.height:,}, 3 arc seconds",
                "bounds": f"{sides[0]}, {sides[1]} to {sides[2]}, {sides[3]}",
            }
        )


def of_rasterio_world(path: Path) -> Stated:
    """The place of the picture beside a world file."""
    picture = next(path.parent.glob("a.[pj]*g"))
    with rasterio.open(picture) as dataset:
        across, _, left, _, down, top = dataset.transform[:6]
        size = f"{picture.suffix}, {dataset.width} × {dataset.height}"
    first = f"{left + across / 2:.12g}, {top + down / 2:.12g}"
    return corners(picture, pixel=f"{across:g} × {down:g}", picture=size, **{"first pixel": first})


def of_rasterio_grib(path: Path) -> Stated:
    """The message of a GRIB."""
    with rasterio.open(path) as dataset:
        tags = dataset.tags(1)
        assert (tags["GRIB_ELEMENT"], tags["GRIB_SHORT_NAME"], tags["GRIB_FORECAST_SECONDS"]) == (
            "TMP",
            "2-HTGL",
            "21600",
        )
        assert tags["GRIB_REF_TIME"] == "1772344800"
        size = f"{dataset.width} × {dataset.height}"
        line = f"temperature  2 m above ground  2026-03-01 06:00  +6 h  latitude/longitude, {size}"
        return Stated({"messages": str(dataset.count), "bounds": place_of(dataset)["bounds"]}, lines=[line])


def of_pillow(path: Path) -> Stated:
    """Size and mode of a picture."""
    with Image.open(path) as picture:
        return Stated({"pixels": f"{picture.width} × {picture.height}, {PILLOW_MODES[picture.mode]}"})


def of_pillow_coded(path: Path) -> Stated:
    """Size and bands of a codestream without a place."""
    with Image.open(path) as picture:
        return Stated(
            {"pixels": f"{picture.width} × {picture.height}, {len(picture.getbands())} bands of uint, 8 bits"}
        )


def _picture(kind: str) -> Row:
    return Row(kind, "Pillow", of_bytes(f"a.{kind.lower()}", SAMPLES[kind][0]), of_pillow)


GEO = {"requests": 16, "size_bytes": MIB, "why": "GDAL reads headers and blocks where they lie"}
ROWS = (
    Row("GeoTIFF", "rasterio", pyramid, of_rasterio, requests=4, size_bytes=MIB, why="the picture comes from a level"),
    Row("GeoTIFF", "rasterio", written("a.tif", "GTiff", "float32", DEGREES, compress="lzw"), of_rasterio),
    *(
        Row("GeoTIFF", "rasterio", written("a.tif", "GTiff", kind, place, **how), of_rasterio)
        for kind, place, how in (
            ("uint8", UTM, {"BIGTIFF": "YES"}),
            ("int16", UTM, {"ENDIANNESS": "BIG"}),
            ("int8", UTM, {}),
            ("int64", UTM, {"nodata": -9}),
            ("float64", POLAR, {"compress": "zstd", "predictor": 3}),
            ("uint16", LAEA, {"compress": "lzma"}),
            ("uint8", UTM, {"SPARSE_OK": "TRUE", "tiled": True}),
        )
    ),
    Row("TIFF", "Pillow", of_bytes("a.tif", SAMPLES["TIFF"][0]), known({"pixels": "120 × 80, 3 bands of uint8"})),
    *(_picture(kind) for kind in ("PNG", "JPEG", "WebP", "GIF", "BMP")),
    Row(
        "JPEG 2000",
        "rasterio",
        written("a.jp2", "JP2OpenJPEG", QUALITY=100, REVERSIBLE="YES"),
        of_rasterio_coded,
        **GEO,
    ),
    Row("JPEG 2000", "Pillow", of_bytes("a.jp2", lambda: encoded("JPEG2000")), of_pillow_coded),
    Row("NITF", "rasterio", written("a.ntf", "NITF", ICORDS="N"), of_rasterio_nitf, **GEO),
    Row("ERDAS Imagine", "rasterio", written("a.img", "HFA", "float32"), of_rasterio, **GEO),
    Row("PCIDSK", "rasterio", written("a.pix", "PCIDSK", "int16"), of_rasterio, **GEO),
    Row(
        "ENVI header",
        "rasterio",
        lambda folder: written("a.img", "ENVI", "int16", values=numpy.concatenate([VALUES] * 2))(folder).with_suffix(
            ".hdr"
        ),
        of_rasterio_envi,
        requests=8,
        size_bytes=512 * KIB,
        why="the name of its raster is tried",
    ),
    Row("VRT", "rasterio", mosaic, of_rasterio_vrt, requests=6, why="each source is asked for"),
    Row("Esri grid", "rasterio", copied("a.asc", "AAIGrid", "int32"), of_rasterio_grid),
    Row(
        "SRTM heights",
        "rasterio",
        copied(
            "N45E010.hgt",
            "SRTMHGT",
            "int16",
            place={
                "crs": "EPSG:4326",
                "transform": rasterio.Affine(1 / 1200, 0, 10 - 0.5 / 1200, 0, -1 / 1200, 46 + 0.5 / 1200),
            },
            values=numpy.full((1, 1201, 1201), 250),
        ),
        of_rasterio_heights,
    ),
    *(
        Row("world file", "rasterio", world(driver, suffix), of_rasterio_world)
        for driver, suffix in (("PNG", ".png"), ("JPEG", ".jpg"))
    ),
    Row("GRIB", "rasterio", of_bytes("a.grib2", lambda: kept.unpacked(kept.GRIB_2)), of_rasterio_grib),
)
