"""Maps of many positions, over the antimeridian and at the poles; places brought back to the coordinates of a file."""

import io
import json
import math
import struct
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from storage_tui.contract.models import Blob
from storage_tui.previews.base import Source
from storage_tui.previews.decoding.features.packing import Packer
from storage_tui.previews.decoding.features.placing import Placing
from storage_tui.previews.vector.atlas.dots import FIRST_LAYER, Dots, draw, level_for
from storage_tui.previews.vector.atlas.layer import Features
from storage_tui.previews.vector.atlas.own import own_box, own_place
from storage_tui.previews.vector.atlas.reading import read_layers
from storage_tui.previews.vector.atlas.view import MapView
from storage_tui.previews.vector.wkb import read_geometry
from storage_tui.previews.vector.wkt_text import add_to
from storage_tui.tui.viewer.map.layers import Layer, Layers
from storage_tui.tui.viewer.map.taking import python_line
from tests import wanted
from tests.previews.ranges import Ranges
from tests.previews.vector import geo_files


async def layer_of(content: bytes, name: str) -> tuple[Source, Features]:
    source = Ranges.of(content).source(name)
    ((_, found),) = await read_layers(source)
    return source, found


def geojson(*geometries: dict[str, Any]) -> bytes:
    features = [{"type": "Feature", "properties": {"n": at}, "geometry": each} for at, each in enumerate(geometries)]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def drawn(features: Features, view: MapView) -> int:
    """How many cells of a view have a dot of a layer."""
    dots = Dots(view)
    for _ in draw(dots, features, FIRST_LAYER):
        pass
    return sum(bool(bit) for bit in dots.bits)


def ring(count: int) -> bytes:
    """A slightly ragged circle in well-known binary."""
    turn = 2 * math.pi / count
    places = [(11 + math.cos(at * turn) * (1 + at % 7 / 50_000), 46 + math.sin(at * turn)) for at in range(count)]
    places.append(places[0])
    numbers = [number for place in places for number in place]
    return struct.pack("<BII", 1, 3, 1) + struct.pack(f"<I{len(numbers)}d", len(places), *numbers)


def test_a_shape_of_very_many_positions_is_drawn_whole_with_fewer_of_them() -> None:
    packer = Packer(Placing.of(None), most_positions=10_000)
    taken = packer.begin()
    add_to(taken, read_geometry(ring(17_000)))
    packer.add(taken, {})
    for at in range(30):  # the points of another feature follow as far as there is room
        taken = packer.begin()
        taken.add_point((11, 46 + at / 100))
        packer.add(taken, {"n": at})
    found = Features.unpacked(*packer.answer(total=31, is_all=True))
    assert found.told.problem == "the first shape has 17,001 positions; one of 2 is drawn" and not found.told.is_all
    assert found.count == 31 and found.bounds == pytest.approx((10, 45, 12, 47), abs=0.01)
    view = MapView(120, 40).fit((9.8, 44.9, 12.2, 47.1))
    assert drawn(found, view) > 120
    ((_, outer),) = found.parts(0)
    assert outer[0] == outer[-1] and len(outer) <= 10_000
    assert len(level_for(found, view).places) < len(found.levels[0].places) / 2  # what a pan goes through


