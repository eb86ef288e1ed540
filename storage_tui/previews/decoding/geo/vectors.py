"""The layers of vector files by pyogrio, which the extra `geo` installs: facts, first rows, shapes.

GDAL reads files in memory alone: the bytes come with the job. All drivers but those in DRIVERS are taken out of the
library before the first file, and the child can open no file and no connection.
"""

import contextlib
import ctypes
import importlib
import os
import re
import sys
import time
import warnings
from collections.abc import Iterator
from typing import Any

from storage_tui.previews.decoding.children import Told
from storage_tui.previews.decoding.features.packing import MOST_FEATURES, Packer
from storage_tui.previews.decoding.features.placing import Placing
from storage_tui.previews.decoding.frames import fitting_rows
from storage_tui.previews.decoding.geo.rasters import SETTINGS, reason_of
from storage_tui.previews.decoding.ranged_file import RangedFile
from storage_tui.previews.vector.reference import Reference, of_code, of_wkt
from storage_tui.previews.vector.wkb import read_geometry
from storage_tui.previews.vector.wkt_text import add_to

DRIVERS = frozenset((
    "MapInfo File", "DXF", "DGN", "S57", "GML", "GeoRSS", "JML", "MapML", "OSM", "OGR_GMT", "TopoJSON", "ESRIJSON",
    "OpenFileGDB", "AVCE00",
))  # fmt: skip
"""The drivers that read the files which are given and nothing else."""
FOLDER = "/vsimem/blob"
OSM_SETTINGS = "/vsimem/osm.ini"
OWN_SETTINGS = {"GML_SKIP_RESOLVE_ELEMS": "ALL", "OSM_CONFIG_FILE": OSM_SETTINGS, "OSM_MAX_TMPFILE_SIZE": "24"}
"""The last is memory in MB that the OSM driver takes at once: with its usual 100 each opening costs 70 ms."""
OPTIONS = {"GML": {"DOWNLOAD_SCHEMA": "NO"}, "S57": {"UPDATES": "IGNORE"}}
"""What would fetch or look for other files, off."""
OSM_TAGS = ("name", "highway", "building", "landuse", "natural", "waterway", "amenity", "boundary", "place", "railway")
OSM_AREAS = (
    "aeroway,amenity,boundary,building,craft,geological,historic,landuse,leisure,military,natural,office,place,shop,"
    "sport,tourism"
)
"""The keys of closed ways that are areas, as in the settings that GDAL brings along."""
OSM_LAYERS = ("points", "lines", "multipolygons", "multilinestrings", "other_relations")
UNUSED = ("shapely", "geopandas", "pandas", "pyarrow")
"""What pyogrio imports where it is installed: a second of work and 100 MB that nothing here needs."""
SLOW = ("OSM",)  # drivers that parse the whole file for each count
MOST_LAYERS = 12
MOST_FIELDS = 64
MOST_ROWS = 200
CELL_CHARS = 200
NAME_CHARS = 80
GEOMETRY_BYTES = 4 * 1024 * 1024  # of all shapes that are handed back
MOST_SECONDS = 3.5  # of the clock, after which no further layer is read; a child has five
UNKNOWN = b"""Version 300
Charset "Neutral"
Delimiter ","
CoordSys Earth Projection 3, 62, "m", 11.1, 44.4, 45.1, 46.2, 1, 2
Columns 1
  a Integer
Data

Point 1 2
"""

_PLACED: dict[str, bytes] = {}  # GDAL reads these bytes where they are
_PLAIN = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,80}(?:/[A-Za-z0-9_-][A-Za-z0-9_.-]{0,80})?")


def prepare() -> None:
    """Import pyogrio where it is installed, with the drivers in DRIVERS alone; raise RuntimeError for any other."""
    os.environ.update(SETTINGS | OWN_SETTINGS)
    with contextlib.suppress(ImportError):
        importlib.import_module("numpy")
        hidden = [name for name in UNUSED if name not in sys.modules]
        sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # the import of pyogrio looks for them
        core: Any = importlib.import_module("pyogrio.core")
        importlib.import_module("pyogrio.raw")
        for name in hidden:
            del sys.modules[name]
        others = sorted(set(core.list_drivers()) - DRIVERS)
        if others:
            core.set_gdal_config_options({"GDAL_SKIP": ",".join(others)})
            core._register_drivers()  # registers what is missing, and takes out what is named
        if not set(core.list_drivers()) <= DRIVERS:
            del sys.modules["pyogrio.core"]
            raise RuntimeError("drivers that open other files are not taken out")
        place(OSM_SETTINGS, _osm_settings())
        begin()


