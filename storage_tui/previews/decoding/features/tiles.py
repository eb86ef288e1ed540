"""The features of one layer in some vector tiles (Mapbox Vector Tile specification, version 2.1)."""

import math
import struct
from typing import Any

from storage_tui.previews.base import PreviewError
from storage_tui.previews.decoding.children import Told
from storage_tui.previews.decoding.features import placing
from storage_tui.previews.decoding.features.clipping import clipped_line, clipped_ring
from storage_tui.previews.decoding.features.packing import MOST_FIELDS, Packer
from storage_tui.previews.decoding.features.placing import Placing, Taken
from storage_tui.previews.decoding.vector_tiles import (
    DEFAULT_EXTENT,
    MOST_EXTENT,
    MOST_LAYERS,
    NAME_CHARS,
    POINT,
    POLYGON,
    Part,
    parts_of,
    unpacked,
)
from storage_tui.previews.heads.protobuf import BYTES, NARROW, VARINT, WIDE, Field, read_fields, read_varint, text_of
from storage_tui.previews.vector.canvas import Point
from storage_tui.previews.vector.reference import WGS84

TEXT, FLOAT, DOUBLE, INT, UINT, SINT, BOOL = 1, 2, 3, 4, 5, 6, 7  # the fields of a value (section 4.4)
MOST_VALUES = 200_000  # of one layer


def decode(job: dict[str, Any], content: bytes) -> Told:
    """Return the features of a layer as `Packer.answer` does.

    `tiles` of the job are zoom, column, row and size of each tile in the content. `layers` are the names of the layers
    where they are known, else those that are found; `layer` is the number of the one wanted. `bounds` is passed on;
    `is_finest` says that no larger zoom is there.
    """
    packer = Packer(Placing.of(WGS84))
    names: list[str] = list(job["layers"])
    tiles, at = [], 0
    for zoom, column, row, size in job["tiles"]:
        try:
            raw = unpacked(content[at : at + size])
            tiles.append(((zoom, column, row), raw, _layers_of(raw)))
        except (ValueError, PreviewError):
            packer.problem = "some tiles are damaged"
        at += size
    if not tiles and packer.problem:
        raise ValueError("its tiles are damaged")
    if not names:
        names = list(dict.fromkeys(name for _, _, layers in tiles for name, _ in layers))[:MOST_LAYERS]
    wanted = names[job["layer"]] if 0 <= job["layer"] < len(names) else ""
    for place, raw, layers in tiles:
        for name, field in layers:
            if name == wanted and not packer.is_full:
                try:
                    _add_layer(packer, raw, field, place)
                except (ValueError, PreviewError, struct.error):
                    packer.problem = "some tiles are damaged"
    more = {"layers": names or [""], "can_window": not job["is_finest"], "bounds": job["bounds"],
            "is_cut": packer.is_full}  # fmt: skip
    return packer.answer(total=None, is_all=job["is_finest"], more=more)


def _layers_of(raw: bytes) -> list[tuple[str, Field]]:
    """Return the layers of a tile by their names; raise ValueError for what is no tile."""
    found: list[tuple[str, Field]] = []
    for field in read_fields(raw, 0, len(raw)):
        if field.number == 3 and field.wire == BYTES and len(found) < MOST_LAYERS:
            named = (part for part in read_fields(raw, field.start, field.stop) if part.number == 1)
            found.append(("".join(text_of(raw, part)[:NAME_CHARS] for part in named if part.wire == BYTES), field))
    if not found and raw:
        raise ValueError("it has no layer")
    return found


