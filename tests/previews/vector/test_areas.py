"""Bounds, areas and maps of shapes in degrees: over the antimeridian, around a pole, with holes, either way round."""

import json
import math

import pytest

from storage_tui.previews.vector.map import draw_layers, draw_map
from storage_tui.previews.vector.rings import EARTH_RADIUS_M
from storage_tui.previews.vector.shapes import Shapes, bounds_text
from tests.previews.ranges import show

SPHERE_M2 = 4 * math.pi * EARTH_RADIUS_M**2


def box(west: float, south: float, east: float, north: float) -> list[tuple[float, float]]:
    return [(west, south), (east, south), (east, north), (west, north), (west, south)]


def shapes_of(*rings: list[tuple[float, float]]) -> Shapes:
    shapes = Shapes()
    shapes.add_polygon(rings)
    return shapes


def box_area(width: float, south: float, north: float) -> float:
    """The area between two parallels (exact on the sphere)."""
    return math.radians(width) * EARTH_RADIUS_M**2 * (math.sin(math.radians(north)) - math.sin(math.radians(south)))


RINGS = {
    "plain": (box(10, 45, 20, 50), box_area(10, 45, 50), (10, 45, 20, 50)),
    "uncut at the antimeridian": (box(170, -20, -170, -10), box_area(20, -20, -10), (170, -20, 190, -10)),
    "past 180": (box(170, -20, 190, -10), box_area(20, -20, -10), (170, -20, 190, -10)),
    "below -180": (box(-190, -20, -170, -10), box_area(20, -20, -10), (170, -20, 190, -10)),
    "half the Pacific": (box(120, -60, -70, 60), box_area(170, -60, 60), (120, -60, 290, 60)),
    "a sliver": (box(179.5, 60, -179.5, 61), box_area(1, 60, 61), (179.5, 60, 180.5, 61)),
    "points at 180 on both sides": (
        [(179, -17), (180, -17), (-180, -17), (-179, -17), (-179, -16), (-180, -16), (180, -16), (179, -16)],
        box_area(2, -17, -16), (179, -17, 181, -16)),
    "half the world": (box(-90, -60, 90, 60), box_area(180, -60, 60), (-90, -60, 90, 60)),
    "the world": (box(-180, -90, 180, 90), SPHERE_M2, (-180, -90, 180, 90)),
    "nearly the world": (box(-179.5, -60, 179.5, 75), box_area(359, -60, 75), (-179.5, -60, 179.5, 75)),
    "a band": ([(-180, -23), (0, -23), (180, -23), (180, 23), (0, 23), (-180, 23)], box_area(360, -23, 23),
               (-180, -23, 180, 23)),
    "a band of four corners": (box(-180, -23, 180, 23), box_area(360, -23, 23), (-180, -23, 180, 23)),
    "around the south pole": (
        [(x, -70.0) for x in range(-180, 180, 10)], box_area(360, -90, -70), (-180, -90, 180, -70)),
    "around the south pole, closed at the antimeridian": (
        [(x, -70.0) for x in range(-180, 181, 30)], box_area(360, -90, -70), (-180, -90, 180, -70)),
    "around the north pole": ([(x, 80.0) for x in range(0, 360, 45)], box_area(360, 80, 90), (-180, 80, 180, 90)),
    "cut along the pole": ([(-180, -90), (-180, -70), (0, -70), (180, -70), (180, -90)], box_area(360, -90, -70),
                           (-180, -90, 180, -70)),
}  # fmt: skip


@pytest.mark.parametrize("name", RINGS)
@pytest.mark.parametrize("is_reversed", [False, True])
@pytest.mark.parametrize("is_closed", [False, True])
def test_area_and_bounds_of_a_ring(name: str, is_reversed: bool, is_closed: bool) -> None:
    ring, area_m2, bounds = RINGS[name]
    ring = ring[:-1] if ring[0] == ring[-1] and not is_closed else ring
    shapes = shapes_of(ring[::-1] if is_reversed else ring)
    assert shapes.area_m2 == pytest.approx(area_m2, rel=1e-9)
    assert shapes.bounds() == pytest.approx(bounds)


GEODESIC_KM2 = {  # by pyproj 3.7.2, Geod(ellps="WGS84"), of rings with 400 points an edge
    "uncut at the antimeridian": 2_377_104.25,
}


@pytest.mark.parametrize("name", GEODESIC_KM2)
def test_the_area_on_the_sphere_is_within_a_hundredth_of_the_ellipsoid(name: str) -> None:
    assert shapes_of(RINGS[name][0]).area_m2 / 1e6 == pytest.approx(GEODESIC_KM2[name], rel=0.01)


