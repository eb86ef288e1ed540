"""The rows of a table of text in a page of bytes, each with the range of its bytes (RFC 4180, and its dialects)."""

from collections.abc import Iterator

from storage_tui.previews.table.dialect import BLANK, Dialect
from storage_tui.previews.text.encoding import Encoding
from storage_tui.previews.text.lines import find_aligned

Cells = tuple[list[str], int, int]
"""The cells of a row, the offset of the row, and the offset of the next row."""


def split_rows(page: bytes, start: int, dialect: Dialect, encoding: Encoding, *, is_last: bool) -> Iterator[Cells]:
    """Yield the rows of a page, which begins with a row. `start` is the offset of the page.

    A row that the page cuts is left for the next page, unless it is the only one or the last of the blob. Blank lines
    and comments are no rows: the range of the row before has them, or of the next row at the start of a page.
    """
    lines = list(decoded_lines(page, encoding))
    texts = [text for text, _ in lines]
    row: Cells | None = None
    at, begin = 0, start
    while at < len(lines):
        if dialect.is_skipped(texts[at]):
            stop = start + lines[at][1]
            row = None if row is None else (row[0], row[1], stop)
            at += 1
            continue
        cells, used = dialect.split(texts, at)
        is_cut = at + used >= len(lines) and not texts[-1].endswith(encoding.line_end)
        if row is not None and not is_last and (is_cut or not used):
            break
        if row is not None:
            yield row
            begin = row[2]
        at += used or 1
        row = (cells, begin, start + lines[at - 1][1])
    if row is not None:
        yield row
    elif lines:
        yield [], start, start + lines[-1][1]  # blank lines alone; paging goes on after them


def plain_rows(
    page: bytes, dialect: Dialect, encoding: Encoding, *, is_last: bool
) -> tuple[list[list[str]], int] | None:
    """Return all rows of a page at once, as `split_rows` does, and the place of the end of the last one.

    None for a page that is not plain: with separators of several characters, escapes, rows of very many lines, or
    quotes that are not as they should be.
    """
    encoding = encoding.of_page(page)
    if encoding.line_end != "\n" or encoding.unit_bytes > 1 or encoding.is_shifted or not dialect.is_plain:
        return None
    stop = len(page) if is_last else page.rfind(b"\n") + 1
    if not stop:
        return None
    text = encoding.decode(page[:stop])
    lines = text.removesuffix("\n").split("\n")
    shown = [line for line in lines if line.strip(BLANK)]
    if dialect.comment:
        shown = [line for line in shown if not line.startswith(dialect.comment)]
    if dialect.quote and dialect.quote in text:
        if len(shown) < len(lines):
            return None  # a blank line may be inside of a cell
        rows = dialect.split_quoted(text)
        return None if rows is None else (rows, stop)
    delimiter = dialect.delimiter
    return [line.rstrip("\r").split(delimiter) for line in shown], stop


def decoded_lines(page: bytes, encoding: Encoding, at: int = 0) -> Iterator[tuple[str, int]]:
    """Yield each line from a place on, with its line end, and the place in the page of the next line."""
    encoding = encoding.of_page(page)
    newline, unit = encoding.newline, encoding.unit_bytes
    while at < len(page):
        found = find_aligned(page, newline, at, unit)
        stop = len(page) if found == -1 else found + unit
        yield encoding.decode(page[at:stop]), stop
        at = stop
