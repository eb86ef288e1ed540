"""KML, KMZ and GPX: names, counts, times and fields, and the shapes on the map; expat reads in the decoding process."""

import re
import struct
from collections.abc import Iterator
from typing import Any

from storage_tui.contract.counts import plural
from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.previews.base import (
    KIB,
    MIB,
    Budget,
    Cells,
    LimitError,
    OtherFormatError,
    Preview,
    PreviewError,
    Source,
    View,
)
from storage_tui.previews.containers.zip_directory import read_directory
from storage_tui.previews.decoding.decoder import DECODER
from storage_tui.previews.formats.shapefile import first_member
from storage_tui.previews.siblings import InZip
from storage_tui.previews.text.encoding import decode_head
from storage_tui.previews.vector.canvas import Point
from storage_tui.previews.vector.layer import Layer, draw_layer
from storage_tui.previews.vector.reference import WGS84
from storage_tui.previews.vector.shapes import Shapes

BUDGET = Budget(requests=2, size_bytes=MIB)  # the text has no index: its first megabyte
TAIL_BYTES = 128 * KIB  # of a KMZ: its directory
TEXT_BYTES = 512 * KIB  # of a KMZ: the packed text
SNIFF_CHARS = 4096
ELEMENTS = {"Placemark": "placemark", "Folder": "folder", "GroundOverlay": "overlay", "NetworkLink": "network link",
            "PhotoOverlay": "photo", "wpt": "waypoint", "rte": "route", "trk": "track", "trkseg": "segment",
            "trkpt": "track point", "rtept": "route point"}  # fmt: skip
GEOMETRIES = {"Point": "Point", "LineString": "LineString", "Polygon": "Polygon", "Track": "Track", "Model": "Model"}
FIRST_NAMES = 8
MOST_TEXTS = 2  # of a KMZ, after its first
MARKS = (b"kml", b"gpx", b"k\0m\0l", b"g\0p\0x")  # also in UTF-16

_ROOT = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--(?:(?!-->).)*-->\s*)*(?:<!DOCTYPE[^>\[]*(?:\[[^\]]*\])?\s*>\s*)?"
    r"<(?:[\w.-]{1,40}:)?(kml|gpx)[\s>]",
    re.DOTALL,
)


class Kml:
    """KML or GPX as text."""

    kind = "KML"
    budget = BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the first element is `kml` or `gpx`."""
        return form_of(head) != ""

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the preview with one more read of the text, up to the budget."""
        raw = head + await source.read(len(head), len(head) + source.bytes_left)
        return await _preview(form_of(head), raw, view, is_whole=len(raw) == source.size_bytes)


class Kmz:
    """A zip with a KML."""

    kind = "KMZ"
    budget = Budget(requests=4, size_bytes=MIB)  # the head, the directory and the text

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the first member of a zip is a KML, or the name says so."""
        first = first_member(head).lower()
        return first.endswith(".kml") or (bool(first) and name.endswith(".kmz"))

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the preview of the first KML of the archive."""
        tail = await source.tail(min(source.size_bytes or len(head), TAIL_BYTES))
        try:
            directory = read_directory(tail, (source.size_bytes or len(head)) - len(tail))
        except PreviewError as exc:
            raise OtherFormatError("its directory is not read") from exc
        names = [entry.name for entry in directory.entries if entry.name.lower().endswith(".kml")]
        if not names:
            raise OtherFormatError("it holds no KML")
        shown: Preview | None = None
        entries = [entry for entry in directory.entries if entry.name in names]
        others = sorted(entries[1:], key=lambda entry: -entry.packed_bytes)
        for entry in (entries[0], *others[:MOST_TEXTS]):  # the first one may only link to the others
            raw = await InZip(source, [entry], directory.prefix, entry.name).read(".kml", TEXT_BYTES)
            if not raw or not form_of(raw):
                continue
            more = [("member", visible(entry.name, limit=80)), ("members", f"{len(directory.entries):,}")]
            now = await _preview("KMZ", raw, view, is_whole=len(raw) == entry.size_bytes, more=more)
            shown = shown if shown is not None and not now.is_drawing else now
            if now.is_drawing:
                break
        if shown is None:
            raise OtherFormatError("its KML cannot be unpacked")
        return shown


def form_of(head: bytes) -> str:
    """Return `KML` or `GPX` by the first element of a text; "" for anything else."""
    head = head[: 4 * SNIFF_CHARS]
    if not any(mark in head for mark in MARKS):
        return ""
    found = _ROOT.match(decode_head(head)[0][:SNIFF_CHARS].removeprefix("\ufeff"))
    return "" if found is None else found[1].upper()


async def _preview(
    kind: str, raw: bytes, view: View, *, is_whole: bool, more: list[tuple[str, str]] | None = None
) -> Preview:
    told, packed = await DECODER.decode({"job": "map", "is_whole": is_whole}, raw)
    if "refused" in told:
        raise LimitError(told["refused"])
    numbers = struct.unpack(f"<{len(packed) // 8}d", packed)
    layer = Layer(reference=WGS84, is_all=True, shapes=Shapes(is_degrees=True))
    for polygon in read_polygons(told["shapes"], list(zip(numbers[::2], numbers[1::2], strict=True)), layer.shapes):
        layer.shapes.add_polygon(polygon)
    layer.bounds = layer.shapes.bounds()
    counts: dict[str, int] = told["counts"]
    first = "" if is_whole and not told["problem"] else "at least "
    facts = [
        (label, visible(text, limit=120))
        for label, text in told["facts"].items()
        if label in ("name", "version", "written by", "written", "linked")
    ]
    elements = [plural(counts[name], words) for name, words in ELEMENTS.items() if counts.get(name)]
    if elements:
        facts.append(("elements", f"{first}{', '.join(elements)}"))
    kinds = [f"{counts[name]:,} {words}" for name, words in GEOMETRIES.items() if counts.get(name)]
    if kinds:
        layer.geometry = f"{first}{', '.join(kinds)}"
    begin, end = told["times"]
    if begin:
        facts.append(("times", visible(begin if begin == end else f"{begin} to {end}", limit=90)))
    if told["fields"]:
        facts.append(("fields", ", ".join(visible(name, limit=30) for name in told["fields"])))
    if told["names"]:
        shown = ", ".join(visible(name, limit=40) for name in told["names"][:FIRST_NAMES])
        facts.append(("names", shown + (", …" if len(told["names"]) > FIRST_NAMES else "")))
    notes = [told["problem"]] if told["problem"] else []
    if not is_whole and not told["problem"]:
        notes.append(f"its first {size_text(len(raw))}")
    if told["is_cut"]:
        notes.append("more shapes than a map has room for")
    cells = Cells(("name",), tuple((name,) for name in told["names"])) if told["names"] else None
    return draw_layer(kind, layer, view, more=[*(more or []), *facts], note=" · ".join(notes), cells=cells)


def read_polygons(kinds: list[list[Any]], points: list[Point], shapes: Shapes) -> Iterator[list[list[Point]]]:
    """Add points and lines to the shapes, and yield the rings of each polygon."""
    at, polygon = 0, list[list[Point]]()
    for kind, count in kinds:
        part = points[at : at + count]
        at += count
        if kind == "inner" and polygon:
            polygon.append(part)
            continue
        if polygon:
            yield polygon
            polygon = []
        if kind == "point":
            for point in part:
                shapes.add_point(point)
        elif kind == "outer":
            polygon = [part]
        else:
            shapes.add_path(part)
    if polygon:
        yield polygon
