"""The first records of an Avro container file (Apache Avro 1.11, Binary Encoding, Object Container Files)."""

import bz2
import json
import lzma
import struct
import zlib
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from storage_tui.previews.containers.streams import unpack
from storage_tui.previews.decoding import frames
from storage_tui.previews.decoding.children import Told
from storage_tui.previews.decoding.tables.arrow_values import CELL_CHARS, bytes_text, float_text
from storage_tui.previews.decoding.tables.moments import clock_text, date_text, find_zone, timestamp_text
from storage_tui.previews.heads.cursor import Cursor, ShortError

SYNC_BYTES = 16
VARINT_BYTES = 10
MOST_UNPACKED = 8 * 1024 * 1024  # of one block
MOST_DEPTH = 24
MOST_VALUES = 400_000  # of all records, those of no bytes included
MOST_COLUMNS = 64
NAME_CHARS = 80
JSON_BYTES = 2 * 1024 * 1024  # of the records of one answer
PER_SECOND = {"millis": 1000, "micros": 1_000_000, "nanos": 1_000_000_000}
UNPACKERS = {"deflate": lambda: zlib.decompressobj(-15), "bzip2": bz2.BZ2Decompressor, "xz": lzma.LZMADecompressor}


def decode(job: dict[str, Any], content: bytes) -> Told:
    """Return the first `rows` records of the blocks in the content, after the schema of `schema_bytes`.

    `codec` is that of the file. With `form` = `json` the records are handed back as JSON, values as they are or as
    text, else `heads` and `rows` are a table of texts. `is_all` says that all records in the content are there.
    Raises ValueError for a schema or a block that is damaged before the first record, or not read here.
    """
    schema = json.loads(content[: job["schema_bytes"]])
    values = _Values(schema)
    found: list[Any] = []
    is_all = True
    try:
        for record in _records(values, schema, content[job["schema_bytes"] :], job["codec"]):
            if len(found) >= job["rows"]:
                is_all = False
                break
            found.append(record)
    except (ShortError, ValueError, RecursionError, zlib.error, lzma.LZMAError, OSError, EOFError) as exc:
        is_all = False
        if not found and not isinstance(exc, ShortError):
            raise ValueError(str(exc) if isinstance(exc, ValueError) else "its first block cannot be unpacked") from exc
    if job["form"] == "json":
        kept, left = [], JSON_BYTES
        for record in found:
            left -= len(json.dumps(record, default=str))
            if left < 0:
                is_all = False
                break
            kept.append(record)
        return {"is_all": is_all}, json.dumps(kept, default=str).encode()
    fields = values.fields_of(schema)
    heads = [name[:NAME_CHARS] for name, _ in fields][:MOST_COLUMNS] if fields is not None else ["value"]
    table = []
    for record in found:
        cells = [record.get(name) for name, _ in fields[:MOST_COLUMNS]] if fields is not None else [record]
        table.append([_text(cell) for cell in cells])
    rows = frames.fitting_rows(table, CELL_CHARS)
    return {"heads": heads, "rows": rows, "is_all": is_all and len(rows) == len(found)}, b""


def _records(values: "_Values", schema: Any, blocks: bytes, codec: str) -> Iterator[Any]:
    """Yield the records of whole blocks, and of a last plain one as far as it goes; raise ShortError at the end."""
    cursor = Cursor(blocks)
    while cursor.left:
        count, size = _long(cursor), _long(cursor)
        if codec == "null":
            inner = Cursor(blocks, cursor.at)
        else:
            inner = Cursor(_unpacked(codec, cursor.take(size)))
        for _ in range(count):
            yield values.read(schema, inner)
        if codec == "null":
            cursor.skip(size)
        cursor.skip(SYNC_BYTES)


def _unpacked(codec: str, packed: bytes) -> bytes:
    if codec == "zstandard":
        return unpack("zstd", packed, is_whole=True).content
    if codec not in UNPACKERS:
        raise ValueError(f"its codec {codec[:40]} is not unpacked here")
    unpacker: Any = UNPACKERS[codec]()
    content: bytes = unpacker.decompress(packed, MOST_UNPACKED)
    if not unpacker.eof:
        raise ValueError("a block of it unpacks to more than a preview reads, or is cut")
    return content


