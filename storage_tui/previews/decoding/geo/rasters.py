"""The facts of a raster and a picture of it by rasterio, which the extra `geo` installs.

The child can open no file and no connection. PROJ's database is opened before that is so.
"""

import contextlib
import importlib
import os
import re
import sys
import warnings
from typing import Any

from storage_tui.previews.decoding.geo.one_file import OneFile
from storage_tui.previews.decoding.pictures import BACKDROP, fit
from storage_tui.previews.decoding.ranged_file import RangedFile

SETTINGS = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR", "GDAL_CACHEMAX": "64", "GDAL_NUM_THREADS": "1",
    "GDAL_PAM_ENABLED": "NO", "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none", "PROJ_NETWORK": "OFF",
    "GDAL_DRIVER_PATH": "disable", "GDAL_VRT_ENABLE_PYTHON": "NO", "OPENBLAS_NUM_THREADS": "1",
    "OPJ_NUM_THREADS": "0",
}  # fmt: skip
DRIVERS = frozenset(("GTiff", "JP2OpenJPEG", "NITF", "HFA", "GRIB", "PCIDSK", "DTED", "GSBG", "GS7BG", "VICAR", "SGI"))
"""The drivers that read one file and nothing else."""
MOST_PIXELS = 1_200_000  # of a picture, in all its bands
MOST_SIDE = 1 << 31
SHARE = 0.5  # of the budget for the pixels; the rest is for headers and for blocks that are cut
MOST_TAGS = 6
TEXT_CHARS = 120
DEFINITION_CHARS = 20_000
LOW, HIGH = 2, 98  # percent
UNKNOWN = (
    'PROJCS["x",GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],PRIMEM["Greenwich",0],'
    'UNIT["degree",0.0174532925199433]],PROJECTION["Lambert_Azimuthal_Equal_Area"],'
    'PARAMETER["latitude_of_center",53],PARAMETER["longitude_of_center",11],PARAMETER["false_easting",1],'
    'PARAMETER["false_northing",0],UNIT["metre",1]]'
)
"""A reference system without a code."""


def prepare() -> None:
    """Import rasterio where it is installed, and use PROJ once: a child cannot open the files of a library."""
    os.environ.update(SETTINGS)
    with contextlib.suppress(ImportError):
        importlib.import_module("rasterio")
        for name in ("rasterio.warp", "rasterio.windows", "rasterio.enums", "rasterio.crs", "numpy.ma"):
            importlib.import_module(name)
        begin()
        _rehearse(sys.modules["rasterio"])


def _rehearse(rasterio: Any) -> None:
    """Read a tiny TIFF once: GDAL opens files of this machine at its first TIFF, which a child cannot."""
    with rasterio.MemoryFile() as memory:
        with memory.open(driver="GTiff", width=2, height=2, count=1, dtype="uint8", crs="EPSG:32633") as dataset:
            dataset.write(sys.modules["numpy"].ones((1, 2, 2), "u1"))
        content = memory.read()
    file = RangedFile(len(content), len(content), lambda start, stop, most: content[start:most])
    decode({"name": "a.tif", "drivers": ["GTiff"], "columns": 2, "rows": 2, "bands": []}, b"", file)


def begin() -> None:
    """Open PROJ's database, which stays open in this process.

    After a fork the database is closed, while answers of before are kept: only a system that is in no cache, and is
    looked for among all others, opens the database. PROJ ends a process that cannot open it then.
    """
    if "rasterio" in sys.modules:
        crs = sys.modules["rasterio.crs"].CRS
        crs.from_wkt(UNKNOWN).to_epsg()
        sys.modules["rasterio.warp"].transform_bounds(crs.from_epsg(32633), "EPSG:4326", 500_000, 0, 600_000, 100_000)


