"""The content type that the name of a file tells, for `put`, the browser's uploads and the results of tasks.

A table of our own: what Python's mimetypes says depends on the machine, and it calls `a.csv.gz` a CSV. The types are
those that our server tells other programs; anything else stays bytes, as all is that the published client uploads.
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
    """The content type that the first telling name ends with; None where none tells any."""
    return next((TYPES[suffix] for name in names if (suffix := _suffix(name)) in TYPES), None)


def _suffix(name: str) -> str:
    stem, dot, suffix = name.rpartition("/")[2].rpartition(".")
    return suffix.lower() if dot and stem else ""