def test_a_slanted_edge_is_straight_in_degrees() -> None:
    corners = [(0.0, 10.0), (40.0, 10.0), (40.0, 60.0)]
    fine = [(40.0 - 40 * n / 5000, 60.0 - 50 * n / 5000) for n in range(5000)]
    assert shapes_of(corners).area_m2 == pytest.approx(shapes_of([*corners, *fine]).area_m2, rel=1e-6)


@pytest.mark.parametrize("is_reversed", [False, True])
def test_a_hole_is_left_out_on_either_side_of_the_antimeridian(is_reversed: bool) -> None:
    for hole in (box(-179, -16, -177, -14), box(177, -16, 179, -14), box(179, -16, -179, -14)):
        shapes = shapes_of(box(170, -20, -170, -10), hole[::-1] if is_reversed else hole)
        assert shapes.area_m2 == pytest.approx(box_area(20, -20, -10) - box_area(2, -16, -14), rel=1e-9)
        assert shapes.bounds() == pytest.approx((170, -20, 190, -10))


@pytest.mark.parametrize("halves", [((170, 180), (-180, -170)), ((-180, -170), (170, 180))])
def test_parts_that_were_cut_at_the_antimeridian_are_one_shape(halves: tuple[tuple[float, float], ...]) -> None:
    shapes = Shapes()
    for west, east in halves:
        shapes.add_polygon([box(west, -20, east, -10)])
    assert shapes.bounds() == pytest.approx((170, -20, 190, -10))
    assert dict(shapes.facts()) == {"bounds": "20°S to 10°S, 170°E to 170°W", "area": "2,385,578 km²"}


def test_shapes_all_around_the_world_keep_its_edges() -> None:
    shapes = Shapes()
    for west in range(-180, 180, 20):
        shapes.add_polygon([box(west, 0, west + 20, 10)])
    assert shapes.bounds() == pytest.approx((-180, 0, 180, 10))


def test_points_on_both_sides_of_the_world_are_as_far_apart_as_they_say() -> None:
    shapes = Shapes()
    shapes.add_point((-170, 0))
    shapes.add_point((170, 5))
    assert shapes.bounds() == (-170, 0, 170, 5)


def test_a_line_over_the_antimeridian_has_west_east_of_east() -> None:
    shapes = Shapes()
    shapes.add_path([(175, 0), (-175, 10)])
    assert shapes.bounds() == (175, 0, 185, 10)
    assert bounds_text((175, 0, 185, 10), is_geographic=True) == "0°N to 10°N, 175°E to 175°W"


def test_numbers_that_are_no_degrees_stay_as_they_are() -> None:
    shapes = Shapes(is_degrees=False)
    shapes.add_polygon([box(170, -20, -170, -10)])
    assert shapes.bounds() == (-170, -20, 170, -10) and dict(shapes.facts()).keys() == {"bounds"}


def dots(shapes: Shapes) -> list[int]:
    """The number of cells with dots of the shapes, in each column of the map."""
    lines = draw_layers([(shapes, "red")], 60, 24)[1:-1]
    columns = [0] * max(len(line.plain) for line in lines)
    for line in lines:
        for span in line.spans:
            if span.style == "red":
                for at in range(span.start, span.end):
                    columns[at] += line.plain[at] != " "
    return columns


def test_a_shape_over_the_antimeridian_is_drawn_as_the_same_shape_elsewhere() -> None:
    there = shapes_of(box(170, -20, -170, -10), box(178, -16, -178, -14))
    here = shapes_of(box(40, -20, 60, -10), box(48, -16, 52, -14))
    assert dots(there) == dots(here)
    assert draw_map(there, 60, 24)[0].plain.endswith("165°E") and draw_map(there, 60, 24)[-1].plain.endswith("165°W")


def test_layers_on_either_side_of_the_antimeridian_lie_beside_each_other() -> None:
    east, both = shapes_of(box(-178, -15, -172, -12)), shapes_of(box(170, -20, -170, -10))
    first = draw_layers([(both, "red"), (east, "blue")], 60, 24)[0].plain
    assert first == draw_map(both, 60, 24)[0].plain


async def test_an_uncut_ring_in_a_file_has_its_true_area() -> None:
    ring = [[170, -20], [-170, -20], [-170, -10], [170, -10], [170, -20]]
    content = json.dumps({"type": "Polygon", "coordinates": [ring]}).encode()
    facts = dict((await show(content, "a.geojson", width=100)).facts)
    assert (facts["bounds"], facts["area"]) == ("20°S to 10°S, 170°E to 170°W", "2,385,578 km²")
