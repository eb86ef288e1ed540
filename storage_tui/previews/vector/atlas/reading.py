"""The features of a blob: the first ones, or those in a box, through the decoder. One blob may have several layers."""

import asyncio
import importlib
from array import array
from importlib.util import find_spec
from typing import Any

from storage_tui.previews.base import PreviewError, Source
from storage_tui.previews.decoding.decoder import DECODER
from storage_tui.previews.decoding.features.thinning import Level
from storage_tui.previews.formats.gdal_vector import kind_of
from storage_tui.previews.pick import DAMAGE
from storage_tui.previews.projections import Bounds, projection_of_code, projection_of_text
from storage_tui.previews.raster.opening import holds_raster
from storage_tui.previews.table.first_rows import read_footer, require_tables
from storage_tui.previews.table.parquet_rows import MAGIC as PARQUET
from storage_tui.previews.table.parquet_rows import Group, list_fields, make_footer
from storage_tui.previews.table.thrift import Compact
from storage_tui.previews.vector.atlas.footprint import footprint
from storage_tui.previews.vector.atlas.layer import Features
from storage_tui.previews.vector.atlas.taking import (
    BUDGET,
    FLATGEOBUF,
    GDAL,
    GEOPACKAGE,
    GEOPARQUET,
    RASTER,
    TILES,
    form_of,
    take,
)
from storage_tui.previews.vector.atlas.tiled import read_tiles
from storage_tui.previews.vector.by_gdal import NO_RANGES, take_files
from storage_tui.previews.vector.geoparquet import GeoColumn, group_boxes, read_geo

MOST_LAYERS = 8  # of one GeoPackage, or of vector tiles
MOST_GROUPS = 64  # of a GeoParquet in one read
MOST_FIELDS = 24  # of a GeoParquet that are read beside the geometry
GROUP_BYTES = 8 * 1024 * 1024  # of all row groups of one read


async def read_layers(source: Source) -> list[tuple[str, Features]]:
    """Return the layers of a blob and their names, "" where it has one; raise PreviewError, or errors of the client."""
    source.begin()
    source.allow(BUDGET)
    form = await _form(source)
    if not form:
        raise PreviewError("holds no shapes that a map knows")
    if form not in (GEOPACKAGE, GDAL, TILES):
        return [("", await _read(source, form, None, 0))]
    told, first = await _answer(source, form, None, 0)
    names = [str(name) for name in told["layers"]]
    found = [(names[0], first)]
    for number in range(1, min(len(names), MOST_LAYERS)):
        source.begin()
        source.allow(BUDGET)
        found.append((names[number], await _read(source, form, None, number)))
    return found


async def read_layer(source: Source, box: Bounds, number: int) -> Features:
    """Return the features of a layer in a box in degrees; raise PreviewError, or errors of the client."""
    source.begin()
    source.allow(BUDGET)
    return await _read(source, await _form(source), box, number)


async def _form(source: Source) -> str:
    form = form_of(await source.head(), source.blob.key.lower())
    return RASTER if form == TILES and await holds_raster(source) else form


async def _read(source: Source, form: str, box: Bounds | None, number: int) -> Features:
    if form == RASTER:
        found = await footprint(source)
    else:
        _, found = await _answer(source, form, box, number)
    return await asyncio.to_thread(_placed, found)


async def _answer(source: Source, form: str, box: Bounds | None, number: int) -> tuple[dict[str, Any], Features]:
    try:
        if form in (FLATGEOBUF, GEOPACKAGE):
            job: dict[str, Any] = {"job": form, "box": box, "layer": number}
            told, raw = await DECODER.decode(job, b"", source=source)
        elif form == GEOPARQUET:
            told, raw = await _parquet(source, box)
        elif form == TILES:
            told, raw = await read_tiles(source, box, number)
        elif form == GDAL:
            told, raw = await _by_gdal(source, number)
        else:
            taken = await take(source, form)
            job = {"job": "features", "form": {"zip": "shapefile", "kmz": "map"}.get(form, form),
                   "is_whole": taken.is_whole, "sizes": taken.sizes}  # fmt: skip
            told, raw = await DECODER.decode(job, taken.content)
    except PreviewError:
        raise
    except DAMAGE as exc:
        raise PreviewError("is damaged") from exc
    return told, await asyncio.to_thread(Features.unpacked, told, raw)


async def _by_gdal(source: Source, number: int) -> tuple[dict[str, Any], bytes]:
    kind = kind_of(await source.head())
    if kind is None:
        raise PreviewError("it is no file that GDAL reads here")
    files = await take_files(kind, source)
    job = {"job": "vector_features", "driver": kind.driver, "files": files.files, "layer": number,
           "is_whole": files.is_whole}  # fmt: skip
    return await DECODER.decode(job | NO_RANGES, files.content)


