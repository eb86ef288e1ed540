"""tar of every kind against GNU tar, which wrote them, and against tarfile where tarfile reads them right."""

import gzip
import io
import os
import random
import subprocess
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from storage_tui.previews import LimitError, Preview, Source, preview
from storage_tui.previews.member import open_member
from tests import wanted
from tests.effort import count
from tests.previews.ranges import Ranges, plain, show

FORMATS = ("v7", "oldgnu", "gnu", "ustar", "posix")
NAMES = ("a", "b.txt", "ünï", "x" * 99, "x" * 100, "x" * 101, "y" * 200, "two words", "new\nline", "e=qu=al", "tab\t",
         "deep/" * 20 + "z", "deep/" * 60 + "z")  # fmt: skip


def tarred(*members: tuple[str, bytes], **options: object) -> bytes:
    """Members by tarfile."""
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w", **options) as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return output.getvalue()


def header(name: bytes, size: int, kind: bytes = b"0", *, magic: bytes = b"ustar\x0000", **fields: bytes) -> bytes:
    """One header by hand."""
    block = bytearray(name.ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + b"%011o\0" % size + b"00000000000\0")
    block += b" " * 8 + kind + fields.get("link", b"").ljust(100, b"\0") + magic
    block = block.ljust(512, b"\0")
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def padded(content: bytes) -> bytes:
    """The content in whole blocks."""
    return content + bytes(-len(content) % 512)


def pax(*records: tuple[str, str], kind: bytes = b"x") -> bytes:
    """A pax header with these records."""
    body = b""
    for name, value in records:
        rest = f" {name}={value}\n".encode()
        size = len(rest) + 1
        while len(str(size)) + len(rest) != size:
            size = len(str(size)) + len(rest)
        body += b"%d" % size + rest
    return header(b"PaxHeader", len(body), kind) + padded(body)


END = bytes(1024)


async def read(source: Source) -> bytes:
    """All of a blob."""
    content = await source.head()
    while len(content) < (source.size_bytes or 0):
        source.begin()
        content += await source.read(len(content), len(content) + 200_000)
    return content


def names(shown: Preview) -> list[str]:
    """The names of the members that can be opened."""
    return [part.name for part in shown.parts if part is not None]


def fill(folder: Path, chance: random.Random) -> None:
    """Put files of all kinds into a folder."""
    files: list[Path] = []
    for number in range(chance.randint(0, 6)):
        path = folder / f"{chance.choice(NAMES)}{number}"
        path.parent.mkdir(parents=True, exist_ok=True)
        kind = chance.choice(("file", "file", "folder", "link", "hard", "pipe", "sparse", "sparse"))
        if kind == "file":
            path.write_bytes(chance.randbytes(chance.choice((0, 1, 511, 512, 513, 5000))))
            files.append(path)
        elif kind == "folder":
            path.mkdir()
        elif kind == "link":
            path.symlink_to(chance.choice(("a", "t" * 120, "two words")))
        elif kind == "hard" and files:
            os.link(files[-1], path)
        elif kind == "pipe":
            os.mkfifo(path)
        else:
            with path.open("wb") as file:
                for _ in range(chance.randint(0, chance.choice((3, 10, 60)))):
                    file.seek(chance.randint(0, 3) * 65_536, 1)
                    file.write(chance.randbytes(chance.choice((1, 4096, 5000))))
                file.truncate(file.tell() + chance.choice((0, 0, 70_000)))


def run(*command: str | Path) -> bytes:
    """The output of a program, which may leave out a name that is too long for the oldest kinds of tar."""
    found = subprocess.run(command, capture_output=True)
    assert found.returncode in (0, 2), found.stderr
    return found.stdout


