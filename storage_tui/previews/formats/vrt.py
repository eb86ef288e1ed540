"""GDAL virtual rasters (.vrt): size, place, bands and sources, read from the text and never followed (GDAL, VRT)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import unescape

from storage_tui.previews.base import HEADER_BUDGET, KIB, Budget, Preview, Source, View
from storage_tui.previews.heads.described import bounds_text, described, numbers_of

SHOWN_SOURCES = 4
_START = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]{0,200}\?>\s*)?<VRTDataset[\s>]")
_SIZE = re.compile(r'<VRTDataset[^>]{0,400}?rasterXSize="(\d{1,12})"[^>]{0,400}?rasterYSize="(\d{1,12})"')
_TRANSFORM = re.compile(r"<GeoTransform>([^<]{1,300})</GeoTransform>")
_REFERENCE = re.compile(r"<SRS[^>]{0,200}>([^<]{1,8000})</SRS>")
_BAND = re.compile(r'<VRTRasterBand[^>]{0,300}?dataType="(\w{1,20})"')
_SOURCE = re.compile(r"<SourceFilename[^>]{0,200}>([^<]{1,1000})</SourceFilename>")
_NAME = re.compile(r'\w+\["([^"]*)"')
_CODE = re.compile(r'(?:AUTHORITY|ID)\["EPSG",\s*"?(\d{1,6})"?\]\s*\]\s*$')


BESIDE_BUDGET = Budget(requests=6, size_bytes=256 * KIB)  # each source that is looked for is a request
MOST_LOOKED_FOR = 4


class Vrt:
    """A raster that is made of others."""

    kind = "VRT"
    budget = HEADER_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the element of a virtual raster begins here."""
        return is_vrt(head)

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return what the text says above it."""
        text = head.decode("utf-8", "replace")
        more = "" if len(head) == source.size_bytes else "+"
        facts: list[tuple[str, str]] = []
        place = place_of(text)
        bands = _BAND.findall(text)
        if place is not None:
            facts.append(("pixels", f"{place.width:,} × {place.height:,}"))
        kinds = ", ".join(dict.fromkeys(kind.lower() for kind in bands))
        facts.append(("bands", f"{len(bands):,}{more}" + (f" of {kinds}" if kinds else "")))
        if told := definition_of(text):
            name, code = _NAME.match(told), _CODE.search(told)
            facts.append(("reference", (f"EPSG:{code[1]}, " if code else "") + (name[1] if name else told)))
        if place is not None and place.transform is not None:
            across, turn, west, other_turn, down, north = place.transform
            facts.append(("pixel", f"{across:.10g} × {abs(down):.10g}"))
            if not turn and not other_turn:
                east, south = west + across * place.width, north + down * place.height
                facts.append(("bounds", bounds_text(west, south, east, north)))
        names = list(dict.fromkeys(unescape(name).strip() for name in _SOURCE.findall(text)))
        rest = f", … {len(names):,} in all" if len(names) > SHOWN_SOURCES else ""
        facts.append(("sources", ", ".join(names[:SHOWN_SOURCES]) + rest + more if names else "none"))
        facts += await _beside(source, names)
        return await described(self.kind, facts, source, head, view)


@dataclass(frozen=True, slots=True)
class VrtPlace:
    """The size in pixels, and the numbers a to f from column and row to x = a · column + b · row + c, and to y."""

    width: int
    height: int
    transform: tuple[float, float, float, float, float, float] | None


def is_vrt(head: bytes) -> bool:
    """Return whether the element of a virtual raster begins here."""
    return _START.match(head[:1024]) is not None


def place_of(text: str) -> VrtPlace | None:
    """Return the place of a virtual raster; None where its text says no size."""
    size, transform = _SIZE.search(text), _TRANSFORM.search(text)
    if size is None:
        return None
    numbers = numbers_of(transform[1]) if transform else []
    if len(numbers) != 6:
        return VrtPlace(int(size[1]), int(size[2]), None)
    west, across, turn, north, other_turn, down = numbers
    return VrtPlace(int(size[1]), int(size[2]), (across, turn, west, other_turn, down, north))


def definition_of(text: str) -> str:
    """Return the reference system as the text has it: well-known text, or a code; "" without one."""
    found = _REFERENCE.search(text)
    return unescape(found[1]).strip() if found else ""


async def _beside(source: Source, names: Sequence[str]) -> list[tuple[str, str]]:
    """Return which of the first sources are in the store: those with a path from here, and none that leads away."""
    inside = [name for name in names if not name.startswith("/") and ":" not in name and ".." not in name.split("/")]
    if source.is_alone or not inside:
        return []
    source.allow(BESIDE_BUDGET)
    folder, slash, _ = source.blob.key.rpartition("/")
    told: dict[str, list[str]] = {"found": [], "not there": []}
    for name in inside[:MOST_LOOKED_FOR]:
        is_there = await source.read_sibling(f"{folder}{slash}{name}", 1) is not None
        told["found" if is_there else "not there"].append(name)
    return [(label, ", ".join(found)) for label, found in told.items() if found]
