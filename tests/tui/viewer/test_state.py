"""The viewer without a screen: pages of any blob, search across requests, folds, places, members of archives."""

import asyncio
import io
import resource
import tarfile
import time
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.text import Text

from storage_tui.contract.errors import ConnectError, LocalFileError
from storage_tui.contract.models import Blob
from storage_tui.previews import PreviewError, Source, preview
from storage_tui.previews.base import MIB, Mode, Part
from storage_tui.previews.member import open_member
from storage_tui.previews.syntax import LANGUAGES, find_colours
from storage_tui.previews.text.encoding import Encoding
from storage_tui.tui.viewer.documents.archive import ArchiveDocument
from storage_tui.tui.viewer.documents.hex import HexDocument, HexPager
from storage_tui.tui.viewer.documents.pages import KEPT_ROWS, Window
from storage_tui.tui.viewer.documents.search import line_pattern, make_pattern, search
from storage_tui.tui.viewer.documents.text import TextPager
from storage_tui.tui.viewer.documents.tree import Folds, TreeDocument
from storage_tui.tui.viewer.offsets import parse_offset
from storage_tui.tui.viewer.opening import open_document
from storage_tui.tui.viewer.selection import save_range
from tests.previews.one_loop import decoder_of_the_file as decoder_of_the_file
from tests.previews.ranges import Ranges
from tests.previews.samples import SAMPLES, tarred, zipped


async def all_rows(window: Window) -> str:
    """Every row from the start to the end, as the window goes down and drops its first ones."""
    await window.go(0)
    stop, text = 0, []
    while True:
        text += [row.text.plain for row in window.rows if row.start >= stop]
        stop = window.rows[-1].stop if window.rows else 0
        if window.has_end:
            return "\n".join(text)
        await window.grow_down()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lines=st.lists(st.text("abcäß漢 ", max_size=40), min_size=1, max_size=60),
    codec=st.sampled_from(["utf-8", "utf-16-le"]),
)
async def test_every_line_is_shown_once_in_every_encoding_both_ways(lines: list[str], codec: str) -> None:
    content = ("\n".join(lines) + "\n").encode(codec)
    source = Ranges.of(content).source()
    window = Window(TextPager(source, Encoding(codec)), source)
    assert (await all_rows(window)).split("\n") == lines
    await window.go_end()
    while not window.has_start:
        await window.grow_up()
    assert [row.text.plain for row in window.rows] == lines
    assert [row.start for row in window.rows[1:]] == [row.stop for row in window.rows[:-1]]


