"""Shapefile: kind, count, bounds, reference, fields and shapes, from the `.shp` and the files beside it; zipped too."""

import asyncio

from storage_tui.contract.visible import visible
from storage_tui.previews.base import KIB, MIB, Budget, Cells, OtherFormatError, Preview, PreviewError, Source, View
from storage_tui.previews.containers.zip_directory import LOCAL, read_directory
from storage_tui.previews.siblings import LOCAL_BYTES, Beside, InZip, Siblings
from storage_tui.previews.vector.layer import Layer, draw_layer
from storage_tui.previews.vector.reference import of_wkt
from storage_tui.previews.vector.shapefile import (
    CODE,
    TYPES,
    Attributes,
    count_of_index,
    read_attributes,
    read_main,
    read_shapes,
)  # fmt: skip

BUDGET = Budget(requests=7, size_bytes=MIB)  # five files: a request each, and one more for the shapes
TABLE_BYTES = 64 * KIB  # of the .dbf: its fields and a screen of rows
TEXT_BYTES = 16 * KIB  # of the .prj
INDEX_BYTES = 100
CODEC_BYTES = 64
SHAPES_BYTES = 512 * KIB  # of the .shp in a zip
SUFFIXES = (".shp", ".shx", ".dbf", ".prj", ".cpg", ".sbn", ".sbx", ".qix", ".qmd", ".shp.xml")
VERSION = 1000
MOST_FOLDERS = 8  # before the first file of a zip


class Shapefile:
    """A `.shp` with the `.dbf`, `.prj`, `.shx` and `.cpg` beside it."""

    kind = "Shapefile"
    budget = BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the first bytes are the code and the version of a `.shp`; a `.shx` has them too."""
        return head.startswith(CODE) and int.from_bytes(head[28:32], "little") == VERSION and not name.endswith(".shx")

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the preview with a read for each file beside it, and one more of the shapes."""
        parts = await _read_parts(Beside(source))
        if source.size_bytes is not None and len(head) < source.size_bytes:
            head += await source.read(len(head), len(head) + min(source.bytes_left, SHAPES_BYTES))
        return await asyncio.to_thread(_describe, self.kind, head, source.size_bytes, parts, view, ())


class ZippedShapefile:
    """A zip that holds one Shapefile."""

    kind = "zipped Shapefile"
    budget = BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the first member of a zip is a file of a Shapefile."""
        return first_member(head).lower().endswith(SUFFIXES)

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the preview with a read of the directory, and one of each member that is needed."""
        tail = await source.tail(min(source.size_bytes or len(head), 128 * KIB))
        try:
            directory = read_directory(tail, (source.size_bytes or len(head)) - len(tail))
        except PreviewError as exc:
            raise OtherFormatError("its directory is not read") from exc
        names = [entry.name for entry in directory.entries if entry.name.lower().endswith(".shp")]
        if not names or not directory.is_whole:
            raise OtherFormatError("it holds no Shapefile")
        siblings = InZip(source, directory.entries, directory.prefix, names[0])
        raw = await siblings.read(".shp", SHAPES_BYTES)
        if raw is None or not raw.startswith(CODE):
            raise OtherFormatError("its Shapefile cannot be unpacked")
        entry = next(entry for entry in directory.entries if entry.name == names[0])
        parts = await _read_parts(siblings)
        more = [("member", visible(names[0], limit=80))]
        if len(names) > 1:
            more.append(
                (
                    "others",
                    f"{len(names) - 1:,} more of them: {', '.join(visible(name, limit=40) for name in names[1:5])}",
                )
            )
        return await asyncio.to_thread(_describe, self.kind, raw, entry.size_bytes, parts, view, tuple(more))


def first_member(head: bytes) -> str:
    """Return the name of the first member of a zip that is no folder; "" where the bytes are no zip."""
    at = 0
    for _ in range(MOST_FOLDERS):
        if not head.startswith(LOCAL, at) or len(head) < at + LOCAL_BYTES:
            return ""
        sizes = int.from_bytes(head[at + 26 : at + 28], "little"), int.from_bytes(head[at + 28 : at + 30], "little")
        name = head[at + LOCAL_BYTES : at + LOCAL_BYTES + sizes[0]].decode("utf-8", "replace")
        if not name.endswith("/"):
            return name
        at += LOCAL_BYTES + sum(sizes)  # a folder has no bytes
    return ""


async def _read_parts(siblings: Siblings) -> dict[str, bytes | None]:
    return {
        ".dbf": await siblings.read(".dbf", TABLE_BYTES), ".prj": await siblings.read(".prj", TEXT_BYTES),
        ".shx": await siblings.read(".shx", INDEX_BYTES), ".cpg": await siblings.read(".cpg", CODEC_BYTES),
    }  # fmt: skip


def _describe(
    kind: str, raw: bytes, size_bytes: int | None, parts: dict[str, bytes | None], view: View,
    more: tuple[tuple[str, str], ...],
) -> Preview:  # fmt: skip
    main = read_main(raw)
    table: Attributes | None = None
    if (dbf := parts[".dbf"]) is not None:
        table = read_attributes(dbf, (parts[".cpg"] or b"").decode("ascii", "replace"))
    layer = Layer(
        geometry=TYPES.get(main.kind, f"kind {main.kind}"),
        reference=of_wkt((parts[".prj"] or b"").decode("utf-8", "replace")),
        bounds=main.bounds,
        fields=() if table is None else table.fields,
    )
    count, problem = read_shapes(raw, layer.shapes)
    is_whole = size_bytes is not None and len(raw) >= size_bytes
    layer.count = count_of_index(parts[".shx"])
    if layer.count is None:
        layer.count = table.count if table is not None else count if is_whole and not problem else None
    layer.is_all = layer.count == count
    there = [suffix for suffix, part in parts.items() if part is not None]
    facts = [*more, ("files", ", ".join((".shp", *there)))]
    if table is not None:
        facts.append(("encoding", table.codec.upper()))
    notes = [problem] if problem else []
    if is_whole and main.size_bytes > (size_bytes or 0):
        notes.append(f"its header says {main.size_bytes:,} bytes: the end is missing")
    elif not layer.is_all and not problem:
        notes.append(f"the first {count:,} on the map")
    cells = None
    if table is not None and table.fields:
        cells = Cells(tuple(name for name, _ in table.fields), tuple(table.rows))
    return draw_layer(kind, layer, view, more=facts, note=" · ".join(notes), cells=cells)
