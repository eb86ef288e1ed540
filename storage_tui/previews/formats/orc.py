"""ORC: rows, stripes and columns from the footer at the end (ORC specification v1)."""

from storage_tui.contract.visible import visible
from storage_tui.previews.base import HEADER_BUDGET, KIB, LimitError, Preview, PreviewError, Source, View
from storage_tui.previews.containers.streams import unpack
from storage_tui.previews.heads.protobuf import BYTES, VARINT, Field, read_fields, read_varint, text_of
from storage_tui.previews.table.grid import grid_lines

MAGIC = b"ORC"
TAIL_BYTES = 64 * KIB
MOST_COLUMNS = 1_000
MOST_CHUNKS = 100
COMPRESSIONS = {0: "none", 1: "zlib", 2: "snappy", 3: "lzo", 4: "lz4", 5: "zstd"}
KINDS = ("boolean", "tinyint", "smallint", "int", "bigint", "float", "double", "string", "binary", "timestamp", "list",
         "map", "struct", "union", "decimal", "date", "varchar", "char", "timestamp with time zone")  # fmt: skip


class Orc:
    """The footer of an ORC file."""

    kind = "ORC"
    budget = HEADER_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the first bytes are the magic, and no text follows."""
        return head.startswith(MAGIC) and (name.endswith(".orc") or not head[3:64].isascii() or b"\0" in head[3:64])

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the facts of the postscript and the footer, with one read at the end."""
        tail = await source.tail(TAIL_BYTES)
        if len(tail) < 20 or not tail[:-1].endswith(MAGIC):
            raise PreviewError("its end is missing")
        size = tail[-1]
        script = tail[-1 - size : -1]
        numbers = {field.number: field.value for field in read_fields(script, 0, len(script)) if field.wire == VARINT}
        length, method = numbers.get(1, 0), numbers.get(2, 0)
        facts = [("compression", COMPRESSIONS.get(method, f"method {method}"))]
        stop = len(tail) - 1 - size
        if length > stop:
            return Preview(self.kind, facts=tuple(facts), note="its footer is longer than what a preview reads")
        try:
            footer = _plain(tail[stop - length : stop], method)
        except LimitError as exc:
            return Preview(self.kind, facts=tuple(facts), note=str(exc))
        rows, stripes = 0, 0
        types: list[tuple[str, list[str], list[int]]] = []
        for field in read_fields(footer, 0, len(footer)):
            if field.number == 6 and field.wire == VARINT:
                rows = field.value
            elif field.number == 3 and field.wire == BYTES:
                stripes += 1
            elif field.number == 4 and field.wire == BYTES and len(types) < MOST_COLUMNS:
                types.append(_type(footer, field))
        facts = [("rows", f"{rows:,} in {stripes:,} stripe{'s' if stripes != 1 else ''}"), *facts]
        names, children = (types[0][1], types[0][2]) if types else ([], [])
        table = [(visible(name, limit=80), types[at][0] if at < len(types) else "?")
                 for name, at in zip(names, children, strict=False)]  # fmt: skip
        facts.append(("columns", f"{len(names):,}"))
        lines = grid_lines(("column", "type"), table, cells=60) if table else []
        return Preview(self.kind, facts=tuple(facts), lines=tuple(lines))


def _plain(raw: bytes, method: int) -> bytes:
    """Return a footer unpacked: chunks, each with three bytes of length and a bit for one that is not packed."""
    if not method:
        return raw
    pieces = []
    at = 0
    for _ in range(MOST_CHUNKS):
        if at + 3 > len(raw):
            break
        header = int.from_bytes(raw[at : at + 3], "little")
        chunk = raw[at + 3 : at + 3 + (header >> 1)]
        at += 3 + (header >> 1)
        if header & 1:
            pieces.append(chunk)
        elif method in (1, 5):
            pieces.append(unpack("deflate" if method == 1 else "zstd", chunk, is_whole=True).content)
        else:
            raise LimitError(
                f"its footer is packed with {COMPRESSIONS.get(method, 'another method')}, and is not unpacked"
            )
    return b"".join(pieces)


def _type(footer: bytes, field: Field) -> tuple[str, list[str], list[int]]:
    """Return kind, names and numbers of the children of a type."""
    kind, names, children = "boolean", [], []
    for part in read_fields(footer, field.start, field.stop):
        if part.number == 1 and part.wire == VARINT:
            kind = KINDS[part.value] if part.value < len(KINDS) else f"type {part.value}"
        elif part.number == 2 and part.wire == BYTES:
            at = part.start
            while 0 <= at < part.stop:
                value, at = read_varint(footer, at)
                children.append(value)
        elif part.number == 2:
            children.append(part.value)
        elif part.number == 3 and part.wire == BYTES:
            names.append(text_of(footer, part)[:200])
    return kind, names, children
