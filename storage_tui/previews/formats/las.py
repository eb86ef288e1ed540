"""LAS, LAZ and COPC: header, reference system and first points of a point cloud (ASPRS LAS 1.4 R15; COPC 1.0)."""

import math
import re
import struct
from collections import Counter
from dataclasses import dataclass

from rich.text import Text

from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.previews.base import HEADER_BUDGET, KIB, Preview, PreviewError, Source, View
from storage_tui.previews.heads.cursor import Cursor, ShortError, first_bytes
from storage_tui.previews.raster.geokeys import epsg_name
from storage_tui.previews.table.grid import grid_lines

MAGIC = b"LASF"
HEADER_BYTES, HEADER_BYTES_14 = 227, 375
READ_BYTES = 192 * KIB  # of records before the points, and of the points
MOST_RECORDS = 1_000
PROJECTION, GEO_KEYS, GEO_TEXT, WKT = "LASF_Projection", 34735, 34737, 2112
PROJECTED, GEOGRAPHIC = 3072, 2048
COMPRESSED = 0xC0  # bits of the point format that LASzip sets
SIZES = {0: 20, 1: 28, 2: 26, 3: 34, 4: 57, 5: 63, 6: 30, 7: 36, 8: 38, 9: 59, 10: 67}
SHOWN_POINTS = 20
CLASSES = {0: "never classified", 1: "unclassified", 2: "ground", 3: "low vegetation", 4: "medium vegetation",
           5: "high vegetation", 6: "building", 7: "low noise", 9: "water", 10: "rail", 11: "road surface",
           17: "bridge deck", 18: "high noise"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Header:
    version: tuple[int, int]
    software: str
    day: int
    year: int
    points_start: int
    header_bytes: int
    record_count: int
    point_format: int
    point_bytes: int
    count: int
    scale: tuple[float, ...]
    offset: tuple[float, ...]
    bounds: tuple[float, ...]

    @property
    def is_compressed(self) -> bool:
        """Whether the points are packed by LASzip."""
        return bool(self.point_format & COMPRESSED)


class Las:
    """The header and the records before the points; the first points where they are not packed."""

    kind = "LAS"
    budget = HEADER_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the first bytes are the magic."""
        return head.startswith(MAGIC)

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the facts of the header, and the first points of LAS."""
        header = _read_header(head)
        head = await first_bytes(source, head, min(header.points_start + 4 * KIB, READ_BYTES))
        records = _read_records(head, header)
        is_copc = ("copc", 1) in records
        kind = "COPC" if is_copc else "LAZ" if header.is_compressed else self.kind
        form = header.point_format & ~COMPRESSED
        facts = [("version", ".".join(map(str, header.version))), ("points", f"{header.count:,}"),
                 ("point format", f"{form}, {header.point_bytes:,} bytes a point")]  # fmt: skip
        west, south, low, east, north, high = header.bounds
        facts.append(("x, y", f"{_number(west)}, {_number(south)} to {_number(east)}, {_number(north)}"))
        facts.append(("z", f"{_number(low)} to {_number(high)}"))
        facts.append(("scale", ", ".join(f"{value:g}" for value in header.scale)))
        if reference := _reference(records):
            facts.append(("reference", reference))
        if header.software:
            facts.append(("software", visible(header.software, limit=60)))
        if header.year:
            facts.append(("made", f"day {header.day} of {header.year}"))
        lines: list[Text] = []
        if not header.is_compressed and form in SIZES and header.point_bytes >= SIZES[form]:
            missing = header.points_start + header.count * header.point_bytes - (source.size_bytes or len(head))
            if missing > 0:
                facts.append(("cut", f"{size_text(missing)} are missing"))
            points = _points(head, header, form)
            facts += _classes(points, header.count)
            lines = _lines(points)
        return Preview(kind, facts=tuple(facts), lines=tuple(lines))


def _read_header(head: bytes) -> _Header:
    if len(head) < HEADER_BYTES:
        raise PreviewError("its header is cut")
    cursor = Cursor(head, 24)
    version = cursor.number(1), cursor.number(1)
    cursor.skip(32)
    software = cursor.take(32).split(b"\0")[0].decode("latin-1").strip()
    day, year, header_bytes, points_start, record_count = cursor.values("HHHII")
    point_format, point_bytes, count = cursor.values("BHI")
    cursor.skip(20)
    scale, offset = cursor.values("3d"), cursor.values("3d")
    east, west, north, south, high, low = cursor.values("6d")
    if version >= (1, 4) and len(head) >= HEADER_BYTES_14:
        count = Cursor(head, 247).number(8)
    numbers = (*scale, *offset, west, south, low, east, north, high)
    if not all(map(math.isfinite, numbers)):
        raise PreviewError("its header holds numbers that are not finite")
    return _Header(version, software, day, year, points_start, header_bytes, record_count, point_format, point_bytes,
                   count, scale, offset, (west, south, low, east, north, high))  # fmt: skip


def _read_records(head: bytes, header: _Header) -> dict[tuple[str, int], bytes]:
    """Return the records before the points by user and number, as far as they are read."""
    records: dict[tuple[str, int], bytes] = {}
    cursor = Cursor(head, header.header_bytes)
    try:
        for _ in range(min(header.record_count, MOST_RECORDS)):
            cursor.skip(2)
            user = cursor.take(16).split(b"\0")[0].decode("latin-1")
            number, size = cursor.values("HH")
            cursor.skip(32)
            records.setdefault((user, number), cursor.take(size))
    except ShortError:
        pass
    return records


def _reference(records: dict[tuple[str, int], bytes]) -> str:
    """Return the reference system in words; empty without any."""
    wkt = records.get((PROJECTION, WKT), b"").decode("utf-8", "replace")
    if name := re.match(r'\s*\w+\s*\[\s*"([^"]*)"', wkt):
        code = re.search(r'(?:AUTHORITY|ID)\["EPSG",\s*"?(\d{1,6})"?\]\s*\]\s*\x00*$', wkt)
        return visible((f"EPSG:{code[1]}, " if code else "") + name[1], limit=80)
    raw = records.get((PROJECTION, GEO_KEYS), b"")
    numbers = struct.unpack(f"<{len(raw) // 2}H", raw[: len(raw) // 2 * 2])
    keys = {numbers[at]: numbers[at + 3] for at in range(4, len(numbers) - 3, 4) if numbers[at + 1] == 0}
    code_found = keys.get(PROJECTED) or keys.get(GEOGRAPHIC)
    if code_found and code_found < 32767:
        name_found = epsg_name(code_found)
        return f"EPSG:{code_found}" + (f", {name_found}" if name_found else "")
    text = records.get((PROJECTION, GEO_TEXT), b"").decode("latin-1")
    return visible(text.strip("|\0 "), limit=80)


def _points(head: bytes, header: _Header, form: int) -> list[tuple[float, float, float, int, int]]:
    """Return x, y, z, intensity and class of the points that are read."""
    place, mask = (16, 0xFF) if form >= 6 else (15, 0x1F)
    known = max(0, len(head) - header.points_start) // header.point_bytes
    points = []
    for number in range(min(known, header.count)):
        at = header.points_start + number * header.point_bytes
        x, y, z, intensity = struct.unpack_from("<iiiH", head, at)
        x, y, z = (value * scale + shift for value, scale, shift in
                   zip((x, y, z), header.scale, header.offset, strict=True))  # fmt: skip
        points.append((x, y, z, intensity, head[at + place] & mask))
    return points


def _classes(points: list[tuple[float, float, float, int, int]], count: int) -> list[tuple[str, str]]:
    if not points:
        return []
    found = Counter(point[4] for point in points)
    text = ", ".join(f"{CLASSES.get(number, f'class {number}')} × {n:,}" for number, n in found.most_common(6))
    return [("classes", text if len(points) == count else f"{text}, of the first {len(points):,} points")]


def _lines(points: list[tuple[float, float, float, int, int]]) -> list[Text]:
    if not points:
        return []
    rows = [(_number(x), _number(y), _number(z), str(intensity), str(kind)) for x, y, z, intensity, kind in
            points[:SHOWN_POINTS]]  # fmt: skip
    return grid_lines(("x", "y", "z", "intensity", "class"), rows, right=frozenset(range(5)))


def _number(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 1e12 else f"{value:g}"
