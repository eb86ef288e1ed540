"""Avro: the schema, the codec and the first rows of a container file (Apache Avro 1.11, Object Container Files)."""

import asyncio
import json
from typing import Any

from storage_tui.contract.visible import visible
from storage_tui.previews.base import HEADER_BUDGET, KIB, LimitError, Preview, PreviewError, Source, View
from storage_tui.previews.decoding.decoder import DECODER
from storage_tui.previews.heads.cursor import Cursor, ShortError, first_bytes
from storage_tui.previews.table.first_rows import FULL_ROWS, ROWS, Rows, first_note, with_rows
from storage_tui.previews.table.grid import grid_lines

MAGIC = b"Obj\x01"
READ_BYTES = 192 * KIB
SYNC_BYTES = 16
VARINT_BYTES = 10
CODEC_CHARS = 40
MOST_KEYS = 1_000
MOST_FIELDS = 500
MOST_DEPTH = 6  # of types in words


class Avro:
    """The fields of the records, from the schema in the head."""

    kind = "Avro"
    budget = HEADER_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the first bytes are the magic."""
        return head.startswith(MAGIC)

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the first rows above the schema."""
        try:
            metadata, block, at = read_head(head)
        except ShortError:
            head = await first_bytes(source, head, READ_BYTES)
            try:
                metadata, block, at = read_head(head)
            except ShortError:
                if len(head) == source.size_bytes:
                    raise PreviewError("its header is cut") from None
                raise LimitError("its header is longer than what a preview reads") from None
        try:
            schema = json.loads(metadata.get("avro.schema", b""))
        except (ValueError, RecursionError) as exc:
            raise LimitError("its schema is not understood") from exc
        facts = [("codec", visible(metadata.get("avro.codec", b"null").decode("utf-8", "replace"), limit=40))]
        rows: list[tuple[str, str]] = []
        if isinstance(schema, dict):
            facts.append(("record", visible(str(schema.get("name", "")), limit=80)))
            fields = schema.get("fields")
            listed = [part for part in fields if isinstance(part, dict)] if isinstance(fields, list) else []
            rows = [(str(part.get("name"))[:80], type_text(part.get("type"))) for part in listed[:MOST_FIELDS]]
            facts.append(("fields", f"{len(listed):,}"))
        else:
            facts.append(("type", visible(type_text(schema), limit=80)))
        if block is not None:
            facts.append(("first block", f"{block:,} records"))
        others = [key for key in metadata if not key.startswith("avro.")]
        facts += [(visible(key, limit=24), visible(metadata[key].decode("utf-8", "replace"), limit=80))
                  for key in others[:8]]  # fmt: skip
        lines = grid_lines(("field", "type"), rows, cells=80) if rows else []
        shown = Preview(self.kind, facts=tuple(facts), lines=tuple(lines))
        is_whole = len(head) == source.size_bytes
        return await with_rows(shown, _rows(metadata, head[at:], is_whole, FULL_ROWS if view.is_full else ROWS))


async def _rows(metadata: dict[str, bytes], blocks: bytes, is_whole: bool, count: int) -> tuple[Rows | None, str]:
    """Return the first records as rows, and the note about them."""
    told, _ = await _decode(metadata, blocks, count, form="text")
    if not told["rows"]:
        return None, "" if is_whole else "its first block is longer than what a preview reads"
    rows = Rows(told["heads"], told["rows"], [])
    return rows, first_note(len(rows.rows), is_all=is_whole and told["is_all"])


async def read_records(metadata: dict[str, bytes], blocks: bytes, count: int) -> tuple[list[Any], bool]:
    """Return the first records in some blocks, by the metadata of their file, and whether these are all.

    Raises PreviewError for those that are not read.
    """
    told, raw = await _decode(metadata, blocks, count, form="json")
    return await asyncio.to_thread(json.loads, raw), bool(told["is_all"])


async def _decode(metadata: dict[str, bytes], blocks: bytes, count: int, *, form: str) -> tuple[dict[str, Any], bytes]:
    schema = metadata.get("avro.schema", b"")
    codec = metadata.get("avro.codec", b"null").decode("utf-8", "replace")[:CODEC_CHARS]
    job = {"job": "avro", "schema_bytes": len(schema), "codec": codec, "rows": count, "form": form}
    return await DECODER.decode(job, schema + blocks)


def read_head(head: bytes) -> tuple[dict[str, bytes], int | None, int]:
    """Return the metadata, the number of records of the first block, None without a block, and the block's place."""
    cursor = Cursor(head, len(MAGIC))
    metadata: dict[str, bytes] = {}
    while count := _long(cursor):
        if count < 0:
            count = -count
            _long(cursor)  # the size of the block in bytes
        for _ in range(count):
            key = cursor.take(_long(cursor)).decode("utf-8", "replace")
            metadata[key] = cursor.take(_long(cursor))
            if len(metadata) > MOST_KEYS:
                raise LimitError(f"its header has more than {MOST_KEYS:,} keys")
    cursor.skip(SYNC_BYTES)
    at = cursor.at
    return metadata, _long(cursor) if cursor.left else None, at


def _long(cursor: Cursor) -> int:
    """Return a zigzag number of variable length."""
    value = 0
    for step in range(VARINT_BYTES):
        byte = cursor.number(1)
        value |= (byte & 0x7F) << 7 * step
        if byte < 0x80:
            return value >> 1 ^ -(value & 1)
    raise PreviewError("its header holds a number that is too long")


def type_text(told: Any, depth: int = 0) -> str:
    """Return a type in words: `long`, `string or null`, `list of double`."""
    if depth > MOST_DEPTH:
        return "…"
    if isinstance(told, list):
        kinds = [type_text(part, depth + 1) for part in told[:8]]
        return " or ".join(sorted(kinds, key=lambda kind: kind == "null"))
    if not isinstance(told, dict):
        return str(told)[:40]
    kind = told.get("type")
    if "logicalType" in told:
        return str(told["logicalType"])[:40]
    if kind == "array":
        return f"list of {type_text(told.get('items'), depth + 1)}"
    if kind == "map":
        return f"map of {type_text(told.get('values'), depth + 1)}"
    if kind in ("record", "enum", "fixed"):
        return f"{kind} {str(told.get('name', ''))[:40]}"
    return type_text(kind, depth + 1)
