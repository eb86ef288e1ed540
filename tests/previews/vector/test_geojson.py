"""GeoJSON is known by its own members, wherever they stand; other JSON with a Point inside is JSON."""

import json
import math
from typing import Any

import pytest

from storage_tui.previews import preview
from storage_tui.previews.base import KIB, View
from storage_tui.previews.formats.geojson import describe
from tests.previews.ranges import Ranges, plain, show

SQUARE = {"type": "Polygon", "coordinates": [[[5, 50], [6, 50], [6, 51], [5, 51], [5, 50]]]}
POINT = {"type": "Point", "coordinates": [7.1, 50.7]}
CRS84 = {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}


def feature(geometry: Any = SQUARE, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def collection(*features: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {**members, "type": "FeatureCollection", "features": list(features or (feature(a=1),))}


def circle(count: int) -> dict[str, Any]:
    ring = [[10 + math.cos(6.28 * n / count), 50 + math.sin(6.28 * n / count)] for n in range(count)]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


def sort(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


YES: dict[str, tuple[str, str, str]] = {
    "a collection": (json.dumps(collection()), "1", "1 Polygon"),
    "sorted names": (sort(collection(feature(circle(300)), bbox=[5, 50, 6, 51])), "1", "1 Polygon"),
    "a long name first": (json.dumps({"name": "x" * 9000, **collection()}), "1", "1 Polygon"),
    "a box and a reference first": (
        json.dumps({"bbox": [5, 50, 6, 51], "crs": CRS84, **collection()}), "1", "1 Polygon"),
    "lists named features elsewhere": (
        json.dumps({"metadata": {"features": ["roads"]}, **collection()}), "1", "1 Polygon"),
    "features in the properties": (json.dumps(feature(features=[{"x": 1}, {"x": 2}])), "1", "1 Polygon"),
    "a type in the properties": (json.dumps(collection(feature(type="Topology"))), "1", "1 Polygon"),
    "no features": (json.dumps({"type": "FeatureCollection", "features": []}), "0", "none"),
    "no features, sorted": (sort({"type": "FeatureCollection", "features": []}), "0", "none"),
    "no geometry": (json.dumps(collection(feature(None), feature())), "2", "1 without one, 1 Polygon"),
    "only null geometries": (json.dumps(collection(feature(None), feature(None))), "2", "2 without one"),
    "a feature": (json.dumps(feature(), indent=2), "1", "1 Polygon"),
    "a geometry": (json.dumps(SQUARE), "1", "1 Polygon"),
    "sorted geometry": (sort(SQUARE), "1", "1 Polygon"),
    "an empty geometry": (json.dumps({"type": "MultiPoint", "coordinates": []}), "1", "1 MultiPoint"),
    "a geometry collection": (json.dumps({"type": "GeometryCollection", "geometries": [POINT, SQUARE]}), "1",
                              "1 GeometryCollection"),
    "a mark": ("\ufeff" + json.dumps(collection()), "1", "1 Polygon"),
    "blanks first": ("\n \t\r\n" * 20 + json.dumps(collection()), "1", "1 Polygon"),
    "one a line": ("\n".join(json.dumps(feature(a=n)) for n in range(3)) + "\n", "3", "3 Polygon"),
    "one a line, sorted": ("\n".join(sort(feature(a=n)) for n in range(3)), "3", "3 Polygon"),
    "a text sequence": ("".join(f"\x1e{json.dumps(feature(POINT, a=n))}\n" for n in range(4)), "4", "4 Point"),
    "a sequence of collections": ("".join(f"\x1e{json.dumps(collection())}\n" for _ in range(2)), "2", "2 Polygon"),
    "heights": (json.dumps(feature({"type": "Point", "coordinates": [7.1, 50.7, 120.5]})), "1", "1 Point"),
    "measures": (json.dumps(feature({"type": "LineString", "coordinates": [[7, 50, 1, 2], [8, 51, 1, 3]]})), "1",
                 "1 LineString"),
    "foreign members": (json.dumps({"type": "Feature", "id": 7, "title": "x", "links": [], "properties": None,
                                    "geometry": POINT}), "1", "1 Point"),
    "escapes in the names": (json.dumps({"näme\u20ac\"": 1, **collection()}), "1", "1 Polygon"),
}  # fmt: skip

NO: dict[str, Any] = {
    "a document with a place": {"_id": "5f", "location": POINT, "stars": 4},
    "types in a list": {"layers": [{"type": "LineString"}, {"type": "Point"}], "version": 3},
    "a type without coordinates": {"type": "Point", "name": "a"},
    "coordinates that are no list": {"type": "Point", "coordinates": "7,50"},
    "a switch named feature": {"type": "Feature", "name": "dark mode", "enabled": True},
    "features that are words": {"type": "FeatureCollection", "features": ["a", "b"]},
    "features without a geometry": {"type": "FeatureCollection", "features": [{"type": "Feature", "name": "x"}]},
    "a collection without features": {"type": "FeatureCollection", "items": []},
    "Esri JSON": {"geometryType": "esriGeometryPoint", "type": "FeatureCollection",
                  "features": [{"geometry": {"x": 1, "y": 2}, "attributes": {"a": 1}}]},
    "a list of features": [feature(), feature()],
    "corners of a polygon that are no positions": {"type": "Polygon", "coordinates": [{"lat": 1, "lng": 2}]},
    "a feature with such corners": feature({"type": "Polygon", "coordinates": [{"lat": 1, "lng": 2}]}),
    "a type that is a list": {"type": ["Feature"], "geometry": None},
    "a place in a string": {"note": '"type": "FeatureCollection", "features": ['},
}  # fmt: skip


@pytest.mark.parametrize("name", YES)
async def test_it_is_known_and_counted(name: str) -> None:
    text, features, geometry = YES[name]
    shown = await show(text.encode(), "a.json", width=100)
    assert shown.kind == "GeoJSON" and not shown.is_damaged and not shown.note
    assert dict(shown.facts)["features"] == features and dict(shown.facts)["geometry"] == geometry


@pytest.mark.parametrize("name", NO)
@pytest.mark.parametrize("is_sorted", [False, True])
async def test_other_json_is_json(name: str, is_sorted: bool) -> None:
    text = json.dumps(NO[name], sort_keys=is_sorted)
    shown = await show(text.encode(), "a.geojson", width=100)
    assert shown.kind == "JSON" and not shown.is_damaged
    assert json.loads("".join(line.plain for line in shown.lines)) == NO[name]


async def test_other_records_between_features_are_counted() -> None:
    lines = "\n".join([json.dumps(feature()), '{"a": 1}', json.dumps(feature(None)), '{"b": 2}'])
    facts = dict((await show(lines.encode(), "a.jsonl", width=100)).facts)
    assert facts["features"] == "2" and facts["beside them"] == "2 records of other JSON"


@pytest.mark.parametrize("left", [2, 5, 12, 30])
async def test_a_feature_that_is_cut_is_no_other_record(left: int) -> None:
    line = json.dumps(feature(POINT, a="x" * 100)) + "\n"
    read = describe((line * 3 + line[:left]).encode(), View(100, 30), is_whole=False)
    assert read is not None and "beside them" not in dict(read.facts)


async def test_lines_with_places_are_json_lines() -> None:
    lines = "".join(json.dumps({"name": f"n{n}", "location": POINT}) + "\n" for n in range(5))
    shown = await show(lines.encode(), "a.jsonl")
    assert shown.kind == "JSON Lines" and dict(shown.facts)["records"] == "5"


@pytest.mark.parametrize(
    ("content", "form"),
    [
        ({"objects": {"x": {"type": "Point", "coordinates": [1, 2]}}, "arcs": [], "type": "Topology"}, "TopoJSON"),
        ({"features": [{"attributes": {}, "geometry": {"rings": [[[0, 0], [1, 1], [1, 0]]]}}]}, "Esri JSON"),
    ],
)  # fmt: skip
async def test_other_maps_in_json_are_named(content: Any, form: str) -> None:
    shown = await show(json.dumps(content).encode(), "a.json")
    assert shown.kind == "JSON" and dict(shown.facts)["form"] == f"{form}: no map is drawn of this"


async def test_a_text_sequence_of_other_json_is_json_lines() -> None:
    shown = await show(b'\x1e{"a": 1}\n\x1e{"a": 2}\n', "a.json")
    assert shown.kind == "JSON Lines" and not shown.is_damaged and dict(shown.facts)["records"] == "2"


@pytest.mark.parametrize("is_sorted", [False, True])
@pytest.mark.parametrize("kind", ["collection", "feature", "geometry"])
async def test_a_shape_longer_than_the_budget_is_drawn_as_far_as_it_was_read(is_sorted: bool, kind: str) -> None:
    geometry = circle(40_000)
    content = {"collection": collection(feature(geometry)), "feature": feature(geometry), "geometry": geometry}[kind]
    raw = json.dumps(content, sort_keys=is_sorted).encode()
    assert len(raw) > 1024 * KIB
    shown = await preview(Ranges.of(raw).source("a.geojson"), width=80, height=20)
    facts = dict(shown.facts)
    if kind == "geometry" and is_sorted:
        assert shown.kind == "JSON"  # a list of numbers alone shows no more
        return
    assert shown.kind == "GeoJSON" and not shown.is_damaged and shown.lines
    assert facts["features"].startswith("the first one, as far as") and "area" not in facts


async def test_a_cut_collection_counts_what_was_read() -> None:
    raw = json.dumps(collection(*(feature(POINT, name="x" * 90) for _ in range(9000)))).encode()
    shown = await preview(Ranges.of(raw).source("a.geojson"), width=80, height=20)
    assert dict(shown.facts)["features"].startswith("the first ") and not shown.is_damaged


async def test_a_file_that_ends_too_early_says_where() -> None:
    raw = json.dumps(collection(feature(), feature()))
    shown = await show(raw[: raw.rindex('"type": "Feature"')].encode(), "a.geojson")
    assert shown.kind == "GeoJSON" and shown.is_damaged and "character" in shown.note
    assert dict(shown.facts)["features"] == "the first 1" and shown.lines


@pytest.mark.parametrize(
    ("crs", "name", "is_degrees"),
    [
        ({"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}, "WGS 84", True),
        ({"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4326"}}, "EPSG:4326", True),
        ({"type": "name", "properties": {"name": "EPSG:4258"}}, "EPSG:4258", True),
        ({"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3857"}}, "EPSG:3857", False),
        ({"type": "name", "properties": {"name": "http://www.opengis.net/def/crs/EPSG/0/32632"}}, "EPSG:32632", False),
        ({"type": "EPSG", "properties": {"code": 2056}}, "EPSG:2056", False),
        (None, "none: the file says that it is unknown", False),
    ],
)
async def test_the_reference_of_a_file_is_obeyed(crs: Any, name: str, is_degrees: bool) -> None:
    facts = dict((await show(json.dumps(collection(feature(), crs=crs)).encode(), "a.geojson", width=100)).facts)
    assert facts["reference"] == name
    assert ("area" in facts) == is_degrees and ("°" in facts["bounds"]) == is_degrees


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-32", "utf-8-sig"])
async def test_it_is_read_in_wide_encodings(codec: str) -> None:
    shown = await show(json.dumps(collection(), ensure_ascii=False).encode(codec), "a.geojson")
    assert shown.kind == "GeoJSON" and not shown.is_damaged


async def test_hostile_values_are_left_out() -> None:
    lines = [[True, False], ["1", "2"], [1], None, 5, [1e400, 2], [5, 50], [6, 51]]
    text = json.dumps(feature({"type": "LineString", "coordinates": lines})).encode()
    shown = await show(text, "a.geojson", width=100)
    assert dict(shown.facts)["bounds"] == "50°N to 51°N, 5°E to 6°E"
    deep = '{"type":"Feature","geometry":' + '{"type":"GeometryCollection","geometries":[' * 5000
    assert plain(await show(deep.encode(), "a.geojson"))