def _osm_settings() -> bytes:
    """Return settings of the OSM driver: a child cannot open the file that GDAL brings along."""
    lines = ["attribute_name_laundering=yes", f"closed_ways_are_polygons={OSM_AREAS}"]
    for layer in OSM_LAYERS:
        lines += [f"[{layer}]", "osm_id=yes", f"attributes={','.join(OSM_TAGS)}"]
    return "\n".join(lines).encode()


def begin() -> None:
    """Open PROJ's database in this process: a system that is in no cache is looked for."""
    if "pyogrio.core" in sys.modules:
        job = {"driver": "MapInfo File", "files": [["begin.mif", len(UNKNOWN)]], "most": 1}
        decode(job, UNKNOWN, RangedFile(0, 0, lambda start, stop, most: b""))


def decode(job: dict[str, Any], content: bytes, file: RangedFile) -> Told:
    """Return the layers of a file, first rows of the first, and the shapes of all, or `missing` without pyogrio.

    The job has `driver`, and `files`: names and sizes of the parts of `content`, that of the whole first, or all in one
    folder. `most` is the number of shapes.
    `layers` of the answer are name, geometry, count, bounds, reference, and fields with their types. `sizes` are those
    of the geometries in well-known binary. Raises ValueError for a file that the driver does not read.
    """
    if "pyogrio.core" not in sys.modules:
        return {"missing": True}, b""
    raw = sys.modules["pyogrio.raw"]
    pieces: list[bytes] = []
    told: dict[str, Any] = {"layers": [], "columns": [], "rows": [], "sizes": [], "is_all": True, "problem": ""}
    with _opened(job, content) as path:
        names = _list_layers(path, job["driver"])
        told["more_layers"] = max(0, len(names) - MOST_LAYERS)
        begun, left = time.monotonic(), GEOMETRY_BYTES
        for number in range(min(len(names), MOST_LAYERS)):
            if number and time.monotonic() - begun > MOST_SECONDS:
                told["problem"] = f"the time was over after {number:,} of its {len(names):,} layers"
                break
            try:
                meta, _, shapes, values = raw.read(
                    path, layer=number, max_features=job["most"], datetime_as_string=True, **_options(job["driver"])
                )
                size = max([len(column) for column in (shapes, *values) if column is not None], default=0)
                layer = _layer(path, job["driver"], number, names[number], size=size, is_all=size < job["most"])
            except Exception as exc:  # the boundary of a library: a damaged layer is a fact about the file
                told["problem"] = told["problem"] or reason_of(exc)
                continue
            told["layers"].append(layer)
            told["is_all"] &= size < job["most"] or layer[2] == size
            if not told["rows"] and len(meta["fields"]):
                told["columns"] = [str(name)[:NAME_CHARS] for name in meta["fields"][:MOST_FIELDS]]
                rows = ([_text(value) for value in row] for row in zip(*values[:MOST_FIELDS], strict=True))
                told["rows"] = fitting_rows((row for row, _ in zip(rows, range(MOST_ROWS), strict=False)), CELL_CHARS)
            for shape in shapes if shapes is not None else ():
                if isinstance(shape, bytes) and len(shape) <= left:
                    pieces.append(shape)
                    left -= len(shape)
        if not told["layers"]:
            raise ValueError(told["problem"] or "it has no layer")
    told["sizes"] = [len(piece) for piece in pieces[: job["most"]]]
    told["is_all"] &= len(told["sizes"]) == len(pieces) and not told["problem"]
    return told, b"".join(pieces[: job["most"]])


def decode_features(job: dict[str, Any], content: bytes, file: RangedFile) -> Told:
    """Return the features of one layer as `Packer.answer` does: that number `layer` of those with shapes.

    `layers` of the answer are the names of the layers with shapes. The rest of the job is that of `decode`.
    """
    if "pyogrio.core" not in sys.modules:
        raise ValueError("the extra `geo` is not installed")
    raw = sys.modules["pyogrio.raw"]
    driver = job["driver"]
    with _opened(job, content) as path:
        names = _list_layers(path, driver)[:MOST_LAYERS]
        filled = [at for at, name in enumerate(names) if name[1] and _has_shapes(path, driver, at)]
        if not 0 <= job["layer"] < len(filled):
            raise ValueError("it has no layer of shapes")
        number = filled[job["layer"]]
        meta, _, shapes, values = raw.read(
            path, layer=number, max_features=MOST_FEATURES, datetime_as_string=True, **_options(driver)
        )
    packer = Packer(Placing.of(reference_of(meta["crs"])), file)
    names_of = [str(name) for name in meta["fields"][:MOST_FIELDS]]
    for at, shape in enumerate(shapes if shapes is not None else ()):
        taken = packer.begin()
        if isinstance(shape, bytes):
            try:
                add_to(taken, read_geometry(shape))
            except (ValueError, RecursionError):
                packer.problem = "some geometries are damaged"
        own = {name: _text(column[at]) for name, column in zip(names_of, values, strict=False)}
        if not packer.add(taken, {name: text for name, text in own.items() if text}):
            break
    is_all = bool(job["is_whole"]) and packer.count < MOST_FEATURES
    return packer.answer(
        total=packer.count if is_all and not packer.is_full else None, is_all=is_all,
        more={"layers": [names[at][0] for at in filled], "can_window": False, "bounds": None},
    )  # fmt: skip


