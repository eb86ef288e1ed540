"""The promises of a document, kept by every kind of document for every format in every mode."""

import gzip
import re

import pytest

from storage_tui.previews import Source, preview
from storage_tui.previews.base import MODES, Mode
from storage_tui.tui.commands import COMMANDS
from storage_tui.tui.viewer.documents import DOCUMENTS
from storage_tui.tui.viewer.documents.document import Document
from storage_tui.tui.viewer.documents.fixed import FixedDocument
from storage_tui.tui.viewer.opening import open_document
from tests.previews.one_loop import decoder_of_the_file as decoder_of_the_file
from tests.previews.ranges import Ranges
from tests.previews.samples import SAMPLES

EVERY = pytest.mark.parametrize("kind", SAMPLES), pytest.mark.parametrize("mode", MODES)
LOG = b"".join(b"%05d the quick brown fox\n" % number for number in range(20_000))


class Recorder:
    """Lends its row to a document's commands, and notes what they ask for."""

    def __init__(self, row: int) -> None:
        self.row = row
        self.asked: list[str] = []

    def show(self, row: int) -> None:
        self.row = row
        self.asked.append("show")

    def say(self, text: str, role: str = "$success") -> None:
        self.asked.append("say")

    def read(self, work: object, doing: str) -> None:
        self.asked.append("read")

    def open(self, member: Source) -> None:
        self.asked.append("open")


async def opened(kind: str, mode: Mode) -> tuple[Document, int]:
    source = Ranges.of(SAMPLES[kind][0]()).source()
    return await open_document(source, width=100, height=30, truecolor=True, mode=mode)


@EVERY[0]
@EVERY[1]
async def test_both_ends_are_gone_to_and_every_row_between_is_reached(kind: str, mode: Mode) -> None:
    document, row = await opened(kind, mode)
    assert 0 <= row < len(document.rows)
    last = await document.go(None)
    assert last == len(document.rows) - 1 and document.has_end
    assert await document.go(0) == 0 and document.has_start
    for _ in range(100):
        if document.has_end:
            break
        await document.grow(is_down=True)
    assert document.has_end
    if document.has_offsets:
        assert [row.start for row in document.rows[1:]] == [row.stop for row in document.rows[:-1]]
        assert document.places == document.source.size_bytes
    else:
        assert document.places == len(document.rows)
    document.close()


@EVERY[0]
@EVERY[1]
async def test_the_status_line_says_where_the_cursor_is_at_any_row_and_width(kind: str, mode: Mode) -> None:
    document, _ = await opened(kind, mode)
    for row in {0, len(document.rows) // 2, len(document.rows) - 1}:
        short, full = (document.status(row, row, is_short=is_short) for is_short in (True, False))
        assert short in full and len(short) < len(full)
        assert full.isprintable()


@EVERY[0]
@EVERY[1]
async def test_words_of_a_row_are_found_from_the_first_row_and_words_of_none_are_not(kind: str, mode: Mode) -> None:
    document, _ = await opened(kind, mode)
    shown = (
        re.sub(r"\\(?:x[0-9a-f]{2}|[rnt])", " ", row.text.plain) for row in document.rows[1:]
    )  # bytes that are no text
    text = " ".join(shown)
    words = max(re.findall(r"[A-Za-z0-9]+", text), key=len, default="")
    if words and not document.is_hex and not document.heads:
        found = [step.found async for step in document.find(words, 0, is_forward=True)][-1]
        assert found is not None
        assert words in document.rows[await document.go(found)].text.plain
    absent = [step.found async for step in document.find("\u2603 never \u2603", 0, is_forward=True)]
    assert all(found is None for found in absent)


@EVERY[0]
@EVERY[1]
async def test_commands_of_a_document_are_rows_of_the_command_table_and_run_at_any_row(kind: str, mode: Mode) -> None:
    document, _ = await opened(kind, mode)
    rows = {command.id for command in COMMANDS}
    for row in (0, len(document.rows) - 1):
        frame = Recorder(row)
        commands = document.commands(frame)
        for name in (name for name in dir(commands) if name.startswith("action_")):
            assert name.removeprefix("action_").replace("_", "-") in rows
            getattr(commands, name)()
            assert frame.asked


@EVERY[0]
@EVERY[1]
async def test_a_document_fits_a_view_of_any_size_or_asks_to_be_opened_again(kind: str, mode: Mode) -> None:
    document, _ = await opened(kind, mode)
    for size in ((1, 1), (20, 5), (300, 100)):
        assert document.fit(*size) in (True, False)
        assert document.rows


async def test_every_kind_of_document_shows_a_format_and_the_last_one_shows_every_blob() -> None:
    shown: set[object] = {type((await opened(kind, mode))[0]) for kind in SAMPLES for mode in MODES}
    assert shown == set(DOCUMENTS) and DOCUMENTS[-1] is FixedDocument


async def test_an_offset_inside_a_row_goes_to_that_row() -> None:
    source = Ranges.of(LOG).source("a.log")
    document, _ = await open_document(source, width=80, height=24, truecolor=True, mode="auto", offset=300_010)
    row = document.rows[await document.go(300_010)]
    assert row.start <= 300_010 < row.stop
    assert source.bytes_read < len(LOG)


@pytest.mark.parametrize("kind", ["tar", "JSON"])
async def test_a_compressed_blob_says_how_it_is_packed_and_what_is_in_it(kind: str) -> None:
    ranges = Ranges.of(gzip.compress(SAMPLES[kind][0]()))
    facts = (await preview(ranges.source(), is_full=True)).facts
    document, _ = await open_document(ranges.source(), width=80, height=24, truecolor=True, mode="auto")
    rows = [row.text.plain for row in document.rows]
    assert len(facts) > 2 and facts[0][0] == "inside"
    assert [f"{label:<16}{value}" for label, value in facts] == rows[: len(facts)]
