"""Files made to hurt: each is refused or shown in a bounded number of bytes, requests and seconds."""

import gzip
import io
import os
import pickle
import struct
import zipfile
import zlib
from pathlib import Path

import pytest

from storage_tui.previews import preview
from storage_tui.previews.base import MIB, THUMBNAIL_BUDGET
from tests.previews.ranges import Ranges, plain, show
from tests.previews.samples import geotiff


def png(width: int, height: int, pixels: bytes) -> bytes:
    """A PNG that claims this size."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(pixels, 9)) + chunk(b"IEND", b"")
    )


async def test_a_picture_that_claims_billions_of_pixels_is_refused() -> None:
    shown = await show(png(60_000, 60_000, bytes(1_000_000)))
    assert not shown.is_damaged  # it may be sound
    assert shown.facts[0] == ("not shown as PNG", "larger than the 64 million pixels that are decoded")


async def test_a_picture_larger_than_the_budget_is_drawn_from_its_first_part() -> None:
    ranges = Ranges.of(png(3000, 3000, os.urandom(3000 * 9001)))
    shown = await preview(ranges.source())
    assert "drawn from its first part" in shown.note
    assert "1.0 MB of 27.0 MB read" in shown.note
    assert shown.lines


async def test_a_zip_bomb_is_listed_and_not_unpacked() -> None:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.npy", bytes(50_000_000))
    shown = await show(output.getvalue())
    assert "50.0 MB" in plain(shown)


async def test_a_gzip_bomb_costs_a_mebibyte_at_most() -> None:
    shown = await show(gzip.compress(bytes(80_000_000)))
    assert shown.kind == "gzip"
    assert len(shown.lines) <= 500


async def test_an_archive_in_an_archive_is_not_followed() -> None:
    content = b"x" * 100
    for _ in range(50):
        content = gzip.compress(content)
    shown = await show(content)
    assert ("inside", "binary") in shown.facts


async def test_a_pickle_that_would_run_code_is_only_described(tmp_path: Path) -> None:
    mark = tmp_path / "ran"

    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.system, (f"touch {mark}",)

    for protocol in (0, 2, 4, 5):
        shown = await show(pickle.dumps(Evil(), protocol=protocol), "model.pkl")
        assert "posix.system" in plain(shown)
        assert "1 when it is loaded" in plain(shown)
    assert not mark.exists()


async def test_an_array_of_objects_is_not_loaded() -> None:
    header = b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n"
    content = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + pickle.dumps(os.system)
    assert "not loaded" in (await show(content)).note


@pytest.mark.parametrize(
    "header", [b"(" * 5000, b"{'shape': (10**99,)}", b"__import__('os').system('x')", b"\xff" * 50]
)
async def test_an_array_header_that_is_no_literal_is_refused(header: bytes) -> None:
    content = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header
    assert (await show(content)).is_damaged


async def test_an_array_that_claims_more_than_there_is_says_so() -> None:
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000, 8), }\n"
    content = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + bytes(800)
    shown = await show(content)
    assert shown.note == f"cut: {64_000_000_000 + len(header) + 10:,} bytes expected, {len(content):,} are there"


async def test_a_tiff_whose_directories_form_a_loop_ends() -> None:
    content = bytearray(geotiff())
    count = struct.unpack_from("<H", content, 8)[0]
    struct.pack_into("<I", content, 10 + 12 * count, 8)
    shown = await show(bytes(content))
    assert shown.kind == "GeoTIFF"
    assert "pixels: 700 × 500" in plain(shown)


@pytest.mark.parametrize(
    "tag, value", [(256, 2**32 - 1), (257, 2**32 - 1), (322, 1), (322, 0), (323, 2**16 - 1), (277, 65535)]
)
async def test_a_tiff_with_huge_claims_is_refused_within_the_budget(tag: int, value: int) -> None:
    content = bytearray(geotiff(bands=1))
    at, directory = 8, 0
    while at:
        count = struct.unpack_from("<H", content, at)[0]
        for place in range(at + 2, at + 2 + 12 * count, 12):
            if struct.unpack_from("<H", content, place)[0] == tag:
                struct.pack_into("<I", content, place + 8, value)
        directory, at = at, struct.unpack_from("<I", content, at + 2 + 12 * count)[0]
    assert directory
    ranges = Ranges.of(bytes(content))
    shown = await preview(ranges.source())
    assert shown.facts
    assert len(ranges.asked) <= THUMBNAIL_BUDGET.requests
    assert sum(stop - start for start, stop in ranges.asked) <= THUMBNAIL_BUDGET.size_bytes


async def test_a_line_of_four_gigabytes_is_shown_in_pieces_by_pages() -> None:
    ranges = Ranges(4 * 10**9, lambda start, stop: b"x" * (stop - start))
    source = ranges.source("line.txt")
    first = await preview(source, height=10)
    assert first.pages is not None and first.pages.next is not None
    assert max(len(line.plain) for line in first.lines) <= 4096
    second = await preview(source, height=10, offset=first.pages.next)
    assert second.pages is not None and second.pages.start == first.pages.stop
    end = await preview(source, height=10, offset=4 * 10**9 - 100)
    assert end.pages is not None and end.pages.next is None


@pytest.mark.parametrize("text", [b"[" * 200_000, b'{"a":' * 100_000, b'{"type":"Feature","geometry":' * 20_000])
async def test_deep_nesting_costs_no_recursion(text: bytes) -> None:
    shown = await show(text)
    assert len(shown.lines) <= 500


async def test_wrong_json_is_shown_up_to_the_error() -> None:
    shown = await show(b'{"good": 1, "bad": [1, 2,, 3]}')
    assert '"good": 1' in plain(shown)
    assert "not JSON from character 25 on" in shown.note
    assert shown.is_damaged


async def test_a_zip_of_many_members_is_listed_by_its_last_ones_in_two_requests() -> None:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w") as archive:
        for number in range(20_000):
            archive.writestr(f"folder{number // 1000}/file{number}.txt", b"")
    ranges = Ranges.of(output.getvalue())
    shown = await preview(ranges.source())
    assert shown.facts[0][1].startswith("20,000 (the last ")
    assert len(ranges.asked) == 2
    assert sum(stop - start for start, stop in ranges.asked) <= MIB // 4


async def test_member_names_are_shown_escaped() -> None:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w") as archive:
        archive.writestr("../../evil\x1b[2J.txt", b"")
    assert "evil\\x1b[2J.txt" in plain(await show(output.getvalue()))


async def test_a_blob_that_changes_between_two_reads_is_not_mixed() -> None:
    from storage_tui.contract.errors import PreconditionFailedError

    ranges = Ranges(10**9, lambda start, stop: b"y" * (stop - start))
    source = ranges.source("log.txt")
    await preview(source)
    ranges.etag = "second"
    with pytest.raises(PreconditionFailedError):
        await preview(source, offset=10**6)


async def test_an_archive_past_two_gibibytes_is_listed_by_its_wider_end_record(tmp_path: Path) -> None:
    path = tmp_path / "sparse.zip"
    with path.open("wb") as file:
        file.write(b"PK\x03\x04")
        file.truncate(2**31)
    with zipfile.ZipFile(path, "a") as archive:
        for number in range(300):
            archive.writestr(f"{number}.txt", b"x")

    def part(start: int, stop: int) -> bytes:
        with path.open("rb") as file:
            file.seek(start)
            return file.read(stop - start)

    shown = await preview(Ranges(path.stat().st_size, part).source())
    assert shown.facts[0] == ("members", "300") and not shown.is_damaged
