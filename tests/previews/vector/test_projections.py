"""Projections and distances, held against PROJ."""

import random
from functools import partial
from typing import Any

import pytest

from storage_tui.previews.projections import projection_of_code, projection_of_text
from storage_tui.previews.vector.atlas.geodesic import distance_m, distance_text
from tests import wanted

CLOSE_DEGREES, CLOSE_M = 1e-6, 1e-3
PLACES = 200
SYSTEMS = {
    32601: ((-180, -174), (0, 84)), 32633: ((10, 20), (-1, 84)), 32733: ((12, 18), (-80, 0)),
    32660: ((174, 180), (0, 84)), 26915: ((-99, -87), (0, 80)), 25832: ((3, 15), (30, 80)),
    3857: ((-180, 180), (-85, 85)), 5070: ((-130, -60), (20, 55)), 3338: ((-175, -130), (50, 72)),
    3035: ((-30, 60), (25, 75)), 3413: ((-180, 180), (40, 90)), 3995: ((-180, 180), (50, 90)),
    3996: ((-180, 180), (50, 90)), 3031: ((-180, 180), (-90, -40)), 3976: ((-180, 180), (-90, -40)),
}  # fmt: skip
MODIS = (
    'PROJCS["unnamed",GEOGCS["Unknown datum based upon the custom spheroid",DATUM["Not specified",'
    'SPHEROID["Custom spheroid",6371007.181,0]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],'
    'PROJECTION["Sinusoidal"],PARAMETER["longitude_of_center",0],PARAMETER["false_easting",0],'
    'PARAMETER["false_northing",0],UNIT["metre",1]]'
)


def away(first: float, second: float) -> float:
    """How far two longitudes are from each other."""
    return abs((first - second + 180) % 360 - 180)


@pytest.mark.parametrize("epsg", SYSTEMS)
def test_degrees_and_metres_are_those_of_proj(epsg: int) -> None:
    pyproj = wanted.module("pyproj")
    system = pyproj.CRS.from_epsg(epsg)
    there = pyproj.Transformer.from_crs(system.geodetic_crs, system, always_xy=True)
    projection = projection_of_code(epsg)
    assert projection is not None
    draw = random.Random(epsg)
    for _ in range(PLACES):
        longitude, latitude = (draw.uniform(low, high) for low, high in SYSTEMS[epsg])
        x, y = there.transform(longitude, latitude)
        found, back = projection.to_degrees(x, y), projection.to_plane(longitude, latitude)
        assert found is not None and back is not None
        assert away(found[0], longitude) < CLOSE_DEGREES and abs(found[1] - latitude) < CLOSE_DEGREES
        assert abs(back[0] - x) < CLOSE_M and abs(back[1] - y) < CLOSE_M


def test_the_sinusoidal_grid_of_modis_is_known_by_its_text() -> None:
    pyproj = wanted.module("pyproj")
    projection = projection_of_text(MODIS)
    assert projection is not None
    there = pyproj.Proj("+proj=sinu +R=6371007.181")
    draw = random.Random(1)
    for _ in range(PLACES):
        longitude, latitude = draw.uniform(-180, 180), draw.uniform(-89.9, 89.9)
        x, y = there(longitude, latitude)
        found, back = projection.to_degrees(x, y), projection.to_plane(longitude, latitude)
        assert found is not None and back is not None
        assert away(found[0], longitude) < CLOSE_DEGREES and abs(found[1] - latitude) < CLOSE_DEGREES
        assert abs(back[0] - x) < CLOSE_M and abs(back[1] - y) < CLOSE_M
    assert projection_of_text(MODIS.replace("Sinusoidal", "Mollweide")) is None
    assert projection_of_text(MODIS.replace('easting",0', 'easting",7')) is None


def test_an_unknown_system_has_no_projection_and_a_false_place_no_degrees() -> None:
    assert projection_of_code(2154) is None
    for epsg in SYSTEMS:
        projection = projection_of_code(epsg)
        assert projection is not None
        for value in (float("nan"), float("inf"), 1e30, -1e18):
            assert projection.to_degrees(value, 0.0) is None and projection.to_degrees(0.0, value) is None
            assert projection.to_plane(value, 0.0) is None and projection.to_plane(0.0, value) is None


def test_a_box_goes_around_the_curves_of_its_sides() -> None:
    projection = projection_of_code(3035)
    assert projection is not None
    box = projection.degrees_of_box((2_500_000.0, 1_500_000.0, 6_500_000.0, 5_500_000.0))
    assert box is not None and box[0] < -20 and box[2] > 50 and box[3] > 70
    back = projection.plane_of_box((5.0, 45.0, 15.0, 55.0))
    assert back is not None and back[0] < back[2] and back[1] < back[3]


def test_distances_are_those_of_proj() -> None:
    geod: Any = wanted.module("pyproj").Geod(ellps="WGS84")
    draw = random.Random(2)
    place = partial(lambda: (draw.uniform(-180, 180), draw.uniform(-90, 90)))
    for _ in range(PLACES):
        first, second = place(), place()
        _, _, wanted_m = geod.inv(*first, *second)
        slack = 1e-3 if wanted_m < 1.9e7 else 0.006 * wanted_m
        assert abs(distance_m(first, second) - wanted_m) < slack
    assert distance_m((5.0, 45.0), (5.0, 45.0)) == 0
    assert distance_text(12.34) == "12.3 m" and distance_text(12_345.6) == "12.346 km"
    assert distance_text(1_234_567.0) == "1,234.6 km"
