"""Well-known text: one geometry, or one a line, on the same map as GeoJSON (OGC 06-103r4)."""

import asyncio
import re
from collections import Counter
from dataclasses import dataclass, field

from storage_tui.contract.sizes import size_text
from storage_tui.previews.base import HEADER_BUDGET, Preview, PreviewError, Source, View, rows_left
from storage_tui.previews.text.encoding import decode_head, find_encoding
from storage_tui.previews.vector.map import draw_map
from storage_tui.previews.vector.reference import of_code
from storage_tui.previews.vector.shapes import Shapes
from storage_tui.previews.vector.wkt_text import (
    CutError,
    Geometry,
    add_to,
    positions_of,
    read_geometries,
)  # fmt: skip

SNIFF_CHARS = 4096  # the first geometry must be well-formed as far as these go

_START = re.compile(
    r"[\s\ufeff]*(?:SRID\s*=\s*-?\d{1,6}\s*;\s*)?[A-Za-z]{3,22}\s*(?:ZM|Z|M)?\s*(?:\(|EMPTY\b)", re.IGNORECASE
)


class WellKnownText:
    """Well-known text: POINT, LINESTRING, POLYGON, their multiples, curves and surfaces; EWKT's SRID is shown."""

    kind = "WKT"
    budget = HEADER_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the text begins with a geometry, well-formed as far as the first part goes."""
        if find_encoding(head) is None:
            return False
        text = decode_head(head[: 4 * SNIFF_CHARS])[0][:SNIFF_CHARS]
        if _START.match(text) is None:
            return False
        try:
            first = next(read_geometries(text.removeprefix("\ufeff")))
        except CutError:
            return True
        except (ValueError, RecursionError, StopIteration):
            return False
        rest = text.removeprefix("\ufeff")[first.stop :].partition("\n")[0].strip("\r\t ;,\"'")
        return not rest or _START.match(rest) is not None

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the facts and the map."""
        raw = head + await source.read(len(head), len(head) + source.bytes_left)
        return await asyncio.to_thread(describe, raw, view, len(raw) == source.size_bytes)


@dataclass
class Geometries:
    """The content of a file; `problem` says where and why reading stopped before the end."""

    shapes: Shapes = field(default_factory=Shapes)
    kinds: Counter[str] = field(default_factory=Counter)
    srid: int | None = None
    problem: str = ""


def describe(raw: bytes, view: View, is_whole: bool) -> Preview:
    """Return the preview of the bytes of a text of geometries, which may be cut."""
    text, encoding = decode_head(raw)
    return draw_geometries("WKT", read_wkt(text), view, encoding=encoding, read_bytes=len(raw), is_whole=is_whole)


def draw_geometries(
    kind: str, read: Geometries, view: View, *, encoding: str = "", read_bytes: int, is_whole: bool
) -> Preview:
    """Return the facts and the map of geometries that were read from the first bytes of a blob, or from all of them."""
    counted = ", ".join(f"{number:,} {name}" for name, number in read.kinds.most_common(4))
    counted = counted or f"the first one, as far as its first {size_text(read_bytes)} go"
    facts = [("geometry", counted), *read.shapes.facts()]
    if read.srid is not None:
        facts.insert(1, ("SRID", str(read.srid)))
    if encoding:
        facts.append(("encoding", encoding))
    lines = draw_map(read.shapes, view.width, rows_left(view, facts))
    note = read.problem if is_whole else ""
    return Preview(kind, facts=tuple(facts), lines=tuple(lines), note=note, is_drawing=True, is_damaged=bool(note))


def read_wkt(text: str) -> Geometries:
    """Return the geometries of a text, which may be cut; raise PreviewError without a whole geometry."""
    read = Geometries()
    try:
        for geometry in read_geometries(text.removeprefix("\ufeff")):
            add_geometry(read, geometry)
    except CutError:
        read.problem = "the last geometry has no end"
        if not read.kinds:
            read.shapes.add_path(positions_of(text))
    except (ValueError, RecursionError) as exc:
        read.problem = f"no well-known text from some place on: {exc}"
    if not read.kinds and not read.shapes.taken:
        raise PreviewError("no complete geometry in the part that was read")
    return read


def add_geometry(read: Geometries, geometry: Geometry) -> None:
    """Add one geometry of a file, and its reference."""
    read.kinds[geometry.kind] += 1
    if geometry.srid is not None:
        read.srid = read.srid if read.srid is not None else geometry.srid
        read.shapes.is_degrees = of_code(geometry.srid).is_geographic if geometry.srid > 0 else None
    add_to(read.shapes, geometry)
