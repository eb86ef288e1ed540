"""ENVI headers (.hdr): size, type, order and place of the raster beside them (ENVI Header Files)."""

import re

from storage_tui.previews.base import HEADER_BUDGET, Preview, Source, View
from storage_tui.previews.heads.described import described

MOST_PAIRS = 200
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
        facts = [
            ("pixels", f"{found.get('samples', '?')} × {found.get('lines', '?')}, {found.get('bands', '?')} bands")
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
        return await described(self.kind, facts, source, head, view)
