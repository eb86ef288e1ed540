"""zip of every kind against zipfile, which wrote it, and against Info-ZIP where it is installed."""

import bz2
import io
import lzma
import os
import random
import struct
import subprocess
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest

from storage_tui.previews import LimitError, Preview, preview
from storage_tui.previews.containers.zip_directory import read_directory
from storage_tui.previews.member import open_member
from tests import wanted
from tests.effort import count
from tests.previews.containers.test_tar import names, read
from tests.previews.ranges import Ranges, plain, show
from tests.previews.samples import zstandard

EMPTY = b"PK\x05\x06" + bytes(18)


def zipped(*members: tuple[str, bytes], comment: bytes = b"", method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Members by zipfile."""
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
        archive.comment = comment
    return output.getvalue()


def one(
    name: bytes, packed: bytes, size: int, method: int, *, flags: int = 0, extra: bytes = b"", system: int = 0
) -> bytes:
    """An archive of one member by hand."""
    fields = struct.pack("<3H", flags, method, 0) + struct.pack(
        "<H3I2H", 0, 0, len(packed), size, len(name), len(extra)
    )
    local = b"PK\x03\x04" + struct.pack("<H", 20) + fields + name + extra + packed
    entry = b"PK\x01\x02" + struct.pack("<2H", 20 | system << 8, 20) + fields + bytes(14) + name + extra
    return local + entry + b"PK\x05\x06" + struct.pack("<4H2IH", 0, 0, 1, 1, len(entry), len(local), 0)


async def opened(content: bytes, name: str = "a.zip") -> dict[str, bytes]:
    """Every member that can be opened, by name."""
    source = Ranges.of(content).source(name)
    shown = await preview(source, is_full=True)
    parts = [part for part in shown.parts if part is not None]
    return {part.name: await read(await open_member(source, part)) for part in parts}


def members(shown: Preview) -> str:
    """The fact with the count."""
    return dict(shown.facts)["members"]


TWO = zipped(("a.txt", b"hello " * 200), ("d/b.txt", b"b"))
COMMENTS = {
    "a signature": b"see PK\x05\x06 here, a comment",
    "a signature at the end": b"PK\x05\x06",
    "an end record": EMPTY,
    "an end record and more": b"x" + EMPTY + b"and more",
    "an end record with a directory that is not there": b"PK\x05\x06" + struct.pack("<4H2IH", 0, 0, 3, 3, 150, 20, 0),
    "a locator": b"PK\x06\x07" + bytes(16) + EMPTY,
    "the longest": b"c" * 65_535,
    "many signatures": b"PK\x05\x06" * 9000,
    "foreign words": "Grüße".encode(),
}


@pytest.mark.parametrize("kind", COMMENTS)
async def test_a_comment_hides_no_member(kind: str) -> None:
    content = bytearray(TWO)
    content[-2:] = struct.pack("<H", len(COMMENTS[kind]))
    shown = await show(bytes(content) + COMMENTS[kind])
    assert names(shown) == ["a.txt", "d/b.txt"] and members(shown) == "2"
    assert dict(shown.facts)["comment"]


@pytest.mark.parametrize(
    "prefix", [b"#!/bin/sh\nexec unzip $0\n", b"MZ" + bytes(90_000), b"\x7fELX" + bytes(400_000), bytes(5)]
)
@pytest.mark.parametrize("is_adjusted", [True, False])
async def test_a_program_before_the_archive_hides_no_member(prefix: bytes, is_adjusted: bool) -> None:
    content = prefix + TWO
    if is_adjusted:  # the places count from the first byte of the program
        output = io.BytesIO(prefix)
        with zipfile.ZipFile(output, "a") as archive:
            archive.writestr("a.txt", b"hello " * 200)
            archive.writestr("d/b.txt", b"b")
        content = output.getvalue()
    shown = await show(content, "a.zip")
    assert shown.kind == "zip" and names(shown) == ["a.txt", "d/b.txt"]
    assert ("after" in shown.note) != is_adjusted
    assert await opened(content) == {"a.txt": b"hello " * 200, "d/b.txt": b"b"}


@pytest.mark.parametrize("head", [b"MZ", b"\x7fELX", b"#!/bin/sh\n", b"a,b,c\n1,2,3\n4,5,6\n"])
async def test_a_program_or_a_text_without_an_archive_is_what_it_was(head: bytes) -> None:
    content = head + (b"1,2,3\n" if head[0] == 97 else bytes(range(256))) * 900
    shown = await show(content, "a.zip")
    assert shown.kind == ("CSV" if head[0] == 97 else "binary") and not shown.is_damaged


async def test_of_two_archives_joined_the_last_is_listed_and_the_other_told() -> None:
    second = zipped(("c", b"ccc"))
    for name in ("a.zip", "blob"):
        shown = await show(TWO + second, name)
        assert members(shown) == "1" and "of another archive" in shown.note
        assert await opened(TWO + second, name) == {"c": b"ccc"}


async def test_bytes_after_the_end_are_told() -> None:
    shown = await show(TWO + b"appended")
    assert members(shown) == "2" and "followed by 8 B that are no zip" in shown.note


async def test_an_empty_archive_has_no_member() -> None:
    shown = await show(EMPTY)
    assert shown.kind == "zip" and members(shown) == "0" and not shown.is_damaged


async def test_a_cut_archive_says_so_and_one_without_its_beginning_lists_its_members() -> None:
    cut = await show(TWO[:-30])
    assert cut.is_damaged and "the archive is cut" in plain(cut)
    shown = await show(TWO[20:], "a.zip")
    assert members(shown) == "2" and "20 B are missing before it" in shown.note


PACKED = {
    "stored": (0, b"word " * 99), "deflate": (8, zlib.compress(b"word " * 99, 9, -15)),
    "bzip2": (12, bz2.compress(b"word " * 99)), "xz": (95, lzma.compress(b"word " * 99)),
    "zstd": (93, zstandard(b"word " * 99)),
}  # fmt: skip


@pytest.mark.parametrize("method", PACKED)
async def test_members_of_these_methods_are_opened(method: str) -> None:
    number, packed = PACKED[method]
    content = one(b"a.txt", packed, 5 * 99, number)
    assert dict((await show(content)).facts)["compression"] == method
    assert await opened(content) == {"a.txt": b"word " * 99}


async def test_lzma_is_opened_with_and_without_its_mark_of_the_end() -> None:
    content = zipped(("a.txt", b"word " * 99), method=zipfile.ZIP_LZMA)
    assert await opened(content) == {"a.txt": b"word " * 99}
    filters = [{"id": lzma.FILTER_LZMA1, "preset": 6}]
    alone = lzma.compress(b"word " * 99, lzma.FORMAT_ALONE, filters=filters)
    packed = b"\x09\x14\x05\x00" + alone[:5] + alone[13:]
    assert await opened(one(b"a.txt", packed, 5 * 99, 14)) == {"a.txt": b"word " * 99}


@pytest.mark.parametrize(
    ("number", "told"), [(9, "deflate64"), (1, "shrink"), (6, "implode"), (98, "PPMd"), (99, "AES"), (77, "method 77")]
)
async def test_other_methods_are_named_and_not_opened(number: int, told: str) -> None:
    content = one(b"a.txt", b"x" * 20, 50, number)
    assert dict((await show(content)).facts)["compression"] == told
    with pytest.raises(LimitError, match=f"{told} is not unpacked here"):
        await opened(content)


async def test_encrypted_members_are_counted_and_not_opened() -> None:
    content = one(b"a.txt", b"x" * 20, 8, 8, flags=1)
    assert dict((await show(content)).facts)["encrypted"] == "1 members"
    with pytest.raises(LimitError, match="it is encrypted"):
        await opened(content)


def unicode_field(raw: bytes, name: str) -> bytes:
    """The field that Info-ZIP writes beside a name in the code page of the system."""
    content = b"\x01" + zlib.crc32(raw).to_bytes(4, "little") + name.encode()
    return struct.pack("<2H", 0x7075, len(content)) + content


@pytest.mark.parametrize(
    ("raw", "options", "name"),
    [
        (b"\x81ber.txt", {}, "über.txt"),
        ("über.txt".encode(), {"flags": 0x800}, "über.txt"),
        ("über.txt".encode(), {"system": 3}, "über.txt"),
        ("über.txt".encode(), {"system": 19}, "über.txt"),
        (b"\x81ber.txt", {"extra": unicode_field(b"\x81ber.txt", "über-漢.txt")}, "über-漢.txt"),
        (b"\x81ber.txt", {"extra": unicode_field(b"other", "wrong.txt")}, "über.txt"),
        (b"bad\xff.txt", {"flags": 0x800}, "bad\\xff.txt"),
    ],
)
async def test_names_are_read_in_their_encoding(raw: bytes, options: dict[str, object], name: str) -> None:
    assert list(await opened(one(raw, b"x", 1, 0, **options))) == [name]


async def test_a_large_count_in_64_bits_and_sizes_past_4_gib_are_read() -> None:
    sizes = struct.pack("<2H3Q", 1, 24, 5 << 32, 3 << 32, 0)
    entry = b"PK\x01\x02" + struct.pack(
        "<6H3I5H2I", 45, 45, 0, 8, 0, 0, 0, 0xFFFFFFFF, 0xFFFFFFFF, 3, 28, 0, 0, 0, 0, 0xFFFFFFFF
    )
    entry += b"big" + sizes
    wide = b"PK\x06\x06" + struct.pack("<Q2H2I4Q", 44, 45, 45, 0, 0, 1, 1, len(entry), 30)
    locator = b"PK\x06\x07" + struct.pack("<IQI", 0, 30 + len(entry), 1)
    end = b"PK\x05\x06" + struct.pack("<4H2IH", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 2) + b"hi"
    shown = await show(b"PK\x03\x04" + bytes(26) + entry + wide + locator + end)
    assert members(shown) == "1" and "21.5 GB from 12.9 GB" in dict(shown.facts)["unpacked"]
    extended = b"PK\x06\x06" + struct.pack("<Q2H2I4Q", 144, 45, 45, 0, 0, 1, 1, len(entry), 30) + b"PK\x06\x06" * 25
    for prefix in (b"", b"MZ" * 50):
        shown = await show(prefix + b"PK\x03\x04" + bytes(26) + entry + extended + locator + end, "a.zip")
        assert members(shown) == "1"


async def test_a_directory_larger_than_a_read_is_shown_from_its_last_members_and_not_added_up_as_all() -> None:
    content = zipped(*((f"{number:06}/{'n' * 60}", b"") for number in range(9000)), method=zipfile.ZIP_STORED)
    shown = await show(content)
    assert members(shown).startswith("9,000 (the last ") and dict(shown.facts)["unpacked"].startswith("at least")


def test_the_count_that_began_again_at_65536_is_not_told() -> None:
    content = zipped(*((f"{number}", b"") for number in range(66_000)), method=zipfile.ZIP_STORED)
    at = content.rfind(b"PK\x06\x06")
    size, start = struct.unpack_from("<2Q", content, at + 40)
    content = content[:at] + b"PK\x05\x06" + struct.pack("<4H2IH", 0, 0, 464, 464, size, start, 0)
    part = read_directory(content[-200_000:], len(content) - 200_000)
    assert part.total is None and not part.is_whole and part.entries[-1].name == "65999"
    whole = read_directory(content, 0)
    assert whole.total == 66_000 and whole.is_whole


async def test_a_directory_that_is_damaged_in_the_middle_keeps_the_members_before() -> None:
    content = bytearray(zipped(*((f"{number}", b"x") for number in range(9))))
    at = -1
    for _ in range(5):
        at = content.find(b"PK\x01\x02", at + 1)
    content[at] = 0
    shown = await show(bytes(content))
    assert members(shown) == "9 (the first 4 shown)" and "damaged after these members" in shown.note


async def test_volumes_are_told() -> None:
    content = bytearray(TWO)
    end = content.rfind(b"PK\x05\x06")
    struct.pack_into("<2H", content, end + 4, 2, 2)
    shown = await show(bytes(content))
    assert dict(shown.facts)["volumes"] == "3, of which this is the last"
    with pytest.raises(LimitError, match="another volume"):
        await opened(bytes(content))
    first = await show(b"PK\x07\x08" + TWO[:-60])
    assert "first of several volumes" in plain(first) and not first.is_damaged


async def test_names_and_comments_of_members_differ_from_their_own_headers_and_the_directory_counts() -> None:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w") as archive:
        info = zipfile.ZipInfo("name.txt")
        info.comment = b"taken at noon"
        archive.writestr(info, b"content")
    content = output.getvalue().replace(b"name.txt", b"lied.txt", 1)
    assert await opened(content) == {"name.txt": b"content"}
    assert "name.txt  taken at noon" in plain(await show(content))


async def test_a_member_that_is_not_known_to_the_end_of_its_content_does_not_lack_an_end() -> None:
    inner = zipped(("x", random.Random(1).randbytes(2_000_000)), method=zipfile.ZIP_STORED)
    source = Ranges.of(zipped(("inner.zip", inner))).source()
    shown = await preview(source)
    member = await preview(await open_member(source, next(part for part in shown.parts if part)))
    assert member.kind == "zip" and not member.is_damaged and "its end is past the part" in plain(member)


async def test_any_archive_of_zipfile_is_listed_and_opened(tmp_path: Path) -> None:
    chance = random.Random(5)
    for _ in range(count(15, 60, 1500)):
        output = io.BytesIO(chance.randbytes(chance.choice((0, 0, 7, 3000))))
        comment = chance.choice((b"", b"", b"a comment", b"PK\x05\x06 in it", chance.randbytes(300)))
        wanted_members: dict[str, bytes] = {}
        with zipfile.ZipFile(output, "a", allowZip64=True) as archive:
            for number in range(chance.randint(0, 12)):
                name = f"{chance.choice(('a', 'd/b', 'ü漢', 'two words', 'n' * 200))}{number}"
                content = chance.randbytes(chance.choice((0, 1, 900))) * chance.choice((1, 30))
                method = chance.choice((0, 8, 8, 12, 14))
                with archive.open(_info(name, method, chance), "w", force_zip64=chance.random() < 0.3) as file:
                    file.write(content)
                wanted_members[name] = content
            archive.comment = comment
        shown = await show(output.getvalue(), "a.zip")
        assert members(shown) == f"{len(wanted_members):,}"
        assert await opened(output.getvalue()) == wanted_members


def _info(name: str, method: int, chance: random.Random) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.compress_type = method
    info.comment = chance.choice((b"", b"", b"of a member PK\x05\x06"))
    info.extra = chance.choice((b"", b"UT\x05\x00\x01\0\0\0\0"))
    return info


OPTIONS = ([], ["-0"], ["-Z", "bzip2"], ["-fz"], ["-fd"], ["-P", "secret"], ["-X"], ["-y"], ["-UN=UTF8"], ["-A"])


@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: " ".join(options) or "none")
async def test_archives_of_info_zip_are_listed_and_opened(options: list[str], tmp_path: Path) -> None:
    program, lister = wanted.program("zip"), wanted.program("unzip")
    (tmp_path / "s" / "d").mkdir(parents=True)
    files = {"a.txt": b"a" * 5000, "d/ü漢.bin": os.urandom(3000), "empty": b""}
    for name, content in files.items():
        (tmp_path / "s" / name).write_bytes(content)
    (tmp_path / "s" / "link").symlink_to("a.txt")
    _run(program, "-qr", *(options if options != ["-A"] else []), "../a.zip", ".", cwd=tmp_path / "s")
    if options == ["-A"]:
        (tmp_path / "b.zip").write_bytes(b"MZ" + bytes(3000) + (tmp_path / "a.zip").read_bytes())
        _run(program, "-qA", "b.zip", cwd=tmp_path)
        (tmp_path / "b.zip").replace(tmp_path / "a.zip")
    content = (tmp_path / "a.zip").read_bytes()
    listed = _run(lister, "-Z1", "a.zip", cwd=tmp_path).decode().splitlines()
    shown = await show(content, "a.zip")
    assert members(shown) == f"{len(listed)}"
    if options == ["-P", "secret"]:
        assert dict(shown.facts)["encrypted"] == "3 members" or "encrypted" in dict(shown.facts)
        return
    told = await opened(content)
    assert {name: told[name] for name in files} == files


@pytest.mark.parametrize("stub", [False, True])
async def test_a_streamed_archive_with_descriptors_is_opened(stub: bool) -> None:
    class Pipe(io.RawIOBase):
        """Cannot be searched: sizes follow each member."""

        def __init__(self) -> None:
            self.content = b"#!/usr/bin/env python\n" if stub else b""

        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            self.content += bytes(data)
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", b"a" * 3000)
        archive.writestr("b.txt", b"b" * 3000)
    assert await opened(pipe.content) == {"a.txt": b"a" * 3000, "b.txt": b"b" * 3000}


def _run(*command: str, cwd: Path) -> bytes:
    return subprocess.run(command, cwd=cwd, capture_output=True, check=True).stdout
