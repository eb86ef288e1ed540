"""`storage-tui show`: the preview of a blob or a local file, for people and for programs."""

import json
import re
import sys

import pytest

from tests import wanted
from tests.previews.samples import SAMPLES
from tests.previews.stores.trees import store
from tests.terminal import Terminal

TABLE = b"site,ndvi\nS1,0.1\nS2,0.2\nS3,0.3\n"


def test_a_table_is_printed_and_is_given_to_programs(run, tmp_path):
    (tmp_path / "sites.csv").write_bytes(TABLE)
    run("put", "sites.csv", "tmp:show/sites.csv")
    lines = run("show", "tmp:show/sites.csv", "--rows", "2").stdout.decode().splitlines()
    assert lines[:3] == ["CSV", "rows           3", "columns        2, separated by commas"]
    assert [line.split() for line in lines[-3:]] == [["S1", "0.1"], ["S2", "0.2"], ["1", "more", "lines"]]
    found = json.loads(run("show", "tmp:show/sites.csv", "--rows", "2", "--json").stdout)
    assert found["kind"] == "CSV" and found["facts"]["rows"] == "3" and found["note"] == ""
    assert (found["requests"], found["bytes_read"]) == (1, len(TABLE))
    assert (found["columns"], found["rows"]) == (["site", "ndvi"], [["S1", "0.1"], ["S2", "0.2"]])
    local = json.loads(run("show", "--json", "sites.csv", "--rows", "2").stdout)
    assert {**local, "location": ""} == {**found, "location": ""}


def test_a_word_with_a_storage_type_is_a_key_even_where_a_file_has_that_name(run, tmp_path):
    (tmp_path / "tmp:both").write_bytes(b"a file\n")
    run("put", "-", "tmp:both", stdin=b"a blob\n")
    assert b"a blob" in run("show", "tmp:both").stdout
    assert b"a file" in run("show", "./tmp:both").stdout


def test_text_and_bytes_are_shown_as_asked(run, tmp_path):
    (tmp_path / "a.csv").write_bytes(TABLE)
    assert b"73 69 74 65" in run("show", "--hex", "./a.csv").stdout
    assert b"\nsite,ndvi\nS1,0.1\n" in run("show", "--text", "./a.csv").stdout


