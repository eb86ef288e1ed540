"""The kinds of blobs by their names, each with a sign of one cell.

The signs are of Latin-1 and of Windows Glyph List 4, which every font for terminals has. Where the locale has no such
characters the signs are ASCII.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

PACKED = (".gz", ".bz2", ".xz", ".zst")  # around a file of any kind, whose kind counts


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of blob: its name, its sign, the sign in ASCII, and the endings of its names in lower case."""

    name: str
    sign: str
    ascii: str
    endings: tuple[str, ...] = ()


FOLDER = Kind("folder", "►", ">")
OTHER = Kind("other", "·", ".")
LOG = Kind("log", "»", "|", (".log", ".out", ".err"))
ARCHIVE = Kind("archive", "□", "@", (
    ".zip", ".tar", ".tgz", ".tbz2", ".txz", ".7z", ".rar", ".whl", ".jar", ".gz", ".bz2", ".xz", ".zst"))  # fmt: skip
KINDS: tuple[Kind, ...] = (
    Kind("raster", "■", "#", (
        ".tif", ".tiff", ".jp2", ".j2k", ".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".vrt", ".hgt", ".asc",
        ".grib", ".grib2", ".grb", ".grb2", ".nc", ".nc4", ".h5", ".hdf", ".hdf5", ".he5", ".npy", ".npz", ".ntf",
        ".nitf", ".dcm", ".pmtiles", ".mbtiles", ".zarr")),
    Kind("table", "≡", "=", (
        ".csv", ".tsv", ".tab", ".psv", ".parquet", ".arrow", ".feather", ".ipc", ".orc", ".avro", ".xlsx", ".xls",
        ".ods", ".sqlite", ".sqlite3", ".db", ".jsonl", ".ndjson")),
    Kind("region", "◊", "%", (
        ".geojson", ".wkt", ".wkb", ".kml", ".kmz", ".shp", ".shx", ".dbf", ".gpkg", ".fgb", ".gpx", ".topojson",
        ".geoparquet", ".las", ".laz")),
    Kind("text", "¶", "-", (
        ".txt", ".md", ".rst", ".json", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".xml", ".html", ".htm", ".pdf",
        ".py", ".ipynb", ".sql", ".sh", ".r", ".js", ".ts", ".css", ".c", ".h", ".cpp", ".rs", ".go", ".java", ".jl",
        ".prj", ".eml", ".tex")),
    FOLDER,
    ARCHIVE,
    Kind("model", "∆", "*", (
        ".pkl", ".pickle", ".pt", ".pth", ".onnx", ".safetensors", ".gguf", ".keras", ".tflite", ".joblib", ".ckpt",
        ".pb")),
    LOG,
    OTHER,
)  # fmt: skip

_BY_ENDING = {ending: kind for kind in KINDS for ending in kind.endings}


@lru_cache(4096)
def kind_of(name: str, storage_type: str = "") -> Kind:
    """Return the kind of a blob by the end of its name; a blob of `logs` without a known end is a log."""
    lower = name.rsplit("/", 1)[-1].lower()
    stem = lower
    while stem.endswith(PACKED):
        stem = stem.rpartition(".")[0]
        if stem.endswith(".tar"):
            return ARCHIVE
    ending = _ending(stem) if _ending(stem) in _BY_ENDING else _ending(lower)
    return _BY_ENDING.get(ending, LOG if storage_type == "logs" else OTHER)


def _ending(name: str) -> str:
    return name[name.rfind(".") :] if "." in name else ""


def has_signs(environ: Mapping[str, str] = os.environ) -> bool:
    """Return whether the locale of the terminal has more than ASCII, by the variables in the order of POSIX."""
    locale = next((environ[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if environ.get(name)), "")
    return locale.partition(".")[0] not in ("C", "POSIX") or "utf" in locale.lower()