@pytest.mark.parametrize("form", FORMATS)
async def test_archives_of_gnu_tar_are_listed_and_opened_as_gnu_tar_does(form: str, tmp_path: Path) -> None:
    tar, chance = wanted.program("tar"), random.Random(form)
    if b"GNU tar" not in run(tar, "--version"):
        wanted.lack("GNU tar is not installed (Debian: tar)")
    for number in range(count(4, 12, 300)):
        folder, file = tmp_path / str(number), tmp_path / f"{number}.tar"
        folder.mkdir()
        fill(folder, chance)
        options = [f"--format={form}", "-b", chance.choice(("1", "20", "128"))]
        if form in ("oldgnu", "gnu", "posix"):
            options += chance.choice(([], ["-S"], ["-S"])) + chance.choice(([], ["-V", "a label"]))
            options += chance.choice(([], [], ["-g", str(tmp_path / f"{number}.snapshot")]))
        if form == "posix":
            options += [f"--sparse-version={chance.choice(('0.0', '0.1', '1.0'))}"]
            options += chance.choice(
                ([], ["--pax-option=comment:=7 a=b\n12 path=evil\nc"], ["--pax-option=delete=mtime"])
            )
        run(tar, *options, "-cf", file, "-C", folder, ".")
        source = Ranges.of(file.read_bytes()).source("a.tar")
        shown = await preview(source, is_full=True)
        if "first" not in dict(shown.facts)["members"]:  # else longer than a preview reads
            lines = run(tar, "--quoting-style=escape", "-tvf", file).decode().splitlines()
            assert dict(shown.facts)["members"] == f"{len(lines):,}", (options, plain(shown))
            sizes = sorted(int(line.split(None, 3)[2]) for line in lines if line[0] == "-")
            assert sorted({part.start: part.size_bytes for part in shown.parts if part}.values()) == sizes
        for part in shown.parts:
            if part is not None and (folder / part.name).stat().st_size < 400_000:
                opened = await read(await open_member(source, part))
                assert opened == (folder / part.name).read_bytes(), (options, part.name)


@pytest.mark.parametrize(
    "records",
    [
        [("size", "3000")],
        [("comment", "30 a=b\n12 path=evil\n"), ("size", "3000"), ("path", "dir/big.tif")],
        [("SCHILY.xattr.user.note", "9 path=x\n"), ("size", "3000"), ("path", "dir/big.tif")],
    ],
)
async def test_records_of_pax_are_read_by_their_lengths(records: list[tuple[str, str]]) -> None:
    content = pax(*records) + header(b"dir/big.tif", 0) + padded(b"b" * 3000) + header(b"after.txt", 3) + padded(b"abc")
    shown = await show(content + END)
    assert names(shown) == ["after.txt", "dir/big.tif"] and "3.0 kB" in plain(shown)
    assert dict(shown.facts)["members"] == "2"


async def test_records_for_all_members_hold_for_all_and_their_comment_is_told() -> None:
    content = pax(("comment", "0a1b2c"), ("size", "5"), kind=b"g") + header(b"a", 0) + padded(b"12345")
    content += pax(("path", "long name")) + header(b"b", 0) + padded(b"67890") + END
    shown = await show(content)
    assert names(shown) == ["a", "long name"] and dict(shown.facts)["comment"] == "0a1b2c"


async def test_archives_joined_are_all_listed() -> None:
    first, second = tarred(("a", b"x" * 700)), tarred(("b", b"y"), ("c", b"z"))
    for content in (first + second, first[:1536] + bytes(512) + second, first + bytes(512 * 33) + second):
        shown = await show(content)
        assert names(shown) == ["a", "b", "c"]
        assert dict(shown.facts)["members"] == "3 in 2 archives joined"
    apart = await show(first + bytes(512 * 200) + second)  # further than the first read
    assert dict(apart.facts)["members"] == "3 in 2 archives joined"
    far = await show(first + bytes(1_000_000) + second)
    assert dict(far.facts)["members"] == "1" and "after its end were not read" in far.note


async def test_what_follows_an_archive_and_is_no_tar_is_told() -> None:
    shown = await show(tarred(("a", b"x")) + b"notes about it")
    assert (
        names(shown) == ["a"]
        and dict(shown.facts)["members"] == "1"
        and "followed by 14 B that are no tar" in shown.note
    )


