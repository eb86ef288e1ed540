"""GRIB 1 and 2: the messages that the first bytes reach, with parameter, level, time and grid (WMO-No. 306, FM 92).

A file is a chain of messages: each says its length, and its head lies before its values. A preview passes over the
values without reading them, as long as the next head lies in what is read.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.previews.base import HEADER_BUDGET, KIB, Budget, LimitError, Preview, PreviewError, Source, View
from storage_tui.previews.heads.cursor import Cursor, ShortError, first_bytes
from storage_tui.previews.raster.by_gdal import completed
from storage_tui.previews.table.grid import grid_lines

MAGIC = b"GRIB"
READ_BYTES = 256 * KIB
MOST_MESSAGES = 2_000
MOST_SECTIONS = 500  # of one message: sections 2 to 7 may be repeated
PARAMETERS = {
    (0, 0, 0): "temperature", (0, 0, 1): "virtual temperature", (0, 0, 2): "potential temperature",
    (0, 0, 4): "maximum temperature", (0, 0, 5): "minimum temperature", (0, 0, 6): "dew point temperature",
    (0, 1, 0): "specific humidity", (0, 1, 1): "relative humidity", (0, 1, 7): "precipitation rate",
    (0, 1, 8): "total precipitation", (0, 1, 11): "snow depth", (0, 1, 13): "snow water equivalent",
    (0, 1, 52): "total precipitation rate", (0, 2, 0): "wind direction", (0, 2, 1): "wind speed",
    (0, 2, 2): "u wind", (0, 2, 3): "v wind", (0, 2, 8): "vertical velocity (pressure)", (0, 2, 22): "gust",
    (0, 3, 0): "pressure", (0, 3, 1): "pressure at sea level", (0, 3, 4): "geopotential",
    (0, 3, 5): "geopotential height", (0, 4, 7): "downward short-wave flux", (0, 5, 3): "downward long-wave flux",
    (0, 6, 1): "total cloud cover", (0, 7, 6): "convective available potential energy", (0, 19, 0): "visibility",
    (2, 0, 0): "land cover", (2, 0, 2): "soil temperature", (10, 0, 3): "height of waves",
    (10, 3, 0): "water temperature",
}  # fmt: skip
"""By discipline, category and number (code table 4.2): the parameters of most files."""
OLD_PARAMETERS = {1: "pressure", 2: "pressure at sea level", 6: "geopotential", 7: "geopotential height",
                  11: "temperature", 15: "maximum temperature", 16: "minimum temperature",
                  17: "dew point temperature", 31: "wind direction", 32: "wind speed", 33: "u wind", 34: "v wind",
                  51: "specific humidity", 52: "relative humidity", 61: "total precipitation",
                  66: "snow depth", 71: "total cloud cover"}  # fmt: skip
"""By number, for the tables 1 to 3 of the WMO (code table 2 of edition 1)."""
LEVELS = {1: "surface", 100: "{:g} Pa", 101: "mean sea level", 102: "{:g} m above sea", 103: "{:g} m above ground",
          104: "sigma {:g}", 105: "hybrid {:g}", 106: "{:g} m below ground", 200: "whole atmosphere"}  # fmt: skip
OLD_LEVELS = {1: "surface", 100: "{} hPa", 102: "mean sea level", 103: "{} m above sea", 105: "{} m above ground",
              109: "hybrid {}", 111: "{} cm below ground", 200: "whole atmosphere"}  # fmt: skip
UNITS = {0: "min", 1: "h", 2: "d", 10: "× 3 h", 11: "× 6 h", 12: "× 12 h", 13: "s"}
GRIDS = {0: "latitude/longitude", 1: "rotated latitude/longitude", 10: "Mercator", 20: "polar stereographic",
         30: "Lambert conformal", 40: "Gaussian", 50: "spherical harmonics", 90: "space view"}  # fmt: skip
OLD_GRIDS = {0: "latitude/longitude", 1: "Mercator", 3: "Lambert conformal", 4: "Gaussian",
             5: "polar stereographic", 10: "rotated latitude/longitude", 50: "spherical harmonics"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Message:
    """One field of one message, in words."""

    parameter: str
    level: str
    time: str
    step: str
    grid: str


INDEX_BYTES = 64 * KIB
INDEX_BUDGET = Budget(requests=4, size_bytes=384 * KIB)


class Grib:
    """The messages that are reached."""

    kind = "GRIB"
    budget = HEADER_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether a message of edition 1 or 2 begins here."""
        return head.startswith(MAGIC) and head[7:8] in (b"\x01", b"\x02")

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the messages as a table."""
        stop = len(head) + source.bytes_left if view.is_full else READ_BYTES
        head = await first_bytes(source, head, stop)
        size = source.size_bytes if source.size_bytes is not None else len(head)
        messages, end = _read(head, size)
        is_all = end >= size
        facts = [("edition", str(head[7])), ("messages", f"{len(messages):,}" + ("" if is_all else "+"))]
        if end > size:
            facts.append(("cut", f"{size_text(end - size)} are missing"))
        rows = [(m.parameter, m.level, m.time, m.step, m.grid) for m in messages]
        lines = grid_lines(("parameter", "level", "time", "step", "grid"), rows, cells=60) if rows else []
        note = "" if is_all else "the next message begins past what is read"
        shown = Preview(self.kind, facts=tuple(facts), lines=tuple(lines), note=note)
        if is_all:
            return await completed(shown, source, view, ("GRIB",), is_below=True)
        return shown if view.is_full else await _by_index(shown, source) or shown


async def _by_index(shown: Preview, source: Source) -> Preview | None:
    """Return the messages as the index beside the file lists them; None without an index (wgrib2, -s)."""
    key = f"{source.blob.key}.idx"
    source.allow(INDEX_BUDGET)
    raw = await source.read_sibling(key, INDEX_BYTES)
    fields = [line.split(":") for line in (raw or b"").decode("latin-1").split("\n")]
    found = [row for row in fields if len(row) >= 6 and row[1].isdecimal()]
    if not found:
        return None
    more = "+" if raw is not None and len(raw) == INDEX_BYTES else ""
    facts = [pair for pair in shown.facts if pair[0] != "messages"]
    name = visible(key.rpartition("/")[2], limit=60)
    facts.append(("messages", f"{len(found):,}{more} by {name}"))
    rows = [(row[3], row[4], row[2].removeprefix("d="), row[5], row[1]) for row in found]
    lines = grid_lines(("parameter", "level", "time", "step", "offset"), rows, cells=60, right=frozenset((4,)))
    return replace(shown, facts=tuple(facts), lines=tuple(lines), note="")


def _read(head: bytes, size: int) -> tuple[list[Message], int]:
    """Return the messages whose heads are known, and where the next one would begin."""
    messages: list[Message] = []
    at = 0
    while at + 16 <= len(head) and len(messages) < MOST_MESSAGES:
        if not head.startswith(MAGIC, at):
            following = head.find(MAGIC, at)  # some centres pad their messages
            if following == -1:
                break
            at = following
            continue
        cursor = Cursor(head, at + 4, "big")
        edition = head[at + 7]
        if edition == 2:
            cursor.skip(2)
            discipline = cursor.number(1)
            cursor.skip(1)
            length, least = cursor.number(8), 16
            fields = _edition_2(head, at + 16, discipline)
        elif edition == 1:
            length, least = cursor.number(3), 8
            fields = _edition_1(head, at + 8)
        else:
            raise LimitError(f"edition {edition} is not known")
        if length < least:
            raise PreviewError("a message claims a length that none has")
        try:
            messages += fields
        except ShortError:
            if at + length <= len(head):
                raise PreviewError("a message ends inside its head") from None
            break
        at += length
    return messages, min(at, size) if at <= size else at


def _edition_2(head: bytes, at: int, discipline: int) -> Iterator[Message]:
    """Yield the fields of a message, a product definition each (sections 1, 3 and 4)."""
    time = grid = ""
    for _ in range(MOST_SECTIONS):
        if head.startswith(b"7777", at):
            return
        cursor = Cursor(head, at, "big")
        length, number = cursor.values("IB")
        if length < 5:
            raise PreviewError("a section claims a length that none has")
        if number == 1:
            cursor.skip(7)
            time = _time(*cursor.values("HBBBB"))
        elif number == 3:
            grid = _grid_2(cursor)
        elif number == 4:
            yield _product(cursor, discipline, time, grid)
        elif number == 7 and at + length > len(head):
            return  # the values go on past what is read
        at += length


def _grid_2(cursor: Cursor) -> str:
    cursor.skip(1)
    (points,) = cursor.values("I")
    cursor.skip(2)
    (template,) = cursor.values("H")
    name = GRIDS.get(template, f"grid {template}")
    if template not in (0, 1, 10, 20, 30, 40):
        return f"{name}, {points:,} points"
    cursor.skip(16)
    columns, rows = cursor.values("II")
    return f"{name}, {columns:,} × {rows:,}" if columns < 1 << 31 else f"{name}, {points:,} points"


def _product(cursor: Cursor, discipline: int, time: str, grid: str) -> Message:
    cursor.skip(2)
    template, category, number = cursor.values("HBB")
    name = PARAMETERS.get((discipline, category, number), f"{discipline}.{category}.{number}")
    if template not in (*range(16), 40, 60, 61):
        return Message(name, f"template {template}", time, "", grid)
    cursor.skip(6)  # kind, background and process, cut-off hours and minutes
    unit, step = cursor.values("BI")
    kind, factor, value = cursor.values("BBI")
    scale = factor if factor < 128 else 128 - factor
    level = LEVELS.get(kind, "level {:g} of type " + str(kind))
    shown = level.format(value * 10.0**-scale) if value != 0xFFFFFFFF or "{" not in level else f"type {kind}"
    if kind == 100:
        shown = f"{value * 10.0**-scale / 100:g} hPa"
    return Message(name, shown, time, f"+{step:,} {UNITS.get(unit, f'of unit {unit}')}" if step else "analysis", grid)


def _edition_1(head: bytes, at: int) -> Iterator[Message]:
    """Yield the field of a message (sections 1 and 2 of edition 1)."""
    cursor = Cursor(head, at, "big")
    length = cursor.number(3)
    table, _, _, _, flags, number, kind, level = cursor.values("5BBBH")
    year, month, day, hour, minute, unit, first, second, span = cursor.values("9B")
    cursor.skip(3)
    (century,) = cursor.values("B")
    name = OLD_PARAMETERS.get(number, "") if table <= 3 else ""
    grid = ""
    if flags & 0x80:
        section = Cursor(head, at + length + 5, "big")
        (form,) = section.values("B")
        columns, rows = section.values("HH")
        grid = f"{OLD_GRIDS.get(form, f'grid {form}')}, {columns:,} × {rows:,}"
    step = second if span in (2, 3, 4, 5) else first * 256 + second if span == 10 else first
    yield Message(
        name or f"parameter {number} of table {table}",
        OLD_LEVELS.get(kind, "level {} of type " + str(kind)).format(level),
        _time(max(0, century - 1) * 100 + year, month, day, hour, minute),
        f"+{step} {UNITS.get(unit, f'of unit {unit}')}" if step else "analysis",
        grid,
    )


def _time(year: int, month: int, day: int, hour: int, minute: int) -> str:
    return f"{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}"