def decode(job: dict[str, Any], content: bytes, file: RangedFile) -> tuple[dict[str, Any], bytes]:
    """Return the facts of a raster and its RGB, or `missing` without rasterio.

    The job has `name`, `drivers` in the order in which they are tried, `columns` and `rows` of the picture, `bands`.
    With `is_place` the answer has the `transform` and the `definition` of its reference system, and no picture.
    `no_picture` of the answer says why there is none. Raises ValueError for a file that no driver reads.
    """
    rasterio = sys.modules.get("rasterio")
    if rasterio is None:
        return {"missing": True}, b""
    warnings.simplefilter("ignore")
    with rasterio.Env(), _opened(rasterio, job, file) as dataset:
        told = _facts(rasterio, dataset)
        if job.get("is_place"):
            return told | _place(rasterio, dataset), b""
        try:
            picture, rgb = _picture(rasterio, dataset, job, file)
        except Exception as exc:  # the boundary of a library: its errors are many, and facts hold without pixels
            return told | {"no_picture": file.refused or reason_of(exc)}, b""
        return told | picture, rgb


def _opened(rasterio: Any, job: dict[str, Any], file: RangedFile) -> Any:
    opener = OneFile(file, job["name"])
    reason = ""
    for driver in job["drivers"]:
        if driver in DRIVERS:
            try:
                return rasterio.open(job["name"], driver=driver, opener=opener)
            except Exception as exc:  # as above
                reason = reason_of(exc)
    raise ValueError(reason or "no driver reads it")


def _facts(rasterio: Any, dataset: Any) -> dict[str, Any]:
    """Return what is known without pixels: numbers and short texts."""
    told: dict[str, Any] = {
        "driver": dataset.driver, "size": [dataset.width, dataset.height, dataset.count],
        "types": sorted(set(map(str, dataset.dtypes)))[:4],
        "overviews": list(dataset.overviews(1))[:12] if dataset.count else [],
        "tags": [[str(name)[:40], str(value)[:TEXT_CHARS]] for name, value in list(dataset.tags().items())[:MOST_TAGS]],
        "subdatasets": len(dataset.subdatasets),
    }  # fmt: skip
    if dataset.nodata is not None:
        told["nodata"] = f"{dataset.nodata:.10g}"
    if dataset.compression is not None:
        told["compression"] = str(dataset.compression.value)
    if dataset.transform != rasterio.Affine.identity():
        told["bounds"] = [float(side) for side in dataset.bounds]
        told["pixel"] = [abs(float(dataset.transform.a)), abs(float(dataset.transform.e))]
    if dataset.crs:
        with contextlib.suppress(Exception):  # PROJ's errors are many, and the rest of the facts holds
            name = re.match(r'\w+\["([^"]*)"', dataset.crs.to_wkt())
            told["reference"] = name[1][:TEXT_CHARS] if name is not None else ""
            told["epsg"] = dataset.crs.to_epsg()
            told["is_geographic"] = bool(dataset.crs.is_geographic)
            if "bounds" in told:
                told["degrees"] = [
                    float(side) for side in rasterio.warp.transform_bounds(dataset.crs, "EPSG:4326", *dataset.bounds)
                ]
    return told


def _place(rasterio: Any, dataset: Any) -> dict[str, Any]:
    """Return the six numbers from column and row to x and y, where they are known, and the system as WKT."""
    told: dict[str, Any] = {"definition": ""}
    if dataset.transform != rasterio.Affine.identity():
        told["transform"] = [float(number) for number in tuple(dataset.transform)[:6]]
    with contextlib.suppress(Exception):  # as above
        told["definition"] = dataset.crs.to_wkt()[:DEFINITION_CHARS] if dataset.crs else ""
    return told


