"""The shapes of a vector tile in degrees (Mapbox Vector Tile specification, version 2.1)."""

import math
import struct
import zlib
from typing import Any

from storage_tui.previews.heads.protobuf import BYTES, Field, read_fields, read_varint, text_of

GZIP = b"\x1f\x8b"
MOST_BYTES = 8 * 1024 * 1024  # of a tile; those of the web have at most half a megabyte
MOST_POSITIONS = 60_000
MOST_SHAPES = 15_000  # a frame has room for as many
MOST_LAYERS = 100
NAME_CHARS = 80
DEFAULT_EXTENT, MOST_EXTENT = 4096, 1 << 24
POINT, POLYGON = 1, 3
MOVE, LINE, CLOSE = 1, 2, 7

Part = list[tuple[int, int]]


def decode(job: dict[str, Any], content: bytes) -> tuple[dict[str, Any], bytes]:
    """Return the `layers` of a tile with their numbers of features, and its `shapes` with their positions as doubles.

    `tile` of the job is its zoom, column and row. `shapes` are kinds and numbers of positions, as of a KML: point,
    line, outer, inner. `is_cut` says that there are more. Raises ValueError or LimitError for what is no tile.
    """
    raw = unpacked(content)
    drawn = _Shapes(*job["tile"])
    layers: list[tuple[str, int]] = []
    for field in read_fields(raw, 0, len(raw)):
        if field.number == 3 and field.wire == BYTES and len(layers) < MOST_LAYERS:
            layers.append(_read_layer(raw, field, drawn))
    if not layers and raw:
        raise ValueError("it has no layer")
    told = {"layers": layers, "shapes": drawn.kinds, "is_cut": drawn.is_cut}
    return told, struct.pack(f"<{len(drawn.numbers)}d", *drawn.numbers)


def unpacked(content: bytes) -> bytes:
    """Return a tile, which may be packed by gzip; raise ValueError for a damaged one, and for more than MOST_BYTES."""
    if not content.startswith(GZIP):
        return content
    unpacker = zlib.decompressobj(31)
    try:
        raw = unpacker.decompress(content, MOST_BYTES)
    except zlib.error as exc:
        raise ValueError("it cannot be unpacked") from exc
    if unpacker.unconsumed_tail:
        raise ValueError("it unpacks to more than a tile has")
    if not unpacker.eof:
        raise ValueError("it is cut")
    return raw


def _read_layer(raw: bytes, layer: Field, drawn: "_Shapes") -> tuple[str, int]:
    name, extent, features = "", DEFAULT_EXTENT, list[Field]()
    for field in read_fields(raw, layer.start, layer.stop):
        if field.number == 1 and field.wire == BYTES:
            name = text_of(raw, field)[:NAME_CHARS]
        elif field.number == 2 and field.wire == BYTES:
            features.append(field)
        elif field.number == 5:
            extent = field.value
    if not 0 < extent <= MOST_EXTENT:
        raise ValueError("a layer has no extent")
    for feature in features:
        if drawn.is_cut:
            break
        _read_feature(raw, feature, extent, drawn)
    return name, len(features)


def _read_feature(raw: bytes, feature: Field, extent: int, drawn: "_Shapes") -> None:
    kind, geometry = 0, None
    for field in read_fields(raw, feature.start, feature.stop):
        if field.number == 3:
            kind = field.value
        elif field.number == 4 and field.wire == BYTES:
            geometry = field
    if geometry is None:
        return
    parts = parts_of(raw, geometry)
    if kind == POINT:
        for part in parts:
            for place in part:
                drawn.add("point", [place], extent)
        return
    for part in parts:
        if kind == POLYGON:
            drawn.add("outer" if _area(part) > 0 else "inner", part, extent)
        else:
            drawn.add("line", part, extent)


def parts_of(raw: bytes, geometry: Field) -> list[Part]:
    """Return the lines of a geometry: commands with counts, and steps from place to place (section 4.3)."""
    found: list[Part] = []
    at, x, y, count = geometry.start, 0, 0, 0
    while at < geometry.stop and count <= MOST_POSITIONS:
        command, at = read_varint(raw, at)
        times = command >> 3
        if at < 0 or command & 7 not in (MOVE, LINE, CLOSE):
            raise ValueError("a geometry has a command that is none")
        if command & 7 == CLOSE:
            continue
        for _ in range(min(times, MOST_POSITIONS)):
            across, at = read_varint(raw, at)
            down, at = read_varint(raw, at) if at >= 0 else (0, -1)
            if not 0 <= at <= geometry.stop:
                raise ValueError("a geometry is cut")
            x += across >> 1 ^ -(across & 1)
            y += down >> 1 ^ -(down & 1)
            if command & 7 == MOVE or not found:
                found.append([])
            found[-1].append((x, y))
            count += 1
    return found


def _area(ring: Part) -> int:
    """Return twice the area of a ring, which is positive for an outer one: rows count from the north."""
    following = [*ring[1:], *ring[:1]]
    return sum(x * b - a * y for (x, y), (a, b) in zip(ring, following, strict=True))


class _Shapes:
    """The shapes of one tile in degrees."""

    def __init__(self, zoom: int, column: int, row: int) -> None:
        self.kinds: list[list[Any]] = []
        self.numbers: list[float] = []
        self.is_cut = False
        self._side = float(1 << zoom)
        self._column, self._row = column, row

    def add(self, kind: str, part: Part, extent: int) -> None:
        """Add a shape, as long as there is room."""
        if len(self.numbers) // 2 + len(part) > MOST_POSITIONS or len(self.kinds) >= MOST_SHAPES:
            self.is_cut = True
            return
        self.kinds.append([kind, len(part)])
        for x, y in part:
            across, down = (self._column + x / extent) / self._side, (self._row + y / extent) / self._side
            self.numbers.append(min(max(across * 360 - 180, -360.0), 360.0))
            up = min(max(math.pi * (1 - 2 * down), -20.0), 20.0)
            self.numbers.append(math.degrees(math.atan(math.sinh(up))))
