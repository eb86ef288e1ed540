"""The lines that read a blob elsewhere: storage-tui on another terminal, and the libraries that fit its suffix.

The Python lines need `pip install 'storage-tui[fsspec]'`; `storage_tui` registers `dlstorage` with fsspec.
"""

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from storage_tui.contract.keys import DELIMITER, FILE_PROTOCOL, Location, file_path
from storage_tui.contract.places import S3_SCHEME, OpenPlace, PlaceOptions

PLAIN = PlaceOptions()
RASTERS = (".tif", ".tiff", ".jp2", ".asc", ".img")
SHAPES = (".geojson", ".gpkg", ".fgb")
CUBES = (".nc", ".nc4", ".h5", ".hdf5", ".hdf", ".cdf")
PACKED = (".gz", ".bz2", ".xz", ".zst")  # pandas unpacks a text by its suffix
READERS = {  # the function of pandas for a suffix, and the arguments that it needs
    ".csv": ("read_csv", ""), ".tsv": ("read_csv", ', sep="\\t"'), ".parquet": ("read_parquet", ""),
    ".pq": ("read_parquet", ""), ".feather": ("read_feather", ""), ".arrow": ("read_feather", ""),
    ".jsonl": ("read_json", ", lines=True"), ".ndjson": ("read_json", ", lines=True"), ".json": ("read_json", ""),
    ".xlsx": ("read_excel", ""),
}  # fmt: skip


def shell_line(place: Location, *, is_folder: bool, url: str | None, profile: str) -> str:
    """Return the shell line that downloads a blob or folder into the working directory.

    `url` is None for the embedded store. A `profile` with a name is used in its place.
    """
    words = ["storage-tui", "get"]
    if profile:
        words += ["--profile", profile]
    elif url is not None:
        words += ["--url", url]
    if is_folder:
        words.append("-r")
    return shlex.join([*words, str(place)])


def place_text(place: OpenPlace, key: str) -> str:
    """Return a key of a place as commands take it: `s3://bucket/a/b`, `/folder/a/b`."""
    return f"{place.lead}{key}"


def place_shell_line(place: OpenPlace, opening: PlaceOptions, key: str, *, is_folder: bool) -> str:
    """Return the shell line that downloads a blob or folder of a bucket, or copies that of a folder of this machine."""
    if place.kind != "s3":
        return shlex.join(["cp", *(["-r"] if is_folder else []), "--", place_text(place, key), "."])
    words = ["storage-tui", "get"]
    for flag, value in (
        ("--endpoint", opening.endpoint_url), ("--region", opening.region), ("--aws-profile", opening.profile),
    ):  # fmt: skip
        words += [] if value is None else [flag, value]
    words += ["--no-sign-request"] if opening.no_sign_request else []
    words += ["--request-payer"] if opening.request_payer else []
    words += ["-r"] if is_folder else []
    return shlex.join([*words, place_text(place, key)])


def place_storage(place: OpenPlace, opening: PlaceOptions) -> str:
    """Return the expression of Python that opens a place to read it."""
    how = _options(opening)
    return f"Storage({place.title!a}{f', opening={how}' if how else ''})"


def place_library_line(
    place: OpenPlace, opening: PlaceOptions, key: str, *, is_folder: bool, environ: Mapping[str, str] = os.environ
) -> tuple[str, str] | None:
    """Return what `library_line` returns, for a place: a file of this machine is read by its path, and a raster of a
    bucket at Amazon through GDAL itself. All else goes through `storage_tui`."""
    if place.kind != "s3":
        path = f"{place_text(place, key)!a}"
        return _chosen(key, _Words(path=path, options="", raster=path, file=path), is_folder=is_folder)
    is_elsewhere = any(environ.get(name) for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"))
    is_plain = opening == PlaceOptions(is_writable=opening.is_writable, types=opening.types) and not is_elsewhere
    if is_plain and not is_folder and key.lower().endswith(RASTERS):
        path = f"/vsis3/{place_text(place, key).removeprefix(S3_SCHEME)}"
        return "rasterio", f"rasterio.open({path!a})"
    return library_line(Location("data", key), is_folder=is_folder, url=place.title, opening=opening)


def _options(opening: PlaceOptions) -> str:
    told = {name: value for name, value in opening.to_json().items() if name not in ("is_writable", "types")}
    return f"PlaceOptions({', '.join(f'{name}={value!a}' for name, value in told.items())})" if told else ""


def library_line(
    place: Location, *, is_folder: bool, url: str | None, opening: PlaceOptions = PLAIN
) -> tuple[str, str] | None:
    """Return the name of a library, and the line of Python that reads a blob or folder with the library, chosen by the
    suffix; None when none fits. `url` as for `shell_line`, `opening` how a place at this URL is opened."""
    path = file_path(place.storage_type, place.key.rstrip(DELIMITER) if is_folder else place.key)
    full = f"{FILE_PROTOCOL}://{path}"
    how = _options(opening)
    more = "" if url is None else f", url={url!a}{f', opening={how}' if how else ''}"
    given = [f'"url": {url!a}', *([f'"opening": {how}'] if how else [])]
    words = _Words(
        path=f"{full!a}",
        options="" if url is None else f", storage_options={{{', '.join(given)}}}",
        raster=f'{path!a}, opener=fsspec.filesystem("{FILE_PROTOCOL}"{more})',
        file=f"fsspec.open({full!a}{more}).open()",
    )
    return _chosen(place.key, words, is_folder=is_folder)


@dataclass(frozen=True, slots=True)
class _Words:
    """What a line of Python says of the blob: its path and the options beside that, the arguments for a raster, and the
    expression of an open file."""

    path: str
    options: str
    raster: str
    file: str


def _chosen(key: str, words: _Words, *, is_folder: bool) -> tuple[str, str] | None:
    name = key.rstrip(DELIMITER).lower()
    if is_folder:
        return ("xarray", f"xarray.open_zarr({words.path}{words.options})") if name.endswith(".zarr") else None
    if name.endswith(RASTERS):
        return "rasterio", f"rasterio.open({words.raster})"
    if name.endswith(CUBES):
        return "xarray", f'xarray.open_dataset({words.file}, engine="h5netcdf")'
    if name.endswith(SHAPES):
        return "geopandas", f"geopandas.read_file({words.file})"
    for packed in PACKED:
        name = name.removesuffix(packed)
    for suffix, (function, arguments) in READERS.items():
        if name.endswith(suffix):
            return "pandas", f"pandas.{function}({words.path}{arguments}{words.options})"
    return None
