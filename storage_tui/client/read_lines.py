"""The lines that read a blob elsewhere: storage-tui on another terminal, and the libraries that fit its suffix.

The Python lines need `pip install 'storage-tui[fsspec]'`; `storage_tui` registers `dlstorage` with fsspec.
"""

import shlex

from storage_tui.contract.keys import DELIMITER, FILE_PROTOCOL, Location, file_path

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


def library_line(place: Location, *, is_folder: bool, url: str | None) -> tuple[str, str] | None:
    """Return the name of a library, and the line of Python that reads a blob or folder with the library, chosen by the
    suffix; None when none fits. `url` as for `shell_line`."""
    path = file_path(place.storage_type, place.key.rstrip(DELIMITER) if is_folder else place.key)
    full = f"{FILE_PROTOCOL}://{path}"
    more = "" if url is None else f", url={url!a}"
    options = "" if url is None else f', storage_options={{"url": {url!a}}}'
    name = place.key.rstrip(DELIMITER).lower()
    if is_folder:
        return ("xarray", f"xarray.open_zarr({full!a}{options})") if name.endswith(".zarr") else None
    if name.endswith(RASTERS):
        return "rasterio", f'rasterio.open({path!a}, opener=fsspec.filesystem("{FILE_PROTOCOL}"{more}))'
    if name.endswith(CUBES):
        return "xarray", f'xarray.open_dataset(fsspec.open({full!a}{more}).open(), engine="h5netcdf")'
    if name.endswith(SHAPES):
        return "geopandas", f"geopandas.read_file(fsspec.open({full!a}{more}).open())"
    for packed in PACKED:
        name = name.removesuffix(packed)
    suffix = next((suffix for suffix in READERS if name.endswith(suffix)), None)
    if suffix is None:
        return None
    function, arguments = READERS[suffix]
    return "pandas", f"pandas.{function}({full!a}{arguments}{options})"