async def test_a_window_over_ten_gigabytes_stays_small_and_reads_little() -> None:
    ranges = Ranges(10**10, lambda start, stop: (b"line of a log\n" * ((stop - start) // 14 + 2))[: stop - start])
    source = ranges.source()
    window = Window(TextPager(source, Encoding("utf-8")), source)
    index = await window.go(5 * 10**9)
    assert window.rows[index].start <= 5 * 10**9 < window.rows[index].stop
    for _ in range(30):
        await window.grow_down()
    assert len(window.rows) <= KEPT_ROWS
    for _ in range(30):
        await window.grow_up()
    assert len(window.rows) <= KEPT_ROWS and not window.has_end
    assert source.bytes_read < 2 * MIB


async def test_a_jump_that_fails_on_the_way_leaves_the_rows_that_are_shown() -> None:
    ranges = Ranges.of(b"line of a log\n" * 100_000)
    source = ranges.source()
    window = Window(TextPager(source, Encoding("utf-8")), source)
    await window.go(0)
    shown, part = window.rows, ranges.part

    def cut(start: int, stop: int) -> bytes:
        if start < 600_000:
            raise ConnectError("cut")
        return part(start, stop)

    ranges.part = cut
    with pytest.raises(ConnectError):
        await window.go(620_000)
    assert window.rows is shown and window.rows[0].start == 0 and not window.has_end


async def test_a_range_that_cannot_be_written_whole_leaves_no_file(tmp_path: Path) -> None:
    source = Ranges.of(b"x" * 5000).source()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(LocalFileError, match="nothing was written"):
            await save_range(source, 0, 5000, str(tmp_path / "part"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert await asyncio.to_thread(lambda: not (tmp_path / "part").exists())


async def test_one_line_of_gigabytes_is_shown_in_pieces_anywhere() -> None:
    source = Ranges(4 * 10**9, lambda start, stop: b"x" * (stop - start)).source()
    window = Window(TextPager(source, Encoding("utf-8")), source)
    for offset in (0, 10**9, 4 * 10**9):
        await window.go(offset)
        await window.grow_up()
        await window.grow_down()
        assert max(len(row.text.plain) for row in window.rows) <= 4096


async def test_hex_rows_are_whole_at_both_ends() -> None:
    source = Ranges.of(bytes(range(256)) * 100 + b"abc").source()
    window = Window(HexPager(source, 80), source)
    await window.go_end()
    assert window.rows[-1].stop == 25_603
    assert "61 62 63" in window.rows[-1].text.plain
    await window.go(1000)
    assert window.rows[0].start == 0


@pytest.mark.parametrize("codec", ["utf-8", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("place", [0, 262_140, 262_144, 700_002])
async def test_a_match_is_found_wherever_requests_end(codec: str, place: int) -> None:
    filler = "ab".encode(codec) * 600_000
    needle = "Größe".encode(codec)
    place -= place % 4
    content = filler[:place] + needle + filler[place:1_500_000]
    pattern = make_pattern("größe", codec)
    found = [p.found async for p in search(Ranges.of(content).source(), pattern, 0, is_forward=True)]
    assert found[-1] == place
    found = [p.found async for p in search(Ranges.of(content).source(), pattern, len(content), is_forward=False)]
    assert found[-1] == place
    exact = make_pattern("GRÖßE", codec)
    found = [p.found async for p in search(Ranges.of(content).source(), exact, 0, is_forward=True)]
    assert found[-1] is None


def test_a_pattern_is_no_expression() -> None:
    assert make_pattern("(a+)+$", "utf-8").expression.search(b"x(a+)+$y") is not None
    assert line_pattern(".*").search("abc") is None
    assert make_pattern("0x8950", "utf-8", is_hex=True).expression.search(b"\x89P") is not None


@pytest.mark.parametrize(
    "text, expected",
    [("4096", 4096), ("0x10", 16), ("1.5M", 1_500_000), ("2Ki", 2048), ("50%", 5 * 10**9), ("1,000", 1000),
     ("999G", 10**10), ("x", None), ("-5", None), ("9" * 400, None), ("", None), ("5q", None)],
)  # fmt: skip
def test_places_as_people_type_them(text: str, expected: int | None) -> None:
    assert parse_offset(text, 10**10) == expected


def test_folds_hide_what_is_deeper_and_nothing_else() -> None:
    lines = [Text(line) for line in ("{", '  "a": {', '    "b": [', "      1", "    ]", "  },", '  "c": 2', "}")]
    folds = Folds(lines, [0, 1, 2, 3, 2, 1, 1, 0])
    assert len(folds.rows()) == 8
    assert folds.toggle(1) == 1
    assert [row.text.plain for row in folds.rows()] == ["{", '  "a": { "b": [ 1 ] … 3 lines },', '  "c": 2', "}"]
    assert folds.reveal(3) == 3 and len(folds.rows()) == 8
    assert folds.change_level(-9, 5) == 0
    assert folds.rows()[0].text.plain == '{ "a": { "b": [ 1 ] … 6 lines }'
    folds.change_level(9, 0)
    assert len(folds.rows()) == 8
    assert folds.toggle(99) == 99


@pytest.mark.parametrize("mode", ["auto", "text", "hex", "json"])
@pytest.mark.parametrize("kind", SAMPLES)
async def test_every_format_opens_in_every_mode(kind: str, mode: Mode) -> None:
    source = Ranges.of(SAMPLES[kind][0]()).source()
    document, row = await open_document(source, width=100, height=30, truecolor=True, mode=mode)
    assert 0 <= row < max(1, len(document.rows))
    assert document.rows
    assert document.is_damaged is False or mode in ("json", "text")


@pytest.mark.parametrize("make", [zipped, tarred])
async def test_the_members_of_an_archive_are_opened(make: object) -> None:
    source = Ranges.of(make()).source("a")  # type: ignore[operator]
    shown = await preview(source, is_full=True)
    part = next(part for part in shown.parts if part is not None)
    member = await open_member(source, part)
    assert (await member.head())[:5] in (b"hello", bytes(5))
    assert (await preview(member)).kind in ("text", "binary")


async def test_a_stored_member_of_gigabytes_is_read_by_ranges() -> None:
    header = b"PK\x03\x04" + bytes(22) + (5).to_bytes(2, "little") + bytes(2) + b"a.bin"
    ranges = Ranges(
        5 * 10**9, lambda start, stop: (header + bytes(100))[start:stop] if start == 0 else b"z" * (stop - start)
    )
    member = await open_member(ranges.source(), Part("a.bin", 0, 4 * 10**9, 4 * 10**9, has_header=True))
    assert member.size_bytes == 4 * 10**9
    assert await member.read(3 * 10**9, 3 * 10**9 + 4) == b"zzzz"


@pytest.mark.parametrize(
    "part, why",
    [
        (Part("a", 0, 9, 9, "encrypted"), "encrypted"),
        (Part("a", 0, 9, 9, "deflate64"), "not unpacked"),
        (Part("a", 7, 9, 9, "deflate", has_header=True), "header is damaged"),
        (Part("a\x1b", 2**60, 9, 9, "stored", has_header=True), "header is damaged"),
        (Part("a", 0, 9, 9, "deflate"), "damaged"),
    ],
)
async def test_a_member_that_cannot_be_shown_is_one_line(part: Part, why: str) -> None:
    with pytest.raises(PreviewError, match=why) as caught:
        await open_member(Ranges.of(b"PK\x03\x04" + b"\xff" * 200).source(), part)
    assert "\x1b" not in str(caught.value)


async def test_a_bomb_in_an_archive_costs_a_mebibyte() -> None:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", bytes(200_000_000))
    source = Ranges.of(output.getvalue()).source()
    shown = await preview(source, is_full=True)
    member = await open_member(source, next(part for part in shown.parts if part is not None))
    document, _ = await open_document(member, width=80, height=24, truecolor=True, mode="hex")
    assert isinstance(document, HexDocument)
    await document.window.go_end()
    assert document.rows[-1].stop <= MIB
    await document.window.go(10**9)


async def test_a_member_of_a_compressed_tar_is_opened_as_far_as_it_was_unpacked() -> None:
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w:gz") as archive:
        member = tarfile.TarInfo("a.txt")
        member.size = 12
        archive.addfile(member, io.BytesIO(b"hello inside"))
    document, _ = await open_document(
        Ranges.of(output.getvalue()).source("a.tar.gz"), width=80, height=24, truecolor=True, mode="auto"
    )
    assert isinstance(document, ArchiveDocument)
    row = next(at for at in range(len(document.rows)) if document.part(at) is not None)
    part = document.part(row)
    assert part is not None
    assert await (await open_member(document.source, part)).head() == b"hello inside"


@pytest.mark.parametrize("language", sorted(LANGUAGES))
@pytest.mark.parametrize("unit", ["- ", "a.", '"\\', "'", "1", "((", "<a ", "**", "a: ", " "])
def test_no_line_takes_long_to_colour(language: str, unit: str) -> None:
    colours = find_colours(f"x{language}")
    assert colours is not None
    begun = time.process_time()
    list(colours(unit * 40_000))
    assert time.process_time() - begun < 0.25


async def test_deep_json_folds_without_recursion() -> None:
    content = b'{"a":' * 30_000 + b"1" + b"}" * 30_000
    source = Source(Ranges.of(content), Blob("x.json", "data", len(content)))
    document, _ = await open_document(source, width=80, height=24, truecolor=True, mode="auto")
    assert isinstance(document, TreeDocument)
    begun = time.process_time()
    document.fold_level(-1, 0)
    document.fold(document.facts)
    assert [progress.found async for progress in document.find('"a"', 0, is_forward=True)]
    assert time.process_time() - begun < 2


@pytest.mark.parametrize("is_forward", [True, False])
async def test_a_search_goes_through_more_than_is_kept_in_memory(is_forward: bool) -> None:
    size, words = 40_000_000, b"THE NEEDLE"
    content = bytes(1) * (size - len(words)) + words if is_forward else words + bytes(1) * (size - len(words))
    source = Ranges.of(content).source()
    await source.head()
    start = 0 if is_forward else size
    pattern = make_pattern("THE NEEDLE", "utf-8")
    found = [progress async for progress in search(source, pattern, start, is_forward=is_forward)]
    assert found[-1].found == (size - len(words) if is_forward else 0)
