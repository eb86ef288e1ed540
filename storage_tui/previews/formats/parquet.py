"""Parquet: rows, row groups, schema, sizes and key-value metadata from the footer (Apache Parquet, FileMetaData)."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from storage_tui.contract.counts import plural
from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.previews.base import THUMBNAIL_BUDGET, Preview, PreviewError, Source, View
from storage_tui.previews.table.first_rows import read_footer, with_rows
from storage_tui.previews.table.grid import grid_lines
from storage_tui.previews.table.parquet_rows import CRYPTO, MAGIC, show_rows
from storage_tui.previews.table.thrift import Compact
from storage_tui.previews.vector.geoparquet import GeoColumn, add_values, group_boxes, read_geo
from storage_tui.previews.vector.layer import Layer, draw_layer
from storage_tui.previews.vector.shapes import Bounds

ENCRYPTED = b"PARE"  # in place of the magic where the footer is encrypted too
COLUMNS = 300  # shown at most
NOISE = (b"ARROW:schema",)  # a packed copy of the schema
METADATA = 6  # keys shown at most; pandas and geo write one each

PHYSICAL = ("boolean", "int32", "int64", "int96", "float", "double", "binary", "fixed binary")
CONVERTED = {0: "string", 1: "map", 3: "list", 4: "enum", 5: "decimal", 6: "date", 7: "time ms", 8: "time µs",
             9: "timestamp ms", 10: "timestamp µs", 11: "uint8", 12: "uint16", 13: "uint32", 14: "uint64", 15: "int8",
             16: "int16", 19: "json", 20: "bson", 21: "interval"}  # fmt: skip
INTEGER = 10
LOGICAL = {1: "string", 2: "map", 3: "list", 4: "enum", 5: "decimal", 6: "date", 7: "time", 8: "timestamp", 11: "null",
           12: "json", 13: "bson", 14: "uuid", 15: "float16", 16: "variant", 17: "geometry",
           18: "geography"}  # fmt: skip
CODECS = ("none", "snappy", "gzip", "lzo", "brotli", "lz4", "zstd", "lz4 raw")
REPEATS = ("", "optional", "list")


class Parquet:
    """Parquet: the footer, and the first rows where the extra `preview` is installed."""

    kind = "Parquet"
    budget = THUMBNAIL_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the first bytes are the magic."""
        return head.startswith((MAGIC, ENCRYPTED))

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the preview with one read of the end and some of the first row group."""
        if head.startswith(ENCRYPTED):
            await read_footer(source, head, ENCRYPTED)
            return Preview(
                self.kind, facts=(("encrypted", "its footer too, which names the columns and counts the rows"),)
            )
        footer, _ = await read_footer(source, head, MAGIC)
        raw = Compact(footer).struct()
        shown = await asyncio.to_thread(describe, raw)
        geo = read_geo(raw)
        if geo is None:
            return await with_rows(shown, show_rows(source, raw, is_full=view.is_full))
        return await _on_map(source, raw, geo, shown, view)


async def _on_map(source: Source, raw: dict[int, Any], geo: GeoColumn, shown: Preview, view: View) -> Preview:
    """Return the preview of a GeoParquet: the map of its row groups and of its first rows, then the rows."""
    boxes = group_boxes(raw, geo)
    layer = Layer(geometry=", ".join(geo.kinds) or "any", reference=geo.reference, bounds=geo.bounds or around(boxes))
    layer.shapes.is_degrees = None if geo.reference is None else geo.reference.is_geographic
    more = [("column", f"{visible(geo.name, limit=40)}, {visible(geo.encoding, limit=20)}")]
    if geo.others:
        more.append(("other columns", ", ".join(visible(name, limit=30) for name in geo.others[:6])))
    more.append(("GeoParquet", visible(geo.version, limit=40)))
    if boxes:
        more.append(("boxes", f"of {plural(len(boxes), 'row group')}"))
    table, note = None, ""
    try:
        values = geo.name if geo.is_read else ""
        table, note = await show_rows(source, raw, is_full=view.is_full, values=values, encoding=geo.encoding)
    except PreviewError as exc:
        note = f"no rows: {visible(str(exc), limit=100)}"
    except (TypeError, AttributeError, ValueError):  # a footer with values of unexpected types
        note = "no rows: the footer is damaged"
    if table is not None and table.values:
        count = await asyncio.to_thread(add_values, layer.shapes, table.values)
        layer.is_all = count == raw.get(3, 0)
        note = " · ".join(filter(None, (f"the first {count:,} shapes on the map" if not layer.is_all else "", note)))
    if len(boxes) > 1:
        for west, south, east, north in boxes:
            layer.shapes.add_path([(west, south), (east, south), (east, north), (west, north), (west, south)])
    others = [fact for fact in shown.facts if fact[0] not in ("geo", "pandas")]
    first, rest = others[:1], others[1:]
    drawn = await asyncio.to_thread(
        draw_layer, "GeoParquet", layer, view, more=[*more, *rest], note=note,
        cells=None if table is None else table.cells, below=() if table is None else table.lines,
    )  # fmt: skip
    return replace(drawn, facts=(*first, *drawn.facts))


def around(boxes: Sequence[Bounds]) -> Bounds | None:
    """Return the box around all boxes; None without any."""
    if not boxes:
        return None
    wests, souths, easts, norths = zip(*boxes, strict=True)
    return min(wests), min(souths), max(easts), max(norths)


def describe(raw: dict[int, Any]) -> Preview:
    """Return the preview of the footer alone."""
    groups = raw.get(4, [])
    leaves = list(_leaves(raw.get(2, [])))
    sizes = [[0, 0] for _ in leaves]  # of the chunks of each column; they are in the order of the schema
    codecs: set[str] = set()
    encrypted = 0
    for group in groups:
        for total, chunk in zip(sizes, group.get(1, []), strict=False):
            column = chunk.get(3)
            if column is None:  # encrypted, and what describes it is too
                continue
            total[0] += column.get(7, 0)
            total[1] += column.get(6, 0)
            codecs.add(CODECS[column.get(4, 0)] if 0 <= column.get(4, 0) < len(CODECS) else "unknown")
        encrypted = max(encrypted, sum(chunk.get(CRYPTO) is not None for chunk in group.get(1, [])))
    facts = [
        ("rows", f"{raw.get(3, 0):,} in {len(groups):,} row group{'s' if len(groups) != 1 else ''}"),
        ("columns", f"{len(leaves):,}"),
        ("compression", ", ".join(sorted(codecs)) or "none"),
    ]
    if encrypted:
        facts.append(("encrypted", f"{encrypted:,} column{'s' if encrypted != 1 else ''}"))
    if writer := raw.get(6):
        facts.append(("written by", visible(_text(writer), limit=60)))
    pairs = [pair for pair in raw.get(5, []) if pair.get(1) not in NOISE][:METADATA]
    facts += [
        (visible(_text(pair.get(1, b"")), limit=16), visible(_text(pair.get(2, b"")), limit=80)) for pair in pairs
    ]
    rows = []
    for (path, kind, repeat), (packed, unpacked) in zip(leaves[:COLUMNS], sizes, strict=False):
        rows.append([path, kind, repeat, size_text(packed), size_text(unpacked)])
    heads = ("column", "type", "", "stored", "plain")
    return Preview("Parquet", facts=tuple(facts), lines=tuple(grid_lines(heads, rows, right=frozenset((3, 4)))))


def _leaves(schema: list[dict[int, Any]]) -> list[tuple[str, str, str]]:
    """Return path, type and repetition of every column; the schema is a tree written depth first."""
    found: list[tuple[str, str, str]] = []
    open_groups: list[tuple[str, int]] = []
    for index, element in enumerate(schema):
        while open_groups and open_groups[-1][1] == 0:
            open_groups.pop()
        if open_groups:
            name, left = open_groups[-1]
            open_groups[-1] = (name, left - 1)
        path = [name for name, _ in open_groups[1:]] + [_text(element.get(4, b""))]
        if element.get(5) or not index:  # the root is a group, even of no columns
            open_groups.append((path[-1] if index else "", element.get(5, 0)))
            continue
        repeat = element.get(3, 0)
        found.append((".".join(path), type_of(element), REPEATS[repeat] if 0 <= repeat < 3 else ""))
    return found


def type_of(element: dict[int, Any]) -> str:
    """Return the type of an entry of the schema in a word: `int32`, `string`, `timestamp`, `group`."""
    logical = element.get(10)
    if isinstance(logical, dict) and isinstance(whole := logical.get(INTEGER), dict):
        return f"{'' if whole.get(2) else 'u'}int{whole.get(1, 0)}"
    if isinstance(logical, dict) and logical and next(iter(logical)) in LOGICAL:
        return LOGICAL[next(iter(logical))]
    if element.get(6) in CONVERTED:
        return CONVERTED[element[6]]
    physical = element.get(1, -1)
    return PHYSICAL[physical] if 0 <= physical < len(PHYSICAL) else "group"


def _text(raw: Any) -> str:
    return raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(raw)
