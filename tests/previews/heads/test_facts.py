"""Other forms of the formats, what only looks like a format, and heads that lie: each ends in a line."""

import base64
import platform
import struct
import sys
from pathlib import Path

import pytest

from storage_tui.previews import preview
from storage_tui.previews.formats.avro import type_text
from tests.previews.heads import kept, made
from tests.previews.heads.damage import judged
from tests.previews.heads.samples import points, zipped
from tests.previews.ranges import Ranges, plain


def program() -> bytes:
    """The interpreter that runs the test."""
    return Path(sys.executable).resolve().read_bytes()


async def test_a_program_of_this_machine_is_for_this_machine() -> None:
    names = {"x86_64": "x86-64", "aarch64": "AArch64"}
    facts = dict((await judged(program())).facts)
    assert facts["machine"].startswith(names.get(platform.machine(), ""))


async def test_other_forms_of_a_format_are_read_too() -> None:
    shown = await judged(kept.unpacked(kept.DICOM_IMPLICIT))
    assert "syntax: implicit\npixels: 6 × 4, 12 bits\nmodality: CT" in plain(shown)
    assert "Doe" not in plain(shown)
    row = "total precipitation  surface  2026-03-01 00:00  +12 h  latitude/longitude, 5 × 4"
    assert f"messages: 3\n{'parameter':19}  level    time              step   grid\n{row}\n{row}\n{row}" in plain(
        await judged(made.message_1() * 3)
    )
    zarr = dict((await judged(made.ZARR_3)).facts)
    assert (zarr["chunks"], zarr["codecs"], zarr["dimensions"]) == ("30 × 90", "bytes, zstd", "time, none")
    assert (await judged(made.film(is_late=False))).facts == (await judged(made.film())).facts
    assert (await judged(made.box(b"ftyp", b"heic", bytes(4), b"mif1") + bytes(90))).kind == "HEIF"
    assert (await judged(b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")).kind == "PEM"


async def test_tracks_behind_a_long_film_cost_one_more_read() -> None:
    ranges = Ranges.of(made.film(pictures=9_000_000))
    shown = await preview(ranges.source())
    assert dict(shown.facts)["track 1"] == "video avc1, 1,920 × 1,080"
    assert len(ranges.asked) == 2


async def test_messages_of_grib_are_passed_over_without_their_values() -> None:
    content = kept.unpacked(kept.GRIB_2)
    ranges = Ranges.of(content * 2000)
    shown = await preview(ranges.source())
    assert len(ranges.asked) == 2
    assert dict(shown.facts)["messages"] == f"{256 * 1024 // len(content):,}+"
    assert "the next message begins past what is read" in shown.note


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b'{"properties": {"zarr_format": 2}}', "a"),
        (b'{"a": "format-version", "format-version": 2, "x": {"table-uuid": 1}}', "a"),
        (b'{"add": 3}', "a"),
        (b"1\n2\n3\n4\n5\n", "a.tfw"),
        (bytes(100), "n45e010.hgt"),
        (b"From the hills: a view\nTo the sea\n", "a.txt"),
        (b"ORCHARD of apples, a text that is longer than the magic of a format\n" * 3, "a.txt"),
        (b"GRIB is a format of tables\n", "a.txt"),
        (b"ncols of a table\n", "a.txt"),
        (b"ID3 is a tree\n", "a.txt"),
        (b"ENVIronment = 3\n", "a.txt"),
        (b"LASF", "a.txt"),
    ],
)
async def test_what_only_looks_like_a_format_is_not_called_damaged_as_it(content: bytes, name: str) -> None:
    shown = await judged(content, name)
    assert shown.kind in ("JSON", "text", "binary", "LAS")
    assert shown.is_damaged == (content == b"LASF")


ZEROS = bytes(400)


