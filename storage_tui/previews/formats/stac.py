"""STAC items, collections and catalogs: date, footprint on the map, assets and links (stacspec.org, 0.6 to 1.1)."""

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from storage_tui.contract.visible import visible
from storage_tui.previews.base import HEADER_BUDGET, Cells, Preview, Source, View
from storage_tui.previews.formats.geojson import add_geometry
from storage_tui.previews.table.grid import grid_lines
from storage_tui.previews.text.encoding import decode_head
from storage_tui.previews.text.json_object import JsonObject, read_object, skip_gap
from storage_tui.previews.vector.layer import Layer, draw_layer, known_bounds
from storage_tui.previews.vector.reference import WGS84
from storage_tui.previews.vector.shapes import Bounds

MARK = b'"stac_version"'
HEADS = ("kind", "name", "type", "href")
MOST_ROWS = 500  # assets and links that are listed
MOST_BOXES = 200  # of a collection
CELLS = 60
WORDS = 120
PROPERTIES = (("platform", "platform"), ("constellation", "constellation"), ("instruments", "instruments"),
              ("eo:cloud_cover", "cloud cover"), ("gsd", "ground sample"), ("proj:code", "projection"),
              ("proj:epsg", "projection"), ("created", "created"), ("updated", "updated"))  # fmt: skip
UNITS = {"eo:cloud_cover": " %", "gsd": " m"}


class Stac:
    """A STAC item, collection or catalog."""

    kind = "STAC"
    budget = HEADER_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the blob is an object with a version of STAC and a type of it among its own members."""
        if MARK not in head:
            return False
        text, _ = decode_head(head)
        at = skip_gap(text, 0)
        return text[at : at + 1] == "{" and bool(kind_of(read_object(text, at, "")))

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the preview with one more read where the object is longer than the first."""
        raw = head + await source.read(len(head), len(head) + source.bytes_left)
        return await asyncio.to_thread(_describe, raw, view, len(raw) == source.size_bytes)


def kind_of(found: JsonObject) -> str:
    """Return `item`, `collection` or `catalog`; "" for an object that is none. Before 1.0 the type was not written."""
    members = found.members
    if not isinstance(members.get("stac_version"), str):
        return ""
    kind = members.get("type")
    if kind == "Feature":
        return "item"
    if kind in ("Collection", "Catalog"):
        return str(kind).lower()
    if kind is not None or not ("description" in members or "links" in members):
        return ""
    return "collection" if "extent" in members or "license" in members else "catalog"


def _describe(raw: bytes, view: View, is_whole: bool) -> Preview:
    text, _ = decode_head(raw)
    found = read_object(text, skip_gap(text, 0), "")
    kind, told = kind_of(found), found.members
    layer, facts = Layer(is_all=True), [("id", _words(told.get("id")))]
    if title := told.get("title"):
        facts.append(("title", _words(title)))
    if kind == "item":
        facts += _item_facts(told, layer)
    elif kind == "collection":
        facts += _collection_facts(told, layer)
    if description := told.get("description"):
        facts.append(("description", _words(description)))
    facts.append(("version", _words(told.get("stac_version"))))
    if extensions := _list(told.get("stac_extensions")):
        facts.append(("extensions", ", ".join(_words(_short(name), limit=40) for name in extensions[:8])))
    rows, counts = _rows(told)
    facts += counts
    note = (
        ""
        if found.is_whole
        else "the object is cut here"
        if not is_whole
        else f"not JSON from character {found.end:,} on"
    )
    lines = grid_lines(HEADS[1:], [row[1:] for row in rows], cells=CELLS) if rows else []
    cells = Cells(HEADS, tuple(rows)) if rows else None
    return draw_layer(f"STAC {kind}", layer, view, more=facts, note=note, cells=cells, below=lines)