async def _parquet(source: Source, box: Bounds | None) -> tuple[dict[str, Any], bytes]:
    footer, _ = await read_footer(source, await source.head(), PARQUET)
    raw = await asyncio.to_thread(lambda: Compact(footer).struct())
    geo = read_geo(raw)
    if geo is None or not geo.is_read:
        raise PreviewError("it has no geometries, or in an encoding that is not read here")
    require_tables()
    groups = [group for group in raw.get(4, []) if group.get(3, 0) > 0]
    boxes = group_boxes(raw, geo, most=len(groups))
    knows_boxes = len(boxes) == len(groups) == len(raw.get(4, []))
    plane = None if box is None else _plane_box(geo, box)
    chosen = [
        at for at in range(len(groups))
        if plane is None or not knows_boxes or _touch(boxes[at], plane)
    ]  # fmt: skip
    parts: list[Group] = []
    left = min(GROUP_BYTES, source.bytes_left)
    for at in chosen[:MOST_GROUPS]:
        own = await asyncio.to_thread(_group, raw, groups[at], source.size_bytes or 0, geo.name)
        left -= sum(chunk.stop - chunk.start for field in own.fields for chunk in field.chunks)
        if left < 0:
            break
        parts.append(own)
    if chosen and not parts:
        raise PreviewError("its first row group is larger than a map reads at once")
    bounds = geo.bounds or _around(boxes)
    reference = geo.reference
    job = {
        "job": "geoparquet", "geometry": geo.name, "encoding": geo.encoding, "box": box, "total": raw.get(3, 0),
        "bounds": bounds,
        "is_whole": len(parts) == len(chosen), "can_window": knows_boxes and len(groups) > 1,
        "reference": None if reference is None
        else [reference.name, reference.is_geographic, reference.epsg, reference.definition],
    }  # fmt: skip
    if not parts:
        parts, job["box"] = [await asyncio.to_thread(_group, raw, groups[0], source.size_bytes or 0, geo.name)], box
    return await DECODER.decode(job, make_footer(parts), source=source)


def _group(raw: dict[int, Any], group: dict[int, Any], size_bytes: int, geometry: str) -> Group:
    """Return a row group with its geometry and the first plain fields."""
    every = list_fields(raw, group, size_bytes)
    own = next((field for field in every if field.name == geometry and not field.is_encrypted), None)
    if own is None:
        raise PreviewError("its geometries are encrypted or missing")
    plain = [
        field for field in every
        if field is not own and not field.is_encrypted and not field.is_repeated and len(field.chunks) == 1
    ][:MOST_FIELDS]  # fmt: skip
    return Group((*plain, own), int(group.get(3, 0)), ())


def _plane_box(geo: GeoColumn, box: Bounds) -> Bounds | None:
    reference = geo.reference
    if reference is None or reference.is_geographic:
        return box
    projection = None if reference.epsg is None else projection_of_code(reference.epsg)
    projection = projection or projection_of_text(reference.definition)
    return None if projection is None else projection.plane_of_box(box)


def _touch(first: Bounds, second: Bounds) -> bool:
    return first[0] <= second[2] and first[2] >= second[0] and first[1] <= second[3] and first[3] >= second[1]


def _around(boxes: list[Bounds]) -> Bounds | None:
    if not boxes:
        return None
    wests, souths, easts, norths = zip(*boxes, strict=True)
    return min(wests), min(souths), max(easts), max(norths)


def _placed(found: Features) -> Features:
    """Bring a layer whose system has no formula here to degrees by pyproj, where that is installed.

    Only codes are passed to pyproj: a text of a foreign file is not parsed in this process.
    """
    told = found.told
    if not told.is_plane or told.epsg is None or find_spec("pyproj") is None:
        return found
    pyproj: Any = importlib.import_module("pyproj")
    try:
        crs = pyproj.CRS.from_epsg(told.epsg)
        transformer = pyproj.Transformer.from_crs(crs, crs.geodetic_crs or "EPSG:4326", always_xy=True)
        levels = [_moved(level, transformer) for level in found.levels]
    except pyproj.exceptions.ProjError:
        return found
    if not all(map(_is_sound, levels)):
        return found
    return found.in_degrees(levels)


def _moved(level: Level, transformer: Any) -> Level:
    xs, ys = transformer.transform(level.places[0::2], level.places[1::2])
    places = array("d", bytes(16 * len(xs)))
    places[0::2], places[1::2] = array("d", xs), array("d", ys)
    boxes = array("d")
    for start, stop in zip(level.starts, level.starts[1:], strict=False):
        across, up = places[2 * start : 2 * stop : 2], places[2 * start + 1 : 2 * stop : 2]
        boxes.extend((min(across), min(up), max(across), max(up)))
    return Level(level.tolerance, places, level.starts, level.owners, level.kinds, boxes)


def _is_sound(level: Level) -> bool:
    return all(-540 <= number <= 540 for number in level.places)