def _picture(rasterio: Any, dataset: Any, job: dict[str, Any], file: RangedFile) -> tuple[dict[str, Any], bytes]:
    """Return what is drawn, and the RGB: all of the raster, or its middle where all of it is past the budget."""
    numpy = sys.modules["numpy"]
    width, height, count = dataset.width, dataset.height, dataset.count
    if not 0 < width < MOST_SIDE or not 0 < height < MOST_SIDE or not count:
        raise ValueError("it has no pixels")
    bands = _bands(dataset, job["bands"])
    window, part = _window(rasterio, dataset, file, len(bands))
    columns, rows = fit((int(window.width), int(window.height)), (job["columns"], job["rows"]))
    if columns * rows * len(bands) > MOST_PIXELS:
        raise ValueError("the picture is too large")
    values = dataset.read(bands, window=window, out_shape=(len(bands), rows, columns), masked=True)
    told: dict[str, Any] = {"width": columns, "height": rows, "shown": bands}
    told |= {"part": part} if part else {}
    mask = numpy.ma.getmaskarray(values).all(axis=0)
    colours = None
    if len(bands) == 1:
        with contextlib.suppress(ValueError):
            colours = dataset.colormap(bands[0])
    raw = numpy.abs(values.data) if numpy.iscomplexobj(values.data) else values.data
    if colours is not None:
        table = numpy.zeros((65_536, 3), "u1")
        for at, colour in colours.items():
            table[at] = colour[:3]
        rgb = table[raw[0].astype("i8").clip(0, 65_535)]
    else:
        is_fixed = len(bands) == 3 and raw.dtype == numpy.uint8
        shades = [band if is_fixed else _shades(numpy, band, mask, told) for band in raw]
        rgb = numpy.stack(shades * (3 // len(shades)), axis=-1).astype("u1")
    rgb[mask] = BACKDROP
    if bool(mask.all()):
        told["is_empty"] = True
    return told, rgb.tobytes()


def _shades(numpy: Any, band: Any, mask: Any, told: dict[str, Any]) -> Any:
    """Return a byte for each value, stretched between two percentiles of those that are there."""
    values = band.astype("f8")
    mask |= ~numpy.isfinite(values)
    known = values[~mask]
    if not known.size:
        return numpy.zeros(band.shape, "u1")
    low, high = (float(value) for value in numpy.percentile(known, (LOW, HIGH)))
    if not low < high:
        low, high = float(known.min()), float(known.max())
    told["low"], told["high"] = low, high
    half = high / 2 - low / 2
    if not half > 0:
        return numpy.where(mask, 0, 128).astype("u1")
    share = (values / 2 - low / 2) / half * 255
    return numpy.nan_to_num(share, nan=0.0, posinf=255.0, neginf=0.0).clip(0, 255).astype("u1")


def _bands(dataset: Any, asked: list[int]) -> list[int]:
    """Return the bands that are drawn: those asked for, red, green and blue, or the first."""
    if asked:
        if max(asked) > dataset.count:
            raise ValueError(f"it has no band {max(asked)}; its bands are 1 to {dataset.count}")
        return asked
    if dataset.count < 3:
        return [1]
    names = [getattr(one, "name", "") for one in dataset.colorinterp]
    if all(name in names for name in ("red", "green", "blue")):
        return [names.index(name) + 1 for name in ("red", "green", "blue")]
    return [1]


def _window(rasterio: Any, dataset: Any, file: RangedFile, bands: int) -> tuple[Any, str]:
    """Return the window that the budget reaches, by the mean bytes of a pixel; and its place in words."""
    width, height = dataset.width, dataset.height
    window = rasterio.windows.Window(0, 0, width, height)
    factor = max((step for step in dataset.overviews(1)), default=1)
    left = file.most_bytes * SHARE
    needed = file.size / max(1, factor) ** 2
    if needed <= left or file.size <= file.most_bytes:
        return window, ""
    rows = max(1, min(height, int(height * left / file.size)))  # whole rows lie together in most formats, tiles too
    return rasterio.windows.Window(0, (height - rows) // 2, width, rows), f"{rows:,} rows in the middle"


def reason_of(exc: Exception) -> str:
    """Return an error of GDAL in one line, without the name that the file has inside this process."""
    text = str(exc.__cause__ or exc) or type(exc).__name__
    return " ".join(re.sub(r"'?/vsi[\w/.-]*'?[:,]?", "", text).split())[:TEXT_CHARS]