def _item_facts(told: dict[str, Any], layer: Layer) -> list[tuple[str, str]]:
    facts = []
    if told.get("collection"):
        facts.append(("collection", _words(told["collection"])))
    properties = told["properties"] if isinstance(told.get("properties"), dict) else {}
    if (moment := properties.get("datetime")) is None:
        moment = _interval([properties.get("start_datetime"), properties.get("end_datetime")])
    facts.append(("date", _words(moment)))
    for name, label in PROPERTIES:
        if (value := properties.get(name)) is not None:
            shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            facts.append((label, _words(f"{shown}{UNITS.get(name, '')}")))
    layer.reference = WGS84
    geometry = told.get("geometry")
    if isinstance(geometry, dict):
        layer.geometry = str(geometry.get("type"))
        add_geometry(layer.shapes, geometry)
    layer.bounds = _box(told.get("bbox")) or layer.shapes.bounds()
    layer.is_all = bool(layer.shapes.taken)
    return facts


def _collection_facts(told: dict[str, Any], layer: Layer) -> list[tuple[str, str]]:
    facts = []
    extent = told["extent"] if isinstance(told.get("extent"), dict) else {}
    spatial, temporal = extent.get("spatial"), extent.get("temporal")
    boxes = [_box(box) for box in _list(spatial.get("bbox") if isinstance(spatial, dict) else spatial)[:MOST_BOXES]]
    known = [box for box in boxes if box is not None]
    intervals = _list(temporal.get("interval") if isinstance(temporal, dict) else temporal)
    if intervals:
        facts.append(("dates", _words(_interval(intervals[0] if isinstance(intervals[0], list) else intervals))))
    if licence := told.get("license"):
        facts.append(("license", _words(licence)))
    if keywords := _list(told.get("keywords")):
        facts.append(("keywords", _words(", ".join(map(str, keywords[:12])))))
    layer.is_all = False
    if known:
        layer.reference, layer.bounds = WGS84, known[0]
        for west, south, east, north in known[1:]:  # the first is that of all
            layer.shapes.add_path([(west, south), (east, south), (east, north), (west, north), (west, south)])
    return facts


def _rows(told: dict[str, Any]) -> tuple[list[tuple[str, str, str, str]], list[tuple[str, str]]]:
    """Return the assets and the links as rows, and their counts as facts."""
    assets = told["assets"] if isinstance(told.get("assets"), dict) else {}
    links = [link for link in _list(told.get("links")) if isinstance(link, dict)]
    rows = [("asset", str(name), _text(asset.get("type")), _text(asset.get("href")))
            for name, asset in assets.items() if isinstance(asset, dict)]  # fmt: skip
    for link in links:
        words = _text(link.get("title")) or _text(link.get("type"))
        rows.append(("link", _text(link.get("rel")), words, _text(link.get("href"))))
    facts = [("assets", f"{len(assets):,}")] if "assets" in told else []
    if links:
        rels = [str(link.get("rel")) for link in links]
        counted = [f"{rels.count(rel):,} {_words(rel, limit=20)}" for rel in dict.fromkeys(rels)]
        facts.append(("links", ", ".join(counted[:8])))
    return rows[:MOST_ROWS], facts


def _box(value: Any) -> Bounds | None:
    """Return a bounding box of four numbers, or six with heights; over the antimeridian the east is above 180."""
    numbers = [number for number in _list(value)[:6] if type(number) in (int, float)]
    if len(numbers) == 6:
        numbers = [*numbers[:2], *numbers[3:5]]
    if len(numbers) == 4 and numbers[0] > numbers[2]:
        numbers[2] += 360
    return known_bounds(numbers)


def _interval(ends: Sequence[Any]) -> str:
    first, last = (str(end) if end else "open" for end in [*ends, None, None][:2])
    return f"{first} to {last}"


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _words(value: Any, limit: int = WORDS) -> str:
    return visible(" ".join(str(value if value is not None else "none").split()), limit=limit)


def _short(name: Any) -> str:
    """Return the name of an extension in its address: `https://…/eo/v1.1.0/schema.json` is eo."""
    parts = str(name).split("/")
    return next(
        (before for before, part in pairwise(parts) if part[:1] == "v" and part[1:2].isdigit()),
        str(name),
    )
