"""Compressed blobs of several streams: all of them are unpacked, and what is not is told."""

import bz2
import gzip
import io
import lzma
import os
import random
import struct
import tarfile
import zlib
from collections.abc import Callable
from itertools import pairwise

import pytest

from storage_tui.previews import PreviewError, preview
from storage_tui.previews.containers.streams import UNPACKED_BYTES, unpack
from tests.effort import count
from tests.previews.ranges import Ranges, plain, show
from tests.previews.samples import SAMPLES, zstandard

PACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda content: gzip.compress(content, 6),
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstandard,
}
SKIPPED = struct.pack("<II", 0x184D2A50, 4) + b"abcd"
SKIPPED_15 = struct.pack("<II", 0x184D2A5F, 0)


def table(first: int, stop: int) -> bytes:
    """Rows of a table; the first part has a head."""
    head = b"id,name,value\n" if not first else b""
    return head + b"".join(b"%d,name%d,%d.5\n" % (number, number, number) for number in range(first, stop))


def blocks_xz(content: bytes) -> bytes:
    """A stream of two blocks, as `xz --block-size` writes it: put together by hand, as the module writes only one."""
    streams = [lzma.compress(part, check=lzma.CHECK_CRC32) for part in (content[:500], content[500:])]
    blocks, records = [], []
    for stream in streams:
        index_bytes = (struct.unpack_from("<I", stream, len(stream) - 8)[0] + 1) * 4
        index = stream[len(stream) - 12 - index_bytes : -12]
        blocks.append(stream[12 : len(stream) - 12 - index_bytes])
        records.append(index[2 : 2 + _varints(index[2:], 2)])
    index = b"\0\x02" + b"".join(records)
    index += bytes(-len(index) % 4)
    index += struct.pack("<I", zlib.crc32(index))
    foot = struct.pack("<I", len(index) // 4 - 1) + streams[0][6:8]
    return streams[0][:12] + b"".join(blocks) + index + struct.pack("<I", zlib.crc32(foot)) + foot + b"YZ"


def _varints(data: bytes, number: int) -> int:
    at = 0
    for _ in range(number):
        while data[at] & 0x80:
            at += 1
        at += 1
    return at


def bgzip(content: bytes, block: int = 700) -> bytes:
    """Members with their length in an extra field and an empty one at the end (SAM specification, 4.1)."""
    packed = b""
    for at in range(0, len(content) + block, block):
        deflate = zlib.compressobj(6, zlib.DEFLATED, -15)
        part = content[at : at + block]
        body = deflate.compress(part) + deflate.flush()
        head = b"\x1f\x8b\x08\x04\0\0\0\0\0\xff" + struct.pack("<H2sHH", 6, b"BC", 2, len(body) + 25)
        packed += head + body + struct.pack("<II", zlib.crc32(part), len(part))
    return packed


@pytest.mark.parametrize("method", PACK)
@pytest.mark.parametrize("cuts", [(0, 150, 300), (0, 0, 300), (0, 300, 300), (0, 1, 2, 3, 300), tuple(range(301))])
async def test_all_streams_of_a_blob_are_unpacked(method: str, cuts: tuple[int, ...]) -> None:
    packed = b"".join(PACK[method](table(*pair) if pair[0] < pair[1] else b"") for pair in pairwise(cuts))
    shown = await show(packed, f"a.csv.{method}")
    assert shown.kind == method
    assert dict(shown.facts)["rows"] == "300" and "299" not in shown.note
    assert dict(shown.facts)["inside"] == "CSV" and not shown.is_damaged


@pytest.mark.parametrize(
    ("method", "packed"),
    [
        ("gzip", bgzip(table(0, 300))),
        ("gzip", PACK["gzip"](table(0, 300)) + bytes(1000)),
        ("gzip", PACK["gzip"](table(0, 150)) + bytes(7) + PACK["gzip"](table(150, 300))),
        ("xz", blocks_xz(table(0, 300))),
        ("xz", PACK["xz"](table(0, 150)) + bytes(8) + PACK["xz"](table(150, 300)) + bytes(4)),
        ("xz", lzma.compress(table(0, 300), preset=9)),
        ("xz", lzma.compress(table(0, 300), check=lzma.CHECK_NONE)),
        (
            "zstd",
            SKIPPED + SKIPPED_15 + PACK["zstd"](table(0, 150)) + SKIPPED + PACK["zstd"](table(150, 300)) + SKIPPED,
        ),
        ("zstd", struct.pack("<II", 0x184D2A51, 200_000) + bytes(200_000) + PACK["zstd"](table(0, 300))),
        ("lzma", lzma.compress(table(0, 300), lzma.FORMAT_ALONE)),
    ],
    ids=[
        "bgzip",
        "zeros after",
        "zeros between",
        "blocks",
        "padding",
        "preset 9",
        "no check",
        "skipped",
        "far",
        "lzma",
    ],
)
async def test_what_lies_between_the_streams_changes_nothing(method: str, packed: bytes) -> None:
    shown = await show(packed, f"a.csv.{method}")
    assert shown.kind == method and dict(shown.facts)["rows"] == "300", plain(shown)
    assert dict(shown.facts)["unpacked"] == "5.1 kB" and "followed by" not in shown.note


@pytest.mark.parametrize("skipped", [SKIPPED, struct.pack("<II", 0x184D2A51, 200_000) + bytes(200_000)])
async def test_frames_that_readers_skip_are_empty_and_not_cut(skipped: bytes) -> None:
    shown = await show(skipped, "a.csv.zst")
    assert shown.kind == "zstd" and dict(shown.facts) == {"inside": "empty", "unpacked": "0 B"}
    assert not shown.note
    shown = await show(skipped[:-1], "a.csv.zst")
    assert "it has no end" in plain(shown), plain(shown)


@pytest.mark.parametrize("method", PACK)
async def test_bytes_after_the_last_stream_are_told(method: str) -> None:
    shown = await show(PACK[method](table(0, 300)) + b"no stream begins here", f"a.csv.{method}")
    assert dict(shown.facts)["rows"] == "300"
    assert f"followed by 21 B that are no {method}" in shown.note


@pytest.mark.parametrize("method", PACK)
async def test_a_stream_without_an_end_and_a_damaged_one_are_shown_as_far_as_they_go(method: str) -> None:
    first, second = PACK[method](table(0, 150)), PACK[method](table(150, 400))
    cut = await show(first + second[:-3], f"a.csv.{method}")
    assert f"its {method} stream is cut: it has no end" in cut.note
    assert "unpacked" not in dict(cut.facts) and "149" in plain(cut)
    damaged = bytearray(first + second)
    damaged[len(first) + len(second) // 2] ^= 0xFF
    damaged[-5] ^= 0xFF
    shown = await show(bytes(damaged), f"a.csv.{method}")
    assert f"its {method} stream is damaged" in shown.note and "after " in shown.note
    assert "unpacked" not in dict(shown.facts) and "149" in plain(shown)


@pytest.mark.parametrize("method", PACK)
async def test_a_blob_of_empty_streams_is_empty(method: str) -> None:
    shown = await show(PACK[method](b"") * 3, f"a.csv.{method}")
    assert dict(shown.facts)["inside"] == "empty" and dict(shown.facts)["unpacked"] == "0 B"


@pytest.mark.parametrize("method", PACK)
def test_any_content_in_any_streams_is_unpacked_whole_or_as_its_first_part(method: str) -> None:
    chance = random.Random(method)
    for _ in range(count(15, 60, 600)):
        sizes = [chance.choice((0, 1, 7, 4095, 4096, 4097, 70_000)) for _ in range(chance.randint(1, 9))]
        parts = [chance.randbytes(size // 2) + bytes(size - size // 2) for size in sizes]
        packed, content = b"".join(map(PACK[method], parts)), b"".join(parts)
        whole = unpack(method, packed, is_whole=True)
        assert (whole.content, whole.is_complete, whole.note) == (content, True, "")
        cut = chance.randrange(1, len(packed))
        part = unpack(method, packed[:cut], is_whole=False)
        assert content.startswith(part.content) and not part.is_complete and not part.note


@pytest.mark.parametrize("method", PACK)
@pytest.mark.parametrize("more", [-1, 0, 1])
def test_content_that_ends_at_the_limit_is_known_to_be_whole(method: str, more: int) -> None:
    content = os.urandom(1000) * (UNPACKED_BYTES // 1000 + 1)
    content = content[: UNPACKED_BYTES + more]
    unpacked = unpack(method, PACK[method](content), is_whole=True)
    assert unpacked.content == content[:UNPACKED_BYTES] and unpacked.is_complete == (more < 1)


@pytest.mark.parametrize("kind", ["PNG", "zip", "Parquet", "Arrow", "SQLite", "NetCDF"])
async def test_any_format_that_is_unpacked_whole_is_shown(kind: str) -> None:
    shown = await show(gzip.compress(SAMPLES[kind][0]()), "a.gz")
    assert dict(shown.facts)["inside"] == kind and SAMPLES[kind][1] in plain(shown)
    first, second = gzip.compress(b""), gzip.compress(SAMPLES[kind][0]())
    assert dict((await show(first + second, "a.gz")).facts)["inside"] == kind


async def test_a_first_block_longer_than_the_first_read_is_no_damage() -> None:
    content = b"".join(
        b"%s,%d\n" % (random.Random(number).randbytes(8).hex().encode(), number) for number in range(60_000)
    )
    shown = await show(bz2.compress(content), "a.csv.bz2")
    assert dict(shown.facts)["inside"] == "CSV" and not shown.is_damaged


async def test_a_stream_that_needs_more_memory_is_not_called_damaged() -> None:
    packed = bytearray(lzma.compress(b"x" * 100))
    packed[16] = 37  # a dictionary of 1.5 GiB, in the header of the block; then its checksum
    packed[20:24] = struct.pack("<I", zlib.crc32(bytes(packed[12:20])))
    shown = await show(bytes(packed), "a.xz")
    assert not shown.is_damaged and "Memory usage limit" in plain(shown)


async def test_members_of_an_archive_in_streams_are_counted_to_the_last() -> None:
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w") as archive:
        for number in range(6):
            member = tarfile.TarInfo(f"f{number}.txt")
            member.size = 3000
            archive.addfile(member, io.BytesIO(bytes(3000)))
    content = output.getvalue()
    for method, pack in PACK.items():
        packed = b"".join(pack(content[at : at + 3584]) for at in range(0, len(content), 3584))
        shown = await show(packed, f"a.tar.{method}")
        assert dict(shown.facts)["members"] == "6", method


@pytest.mark.parametrize(
    ("kind", "head"),
    [
        ("lz4", b"\x04\x22\x4d\x18"), ("lz4", SKIPPED + b"\x04\x22\x4d\x18"), ("compress (.Z)", b"\x1f\x9d\x90"),
        ("7z", b"7z\xbc\xaf\x27\x1c"), ("RAR", b"Rar!\x1a\x07\x01\x00"), ("lzip", b"LZIP\x01"),
        ("snappy", b"\xff\x06\x00\x00sNaPpY"), ("ar", b"!<arch>\n"), ("lzop", b"\x89LZO\0\r\n\x1a\n"),
    ],
)  # fmt: skip
async def test_what_is_not_opened_is_named(kind: str, head: bytes) -> None:
    shown = await show(head + random.Random(2).randbytes(500))
    assert shown.kind == kind and "named here, not opened" in shown.note and not shown.is_damaged


@pytest.mark.parametrize(
    "content", [b"BZh, a word of its own\n" * 9, b"BZh9 is how it begins\n" * 9, b"LZIP is a program\n" * 9]
)
async def test_text_that_begins_like_a_magic_is_text(content: bytes) -> None:
    assert (await show(content)).kind == "text"


async def test_ten_thousand_streams_in_a_megabyte_end_in_time() -> None:
    packed = zstandard(b"") * 110_000
    shown = await preview(Ranges.of(packed).source("a.zst"), is_full=True)
    assert "unpacked" not in dict(shown.facts) and "not shown as" in plain(shown)


def test_damage_in_the_first_bytes_is_an_error() -> None:
    with pytest.raises(PreviewError, match="damaged"):
        unpack("gzip", PACK["gzip"](b"x")[:10] + b"\xff" * 50, is_whole=True)
