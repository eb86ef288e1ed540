"""KML and GPX: the shapes and the facts of a text that may be cut, by expat (OGC 12-007r2, GPX 1.1).

A text that declares a document type is not read: entities come from there, and neither form needs one. The depth, the
number of positions and the length of every text are bounded.
"""

import math
import struct
import xml.parsers.expat
from collections import Counter
from typing import Any

MOST_POSITIONS = 60_000  # of all shapes; as many as a map draws
MOST_SHAPES = 15_000  # a frame has room for as many
MOST_DEPTH = 200
MOST_CHARS = 1_000_000  # of the text of one element: the coordinates of one shape
NAME_CHARS = 200
MOST_NAMES = 40  # of placemarks or tracks, and of fields
KML_SHAPES = {"Point": "point", "LineString": "line", "LinearRing": "ring", "Track": "line"}
GPX_PARENTS = {"trkseg": "line", "rte": "line"}
GPX_POINTS = ("wpt", "trkpt", "rtept")
FEATURES = ("Placemark", "wpt", "trk", "rte")
VALUES = ("name", "description", "desc", "cmt", "sym", "type", "ele", "time")  # that are properties of a feature
REFUSED = "it declares a document type, and entities are not read here"


class _RefusedError(Exception):
    """The text asks for what is not done here."""


def decode(job: dict[str, Any], content: bytes) -> tuple[dict[str, Any], bytes]:
    """Return what a text holds, and its positions as pairs of doubles.

    `shapes` are kinds and numbers of positions, in their order: `point`, `line`, `outer` and `inner`. `counts` are
    those of the elements, `names` the first names of features, `facts` the texts of the head by name. `problem` is
    where the text is no XML, "" without; `refused` the reason why it is not read. `is_whole` of the job says that the
    text has its end.
    """
    reader = parse_map(content, is_whole=bool(job["is_whole"]))
    if reader.refused:
        return {"refused": reader.refused}, b""
    told = {
        "form": reader.form, "shapes": reader.shapes, "counts": dict(reader.counts), "names": reader.names,
        "facts": reader.facts, "fields": list(reader.fields)[:MOST_NAMES], "problem": reader.problem,
        "is_cut": reader.is_cut, "times": [reader.first, reader.last],
    }  # fmt: skip
    return told, struct.pack(f"<{len(reader.numbers)}d", *reader.numbers)


def parse_map(content: bytes, *, is_whole: bool) -> "MapText":
    """Return what a text holds, as far as it is XML; raise ValueError when it is no KML and no GPX."""
    reader = MapText()
    parser = xml.parsers.expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = reader.doctype
    try:
        parser.Parse(content, is_whole)
    except _RefusedError as exc:
        reader.refused = str(exc)
        return reader
    except xml.parsers.expat.ExpatError as exc:
        reader.problem = f"not XML from line {exc.lineno:,} on: {xml.parsers.expat.ErrorString(exc.code)}"
    if not reader.form:
        raise ValueError(reader.problem or "it is no KML and no GPX")
    return reader