class _Values:
    """Reads values by their schemas; the named types are known to all of it."""

    def __init__(self, schema: Any) -> None:
        self._named: dict[str, Any] = {}
        self._left = MOST_VALUES
        self._learn(schema, 0)

    def fields_of(self, schema: Any) -> list[tuple[str, Any]] | None:
        """Return names and schemas of the fields of a record; None for another type."""
        if not isinstance(schema, dict) or schema.get("type") not in ("record", "error"):
            return None
        fields = schema.get("fields")
        return [(str(field["name"]), field["type"]) for field in fields] if isinstance(fields, list) else []

    def read(self, schema: Any, cursor: Cursor, depth: int = 0) -> Any:
        """Return one value; raise ShortError where the bytes end, ValueError for damage."""
        self._left -= 1
        if depth > MOST_DEPTH or self._left < 0:
            raise ValueError("its records have more values than a preview reads")
        if isinstance(schema, list):
            at = _long(cursor)
            if not 0 <= at < len(schema):
                raise ValueError("a value of it has a type that is not in its schema")
            return self.read(schema[at], cursor, depth + 1)
        kind = schema.get("type") if isinstance(schema, dict) else schema
        if isinstance(kind, dict | list):
            return self.read(kind, cursor, depth + 1)
        if kind in ("record", "error"):
            fields = self.fields_of(schema) or []
            return {name: self.read(inner, cursor, depth + 1) for name, inner in fields}
        if kind == "array":
            return list(self._items(schema.get("items"), cursor, depth))
        if kind == "map":
            pairs = self._items(
                {
                    "type": "record",
                    "fields": [{"name": "key", "type": "string"}, {"name": "value", "type": schema.get("values")}],
                },
                cursor,
                depth,
            )
            return {pair["key"]: pair["value"] for pair in pairs}
        if kind == "enum":
            symbols, at = schema.get("symbols"), _long(cursor)
            if not isinstance(symbols, list) or not 0 <= at < len(symbols):
                raise ValueError("a value of it is not among its symbols")
            return symbols[at]
        if kind == "fixed":
            return _logical(schema, cursor.take(int(schema["size"])))
        if kind in PLAIN:
            value = PLAIN[kind](cursor)
            return _logical(schema, value) if isinstance(schema, dict) else value
        named = self._named.get(str(kind)) or self._named.get(str(kind).rpartition(".")[2])
        if named is not None:
            return self.read(named, cursor, depth + 1)
        raise ValueError("its schema has a type that is not known")

    def _items(self, schema: Any, cursor: Cursor, depth: int) -> Iterator[Any]:
        while count := _long(cursor):
            if count < 0:
                count = -count
                _long(cursor)  # the size of the block in bytes
            for _ in range(count):
                yield self.read(schema, cursor, depth + 1)

    def _learn(self, schema: Any, depth: int) -> None:
        if depth > MOST_DEPTH:
            raise ValueError("its schema is nested too deep")
        if isinstance(schema, list):
            for one in schema:
                self._learn(one, depth + 1)
        if not isinstance(schema, dict):
            return
        if isinstance(schema.get("name"), str) and schema.get("type") in ("record", "error", "enum", "fixed"):
            name = schema["name"]
            self._named[name] = schema
            self._named.setdefault(name.rpartition(".")[2], schema)  # references may leave the namespace out
        for key in ("type", "items", "values"):
            if isinstance(schema.get(key), dict | list):
                self._learn(schema[key], depth + 1)
        for field in schema.get("fields") or ():
            self._learn(field.get("type") if isinstance(field, dict) else None, depth + 1)


def _long(cursor: Cursor) -> int:
    value = 0
    for step in range(VARINT_BYTES):
        byte = cursor.number(1)
        value |= (byte & 0x7F) << 7 * step
        if byte < 0x80:
            return value >> 1 ^ -(value & 1)
    raise ValueError("it holds a number that is too long")


def _text_of(cursor: Cursor) -> str:
    return cursor.take(_long(cursor)).decode("utf-8", "replace")


PLAIN = {
    "null": lambda cursor: None,
    "boolean": lambda cursor: bool(cursor.number(1)),
    "int": _long,
    "long": _long,
    "float": lambda cursor: float(float_text(cursor.take(4), "f")),
    "double": lambda cursor: cursor.values("d")[0],
    "bytes": lambda cursor: cursor.take(_long(cursor)),
    "string": _text_of,
}


def _logical(schema: dict[str, Any], value: Any) -> Any:
    """Return a value in the words of its logical type; as it is where that is none that is known here."""
    kind = str(schema.get("logicalType", ""))
    if kind == "decimal" and isinstance(value, bytes):
        scale = schema.get("scale", 0)
        number = Decimal(int.from_bytes(value, "big", signed=True))
        return str(number.scaleb(-scale)) if type(scale) is int and 0 <= scale < 100 else value
    if type(value) is not int:
        return value
    if kind == "date":
        return date_text(value)
    what, _, unit = kind.rpartition("-")
    if unit not in PER_SECOND:
        return value
    if what == "time":
        return clock_text(value, PER_SECOND[unit])
    if what in ("timestamp", "local-timestamp"):
        return timestamp_text(value, PER_SECOND[unit], find_zone("UTC" if what == "timestamp" else ""))
    return value


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes):
        return bytes_text(value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=_text)
    return float_text(struct.pack("<d", value), "d") if isinstance(value, float) else str(value)
