"""Coasts behind large maps."""

import json

from storage_tui.previews.vector.coastline import coastline
from storage_tui.previews.vector.map import draw_map
from storage_tui.previews.vector.shapes import Shapes
from tests.previews.ranges import show


def square(west: float, south: float, side: float) -> Shapes:
    """One region."""
    shapes = Shapes()
    shapes.add_polygon([[(west, south), (west + side, south), (west + side, south + side), (west, south + side)]])
    return shapes


def test_the_coast_is_coarse_and_on_earth() -> None:
    points = [point for line in coastline() for point in line]
    assert 300 < len(points) < 800
    assert all(-180 <= x <= 180 and -90 <= y <= 90 for x, y in points)


def test_a_large_map_has_coasts_behind_the_shapes_and_a_small_one_has_none() -> None:
    large, small = draw_map(square(-10, 35, 25), 60, 20), draw_map(square(10, 45, 1), 60, 20)
    assert any(span.style == "dim" for line in large[1:-1] for span in line.spans)
    assert not any(span.style == "dim" for line in small[1:-1] for span in line.spans)


def test_numbers_that_are_no_degrees_get_no_coasts() -> None:
    lines = draw_map(square(700_000, 4_000_000, 10_000), 60, 20)
    assert not any(span.style == "dim" for line in lines[1:-1] for span in line.spans)


async def test_a_world_wide_file_shows_the_continents() -> None:
    content = json.dumps({"type": "MultiPoint", "coordinates": [[-170, -60], [170, 75]]}).encode()
    shown = await show(content, width=120, height=40)
    assert sum(len(line.plain.replace(" ", "")) for line in shown.lines) > 300
