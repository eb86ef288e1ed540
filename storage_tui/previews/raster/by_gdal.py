"""What rasterio adds to a preview: facts that are missing, the reference system by PROJ, and a picture.

Without the extra `geo` the preview stays as it is, with one line that names the extra.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

from rich.text import Text

from storage_tui.contract.counts import plural
from storage_tui.contract.visible import visible
from storage_tui.previews.base import MIB, Budget, LimitError, Preview, PreviewError, Source, View, rows_left
from storage_tui.previews.decoding.decoder import DECODER
from storage_tui.previews.formats.npy import number_text
from storage_tui.previews.raster.drawing import drawn, room
from storage_tui.previews.vector.shapes import bounds_text

MISSING = "pip install 'storage-tui[geo]' shows more"
PANE_BUDGET = Budget(requests=16, size_bytes=MIB)
FULL_BUDGET = Budget(requests=64, size_bytes=4 * MIB)  # at most five seconds at 10 Mbit/s
MOST_PIXELS = 300_000  # where the terminal draws pixels
LEAST_PICTURE = 8  # rows below a table; a lower picture shows nothing
BY_ANOTHER = ("LERC", "JPEG 2000", "JPEG XL", "complex", "CIELab", "not drawn", "not supported", "is not decoded")
"""Words in the reasons of the reader of TIFF where GDAL may know more; damage is damage to both."""
_PLAIN_NAME = re.compile(r"[^A-Za-z0-9_.-]")


def by_another(reason: PreviewError) -> bool:
    """Return whether a TIFF that is not drawn for this reason may be drawn by GDAL."""
    return any(word in str(reason) for word in BY_ANOTHER)


async def completed(
    shown: Preview, source: Source, view: View, drivers: Sequence[str], *, is_below: bool = False
) -> Preview:
    """Return the preview with what the first of some drivers of GDAL adds.

    `is_below` keeps its lines, above the picture. Raises the errors of the client.
    """
    if not _is_there():
        return replace(shown, note=" · ".join(filter(None, (shown.note, MISSING))))
    source.allow(FULL_BUDGET if view.is_full else PANE_BUDGET)
    rows = rows_left(view, [*shown.facts, ("reference", ""), ("bounds", ""), ("shades", "")])
    rows -= len(shown.lines) + 2 if is_below else 0
    is_drawn = rows >= (LEAST_PICTURE if is_below else 1) and not (is_below and view.cell is not None)
    columns, height = room(view, max(1, rows), MOST_PIXELS)
    job = {"job": "geo", "name": _name_of(source), "drivers": list(drivers), "columns": columns, "rows": height,
           "bands": list(view.bands)}  # fmt: skip
    try:
        told, rgb = await DECODER.decode(job, b"", source=source)
    except PreviewError as exc:
        return replace(shown, note=_joined(shown, visible(f"no picture: {exc}", limit=160)))
    if told.get("missing"):
        return replace(shown, note=_joined(shown, MISSING))
    known = {label for label, _ in shown.facts}
    facts = [*shown.facts, *((label, value) for label, value in facts_of(told) if label not in known)]
    if "no_picture" in told or not is_drawn:
        note = visible(f"no picture: {told['no_picture']}", limit=160) if "no_picture" in told else ""
        return replace(shown, facts=tuple(facts), note=_joined(shown, note))
    note = "no pixel of the picture has a value" if told.get("is_empty") else ""
    lines, pixels = await drawn(rgb, told["width"], told["height"], view, rows)
    lines = (*shown.lines, Text(""), *lines) if is_below else lines
    own = "" if is_below or shown.note.startswith("no picture") else shown.note
    return replace(
        shown, facts=(*facts, *_drawn_facts(told)), lines=lines, pixels=pixels, is_drawing=not is_below,
        note=" · ".join(filter(None, (own, note))),
    )  # fmt: skip


async def place_by_gdal(source: Source, driver: str) -> dict[str, Any]:
    """Return what GDAL says of a raster with its `transform` and `definition`, as the job `geo` does.

    Raises LimitError without the extra `geo`, PreviewError, and the errors of the client.
    """
    job = {"job": "geo", "name": _name_of(source), "drivers": [driver], "is_place": True}
    told, _ = await DECODER.decode(job, b"", source=source)
    if told.get("missing"):
        raise LimitError(MISSING)
    return told


def _name_of(source: Source) -> str:
    """Return the name of a blob as GDAL gets it: drivers look at suffixes."""
    return _PLAIN_NAME.sub("_", source.blob.key.rpartition("/")[2])[-60:].lstrip(".") or "blob"


def facts_of(told: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what GDAL says of a raster as facts, safe to draw."""
    width, height, count = told["size"]
    facts = [("pixels", f"{width:,} × {height:,}, {plural(count, 'band')} of {', '.join(told['types'])}")]
    if "compression" in told:
        facts.append(("stored", told["compression"]))
    if told["overviews"]:
        facts.append(("overviews", ", ".join(f"1:{step:,}" for step in told["overviews"])))
    if "reference" in told:
        code = f"EPSG:{told['epsg']}, " if told.get("epsg") else ""
        facts.append(("reference", code + told["reference"]))
    if "degrees" in told and not told.get("is_geographic"):
        facts.append(("bounds", bounds_text(tuple(told["degrees"]), is_geographic=True)))
        facts.append(("extent", bounds_text(tuple(told["bounds"]), is_geographic=False)))
    elif "bounds" in told:
        facts.append(("bounds", bounds_text(tuple(told["bounds"]), is_geographic=bool(told.get("is_geographic")))))
    if "pixel" in told:
        facts.append(("pixel", " × ".join(number_text(side) for side in told["pixel"])))
    if "nodata" in told:
        facts.append(("nodata", told["nodata"]))
    if told["subdatasets"]:
        facts.append(("parts", f"{told['subdatasets']:,}"))
    facts += [(name, value) for name, value in told["tags"] if name != "AREA_OR_POINT"]
    return [(visible(label, limit=16), visible(value, limit=100)) for label, value in facts]


def _drawn_facts(told: dict[str, Any]) -> list[tuple[str, str]]:
    facts = [("drawn", told["part"])] if "part" in told else []
    if "low" in told and len(told["shown"]) == 1:
        facts.append(("shades", f"{number_text(told['low'])} to {number_text(told['high'])}"))
    return facts


def _joined(shown: Preview, note: str) -> str:
    """Return both notes; one reason where neither this program nor GDAL draws the picture."""
    if note.startswith("no picture") and shown.note.startswith("no picture"):
        return shown.note
    return " · ".join(filter(None, (shown.note, note)))


def _is_there() -> bool:
    try:
        return find_spec("rasterio") is not None
    except (ImportError, ValueError):
        return False
