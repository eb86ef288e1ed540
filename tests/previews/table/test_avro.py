"""The first rows of Avro files: those of fastavro, of all types and codecs; hostile files."""

import io
import json
import struct
import zlib
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import fastavro
import pytest

from storage_tui.previews.base import MIB
from tests.previews.heads.damage import judged
from tests.previews.ranges import show

INNER = {"type": "record", "name": "Node", "fields": [
    {"name": "x", "type": "int"}, {"name": "next", "type": ["null", "Node"]}]}  # fmt: skip
TYPES: dict[str, Any] = {
    "id": "long", "sown": ["null", {"type": "int", "logicalType": "date"}],
    "yields": {"type": "array", "items": "double"}, "f": "float", "ok": "boolean",
    "at": {"type": "long", "logicalType": "timestamp-micros"},
    "local": {"type": "long", "logicalType": "local-timestamp-millis"},
    "clock": {"type": "int", "logicalType": "time-millis"},
    "price": {"type": "bytes", "logicalType": "decimal", "precision": 8, "scale": 2}, "raw": "bytes",
    "kind": {"type": "enum", "name": "Kind", "symbols": ["A", "B"]}, "more": {"type": "map", "values": "int"},
    "four": {"type": "fixed", "name": "Four", "size": 4}, "again": ["null", "x.y.Kind"], "node": INNER,
}  # fmt: skip
SCHEMA = {"type": "record", "name": "Plot", "namespace": "x.y",
          "fields": [{"name": name, "type": kind} for name, kind in TYPES.items()]}  # fmt: skip
RECORDS = [
    {"id": at * 10**12, "sown": date(2020, 1, 1 + at % 30) if at else None, "yields": [1.5, at + 0.25], "f": 0.1,
     "ok": at % 2 == 0, "at": datetime(1901, 1, 1, 2, 3, 4, 5, tzinfo=UTC), "local": datetime(2020, 1, 1, 2, 3, 4),
     "clock": time(1, 2, 3), "price": Decimal("-12.34"), "raw": bytes([0, at]), "kind": "A", "more": {"k": at},
     "four": b"abcd", "again": "B", "node": {"x": 1, "next": {"x": 2, "next": None}}}
    for at in range(40)
]  # fmt: skip
EXPECTED = {"sown": "2020-01-02", "yields": "[1.5, 1.25]", "f": "0.1", "ok": "False", "price": "-12.34", "kind": "A",
            "at": "1901-01-01 02:03:04.000005+00:00", "local": "2020-01-01 02:03:04", "clock": "01:02:03",
            "more": '{"k": 1}', "raw": "0x0001", "four": "b'abcd'", "again": "B",
            "node": '{"x": 1, "next": {"x": 2, "next": null}}'}  # fmt: skip


def written(schema: Any, records: list[Any], codec: str = "null") -> bytes:
    """A container by fastavro."""
    output = io.BytesIO()
    fastavro.writer(output, schema, records, codec=codec, sync_interval=1500)
    return output.getvalue()


@pytest.mark.parametrize("codec", ["null", "deflate", "bzip2", "xz", "zstandard"])
async def test_rows_are_those_of_fastavro(codec: str) -> None:
    shown = await show(written(SCHEMA, RECORDS, codec), "a.avro", width=200)
    assert shown.cells is not None and shown.cells.columns == tuple(TYPES)
    assert len(shown.cells.rows) == 30 and shown.note == "the first 30 rows"
    second = dict(zip(TYPES, shown.cells.rows[1], strict=True))
    assert second == {"id": str(10**12), **EXPECTED}
    assert [row[0] for row in shown.cells.rows] == [str(at * 10**12) for at in range(30)]


async def test_files_that_are_no_records_and_empty_ones() -> None:
    shown = await show(written("long", [1, 2, 3]), "a.avro")
    assert shown.cells is not None and shown.cells.rows == (("1",), ("2",), ("3",))
    shown = await show(written(SCHEMA, []), "a.avro")
    assert shown.cells is None and not shown.note


def container(schema: Any, blocks: bytes, codec: bytes = b"null") -> bytes:
    """A container of any schema, as no library writes it."""
    told = json.dumps(schema).encode()
    pairs = ((b"avro.schema", told), (b"avro.codec", codec))
    head = b"".join(number(len(part)) + part for pair in pairs for part in pair)
    return b"Obj\x01" + number(2) + head + number(0) + bytes(16) + blocks


def number(value: int) -> bytes:
    """A zigzag number."""
    value = value * 2 if value >= 0 else -value * 2 - 1
    found = bytearray()
    while True:
        found.append(value & 0x7F | (0x80 if value > 0x7F else 0))
        value >>= 7
        if not value:
            return bytes(found)


def block(count: int, content: bytes) -> bytes:
    """One block."""
    return number(count) + number(len(content)) + content + bytes(16)


async def test_hostile_files_end_in_a_line() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = packer.compress(bytes(60 * MIB)) + packer.flush()
    loop = {"type": "record", "name": "R", "fields": [{"name": "r", "type": "R"}]}
    deep: Any = "int"
    for _ in range(60):
        deep = {"type": "array", "items": deep}
    files = {
        "nothing, often": container({"type": "array", "items": "null"}, block(1, number(1 << 60))),
        "many records of nothing": container("null", block(1 << 60, b"")),
        "bomb": container("bytes", block(1, bomb), b"deflate"),
        "loop": container(loop, block(1, b"")),
        "deep": container(deep, block(1, number(1) * 70)),
        "union": container(["null"], block(1, number(9))),
        "enum": container({"type": "enum", "name": "E", "symbols": ["A"]}, block(1, number(5))),
        "size": container({"type": "fixed", "name": "F", "size": "9"}, block(1, b"a" * 9)),
        "negative": container({"type": "fixed", "name": "F", "size": -9}, block(1, b"a" * 9)),
        "no type": container({"fields": 3}, block(1, b"a")),
        "fields": container({"type": "record", "name": "R", "fields": [3]}, block(1, b"a")),
        "decimal": container({"type": "bytes", "logicalType": "decimal", "scale": 10**9}, block(1, number(1) + b"a")),
        "date": container({"type": "int", "logicalType": "date"}, block(1, number(1 << 62))),
        "float": container("double", block(1, struct.pack("<d", float("nan")))),
        "codec": container("int", block(1, number(1)), b"\x1b[2J"),
        "text": container("string", block(1, number(8) + b"\x1b]0;x\x07aa")),
    }
    for what, content in files.items():
        shown = await judged(content, f"{what}.avro")
        assert shown.kind == "Avro" and not shown.is_damaged, what
        assert "\n" not in shown.note and len(shown.note) < 200, shown.note