async def test_an_archive_without_its_end_is_whole_when_its_last_member_is() -> None:
    content = header(b"a", 5) + padded(b"12345")
    assert dict((await show(content)).facts)["members"] == "1"
    cut = await show(content[:-400] + b"")
    assert dict(cut.facts)["members"] == "the first 1" and "its last member is cut" in cut.note
    cut = await show(content + header(b"b", 9)[:200])
    assert dict(cut.facts)["members"] == "the first 1" and "a header is cut" in cut.note


async def test_a_damaged_header_in_the_middle_hides_no_member_before_it() -> None:
    content = bytearray(tarred(("a", b"1"), ("b", b"2"), ("c", b"3")))
    content[1024 + 20] ^= 1
    shown = await show(bytes(content))
    assert names(shown) == ["a"] and dict(shown.facts)["members"] == "the first 1"
    assert "a header is damaged at byte 1,024" in shown.note and not shown.is_damaged
    content[20] ^= 1
    assert (await show(bytes(content))).is_damaged


@pytest.mark.parametrize("kind", [b"1", b"2", b"3", b"4", b"5", b"6"])
@pytest.mark.parametrize("has_bytes", [True, False])
async def test_a_link_or_a_folder_with_a_size_hides_no_member_after_it(kind: bytes, has_bytes: bool) -> None:
    content = header(b"a", 600) + padded(b"a" * 600) + header(b"l", 600, kind, link=b"a")
    content += padded(b"a" * 600) * has_bytes + header(b"last", 1) + padded(b"z") + END
    shown = await show(content)
    assert "last" in names(shown) and dict(shown.facts)["members"] == "3" and dict(shown.facts)["unpacked"] == "601 B"


async def test_links_devices_and_labels_are_told_and_a_hard_link_opens_its_file() -> None:
    content = (
        header(b"a", 5) + padded(b"12345") + header(b"hard", 0, b"1", link=b"a") + header(b"soft", 0, b"2", link=b"to")
    )
    content += header(b"null", 0, b"3") + header(b"disk", 0, b"4") + header(b"pipe", 0, b"6")
    content += (
        header(b"vol", 0, b"V", magic=b"ustar  \0")
        + header(b"more", 700, b"M", magic=b"ustar  \0")
        + padded(b"m" * 700)
    )
    source = Ranges.of(content + END).source()
    shown = await preview(source)
    text = plain(shown)
    for told in ("hard  link to a", "soft  → to", "null  device", "disk  block device", "pipe  pipe", "vol  label of",
                 "more  the rest, from another volume"):  # fmt: skip
        assert told in text
    assert dict(shown.facts)["members"] == "8"
    parts = [part for part in shown.parts if part is not None]
    assert [await read(await open_member(source, part)) for part in parts] == [b"12345", b"12345"]


async def test_numbers_in_binary_signed_sums_and_spaces_are_read() -> None:
    block = bytearray(header(b"caf\xe9", 0))
    block[124:136] = b"\x80" + (5).to_bytes(11, "big")
    block[148:156] = b" " * 8
    signed = sum(byte - 256 if byte > 127 else byte for byte in block)
    block[148:156] = b"%6o\0 " % signed
    shown = await show(bytes(block) + padded(b"12345") + END)
    assert "5 B  caf\\xe9" in plain(shown)


async def test_a_sparse_file_with_more_headers_hides_no_member_after_it() -> None:
    pairs = [(number * 1000, 10) for number in range(30)]  # four in its header, 21 in the first block after it
    packed = b"".join(b"%-10d" % number for number in range(30))
    numbers = b"".join(b"%011o\0%011o\0" % pair for pair in pairs)
    block = bytearray(header(b"sparse", len(packed), b"S", magic=b"ustar  \0"))
    block[386:482], block[482], block[483:495] = numbers[:96], 1, b"%011o\0" % 30_000
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    more = numbers[96:600] + b"\1" + bytes(7) + numbers[600:].ljust(512, b"\0")
    source = Ranges.of(bytes(block) + more + padded(packed) + header(b"last", 2) + padded(b"ok") + END).source()
    shown = await preview(source)
    assert names(shown) == ["last", "sparse"] and dict(shown.facts)["unpacked"] == "30.0 kB"
    sparse = await read(await open_member(source, next(part for part in shown.parts if part and part.pieces)))
    expected = bytearray(30_000)
    for number, (offset, size) in enumerate(pairs):
        expected[offset : offset + size] = packed[number * 10 :][:10]
    assert sparse == bytes(expected)


