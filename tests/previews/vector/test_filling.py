"""Areas filled in half tone: what is inside, holes, views inside of an area, the antimeridian, other layers."""

import json
from typing import Any

import pytest

from storage_tui.previews.vector.atlas.dots import BITS, FIRST_LAYER, NOTHING, Dots, draw
from storage_tui.previews.vector.atlas.filling import fill
from storage_tui.previews.vector.atlas.layer import Features
from storage_tui.previews.vector.atlas.reading import read_layers
from storage_tui.previews.vector.atlas.view import MapView
from tests.previews.ranges import Ranges

Ring = list[list[float]]
SECOND = FIRST_LAYER + 1


def box(west: float, south: float, east: float, north: float) -> Ring:
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


async def areas(*shapes: list[Ring]) -> Features:
    features = [{"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": list(shape)}}
                for shape in shapes]  # fmt: skip
    content = json.dumps({"type": "FeatureCollection", "features": features}).encode()
    ((_, found),) = await read_layers(Ranges.of(content).source("a.geojson"))
    return found


def filled(features: Features, view: MapView) -> Dots:
    dots = Dots(view)
    for _ in fill(dots, features, FIRST_LAYER):
        pass
    return dots


def places(dots: Dots) -> list[tuple[float, float]]:
    """The places of the dots that are drawn."""
    view, (west, _, _, north) = dots.view, dots.view.bounds
    return [
        (west + (x + 0.5) * view.scale * view.stretch, north - (y + 0.5) * view.scale)
        for y in range(view.height) for x in range(view.width)
        if dots.bits[(y >> 2) * view.columns + (x >> 1)] & BITS[x & 1 | (y & 3) << 1]
    ]  # fmt: skip


async def test_a_quarter_of_the_dots_inside_is_drawn_and_holes_are_empty() -> None:
    features = await areas([box(0, 0, 10, 10), box(3, 3, 6, 6)], [box(20, 0, 30, 10)])
    view = MapView(80, 40).fit((-5.0, -5.0, 35.0, 15.0))
    drawn = places(filled(features, view))
    inside = [(x, y) for x, y in drawn if 0 < x < 10 and 0 < y < 10]
    assert all(0 < y < 10 and (0 < x < 10 or 20 < x < 30) for x, y in drawn)
    assert not [1 for x, y in inside if 3 < x < 6 and 3 < y < 6]
    dots = (100 - 9) / (view.scale * view.scale * view.stretch)
    assert len(inside) == pytest.approx(dots / 4, rel=0.1)


async def test_a_view_inside_of_an_area_is_full_and_one_beside_it_is_empty() -> None:
    wide = [[at / 10, 60.0] for at in range(800, -800, -1)]  # an upper edge of many pieces
    features = await areas([[[-80, -60], [80, -60], *wide, [-80, 60], [-80, -60]]])
    view = MapView(20, 10)
    full = filled(features, view.fit((1.0, 1.0, 2.0, 2.0)))
    assert all(bits.bit_count() == 2 for bits in full.bits)
    assert not any(filled(features, view.fit((120.0, 1.0, 121.0, 2.0))).bits)
    assert not any(filled(features, view.fit((1.0, 70.0, 2.0, 71.0))).bits)
    moved = filled(features, full.view.moved(3, 2))
    assert moved.bits == full.bits  # the dots of a view that is dragged stay where they are


async def test_another_layer_stays_as_it_is() -> None:
    features = await areas([box(0, 0, 10, 10)])
    line: dict[str, Any] = {"type": "LineString", "coordinates": [[-5, 5], [15, 5.1]]}
    ((_, other),) = await read_layers(Ranges.of(json.dumps(line).encode()).source("b.geojson"))
    dots = Dots(MapView(40, 20).fit((-5.0, -5.0, 15.0, 15.0)))
    list(draw(dots, other, SECOND))
    before = [(at, dots.bits[at]) for at, colour in enumerate(dots.colours) if colour == SECOND]
    list(fill(dots, features, FIRST_LAYER))
    assert before and all(dots.bits[at] == bits and dots.colours[at] == SECOND for at, bits in before)
    assert FIRST_LAYER in dots.colours and NOTHING in dots.colours


async def test_an_area_beyond_the_antimeridian_is_filled_in_a_view_over_it() -> None:
    features = await areas([box(-179, -5, -170, 5)])
    drawn = places(filled(features, MapView(60, 30).fit((175.0, -10.0, 195.0, 10.0))))
    assert drawn and all(181 < x < 190 and -5 < y < 5 for x, y in drawn)