def _add_layer(packer: Packer, raw: bytes, layer: Field, place: tuple[int, int, int]) -> None:
    extent, features, keys, values = DEFAULT_EXTENT, list[Field](), list[str](), list[Field]()
    for field in read_fields(raw, layer.start, layer.stop):
        if field.number == 2 and field.wire == BYTES:
            features.append(field)
        elif field.number == 3 and field.wire == BYTES and len(keys) < MOST_VALUES:
            keys.append(text_of(raw, field)[:NAME_CHARS])
        elif field.number == 4 and field.wire == BYTES and len(values) < MOST_VALUES:
            values.append(field)
        elif field.number == 5:
            extent = field.value
    if not 0 < extent <= MOST_EXTENT:
        raise ValueError("a layer has no extent")
    for feature in features:
        kind, geometry, tags = 0, None, None
        told: dict[str, Any] = {}
        for field in read_fields(raw, feature.start, feature.stop):
            if field.number == 1 and field.wire == VARINT:
                told["id"] = field.value
            elif field.number == 2 and field.wire == BYTES:
                tags = field
            elif field.number == 3:
                kind = field.value
            elif field.number == 4 and field.wire == BYTES:
                geometry = field
        taken = packer.begin()
        if geometry is not None:
            _take(taken, kind, parts_of(raw, geometry), extent, place)
        if not taken.parts:
            continue  # it lies in the margin of the tile, and in the tile beside it
        if tags is not None:
            told |= _tagged(raw, tags, keys, values)
        if not packer.add(taken, told):
            return


def _tagged(raw: bytes, tags: Field, keys: list[str], values: list[Field]) -> dict[str, Any]:
    """Return the attributes of a feature: pairs of a key and a value by their numbers (section 4.4)."""
    found: dict[str, Any] = {}
    at = tags.start
    while at < tags.stop and len(found) < MOST_FIELDS:
        key, at = read_varint(raw, at)
        value, at = read_varint(raw, at) if at >= 0 else (0, -1)
        if not 0 <= at <= tags.stop or key >= len(keys) or value >= len(values):
            raise ValueError("a feature names an attribute that is not there")
        found[keys[key]] = _value(raw, values[value])
    return found


def _value(raw: bytes, value: Field) -> Any:
    for field in read_fields(raw, value.start, value.stop):
        if field.number == TEXT and field.wire == BYTES:
            return text_of(raw, field)
        if field.number == FLOAT and field.wire == NARROW:
            return struct.unpack_from("<f", raw, field.start)[0]
        if field.number == DOUBLE and field.wire == WIDE:
            return struct.unpack_from("<d", raw, field.start)[0]
        if field.wire == VARINT and field.number in (INT, UINT):
            return field.value - (1 << 64) if field.number == INT and field.value >> 63 else field.value
        if field.wire == VARINT and field.number == SINT:
            return field.value >> 1 ^ -(field.value & 1)
        if field.wire == VARINT and field.number == BOOL:
            return "true" if field.value else "false"
    return None


def _take(taken: Taken, kind: int, parts: list[Part], extent: int, place: tuple[int, int, int]) -> None:
    """Take the parts of a feature inside of its tile: what lies in the margin is in the tile beside too."""
    degrees = _Degrees(place, extent)
    if kind == POINT:
        for part in parts:
            for x, y in part:
                if 0 <= x < extent and 0 <= y < extent:
                    taken.parts.append((placing.POINT, [degrees.of(x, y)]))
        return
    for part in parts:
        if kind == POLYGON:
            ring = clipped_ring(part, extent)
            if len(ring) > 2:
                taken.parts.append((placing.RING, [degrees.of(x, y) for x, y in (*ring, ring[0])]))
        else:
            for line in clipped_line(part, extent):
                taken.parts.append((placing.LINE, [degrees.of(x, y) for x, y in line]))


class _Degrees:
    """Places of a tile as longitude and latitude."""

    def __init__(self, place: tuple[int, int, int], extent: int) -> None:
        zoom, self._column, self._row = place
        self._step = 1 / (float(1 << zoom) * extent)
        self._extent = extent
        self._latitudes: dict[float, float] = {}

    def of(self, x: float, y: float) -> Point:
        latitude = self._latitudes.get(y)
        if latitude is None:
            down = (self._row * self._extent + y) * self._step
            latitude = self._latitudes[y] = math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * down))))
        return (self._column * self._extent + x) * self._step * 360 - 180, latitude
