"""ENVI headers (.hdr): size, type, order and place of the raster beside them, and its picture (ENVI Header Files)."""

import asyncio
import re
import struct
from collections.abc import Mapping

from storage_tui.contract.visible import visible
from storage_tui.previews.base import HEADER_BUDGET, KIB, Budget, Preview, Source, View, rows_left
from storage_tui.previews.heads.described import NUMBER, described
from storage_tui.previews.raster.drawing import drawn, room
from storage_tui.previews.raster.field import painted, sampled
from storage_tui.previews.siblings import Beside

MOST_PAIRS = 200
MOST_BANDS = 10_000
MOST_PIXELS = 100_000  # where the terminal draws pixels
BESIDE_BUDGET = Budget(requests=8, size_bytes=512 * KIB)  # the raster is found by trying names
SUFFIXES = ("", ".img", ".dat", ".bsq", ".bil", ".bip", ".raw")
CODES = {"1": "B", "2": "h", "3": "i", "4": "f", "5": "d", "12": "H", "13": "I", "14": "q", "15": "Q"}
TYPES = {"1": "uint8", "2": "int16", "3": "int32", "4": "float32", "5": "float64", "6": "complex64", "9": "complex128",
         "12": "uint16", "13": "uint32", "14": "int64", "15": "uint64"}  # fmt: skip
ORDERS = {"bsq": "bands one after the other", "bil": "by lines", "bip": "by pixels"}
SHOWN = ("description", "sensor type", "wavelength units", "data ignore value", "coordinate system string")
_PAIR = re.compile(r"^[ \t]*([A-Za-z][\w \t-]{0,60}?)[ \t]*=[ \t]*(?:\{([^}]{0,4000})\}|([^\r\n]*))", re.MULTILINE)


class EnviHeader:
    """The header of an ENVI raster."""

    kind = "ENVI header"
    budget = HEADER_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the first line is ENVI."""
        return re.match(rb"ENVI[ \t]*\r?\n", head) is not None

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return what the header says above its text."""
        found: dict[str, str] = {}
        for match in _PAIR.finditer(head.decode("utf-8", "replace")):
            found[" ".join(match[1].lower().split())] = (match[2] if match[2] is not None else match[3]).strip()
            if len(found) >= MOST_PAIRS:
                break
        bands = found.get("bands", "?")
        facts = [
            ("pixels", f"{found.get('samples', '?')} × {found.get('lines', '?')}, {bands} band{'s' * (bands != '1')}")
        ]
        number = found.get("data type", "")
        facts.append(("type", TYPES.get(number, f"type {number}")))
        order = found.get("interleave", "").lower()
        if order:
            facts.append(("order", f"{order}, {ORDERS[order]}" if order in ORDERS else order))
        if "byte order" in found:
            facts.append(("bytes", {"0": "little-endian", "1": "big-endian"}.get(found["byte order"], "?")))
        place = [part.strip() for part in found.get("map info", "").split(",")]
        if len(place) >= 7:
            facts.append(("reference", ", ".join(part for part in (place[0], *place[7:10]) if part)))
            facts.append(("first pixel", f"{place[3]}, {place[4]}"))
            facts.append(("pixel", f"{place[5]} × {place[6]}"))
        facts += [(name, found[name]) for name in SHOWN if found.get(name)]
        shown = await described(self.kind, facts, source, head, view)
        if view.is_full:
            return shown
        source.allow(BESIDE_BUDGET)
        return await _drawn(shown, found, source, view) or shown


async def _drawn(shown: Preview, found: Mapping[str, str], source: Source, view: View) -> Preview | None:
    """Return the picture of the first rows of the first band, from the file beside the header; None without it."""
    numbers = [found.get(name, "0") for name in ("samples", "lines", "bands", "header offset", "data type")]
    if not all(re.fullmatch(r"\d{1,9}", number) for number in numbers):
        return None
    columns, rows, bands, start = map(int, numbers[:4])
    code = CODES.get(numbers[4])
    if code is None or not columns or not rows or not 0 < bands <= MOST_BANDS:
        return None
    number = struct.Struct((">" if found.get("byte order") == "1" else "<") + code)
    order = found.get("interleave", "").lower()
    row_bytes = columns * number.size * (1 if order == "bsq" else bands)
    step = number.size * (bands if order == "bip" else 1)
    wanted = min(start + row_bytes * rows, source.bytes_left)
    name, raw = await _beside(source, wanted)
    count = min(rows, (len(raw) - start) // row_bytes)
    if count <= 0:
        return None
    facts = [*shown.facts, ("drawn", "")]
    space = rows_left(view, facts)
    xs, ys = sampled(columns, count, room(view, space, MOST_PIXELS))
    values = [[number.unpack_from(raw, start + y * row_bytes + x * step)[0] for x in xs] for y in ys]
    missing = [float(text) for text in (found.get("data ignore value", ""),) if re.fullmatch(NUMBER, text)]
    field = await asyncio.to_thread(painted, values, missing)
    if field is None:
        return None
    part = f"the first {count:,} rows" if count < rows else "all"
    facts[-1] = ("drawn", f"band 1 of {visible(name, limit=40)}, {part}, {field.least:.6g} to {field.most:.6g}")
    lines, pixels = await drawn(field.rgb, field.width, field.height, view, space)
    return Preview(shown.kind, facts=tuple(facts), lines=lines, pixels=pixels, is_drawing=True)


async def _beside(source: Source, most_bytes: int) -> tuple[str, bytes]:
    """Return the name and the first bytes of the raster beside the header; nothing where there is none."""
    stem = source.blob.key.rpartition("/")[2].rpartition(".")[0]
    siblings = Beside(source)
    for suffix in SUFFIXES:
        raw = await siblings.read(suffix, most_bytes)
        if raw:
            return stem + suffix, raw
    return "", b""
