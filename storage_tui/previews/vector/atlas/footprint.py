"""The footprint of a raster: its outline as a layer of one feature."""

import itertools
import re
import struct
from dataclasses import dataclass, replace

from storage_tui.contract.visible import visible
from storage_tui.previews.base import KIB, PreviewError, Source
from storage_tui.previews.decoding.features.packing import Packer
from storage_tui.previews.decoding.features.placing import Placing
from storage_tui.previews.formats.gdal_raster import driver_of
from storage_tui.previews.formats.grib import Grib
from storage_tui.previews.formats.jpeg2000 import Jpeg2000
from storage_tui.previews.formats.nitf import Nitf
from storage_tui.previews.formats.vrt import definition_of, is_vrt, place_of
from storage_tui.previews.raster.by_gdal import place_by_gdal
from storage_tui.previews.raster.geokeys import Georeference, read_georeference
from storage_tui.previews.raster.opening import TIFFS, open_raster
from storage_tui.previews.raster.tiff_directory import HEIGHT, WIDTH, read_tiff
from storage_tui.previews.raster.windows.pictures import PNG, picture_size
from storage_tui.previews.siblings import Beside
from storage_tui.previews.vector.atlas.layer import Features
from storage_tui.previews.vector.reference import WGS84, Reference, of_code, of_wkt

EDGE_STEPS = 8  # along each side
WORLD_BYTES, PRJ_BYTES = 4 * KIB, 64 * KIB
WORLDS = {True: (".pgw", ".pngw", ".wld"), False: (".jgw", ".jpgw", ".jpegw", ".wld")}
"""The suffixes of world files, of a PNG and of a JPEG."""

MOST_NUMBER = 1e12  # of a place, in any unit
BY_GDAL = ((Grib(), "GRIB"), (Jpeg2000(), "JP2OpenJPEG"), (Nitf(), "NITF"))
_EPSG = re.compile(r"EPSG:(\d{1,6})", re.ASCII)

Transform = tuple[float, float, float, float, float, float]


@dataclass(frozen=True, slots=True)
class _Placed:
    """The size of a raster in pixels, its transform as in `Georeference`, and its reference system."""

    width: int
    height: int
    transform: Transform
    reference: Reference


async def footprint(source: Source) -> Features:
    """Return the outline of a raster as a layer of one feature.

    Raises PreviewError where the raster has no place on the earth, and the errors of the client.
    """
    head = await source.head()
    if head.startswith(TIFFS):
        found = await _of_tiff(source, head)
    elif (size := picture_size(head)) is not None:
        found = await _of_picture(source, size, is_png=head.startswith(PNG))
    elif is_vrt(head):
        found = _of_vrt(head.decode("utf-8", "replace"))
    elif driver := footprint_driver(head):
        found = await _by_gdal(source, driver)
    else:
        scene = (await open_raster(source)).scene
        found = _of_place(scene.main.width, scene.main.height, scene.place)
        if scene.tiling is not None:  # whole tiles reach past the bounds that they are made for
            west, south, east, north = scene.tiling.bounds
            found = replace(found, transform=((east - west) / found.width, 0.0, west, 0.0,
                                              (south - north) / found.height, north), reference=WGS84)  # fmt: skip
    a, b, c, d, e, f = found.transform
    width, height = found.width, found.height
    corners = [(0, 0), (width, 0), (width, height), (0, height), (0, 0)]
    ring = []
    for (x0, y0), (x1, y1) in itertools.pairwise(corners):
        for step in range(EDGE_STEPS):
            x, y = x0 + (x1 - x0) * step / EDGE_STEPS, y0 + (y1 - y0) * step / EDGE_STEPS
            ring.append((a * x + b * y + c, d * x + e * y + f))
    packer = Packer(Placing.of(found.reference))
    taken = packer.begin()
    taken.add_polygon([ring])
    packer.add(taken, {"raster": source.blob.key.rpartition("/")[2], "pixels": f"{width:,} × {height:,}"})
    return Features.unpacked(*packer.answer(total=1, is_all=True))


async def _of_tiff(source: Source, head: bytes) -> _Placed:
    try:
        tiff = await read_tiff(source, head)
    except struct.error as exc:
        raise PreviewError("its first directory cannot be read") from exc
    width, height = tiff.main.number(WIDTH), tiff.main.number(HEIGHT)
    return _of_place(width, height, read_georeference(tiff.main, width, height))


def _of_place(width: int, height: int, place: Georeference | None) -> _Placed:
    if place is None or place.transform is None:
        raise PreviewError("the raster has no place on the earth")
    reference = Reference(place.name or "not named", place.is_geographic or None)
    if place.epsg is not None:
        reference = of_code(place.epsg)
    elif not place.is_geographic:
        reference = Reference(place.name or "a projection of its own", is_geographic=False)
    return _Placed(width, height, place.transform, reference)


def footprint_driver(head: bytes) -> str:
    """Return GDAL's driver for a raster whose place only GDAL reads here; "" for another blob."""
    return next((driver for kind, driver in BY_GDAL if kind.matches(head, "")), "") or driver_of(head)


def _of_vrt(text: str) -> _Placed:
    place = place_of(text)
    if place is None or place.transform is None:
        raise PreviewError("the raster has no place on the earth")
    return _placed(place.width, place.height, place.transform, definition_of(text))


async def _by_gdal(source: Source, driver: str) -> _Placed:
    told = await place_by_gdal(source, driver)
    if "transform" not in told:
        raise PreviewError("the raster has no place on the earth")
    a, b, c, d, e, f = told["transform"]
    width, height, _ = told["size"]
    return _placed(width, height, (a, b, c, d, e, f), told["definition"], told.get("epsg"))


def _placed(width: int, height: int, transform: Transform, definition: str, epsg: int | None = None) -> _Placed:
    """Return the place of a raster whose reference system is a code, or is written as text."""
    if not all(abs(number) < MOST_NUMBER for number in transform):
        raise PreviewError("the numbers of its place are no places")
    code = epsg or next((int(match[1]) for match in [_EPSG.fullmatch(definition)] if match), None)
    reference = of_code(code) if code is not None else of_wkt(definition)
    return _Placed(width, height, transform, reference or Reference("no reference system", is_geographic=None))


async def _of_picture(source: Source, size: tuple[int, int], *, is_png: bool) -> _Placed:
    """Return the place in the world file beside a picture: six numbers, those of the middle of the first pixel last."""
    siblings = Beside(source)
    for suffix in WORLDS[is_png]:
        raw = await siblings.read(suffix, WORLD_BYTES)
        if raw is not None:
            break
    else:
        raise PreviewError("the picture has no world file beside it, which says where it lies")
    try:
        a, d, b, e, x, y = (float(word) for word in raw.decode("ascii").split())
    except ValueError as exc:
        raise PreviewError(f"its world file {visible(suffix)} does not hold six numbers") from exc
    if not all(abs(number) < MOST_NUMBER for number in (a, b, d, e, x, y)):
        raise PreviewError(f"its world file {visible(suffix)} does not hold six numbers of a place")
    text = (await siblings.read(".prj", PRJ_BYTES) or b"").decode("utf-8", "replace")
    reference = of_wkt(text) or Reference("no reference system", is_geographic=None)
    return _Placed(*size, (a, b, x - (a + b) / 2, d, e, y - (d + e) / 2), reference)
