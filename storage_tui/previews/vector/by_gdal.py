"""The layers of a file that GDAL alone reads: the bytes of its files, what pyogrio says of them, and the preview.

Without the extra `geo` the preview names the format and what its first bytes tell, with one line that names the extra.
"""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from itertools import accumulate, pairwise
from typing import Any

from rich.text import Text

from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.previews.base import MIB, Budget, Cells, LimitError, Preview, Source, View
from storage_tui.previews.decoding.decoder import DECODER
from storage_tui.previews.heads.protobuf import read_fields
from storage_tui.previews.raster.by_gdal import MISSING
from storage_tui.previews.siblings import Beside
from storage_tui.previews.table.grid import grid_lines
from storage_tui.previews.vector.geoparquet import add_values
from storage_tui.previews.vector.layer import Layer, draw_layer, known_bounds
from storage_tui.previews.vector.reference import Reference
from storage_tui.previews.vector.shapes import Bounds, bounds_text

PANE_BUDGET = Budget(requests=7, size_bytes=MIB)  # files without an index are read whole: a request for each of them
FULL_BUDGET = Budget(requests=16, size_bytes=4 * MIB)
MOST_SHAPES, MOST_SHAPES_FULL = 2000, 20_000
HEADS = ("layer", "geometry", "features", "reference", "bounds")
NO_RANGES = {"size": 0, "most_bytes": 0, "ahead_bytes": 0}  # of a job with all the bytes that it reads
MARKS = 16 * 1024  # first bytes in which a format and its facts are looked for
STEM_CHARS = 60
DATA_SIZE = 3  # the field of a BlobHeader with the size of what follows

_PLAIN = re.compile(r"[^A-Za-z0-9_-]")
_DOCTYPE = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Kind:
    """A format: its name, GDAL's driver, its suffix, the first bytes, and the suffixes of the files that belong to it.

    `can_be_cut` says that the first part of a file is a file. `told` are labels and patterns of what the first bytes
    tell without a library.
    """

    name: str
    driver: str
    suffix: str
    pattern: re.Pattern[bytes]
    siblings: tuple[str, ...] = ()
    can_be_cut: bool = False
    told: tuple[tuple[str, re.Pattern[bytes]], ...] = ()
    is_xml: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """The files of a job: their bytes one after the other, their names and sizes, and whether nothing is missing."""

    content: bytes
    files: tuple[tuple[str, int], ...]
    is_whole: bool = True


def is_there() -> bool:
    """Return whether the library is installed."""
    try:
        return find_spec("pyogrio") is not None
    except (ImportError, ValueError):
        return False


async def take_files(kind: Kind, source: Source) -> Taken:
    """Return the files of a blob within the budget of its source; raise LimitError for those that are larger."""
    head = await source.head()
    size = source.size_bytes if source.size_bytes is not None else len(head)
    stop = min(size, len(head) + source.bytes_left)
    if stop < size and not kind.can_be_cut:
        raise LimitError(f"it has no index, and more than {size_text(stop)} are not read here")
    raw = head if len(head) >= stop else head + await source.read(len(head), stop)
    is_whole = len(raw) >= size
    if kind.driver == "OSM" and not is_whole:
        raw = whole_blocks(raw)
    stem = _PLAIN.sub("_", source.blob.key.rpartition("/")[2].rpartition(".")[0])[:STEM_CHARS] or "blob"
    parts = [(kind.suffix, raw)]
    beside = Beside(source)
    for suffix in kind.siblings:
        most = source.bytes_left
        part = await beside.read(suffix, most) if most else None
        if part is not None and len(part) == most:
            raise LimitError(f"its {suffix} is past the limit of a preview")
        if part is not None:
            parts.append((suffix, part))
    if kind.is_xml and any(_DOCTYPE.search(part) is not None for _, part in parts):
        raise LimitError("it declares a document type, and entities are not read here")
    files = tuple((f"{stem}{suffix}", len(part)) for suffix, part in parts)
    return Taken(b"".join(part for _, part in parts), files, is_whole)


def whole_blocks(raw: bytes) -> bytes:
    """Return the blocks of an OpenStreetMap PBF that are whole: a length of four bytes, a head, and what it names."""
    at = 0
    while at + 4 <= len(raw):
        head = int.from_bytes(raw[at : at + 4], "big")
        fields = read_fields(raw, at + 4, at + 4 + head)
        size = next((field.value for field in fields if field.number == DATA_SIZE), None)
        if size is None or at + 4 + head + size > len(raw):
            break
        at += 4 + head + size
    if not at:
        raise LimitError("its first block is larger than a preview reads")
    return raw[:at]


