"""The features in the first bytes of GeoJSON, STAC, WKT, WKB, Shapefile, KML and GPX."""

import binascii
import json
import re
import struct
from collections.abc import Callable, Iterator
from typing import Any

from storage_tui.previews.decoding.children import Told
from storage_tui.previews.decoding.features.packing import Packer
from storage_tui.previews.decoding.features.placing import Placing
from storage_tui.previews.decoding.xml_maps import parse_map
from storage_tui.previews.formats.geojson import GEOMETRIES, add_geometry
from storage_tui.previews.reasons import reason_of
from storage_tui.previews.text.encoding import decode_head
from storage_tui.previews.text.json_object import skip_gap
from storage_tui.previews.vector.reference import WGS84, Reference, of_code, of_crs, of_wkt
from storage_tui.previews.vector.shapefile import CODE, HEADER_BYTES, add_record, attribute_rows, count_of_index
from storage_tui.previews.vector.wkb import read_geometry
from storage_tui.previews.vector.wkt_text import CutError, Geometry, add_to, read_geometries

MOST_BOXES = 1000  # of a collection of STAC

_JSON = json.JSONDecoder()
_FEATURES = re.compile(r'"features"\s*:\s*\[\s*(?=[{\]])')
_CRS = re.compile(r'"crs"\s*:\s*(?=[{n])')
_WKB_LINE = re.compile(rb"\s*(?:\\x|0x)?(0[01][0-9A-Fa-f]{8,})")


def decode(job: dict[str, Any], content: bytes) -> Told:
    """Return the features of a file as `Packer.answer` does.

    `form` is geojson, wkt, wkb, shapefile or map; `is_whole` says that the content is all of the file. For a Shapefile
    `sizes` are those of the parts `.shp`, `.dbf`, `.prj`, `.cpg` and `.shx` in the content.
    """
    return FORMS[job["form"]](job, content)


def _geojson(job: dict[str, Any], content: bytes) -> Told:
    text, _ = decode_head(content)
    opening = _FEATURES.search(text)
    crs = _CRS.search(text[: opening.start()] if opening else text[:4096])
    reference: Reference | None = WGS84
    if crs is not None:
        try:
            reference = of_crs(_JSON.raw_decode(text, crs.end())[0])
        except (ValueError, RecursionError):
            reference = WGS84
    packer = Packer(Placing.of(reference))
    is_all = job["is_whole"]
    try:
        for item in _items(text, opening):
            if not _add_item(packer, item):
                break
    except (ValueError, IndexError):
        is_all = False
        if job["is_whole"]:
            packer.problem = "not JSON from some place on"
    except RecursionError:
        is_all, packer.problem = False, "it is nested too deep"
    if not packer.count and packer.problem:
        raise ValueError(packer.problem)
    return packer.answer(total=packer.count if is_all and not packer.is_full else None, is_all=is_all)


def _items(text: str, opening: re.Match[str] | None) -> Iterator[Any]:
    """Yield the features of a collection, or the objects of a sequence; raise ValueError where the text ends first."""
    if opening is not None and text[skip_gap(text, 0) : opening.start()].count('"Feature"') == 0:
        at = opening.end()
        while text[at] != "]":
            item, at = _JSON.raw_decode(text, at)
            yield item
            at = skip_gap(text, at)
            if text[at] == ",":
                at = skip_gap(text, at + 1)
        return
    at = skip_gap(text, 0)
    while at < len(text):
        item, at = _JSON.raw_decode(text, at)
        if isinstance(item, dict) and isinstance(item.get("features"), list):
            yield from item["features"]
        else:
            yield item
        at = skip_gap(text, at)


def _add_item(packer: Packer, item: Any) -> bool:
    """Add a feature, a bare geometry, or the boxes of a collection of STAC; return false when the packer is full."""
    if not isinstance(item, dict):
        return True
    taken = packer.begin()
    if item.get("type") in GEOMETRIES:
        add_geometry(taken, item)
        return packer.add(taken, {})
    if item.get("type") == "Collection":
        return _add_boxes(packer, item)
    geometry, values = item.get("geometry"), item.get("properties")
    if isinstance(geometry, dict):
        add_geometry(taken, geometry)
    told = {} if "id" not in item or isinstance(item["id"], dict | list) else {"id": item["id"]}
    return packer.add(taken, told | (values if isinstance(values, dict) else {}))


def _add_boxes(packer: Packer, item: dict[str, Any]) -> bool:
    try:
        boxes = item["extent"]["spatial"]["bbox"][:MOST_BOXES]
    except (LookupError, TypeError):
        return True
    for box in boxes[1:] or boxes:  # the first is around all others
        if not isinstance(box, list) or len(box) not in (4, 6) or not all(type(n) in (int, float) for n in box):
            continue
        west, south, east, north = (*box[:2], *box[3:5]) if len(box) == 6 else box
        east += 360 if east < west else 0
        if not (abs(west) <= 540 and abs(east) <= 540 and abs(south) <= 90 and abs(north) <= 90):
            continue
        taken = packer.begin()
        taken.add_polygon([[(west, south), (east, south), (east, north), (west, north)]])
        if not packer.add(taken, {"id": item.get("id"), "title": item.get("title")}):
            return False
    return True