class MapText:
    """The elements as they come, and what is kept of them.

    `owners` are the features of the shapes, by number, and `values` the properties of each feature. `problem` is where
    the text is no XML, `refused` the reason why it is not read; "" without.
    """

    def __init__(self) -> None:
        self.form = ""
        self.shapes: list[list[Any]] = []
        self.numbers: list[float] = []
        self.counts: Counter[str] = Counter()
        self.names: list[str] = []
        self.facts: dict[str, str] = {}
        self.fields: dict[str, None] = {}
        self.first = self.last = ""
        self.is_cut = False
        self.owners: list[int] = []
        self.values: dict[int, dict[str, str]] = {}
        self.problem = self.refused = ""
        self._feature = -1
        self._field = ""
        self._stack: list[str] = []
        self._text: list[str] = []
        self._length = 0
        self._line: list[float] = []

    def doctype(self, *_: object) -> None:
        """Refuse a document type."""
        raise _RefusedError(REFUSED)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Note the beginning of an element."""
        name = tag.rpartition(" ")[2]
        if not self._stack:
            self.form = {"kml": "KML", "gpx": "GPX"}.get(name, "")
            if not self.form:
                raise ValueError(f"its first element is {name[:NAME_CHARS]}")
            if self.form == "GPX":
                self._fact("written by", attributes.get("creator", ""))
                self._fact("version", attributes.get("version", ""))
        self._stack.append(name)
        if len(self._stack) > MOST_DEPTH:
            raise _RefusedError(f"its elements lie more than {MOST_DEPTH} deep in each other")
        if len(self.counts) < MOST_NAMES or name in self.counts:
            self.counts[name[:NAME_CHARS]] += 1
        self._text, self._length = [], 0
        self._feature += name in FEATURES
        if self.form == "KML":
            if name in ("SimpleData", "Data"):
                self._field = attributes.get("name", "")[:NAME_CHARS]
            if name in ("SimpleData", "Data", "SimpleField") and "name" in attributes and len(self.fields) < MOST_NAMES:
                self.fields[attributes["name"][:NAME_CHARS]] = None
            if name == "Track":
                self._line = []
        elif name in GPX_PARENTS:
            self._line = []
        elif name in GPX_POINTS:
            self._gpx_point(name, attributes)

    def text(self, text: str) -> None:
        """Keep the text of an element, up to a limit."""
        if self._length < MOST_CHARS:
            self._text.append(text)
            self._length += len(text)

    def end(self, tag: str) -> None:
        """Take the text of an element that ends, and the shape that it completes."""
        name = self._stack.pop()
        parent = self._stack[-1] if self._stack else ""
        text = "".join(self._text).strip()
        self._text, self._length = [], 0
        if text and ((parent in FEATURES and name in VALUES) or name == "SimpleData"):
            self._value(self._field if name == "SimpleData" else name, text)
        elif text and name == "value" and parent == "Data":
            self._value(self._field, text)
        if self.form == "KML":
            self._end_kml(name, parent, text)
        else:
            self._end_gpx(name, parent, text)

    def _end_kml(self, name: str, parent: str, text: str) -> None:
        if name == "coordinates" and parent in KML_SHAPES:
            kind = KML_SHAPES[parent]
            if kind == "ring":
                around = self._stack[-2] if len(self._stack) > 1 else ""
                kind = {"outerBoundaryIs": "outer", "innerBoundaryIs": "inner"}.get(around, "line")
            self._add(kind, _coordinates(text))
        elif name == "coord" and parent == "Track":
            self._line += _numbers(text.split()[:2])
        elif name == "Track":
            self._add("line", self._line)
        elif name == "name":
            self._name(text, is_feature=parent == "Placemark")
        elif name == "when":
            self._time(text)
        elif name in ("north", "south", "east", "west") and parent in ("LatLonBox", "LatLonAltBox"):
            self._fact(name, text)
        elif name == "href" and parent in ("Link", "Icon", "Url") and "NetworkLink" in self._stack:
            self._fact("linked", text)

    def _end_gpx(self, name: str, parent: str, text: str) -> None:
        if name in GPX_PARENTS:
            self._add("line", self._line)
            self._line = []
        elif name == "name":
            self._name(text, is_feature=parent in ("trk", "rte", "wpt"))
        elif name == "time":
            if parent == "metadata":
                self._fact("written", text)
            elif parent in GPX_POINTS:
                self._time(text)

    def _gpx_point(self, name: str, attributes: dict[str, str]) -> None:
        pair = _numbers([attributes.get("lon", ""), attributes.get("lat", "")])
        if name == "wpt":
            self._add("point", pair)
        elif len(self._line) < 2 * MOST_POSITIONS:
            self._line += pair

    def _add(self, kind: str, numbers: list[float]) -> None:
        """Keep a shape, as long as there is room."""
        count = len(numbers) // 2
        if not count:
            return
        if len(self.numbers) // 2 + count > MOST_POSITIONS or len(self.shapes) >= MOST_SHAPES:
            self.is_cut = True
            return
        self.shapes.append([kind, count])
        self.owners.append(self._feature)
        self.numbers += numbers[: 2 * count]

    def _name(self, text: str, *, is_feature: bool) -> None:
        if not is_feature:
            self._fact("name", text)
        elif len(self.names) < MOST_NAMES and text:
            self.names.append(text[:NAME_CHARS])

    def _value(self, name: str, text: str) -> None:
        if len(self.values) < MOST_SHAPES or self._feature in self.values:
            own = self.values.setdefault(self._feature, {})
            if len(own) < MOST_NAMES:
                own[name] = text[:NAME_CHARS]

    def _fact(self, label: str, text: str) -> None:
        if text:
            self.facts.setdefault(label, text[:NAME_CHARS])

    def _time(self, text: str) -> None:
        moment = text[:40]
        if moment[:4].isdecimal():
            self.first = min(self.first or moment, moment)
            self.last = max(self.last, moment)


def _coordinates(text: str) -> list[float]:
    """Return longitudes and latitudes of the positions of KML: `lon,lat,height lon,lat,height`."""
    found: list[float] = []
    for position in text.split():
        parts = position.split(",")
        if len(parts) >= 2:
            found += _numbers(parts[:2])
        if len(found) > 2 * MOST_POSITIONS:
            break
    return found


def _numbers(parts: list[str]) -> list[float]:
    """Return a pair of degrees; none where the texts are not two numbers."""
    try:
        x, y = (float(part) for part in parts)
    except ValueError:
        return []
    is_place = math.isfinite(x) and math.isfinite(y) and abs(x) <= 540 and abs(y) <= 90
    return [x, y] if is_place else []