def _has_shapes(path: str, driver: str, number: int) -> bool:
    _, _, shapes, _ = sys.modules["pyogrio.raw"].read(
        path, layer=number, max_features=1, columns=[], **_options(driver)
    )
    return shapes is not None and len(shapes) > 0


def reference_of(crs: Any) -> Reference | None:
    """Return the reference system that pyogrio names, by its code or by its text in WKT; None without one."""
    if not isinstance(crs, str) or not crs:
        return None
    code = crs.removeprefix("EPSG:")
    return of_code(int(code)) if code.isdecimal() else of_wkt(crs)


@contextlib.contextmanager
def _opened(job: dict[str, Any], content: bytes) -> Iterator[str]:
    """Give the name under which GDAL has the files, and put its errors and warnings in words."""
    if job["driver"] not in DRIVERS:
        raise ValueError("no driver reads it")
    at = 0
    for name, size in job["files"]:
        if _PLAIN.fullmatch(name) is None:
            raise ValueError("a name of a file that is none")
        place(f"{FOLDER}/{name}", content[at : at + size])
        at += size
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield f"{FOLDER}/{job['files'][0][0].partition('/')[0]}"
        except (ValueError, MemoryError):
            raise
        except Exception as exc:  # as above
            raise ValueError(reason_of(exc)) from exc


def place(name: str, content: bytes) -> None:
    """Put a file into GDAL's memory under a name; its bytes stay as long as this process.

    pyogrio itself gives a file no name of its own, and some drivers go by the names of files.
    """
    gdal = ctypes.CDLL(sys.modules["pyogrio._vsi"].__file__)
    gdal.VSIFileFromMemBuffer.restype = ctypes.c_void_p
    gdal.VSIFileFromMemBuffer.argtypes = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_uint64, ctypes.c_int)
    gdal.VSIFCloseL.argtypes = (ctypes.c_void_p,)
    gdal.VSIMkdir(name.rpartition("/")[0].encode(), ctypes.c_long(0o700))
    _PLACED[name] = content
    placed = gdal.VSIFileFromMemBuffer(name.encode(), content, len(content), 0)
    if not placed:
        raise MemoryError
    gdal.VSIFCloseL(placed)


def _options(driver: str) -> dict[str, str]:
    return OPTIONS.get(driver, {})


def _list_layers(path: str, driver: str) -> list[tuple[str, str]]:
    """Return the name and the geometry of each layer; raise ValueError where another driver opens the file."""
    core = sys.modules["pyogrio.core"]
    found = [(str(name), "" if kind is None else str(kind)) for name, kind in core.list_layers(path).tolist()]
    if found:
        opened = core.read_info(path, layer=0, **_options(driver))["driver"]
        if opened != driver:
            raise ValueError(f"it is read as {opened}")
    return [(name[:NAME_CHARS], kind) for name, kind in found]


def _layer(path: str, driver: str, number: int, names: tuple[str, str], *, size: int, is_all: bool) -> list[Any]:
    """Return the facts of a layer of which `size` features were read; the count is None where it takes too long."""
    read_info = sys.modules["pyogrio.core"].read_info
    told = read_info(path, layer=number, **_options(driver))
    count, bounds = int(told["features"]), told["total_bounds"]
    if driver not in SLOW and (count < 0 or bounds is None):
        told = read_info(path, layer=number, force_feature_count=True, force_total_bounds=True, **_options(driver))
        count, bounds = int(told["features"]), told["total_bounds"]
    types = [str(kind).removeprefix("OFT").lower() for kind in told["ogr_types"][:MOST_FIELDS]]
    fields = [[str(name)[:NAME_CHARS], kind] for name, kind in zip(told["fields"][:MOST_FIELDS], types, strict=False)]
    reference = reference_of(told["crs"])
    return [
        names[0], names[1], count if count >= 0 else size if is_all else None,
        None if bounds is None else [float(side) for side in bounds],
        None if reference is None else [reference.name, reference.is_geographic, reference.epsg, reference.definition],
        fields,
    ]  # fmt: skip


def _text(value: Any) -> str:
    """Return a value of a field as text; "" for none."""
    if value is None or value != value:  # NaN stands for no number
        return ""
    return f"{len(value):,} bytes" if isinstance(value, bytes) else str(value)[:CELL_CHARS]
