"""What a layer is read from: the form of a blob, and the bytes of its files."""

from dataclasses import dataclass

from storage_tui.contract.visible import visible
from storage_tui.previews.base import KIB, MIB, Budget, LimitError, PreviewError, Source
from storage_tui.previews.containers.zip_directory import read_directory
from storage_tui.previews.formats import flatgeobuf, sqlite
from storage_tui.previews.formats.gdal_vector import kind_of
from storage_tui.previews.formats.geojson import GeoJson
from storage_tui.previews.formats.kml import Kml, Kmz
from storage_tui.previews.formats.shapefile import Shapefile, ZippedShapefile
from storage_tui.previews.formats.stac import Stac
from storage_tui.previews.formats.vrt import is_vrt
from storage_tui.previews.formats.wkb import WellKnownBinary
from storage_tui.previews.formats.wkt import WellKnownText
from storage_tui.previews.raster.opening import is_raster
from storage_tui.previews.raster.windows.pictures import picture_size
from storage_tui.previews.siblings import Beside, InZip, Siblings
from storage_tui.previews.table.parquet_rows import MAGIC as PARQUET
from storage_tui.previews.vector.atlas.footprint import footprint_driver
from storage_tui.previews.vector.by_gdal import is_there
from storage_tui.previews.vector.tiles.archive import is_tile_database
from storage_tui.previews.vector.tiles.header import MAGIC as PMTILES

TEXT_BYTES = 8 * MIB  # of a file without an index: what a job carries, with room for its attributes
TABLE_BYTES = 3 * MIB  # of a .dbf
ZIP_BYTES = 8 * MIB
BUDGET = Budget(requests=64, size_bytes=12 * MIB)
TAIL_BYTES = 128 * KIB
SIDE_BYTES = 64 * KIB  # of a .prj, a .cpg, and the head of a .shx
GEOPARQUET, FLATGEOBUF, GEOPACKAGE, RASTER = "geoparquet", "flatgeobuf", "geopackage", "raster"
GDAL, TILES = "gdal", "tiles"

_TEXTS = (("wkb", WellKnownBinary()), ("wkt", WellKnownText()), ("geojson", Stac()), ("geojson", GeoJson()),
          ("map", Kml()))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Taken:
    """The content of a job: whether it is all of the file, and the sizes of its parts where it has some."""

    content: bytes
    is_whole: bool
    sizes: tuple[int, ...] = ()


def form_of(head: bytes, name: str) -> str:
    """Return the form of a blob by its first bytes and its name; "" for one without features."""
    if is_raster(head) or picture_size(head) is not None or is_vrt(head) or footprint_driver(head):
        return RASTER
    if head.startswith(PARQUET):
        return GEOPARQUET
    if head.startswith(flatgeobuf.MAGIC):
        return FLATGEOBUF
    if head.startswith(PMTILES) or is_tile_database(head):
        return TILES
    if head.startswith(sqlite.MAGIC):
        return GEOPACKAGE if sqlite.APPLICATIONS.get(head[68:72]) == sqlite.GEOPACKAGE else ""
    if Shapefile().matches(head, name):
        return "shapefile"
    if ZippedShapefile().matches(head, name):
        return "zip"
    if Kmz().matches(head, name):
        return "kmz"
    if is_there() and kind_of(head) is not None:
        return GDAL
    return next((form for form, kind in _TEXTS if kind.matches(head, name)), "")


async def take(source: Source, form: str) -> Taken:
    """Return the bytes for a job of a form that is read from its start; raise PreviewError, or errors of the client."""
    head = await source.head()
    if form in ("zip", "kmz"):
        return await _from_zip(source, head, form)
    size = source.size_bytes or len(head)
    raw = head if len(head) >= size else await source.read(0, min(size, TEXT_BYTES))
    if form == "shapefile":
        return await _with_parts(raw, Beside(source), is_whole=len(raw) >= size)
    return Taken(raw, len(raw) >= size)


async def _with_parts(shapes: bytes, siblings: Siblings, *, is_whole: bool) -> Taken:
    parts = [shapes]
    for suffix, most in ((".dbf", TABLE_BYTES), (".prj", SIDE_BYTES), (".cpg", SIDE_BYTES), (".shx", SIDE_BYTES)):
        parts.append(await siblings.read(suffix, most) or b"")
    parts[-1] = parts[-1][:100]
    return Taken(b"".join(parts), is_whole, tuple(map(len, parts)))


async def _from_zip(source: Source, head: bytes, form: str) -> Taken:
    tail = await source.tail(min(source.size_bytes or len(head), TAIL_BYTES))
    directory = read_directory(tail, (source.size_bytes or len(head)) - len(tail))
    suffix = ".shp" if form == "zip" else ".kml"
    entry = next((entry for entry in directory.entries if entry.name.lower().endswith(suffix)), None)
    if entry is None:
        raise PreviewError(f"its archive holds no {suffix}")
    siblings = InZip(source, directory.entries, directory.prefix, entry.name)
    raw = await siblings.read(suffix, ZIP_BYTES)
    if raw is None:
        raise LimitError(f"{visible(entry.name, limit=60)} in it cannot be unpacked")
    is_whole = len(raw) >= entry.size_bytes
    return await _with_parts(raw, siblings, is_whole=is_whole) if form == "zip" else Taken(raw, is_whole)
