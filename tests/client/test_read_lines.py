"""The lines that read a blob elsewhere: which library, and that shells and Python take them as they are."""

import ast
import shlex

import pytest

from storage_tui.client.read_lines import (
    library_line,
    place_library_line,
    place_shell_line,
    place_storage,
    shell_line,
)
from storage_tui.contract.keys import Location
from storage_tui.contract.places import OpenPlace, PlaceOptions

AWKWARD = ("it's", 'a"b', "a b", "a$(b)c", "-r", "ü\u202e", "a\\b")


@pytest.mark.parametrize(
    ("key", "library", "call"),
    [("a.csv", "pandas", "read_csv"), ("a.CSV.gz", "pandas", "read_csv"), ("a.tsv", "pandas", "read_csv"),
     ("a.parquet", "pandas", "read_parquet"), ("a.jsonl", "pandas", "lines=True"), ("a.tif", "rasterio", "opener="),
     ("a.nc", "xarray", "open_dataset"), ("a.geojson", "geopandas", "read_file")],
)  # fmt: skip
def test_the_library_fits_the_suffix(key, library, call):
    for url in (None, "https://lab.example/storage/v1"):
        name, line = library_line(Location("tmp", key), is_folder=False, url=url)
        assert name == library and call in line and (url is None) == ("lab.example" not in line)
        ast.parse(line)


def test_a_folder_is_read_only_as_zarr():
    assert library_line(Location("data", "a/"), is_folder=True, url=None) is None
    line = library_line(Location("data", "cube.zarr/"), is_folder=True, url=None)
    assert line == ("xarray", "xarray.open_zarr('dlstorage://data/cube.zarr')")
    assert library_line(Location("data", "notes"), is_folder=False, url=None) is None


@pytest.mark.parametrize("key", AWKWARD)
def test_awkward_keys_stay_one_word(key):
    line = shell_line(Location("data", key), is_folder=False, url=None, profile="")
    assert shlex.split(line) == ["storage-tui", "get", f"data:{key}"]
    _, code = library_line(Location("data", f"{key}.csv"), is_folder=False, url=None)
    (argument,) = (node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Constant))
    assert argument.value == f"dlstorage://data/{key}.csv"


def test_the_server_is_named_by_profile_or_url():
    place = Location("data", "maps/")
    assert shell_line(place, is_folder=True, url="https://a/", profile="lab").split()[2:4] == ["--profile", "lab"]
    assert shell_line(place, is_folder=True, url="https://a/", profile="").split()[2:5] == ["--url", "https://a/", "-r"]


BUCKET, FOLDER = OpenPlace("s3://b", "s3", "s3://b/maps"), OpenPlace("file:///scans", "file", "/scans")
PUBLIC = PlaceOptions(is_writable=True, endpoint_url="http://h:9", no_sign_request=True)


def test_lines_for_a_place_name_the_place_and_how_it_is_opened() -> None:
    def library(place: OpenPlace, opening: PlaceOptions, key: str, **environ: str) -> str:
        found = place_library_line(place, opening, key, is_folder=key.endswith("/"), environ=environ)
        return "" if found is None else found[1]

    plain = PlaceOptions(is_writable=True)
    assert place_shell_line(BUCKET, plain, "a b", is_folder=False) == "storage-tui get 's3://b/maps/a b'"
    told = "storage-tui get --endpoint http://h:9 --no-sign-request -r s3://b/maps/d/"
    assert place_shell_line(BUCKET, PUBLIC, "d/", is_folder=True) == told
    assert place_shell_line(FOLDER, plain, "-r", is_folder=False) == "cp -- /scans/-r ."
    assert place_storage(BUCKET, plain) == "Storage('s3://b/maps')"
    how = "PlaceOptions(endpoint_url='http://h:9', no_sign_request=True)"
    assert place_storage(BUCKET, PUBLIC) == f"Storage('s3://b/maps', opening={how})"
    assert library(BUCKET, plain, "x.tif") == "rasterio.open('/vsis3/b/maps/x.tif')"
    assert "dlstorage" in library(BUCKET, plain, "x.tif", AWS_ENDPOINT_URL="http://h"), "GDAL does not know this name"
    storage_options = f"""{{"url": 's3://b/maps', "opening": {how}}}"""
    line = f"pandas.read_csv('dlstorage://data/t.csv', storage_options={storage_options})"
    assert library(BUCKET, PUBLIC, "t.csv") == line
    assert library(FOLDER, plain, "x.tif") == "rasterio.open('/scans/x.tif')"
    assert library(FOLDER, plain, "t.csv.gz") == "pandas.read_csv('/scans/t.csv.gz')"
    assert library(FOLDER, plain, "z.zarr/") == "xarray.open_zarr('/scans/z.zarr/')"
    assert library(FOLDER, plain, "what") == ""
