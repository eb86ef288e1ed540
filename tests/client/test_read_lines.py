"""The lines that read a blob elsewhere: which library, and that shells and Python take them as they are."""

import ast
import shlex

import pytest

from storage_tui.client.read_lines import library_line, shell_line
from storage_tui.contract.keys import Location

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