async def test_many_points_are_thinned_by_the_cells_of_a_view() -> None:
    output, count = io.BytesIO(), 8000
    values = [struct.pack("<BI2d", 1, 1, at % 300 / 10, at // 300 / 10) for at in range(count)]
    geo = {"version": "1.0.0", "primary_column": "g", "columns": {"g": {"encoding": "WKB", "geometry_types": []}}}
    table = pyarrow.table({"g": values}).replace_schema_metadata({"geo": json.dumps(geo)})
    pyarrow.parquet.write_table(table, output)
    _, found = await layer_of(output.getvalue(), "a.parquet")
    assert found.count == count
    assert drawn(found, MapView(80, 24).fit((0.0, 0.0, 30.0, 2.7))) > 200


async def test_a_layer_over_the_antimeridian_fits_and_moves() -> None:
    square = [[179.0, -10.0], [-179.0, -10.0], [-179.0, 10.0], [179.0, 10.0], [179.0, -10.0]]
    source, found = await layer_of(
        geojson(
            {"type": "Polygon", "coordinates": [square]},
            {"type": "Point", "coordinates": [178.5, 0]},
            {"type": "Point", "coordinates": [-178.5, 1]},
        ),
        "a.geojson",
    )
    layers = Layers([Layer("a", FIRST_LAYER, source, base=found)])
    bounds = layers.bounds()
    assert bounds is not None and bounds[2] - bounds[0] == pytest.approx(3.0)
    view = MapView(80, 24).fit(bounds)
    whole = drawn(found, view)
    assert whole > 50
    for turns in (-360.0, 360.0):  # the same place, a turn on
        assert drawn(found, view.centred(view.x + turns, view.y)) == pytest.approx(whole, abs=6)
    assert drawn(found, view.moved(20, 0)) > 10 and drawn(found, view.moved(400, 0)) == 0


@pytest.mark.parametrize("latitude", [89.999, 90.0, -90.0])
async def test_a_view_at_a_pole_is_drawn(latitude: float) -> None:
    places = [[turn, latitude] for turn in range(-180, 181, 30)]
    source, found = await layer_of(geojson({"type": "LineString", "coordinates": places}), "a.geojson")
    bounds = Layers([Layer("a", FIRST_LAYER, source, base=found)]).bounds()
    assert bounds is not None
    view = MapView(80, 24).fit(bounds)
    assert drawn(found, view) > 0
    assert drawn(found, view.zoomed(0.5)) > 0
    assert view.moved(0, -200).y <= 90 and view.moved(0, 200).y >= -90


@pytest.mark.parametrize("epsg", [32633, 3035, 3857, 5070, 3413])
async def test_places_go_back_to_the_coordinates_of_the_file(tmp_path: Any, epsg: int) -> None:
    pyproj = wanted.module("pyproj")
    path = geo_files.write(tmp_path, "a.fgb", "FlatGeobuf", count=5, epsg=epsg)
    source, found = await layer_of(path.read_bytes(), "a.fgb")
    transformer = pyproj.Transformer.from_crs(4326, epsg, always_xy=True)
    place = (-96.0, 38.0) if epsg == 5070 else (-45.0, 75.0) if epsg == 3413 else (14.5, 50.0)
    expected = transformer.transform(*place)
    assert own_place(found.told, place) == pytest.approx(expected, abs=2e-3)
    box = (place[0] - 0.2, place[1] - 0.1, place[0] + 0.2, place[1] + 0.1)
    own = own_box(found.told, box)
    assert own is not None and own == pytest.approx(transformer.transform_bounds(*box), rel=1e-3)
    line = python_line(Layer("a", FIRST_LAYER, source, base=found), box, place)
    assert line.startswith(f"geopandas.read_file('a.fgb', bbox=({own[0]:.6f}, {own[1]:.6f}")
    assert line.endswith(f"# {expected[0]:.3f}, {expected[1]:.3f} in EPSG:{epsg}")


async def test_lines_of_python_fit_the_file() -> None:
    content = geojson({"type": "Point", "coordinates": [1, 2]})
    source, found = await layer_of(content, "a.geojson")
    row = Layer("a", FIRST_LAYER, source, number=2, base=found)
    line = python_line(row, (361.0, 1.0, 363.0, 3.0), (1.0, 2.0))
    assert line == "geopandas.read_file('a.geojson', bbox=(1.000000, 1.000000, 3.000000, 3.000000), layer=2)"
    other = Layer("b", FIRST_LAYER, Source(Ranges.of(b""), Blob("x/b.parquet", "data")), base=found)
    line = python_line(other, (0.0, 1.0, 2.0, 3.0), None)
    assert line == "geopandas.read_parquet('b.parquet').cx[0.000000:2.000000, 1.000000:3.000000]"