async def test_a_size_that_leads_back_ends_the_walk() -> None:
    back = bytearray(header(b"back", 0))
    back[124:136] = (-1024 % 256**12).to_bytes(12, "big")
    back[148:156] = b" " * 8
    back[148:156] = b"%06o\0 " % sum(back)
    shown = await show(header(b"a", 0) * 3 + bytes(back) + END)
    assert dict(shown.facts)["members"] == "the first 3" and "a header is damaged at byte 1,536" in shown.note


async def test_an_archive_without_members_is_no_damage() -> None:
    shown = await show(bytes(10_240), "a.tar")
    assert shown.kind == "tar" and dict(shown.facts)["members"] == "0" and not shown.is_damaged
    assert (await show(bytes(10_240), "a.bin")).kind == "binary"


async def test_the_oldest_headers_have_no_magic() -> None:
    content = (
        header(b"dir/", 0, b"\0", magic=bytes(8)) + header(b"dir/a", 2, b"\0", magic=bytes(8)) + padded(b"hi") + END
    )
    shown = await show(content, "blob")
    assert shown.kind == "tar" and names(shown) == ["dir/a"] and dict(shown.facts)["members"] == "2"


async def test_a_large_member_is_passed_over_and_what_is_not_reached_is_not_claimed() -> None:
    content = tarred(("a", bytes(10)), ("big", bytes(3_000_000)), ("b", b"y"))
    shown = await show(content)
    assert names(shown) == ["a", "b", "big"] and dict(shown.facts)["members"] == "3"
    content = tarred(*[(f"big{number}", bytes(1_200_000)) for number in range(9)])
    shown = await show(content)
    assert dict(shown.facts)["members"] == "the first 2" and dict(shown.facts)["unpacked"].startswith("at least")


async def test_members_past_the_unpacked_part_of_a_packed_archive_say_so() -> None:
    content = tarred(("a", bytes(900_000)), ("b.zip", random.Random(1).randbytes(300_000)), ("c", b"z"))
    source = Ranges.of(gzip.compress(content, 1)).source("a.tar.gz")
    shown = await preview(source, is_full=True)
    assert shown.inside is not None and dict(shown.facts)["members"] == "the first 2"
    parts = {part.name: part for part in shown.parts if part is not None}
    opened = await open_member(shown.inside, parts["b.zip"])
    assert opened.size_bytes is None and (await opened.head())[:9] == random.Random(1).randbytes(300_000)[:9]
    assert not (await preview(opened)).is_damaged
    with pytest.raises(LimitError, match="lies past the first part"):
        await open_member(shown.inside, replace(parts["b.zip"], start=2_000_000))


@pytest.mark.parametrize("packed", ["gz", "bz2", "xz"])
async def test_packed_archives_are_listed_by_the_same_rules(packed: str) -> None:
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode=f"w:{packed}") as archive:
        for number in range(40):
            info = tarfile.TarInfo(f"{number}/" + "n" * 150)
            info.size = number * 100
            archive.addfile(info, io.BytesIO(bytes(number * 100)))
    shown = await show(output.getvalue(), f"a.tar.{packed}")
    assert dict(shown.facts)["members"] == "40" and dict(shown.facts)["unpacked"] in ("78.0 kB", "122.9 kB")


@pytest.mark.parametrize("numbers", [(0, 10, 5, 10), (0, 1 << 60), (90, 20), (5, 600)])
async def test_the_map_of_a_sparse_file_that_cannot_be_true_is_refused(numbers: tuple[int, ...]) -> None:
    told = ",".join(map(str, numbers))
    records = [("GNU.sparse.size", "100"), ("GNU.sparse.numblocks", "1"), ("GNU.sparse.map", told)]
    content = pax(*records) + header(b"s", 20) + padded(b"x" * 20) + END
    source = Ranges.of(content).source()
    shown = await preview(source)
    with pytest.raises(Exception, match="map of a sparse file"):
        await open_member(source, next(part for part in shown.parts if part))
