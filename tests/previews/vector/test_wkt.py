"""Well-known text in all its kinds, told apart from prose; what is cut is said."""

import math

import pytest

from storage_tui.previews import preview
from storage_tui.previews.formats.wkt import read_wkt
from tests.previews.ranges import Ranges, show

RING = "(0 0, 4 0, 4 4, 0 0)"
TEXTS: dict[str, tuple[str, dict[str, int], tuple[float, ...] | None]] = {
    "empty": ("POINT EMPTY", {"POINT": 1}, None),
    "empty first": ("POLYGON EMPTY\nPOINT (1 2)", {"POLYGON": 1, "POINT": 1}, (1, 2, 1, 2)),
    "empty with a letter": ("POINT Z EMPTY\nLINESTRING ZM EMPTY", {"POINT": 1, "LINESTRING": 1}, None),
    "an empty part": ("MULTIPOINT ((1 2), EMPTY, (3 4))", {"MULTIPOINT": 1}, (1, 2, 3, 4)),
    "an empty collection": ("GEOMETRYCOLLECTION EMPTY", {"GEOMETRYCOLLECTION": 1}, None),
    "SRID": (f"SRID=4326;POLYGON({RING})", {"POLYGON": 1}, (0, 0, 4, 4)),
    "srid, small": ("srid=4326; point(1 2)", {"POINT": 1}, (1, 2, 1, 2)),
    "triangle": (f"TRIANGLE ({RING})", {"TRIANGLE": 1}, (0, 0, 4, 4)),
    "TIN": (f"TIN (({RING}), ((4 4, 8 4, 8 8, 4 4)))", {"TIN": 1}, (0, 0, 8, 8)),
    "TIN Z": ("TIN Z (((0 0 1, 4 0 1, 4 4 2, 0 0 1)))", {"TIN": 1}, (0, 0, 4, 4)),
    "surface": (f"POLYHEDRALSURFACE (({RING}))", {"POLYHEDRALSURFACE": 1}, (0, 0, 4, 4)),
    "arc": ("CIRCULARSTRING (1 0, 0 1, -1 0)", {"CIRCULARSTRING": 1}, (-1, 0, 1, 1)),
    "circle": ("CIRCULARSTRING (0 0, 2 0, 0 0)", {"CIRCULARSTRING": 1}, (0, -1, 2, 1)),
    "compound": ("COMPOUNDCURVE (CIRCULARSTRING (1 0, 0 1, -1 0), (-1 0, 2 0))", {"COMPOUNDCURVE": 1}, (-1, 0, 2, 1)),
    "curve polygon": ("CURVEPOLYGON (CIRCULARSTRING (0 0, 2 0, 0 0))", {"CURVEPOLYGON": 1}, (0, -1, 2, 1)),
    "curve polygon of lines": (f"CURVEPOLYGON ({RING})", {"CURVEPOLYGON": 1}, (0, 0, 4, 4)),
    "curve polygon, compound": ("CURVEPOLYGON (COMPOUNDCURVE ((0 0, 2 0), CIRCULARSTRING (2 0, 1 1, 0 0)))",
                                {"CURVEPOLYGON": 1}, (0, 0, 2, 1)),
    "multicurve": ("MULTICURVE ((5 5, 3 5), CIRCULARSTRING (1 0, 0 1, -1 0))", {"MULTICURVE": 1}, (-1, 0, 5, 5)),
    "multisurface": (f"MULTISURFACE (CURVEPOLYGON (CIRCULARSTRING (0 0, 2 0, 0 0)), ({RING}))", {"MULTISURFACE": 1},
                     (0, -1, 4, 4)),
    "Z": ("POINT Z (1 2 3)", {"POINT": 1}, (1, 2, 1, 2)),
    "Z, joined": ("POINTZ(1 2 3)", {"POINT": 1}, (1, 2, 1, 2)),
    "M": ("LINESTRING M (1 2 3, 4 5 6)", {"LINESTRING": 1}, (1, 2, 4, 5)),
    "ZM": ("LINESTRINGZM(1 2 3 4, 4 5 6 7)", {"LINESTRING": 1}, (1, 2, 4, 5)),
    "three numbers without a letter": ("POINT (1 2 3)", {"POINT": 1}, (1, 2, 1, 2)),
    "small letters": (f"multipolygon((({RING[1:-1]})))", {"MULTIPOLYGON": 1}, (0, 0, 4, 4)),
    "points without brackets": ("MULTIPOINT (1 2, 3 4)", {"MULTIPOINT": 1}, (1, 2, 3, 4)),
    "exponents": ("POINT (1e1 -2.5E+0)", {"POINT": 1}, (10, -2.5, 10, -2.5)),
    "short numbers": ("POINT (.5 5.)", {"POINT": 1}, (0.5, 5, 0.5, 5)),
    "nowhere": ("POINT (nan nan)", {"POINT": 1}, None),
    "line ends inside": ("POLYGON\n(\n(0 0,\r\n 4 0,\n4 4, 0 0)\n)\n", {"POLYGON": 1}, (0, 0, 4, 4)),
    "several on a line": ("POINT(1 2); POINT(3 4), POINT(5 6)", {"POINT": 3}, (1, 2, 5, 6)),
    "several with SRID": ("SRID=4326;POINT(1 2)\nSRID=4326;POINT(3 4)\n", {"POINT": 2}, (1, 2, 3, 4)),
    "a nest": (f"GEOMETRYCOLLECTION (POINT (9 9), GEOMETRYCOLLECTION (POLYGON ({RING}), LINESTRING EMPTY))",
               {"GEOMETRYCOLLECTION": 1}, (0, 0, 9, 9)),
    "over the antimeridian": ("POLYGON ((170 0, -170 0, -170 5, 170 5, 170 0))", {"POLYGON": 1}, (170, 0, 190, 5)),
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
async def test_a_text_is_read_as_the_standard_says(name: str) -> None:
    text, kinds, bounds = TEXTS[name]
    read = read_wkt(text)
    assert dict(read.kinds) == kinds and not read.problem
    found = read.shapes.bounds()
    assert found is None if bounds is None else found == pytest.approx(bounds, abs=1e-6)
    shown = await show(text.encode(), "a.txt", width=100)
    assert shown.kind == "WKT" and not shown.is_damaged
    assert dict(shown.facts)["geometry"] == ", ".join(f"{number} {kind}" for kind, number in kinds.items())


PROSE = {
    "a point": b"Point (a) of the agenda\nPoint (b)\n",
    "a number": b"POINT (12 apples)\n",
    "words": b"polygon (see below)\n",
    "a heading": b"POINT\n=====\n",
    "a point in a sentence": b"POINT (1 2) is a point\n",
    "a table of points": b"POINT (1 2);5;a\nPOINT (3 4);6;b\nPOINT (5 6);7;c\n",
    "one number": b"POINT (1)\n",
    "another word": b"POINTS (1 2)\n",
    "SQL": b"SELECT (1 2)\n",
    "unclosed and wrong": b"POLYGON ((1 2, x y))\n",
}


@pytest.mark.parametrize("name", PROSE)
async def test_prose_is_prose(name: str) -> None:
    shown = await show(PROSE[name], "a.txt")
    assert shown.kind == ("CSV" if name == "a table of points" else "text") and not shown.is_damaged


def test_arcs_have_the_area_of_circles() -> None:
    shapes = read_wkt("CURVEPOLYGON (CIRCULARSTRING (0 0, 0.002 0, 0 0))").shapes
    degree_m = math.radians(1) * 6_371_008.8
    assert shapes.area_m2 == pytest.approx(math.pi * (0.001 * degree_m) ** 2, rel=2e-3)


async def test_the_srid_says_whether_numbers_are_degrees() -> None:
    for srid, is_degrees in ((4326, True), (3857, False), (32632, False), (4258, True), (0, True)):
        facts = dict((await show(f"SRID={srid};POLYGON({RING})".encode(), "a.wkt", width=100)).facts)
        assert facts["SRID"] == str(srid) and ("area" in facts) == is_degrees


async def test_the_sides_of_a_solid_are_not_added_up() -> None:
    facts = dict((await show(f"POLYHEDRALSURFACE Z (({RING}), ({RING}))".encode(), "a.wkt", width=100)).facts)
    assert "area" not in facts and "bounds" in facts


async def test_a_text_that_is_wrong_later_says_so() -> None:
    for text, words in ((f"POINT (1 2)\nPOLYGON ({RING[:-1]}", "has no end"), ("POINT (1 2)\nhello\n", "hello")):
        shown = await show(text.encode(), "a.wkt")
        assert shown.is_damaged and words in shown.note and shown.kind == "WKT"


@pytest.mark.parametrize("is_first", [True, False])
async def test_a_geometry_longer_than_the_budget_is_drawn_as_far_as_it_was_read(is_first: bool) -> None:
    ring = ", ".join(f"{10 + math.cos(n / 9000)} {50 + math.sin(n / 9000)}" for n in range(50_000))
    content = f"{'' if is_first else 'POINT (10 50)'}\nPOLYGON (({ring}))".encode()
    shown = await preview(Ranges.of(content).source("a.wkt"), width=80, height=20)
    assert shown.kind == "WKT" and not shown.is_damaged and shown.lines
    assert "area" not in dict(shown.facts)


async def test_deep_collections_cost_no_recursion() -> None:
    shown = await show(b"GEOMETRYCOLLECTION(" * 20_000, "a.wkt")
    assert shown.lines or shown.facts