async def show(kind: Kind, source: Source, head: bytes, view: View) -> Preview:
    """Return the preview of a file; raise PreviewError for a damaged one, or the errors of the client."""
    facts = [(label, visible(" ".join(found[1].decode("latin-1").split()), limit=80))
             for label, pattern in kind.told if (found := pattern.search(head[:MARKS])) is not None]  # fmt: skip
    if not is_there():
        return Preview(kind.name, facts=tuple(facts), note=MISSING)
    source.allow(FULL_BUDGET if view.is_full else PANE_BUDGET)
    try:
        taken = await take_files(kind, source)
    except LimitError as exc:
        return Preview(kind.name, facts=tuple(facts), note=str(exc))
    note = "" if taken.is_whole else f"its first {size_text(len(taken.content))}"
    return await shown_of(kind.name, kind.driver, taken, view, facts, note)


async def shown_of(
    name: str, driver: str, taken: Taken, view: View, facts: Sequence[tuple[str, str]], note: str
) -> Preview:
    """Return what GDAL says of some files; raise PreviewError for damaged ones."""
    most = MOST_SHAPES_FULL if view.is_full else MOST_SHAPES
    job = {"job": "vectors", "driver": driver, "files": taken.files, "most": most}
    told, raw = await DECODER.decode(job | NO_RANGES, taken.content)
    if told.get("missing"):
        return Preview(name, facts=tuple(facts), note=MISSING)
    return await asyncio.to_thread(_describe, name, told, raw, view, [*facts], note, taken.is_whole)


def _describe(
    name: str, told: dict[str, Any], raw: bytes, view: View, facts: list[tuple[str, str]], note: str, is_whole: bool
) -> Preview:
    layers = [_layer(*row) for row in told["layers"]]
    rows = [(visible(label), *_words(layer)) for label, layer in layers]
    filled = [layer for _, layer in layers if layer.count != 0]
    main = filled[0] if len(filled) == 1 else Layer(bounds=_around([layer.bounds for layer in filled]))
    if len(filled) > 1:
        same = {layer.reference for layer in filled}
        main.reference = filled[0].reference if len(same) == 1 else None
        counts = [layer.count for layer in filled if layer.count is not None]
        main.count = sum(counts) if len(counts) == len(filled) else None
        main.geometry = ", ".join(dict.fromkeys(layer.geometry for layer in filled if layer.geometry))
        main.fields = filled[0].fields
    elif not filled and layers:
        main = layers[0][1]
    main.shapes.is_degrees = None if main.reference is None else main.reference.is_geographic
    values = [raw[start:stop] for start, stop in pairwise(accumulate(told["sizes"], initial=0))]
    count = add_values(main.shapes, values)
    main.bounds = main.bounds or main.shapes.bounds()
    if main.count is None:
        main.count, is_whole = count, False
    main.is_all = bool(told["is_all"]) and count == len(values)
    below: list[Text] = []
    if len(layers) > 1:
        facts.insert(0, ("layers", f"{len(layers) + told['more_layers']:,}"))
        below = grid_lines(HEADS, rows)
    elif layers and layers[0][0]:
        facts.insert(0, ("layer", visible(layers[0][0], limit=80)))
    notes = [note, visible(told["problem"], limit=100)]
    if not main.is_all and count and not told["problem"]:
        notes.append(f"{count:,} shapes on the map")
    cells = None
    if told["columns"]:
        cells = Cells(tuple(told["columns"]), tuple(tuple(row) for row in told["rows"]))
    shown = draw_layer(name, main, view, more=facts, note=" · ".join(filter(None, notes)), cells=cells, below=below)
    if not is_whole:
        shown = replace(shown, facts=tuple(
            (label, f"at least {value}" if label == "features" else value) for label, value in shown.facts
        ))  # fmt: skip
    return shown


def _layer(
    name: str, geometry: str, count: int | None, bounds: list[float] | None, reference: list[Any] | None,
    fields: list[list[str]],
) -> tuple[str, Layer]:  # fmt: skip
    return name, Layer(
        geometry=geometry, count=count, reference=None if reference is None else Reference(*reference),
        bounds=None if bounds is None else known_bounds(bounds), fields=[(label, kind) for label, kind in fields],
    )  # fmt: skip


def _words(layer: Layer) -> tuple[str, str, str, str]:
    extent = "" if layer.bounds is None else bounds_text(layer.bounds, is_geographic=layer.is_geographic)
    reference = "" if layer.reference is None else layer.reference.name
    return visible(layer.geometry), "" if layer.count is None else f"{layer.count:,}", reference, extent


def _around(bounds: Sequence[Bounds | None]) -> Bounds | None:
    known = [box for box in bounds if box is not None]
    if not known:
        return None
    wests, souths, easts, norths = zip(*known, strict=True)
    return min(wests), min(souths), max(easts), max(norths)