@pytest.mark.parametrize(
    "content",
    [
        points()[:96] + struct.pack("<II", 2**32 - 1, 2**32 - 1) + points()[104:],
        points()[:105] + struct.pack("<H", 0) + points()[107:],
        points()[:131] + struct.pack("<3d", float("nan"), 1e308, float("inf")) + points()[155:],
        points()[:247] + struct.pack("<Q", 2**64 - 1) + points()[255:],
        b"GRIB\0\0\x01\x02" + struct.pack(">Q", 2**63) + ZEROS,
        b"GRIB\0\0\0\x02" + struct.pack(">Q", 0) + ZEROS,
        b"GRIB\0\0\0\x02" + struct.pack(">Q", 500) + struct.pack(">IB", 5, 2) * 60,
        b"GRIB\0\0\0\x01" + ZEROS,
        b"Obj\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01" + ZEROS,
        b"Obj\x01\x02\x16avro.schema" + b"\x80\x20" + b"[" * 2048 + b"\0" * 17,
        b"Obj\x01\x01\x02" + b"\x02a\x00" * 2000,
        b"ORC" + ZEROS + b"\x08\xff\xff\xff\xff\x0f\x10\x01ORC\x0b",
        b"ORC" + ZEROS + b"\xff\xff\xff" + b"\x08\x03\x10\x01\x82\xf4\x03\x03ORC\x0a",
        b"\0\0\0\x0cjP  \r\n\x87\n" + struct.pack(">I4s", 4, b"free") + ZEROS,
        b"\0\0\0\x0cjP  \r\n\x87\n" + struct.pack(">I4s", 8, b"jp2h") * 4000,
        b"\xff\x4f\xff\x51" + b"\xff" * 60,
        b"\x0e\x03\x13\x01" + struct.pack(">HI", 0, 4) + ZEROS,
        b"\x0e\x03\x13\x01" + struct.pack(">HI", 65535, 4) + b"\xff" * 9000,
        b"\x0e\x03\x13\x01" + struct.pack(">HI", 1, 0) + struct.pack(">HHII", 1965, 1, 0, 2**32 - 1) + ZEROS,
        b"\x0e\x03\x13\x01" + b"".join(struct.pack(">HI6x", 9000, 16 + at * 12) for at in range(10_000)),
        b"NITF02.10" + b"9" * 900,
        b"\0" * 128 + b"DICM" + struct.pack("<HH2sHI", 2, 1, b"OB", 0, 2**32 - 1) + ZEROS,
        b"\0" * 128 + b"DICM" + b"\xff" * 900,
        b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0" + b"\xff" * 16 + b"data\xff\xff\xff\xff",
        b"RIFF\0\0\0\0WAVE" + b"junk\0\0\0\0" * 5000,
        b"fLaC" + bytes(90),
        b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + b"TIT2\x7f\x7f\x7f\x7f\0\0\x01\xff" + ZEROS,
        b"\0\0\0\x10ftypisom\0\0\0\0" + b"\0\0\0\x08free" * 9000,
        b"\0\0\0\x10ftypisom\0\0\0\0" + b"\0\0\0\x01moov" + b"\xff" * 8 + ZEROS,
        b"\0\0\0\x10ftypisom\0\0\0\0" + made.box(b"moov", *[made.box(b"trak")] * 9000),
        b"\x7fELF\x02\x01\x01\0" + bytes(8) + b"\xff" * 48 + ZEROS,
        b"\x7fELF\x09\x09" + ZEROS,
        b"\x30\x82\xff\xff\x30\x82\xff\xff\xa0\x03\x02\x01\x02" + b"\x30\x80" * 200,
        b"-----BEGIN CERTIFICATE-----\n" * 4000,
        b"-----BEGIN CERTIFICATE-----\n" + base64.b64encode(b"\x30\x84\xff\xff\xff\xff" * 9) + b"\n-----END X-----",
        b"From: =?x?q?" + b"=" * 60_000 + b"?=\nTo: a\nSubject: =?utf-8?b?!!!!?=\nDate: x\n",
        b"From: a\n" + b" folded\n" * 8000 + b"To: b\nDate: c\nSubject: d\n",
        b"ncols 99999999999999999999 nrows 0 cellsize 0\n",
        b"ncols 4 nrows 3 cellsize 1e999\n",
        b"ENVI\n" + b"a = {" * 12_000,
        b"<VRTDataset " + b"<SourceFilename " * 4000,
        b'{"zarr_format": {}, "shape": [[], {}, null], "chunks": 3, "codecs": [1], "metadata": {"a": []}}',
        b'{"zarr_format": 3, "shape": ' + b"[" * 50_000,
        b'{"format-version": [], "table-uuid": {}, "schemas": [3], "snapshots": [1, {"snapshot-id": null}]}',
        b'{"metaData": {"schemaString": "' + b"{" * 50_000 + b'"}}\n{"add": {}}',
    ],
)  # fmt: skip
async def test_a_head_that_lies_ends_in_a_line(content: bytes) -> None:
    await judged(content)


def test_types_of_avro_in_types_end() -> None:
    told: object = "long"
    for _ in range(3000):
        told = {"type": "array", "items": told}
    assert type_text(told).endswith("…")


@pytest.mark.parametrize("member", ["plots-1.dist-info/METADATA", "plots-1.dist-info/WHEEL"])
async def test_a_wheel_with_a_bomb_keeps_its_members(member: str) -> None:
    parts = {"plots-1.dist-info/METADATA": b"Name: plots\n", "plots-1.dist-info/WHEEL": b"Tag: py3-none-any\n"}
    shown = await judged(zipped(parts | {member: b"Tag: x\n" * 5_000_000}))
    assert shown.kind == "wheel"
    assert "METADATA" in plain(shown)