def test_a_box_shows_the_features_in_it(run, tmp_path):
    features = [
        {"type": "Feature", "properties": {"name": f"p{at}"}, "geometry": {"type": "Point", "coordinates": [at, 45]}}
        for at in range(10)
    ]
    (tmp_path / "a.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    run("put", "a.geojson", "tmp:show/a.geojson")
    found = json.loads(run("show", "--json", "--bbox", "2.5,44,5.5,46", "tmp:show/a.geojson").stdout)
    assert found["columns"] == ["shape", "name"]
    assert found["rows"] == [["point", "p3"], ["point", "p4"], ["point", "p5"]]
    assert "in degrees" in found["facts"]["box"] and found["facts"]["features"] == "3"
    assert b"p4" in run("show", "--bbox", "2.5,44,5.5,46", "a.geojson").stdout
    assert b"is no box" in run("show", "--bbox", "1,2,3", "a.geojson", code=2).stderr
    assert b"is no box" in run("show", "--bbox", "3,2,1,4", "a.geojson", code=2).stderr
    assert b"holds no shapes" in run("show", "--bbox", "1,2,3,4", __file__, code=2).stderr


def test_a_box_shows_the_window_of_a_raster(run, tmp_path):
    import numpy

    rasterio = wanted.module("rasterio")
    pixels = numpy.arange(100 * 100, dtype="uint16").reshape(1, 100, 100)
    place = {"crs": "EPSG:4326", "transform": rasterio.Affine(0.1, 0, 5, 0, -0.1, 50)}
    size = {"driver": "GTiff", "width": 100, "height": 100, "count": 1, "dtype": "uint16"}
    with rasterio.open(tmp_path / "a.tif", "w", **size, **place) as written:
        written.write(pixels)
    found = json.loads(run("show", "--json", "--bbox", "6,48,7,49", "a.tif").stdout)
    assert found["facts"]["window"] == "columns 10 to 20, rows 10 to 20"
    window = pixels[0, 10:20, 10:20]
    assert found["facts"]["band 1"] == f"{window.min()} to {window.max()}, mean {window.mean():g}"
    assert b"outside of the raster" in run("show", "--bbox", "90,1,91,2", "a.tif", code=2).stderr


def test_the_bands_of_a_raster_are_chosen(run, tmp_path):
    (tmp_path / "a.tif").write_bytes(SAMPLES["GeoTIFF"][0]())
    found = json.loads(run("show", "--json", "--bands", "3,2,1", "a.tif").stdout)
    assert found["facts"]["drawn"] == "bands 3, 2, 1 as red, green, blue" and "lines" not in found
    assert json.loads(run("show", "--json", "--bands", "2", "a.tif").stdout)["facts"]["drawn"] == "band 2"
    assert json.loads(run("show", "--json", "--bands", "4", "a.tif").stdout)["note"] == (
        "no picture: it has no band 4; its bands are 1 to 3"
    )
    assert b"are no bands" in run("show", "--bands", "1,2", "a.tif", code=2).stderr


@pytest.mark.parametrize(
    ("word", "said"),
    [("./none", b"there is no file './none'; a key that looks like this is written data:./none"),
     (".", b"'.' is a folder; show takes a file"),
     ("tmp:folder", b"tmp:folder is a folder; storage-tui ls tmp:folder lists it"),
     ("data:none", b"none")],
)  # fmt: skip
def test_what_is_no_blob_is_said_in_one_line(run, word, said):
    run("put", "-", "tmp:folder/a", stdin=b"one")
    code = 1 if word == "." else 3
    assert said in run("show", word, code=code).stderr


def test_a_zarr_store_is_one_thing_in_the_store_and_in_a_folder(run, tmp_path):
    for key, content in store(3).blobs.items():
        (tmp_path / key).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / key).write_bytes(content)
    run("put", "-r", "x.zarr", "data:cubes/")
    for word in ("data:cubes/x.zarr/", "data:cubes/x.zarr", "./x.zarr"):
        found = json.loads(run("show", "--json", word).stdout)
        assert (found["kind"], found["facts"]["arrays"], found["is_damaged"]) == ("Zarr store", "5", False)
        assert any("t2m" in line and "time 3 × lat 60 × lon 70" in line for line in found["lines"])
        assert 0 < found["bytes_read"] < 256 * 1024
    assert b"6 hours" in run("show", "./x.zarr").stdout
    assert json.loads(run("show", "--json", "data:cubes/x.zarr/t2m/").stdout)["facts"]["units"] == "K"


def test_colours_are_for_terminals_that_want_them(home, run, tmp_path):
    (tmp_path / "a.png").write_bytes(SAMPLES["PNG"][0]())
    (tmp_path / "evil\x1b[31m.csv").write_bytes(b"a\x1b[2J,b,c\n1,2,3\n4,5,6\n")
    assert b"\x1b" not in run("show", "./a.png").stdout
    shades = run("show", "./a.png").stdout.decode()
    assert "▀" not in shades and "░" in shades
    command = [sys.executable, "-m", "storage_tui", "show"]
    raws = {}
    for name, path, environ in (
        ("colours", "a.png", {"COLORTERM": "truecolor"}),
        ("none", "a.png", {"NO_COLOR": "1"}),
        ("hostile", "evil\x1b[31m.csv", {}),
    ):
        environ = {**home, "TERM": "xterm-256color", **environ}
        with Terminal([*command, str(tmp_path / path)], environ=environ, columns=60) as terminal:
            terminal.wait_for_exit()
            raws[name] = bytes(terminal.raw)
    assert re.search(rb"\x1b\[38;2;\d+;\d+;\d+;48;2;\d+;\d+;\d+m\xe2\x96\x80", raws["colours"])
    assert b"\x1b[" not in raws["none"]
    assert b"\x1b[2J" not in raws["hostile"] and b"\x1b[31m" not in raws["hostile"]
