"""The content type for the name of a file, for `put`, the browser's uploads and the results of tasks.

The table is our own: the answer of Python's mimetypes depends on the machine, and `a.csv.gz` is a CSV there. The types
are those that our server serves; every other file stays `application/octet-stream`, as do all uploads of the published
client.
"""

_SUFFIXES = {
    "application/geo+json": "geojson",
    "application/geopackage+sqlite3": "gpkg",
    "application/gzip": "gz tgz",
    "application/json": "json",
    "application/msgpack": "msgpack",
    "application/pdf": "pdf",
    "application/vnd.apache.arrow.file": "arrow feather",
    "application/vnd.apache.parquet": "parquet",
    "application/x-hdf5": "h5 hdf5",
    "application/x-ndjson": "ndjson jsonl geojsonl",
    "application/x-netcdf": "nc nc4",
    "application/x-npy": "npy",
    "application/x-tar": "tar",
    "application/zip": "zip npz",
    "application/zstd": "zst",
    "audio/flac": "flac",
    "audio/mpeg": "mp3",
    "image/gif": "gif",
    "image/jp2": "jp2",
    "image/jpeg": "jpg jpeg",
    "image/png": "png",
    "image/tiff": "tif tiff",
    "image/webp": "webp",
    "text/csv": "csv",
    "text/markdown": "md",
    "text/plain": "txt log",
    "text/tab-separated-values": "tsv",
    "video/mp4": "mp4",
}
TYPES = {suffix: content_type for content_type, suffixes in _SUFFIXES.items() for suffix in suffixes.split()}


def guess_type(*names: str) -> str | None:
    """Return the content type of the first name with a known suffix; None when no name has one."""
    return next((TYPES[suffix] for name in names if (suffix := _suffix(name)) in TYPES), None)


def _suffix(name: str) -> str:
    stem, dot, suffix = name.rpartition("/")[2].rpartition(".")
    return suffix.lower() if dot and stem else ""