def _wkt(job: dict[str, Any], content: bytes) -> Told:
    text = decode_head(content)[0].removeprefix("\ufeff")
    return _geometries(job, read_geometries(text))


def _wkb(job: dict[str, Any], content: bytes) -> Told:
    return _geometries(job, _of_wkb(content))


def _of_wkb(content: bytes) -> Iterator[Geometry]:
    if _WKB_LINE.match(content) is None:
        at = 0
        while at < len(content):
            geometry = read_geometry(content, at)
            yield geometry
            at = geometry.stop
        return
    for line in content.split():
        found = _WKB_LINE.fullmatch(line.strip(b"\"',;"))
        if found is None:
            raise ValueError("a line has other letters than those of hexadecimal digits")
        yield read_geometry(binascii.unhexlify(found[1][: len(found[1]) // 2 * 2]))


def _geometries(job: dict[str, Any], found: Iterator[Geometry]) -> Told:
    packer: Packer | None = None
    is_all = job["is_whole"]
    problem = ""
    try:
        for geometry in found:
            if packer is None:
                packer = Packer(Placing.of(of_code(geometry.srid) if geometry.srid else None))
            taken = packer.begin()
            add_to(taken, geometry)
            if not packer.add(taken, {}):
                break
    except CutError:
        is_all = False
        problem = "the last geometry has no end" if job["is_whole"] else ""
    except (ValueError, RecursionError) as exc:
        is_all, problem = False, f"no geometry from some place on: {exc}"
    if packer is None:
        raise ValueError(problem or "no complete geometry in the part that was read")
    packer.problem = packer.problem or problem
    return packer.answer(total=packer.count if is_all and not packer.is_full else None, is_all=is_all)


def _shapefile(job: dict[str, Any], content: bytes) -> Told:
    parts, at = [], 0
    for size in job["sizes"]:
        parts.append(content[at : at + size])
        at += size
    shapes, table, projection, codec, index = parts
    if not shapes.startswith(CODE) or len(shapes) < HEADER_BYTES:
        raise ValueError("its header is cut")
    packer = Packer(Placing.of(of_wkt(projection.decode("utf-8", "replace"))))
    rows = attribute_rows(table, codec.decode("ascii", "replace"))
    at = HEADER_BYTES
    is_all = job["is_whole"]
    while at + 8 <= len(shapes):
        size = 2 * int(struct.unpack_from(">I", shapes, at + 4)[0])
        if size < 4:
            packer.problem = f"shape {packer.count + 1:,} claims {size} bytes"
            break
        if at + 8 + size > len(shapes):
            is_all = False
            break
        taken = packer.begin()
        try:
            add_record(shapes[at + 8 : at + 8 + size], taken)
        except (struct.error, ValueError) as exc:
            packer.problem = f"shape {packer.count + 1:,} is damaged: {reason_of(exc)}"
            break
        if not packer.add(taken, next(rows, {})):
            break
        at += 8 + size
    total = count_of_index(index or None)
    return packer.answer(total=packer.count if total is None and is_all else total, is_all=is_all)


def _map(job: dict[str, Any], content: bytes) -> Told:
    found = parse_map(content, is_whole=job["is_whole"])
    if found.refused:
        raise ValueError(found.refused)
    packer = Packer(Placing.of(WGS84))
    packer.problem = found.problem
    numbers, at = found.numbers, 0
    groups: dict[int, list[tuple[str, list[tuple[float, float]]]]] = {}
    for (kind, count), owner in zip(found.shapes, found.owners, strict=True):
        line = list(zip(numbers[at : at + 2 * count : 2], numbers[at + 1 : at + 2 * count : 2], strict=True))
        groups.setdefault(owner, []).append((kind, line))
        at += 2 * count
    for owner, shapes in groups.items():
        taken = packer.begin()
        rings: list[list[tuple[float, float]]] = []
        for kind, line in shapes:
            if kind == "inner" and rings:
                rings.append(line)
                continue
            if rings:
                taken.add_polygon(rings)
                rings = []
            if kind == "point":
                taken.add_point(line[0])
            elif kind == "outer":
                rings = [line]
            else:
                taken.add_path(line)
        if rings:
            taken.add_polygon(rings)
        if not packer.add(taken, found.values.get(owner, {})):
            break
    is_all = job["is_whole"] and not found.is_cut
    return packer.answer(total=packer.count if is_all else None, is_all=is_all)


FORMS: dict[str, Callable[[dict[str, Any], bytes], Told]] = {
    "geojson": _geojson, "wkt": _wkt, "wkb": _wkb, "shapefile": _shapefile, "map": _map,
}  # fmt: skip
