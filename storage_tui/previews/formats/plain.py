"""Text in any common encoding, by pages of whole lines; very long lines are shown in pieces."""

from storage_tui.previews.base import HEAD_BYTES, HEADER_BUDGET, Pages, Preview, Source, View
from storage_tui.previews.text.encoding import Encoding, any_encoding, find_encoding
from storage_tui.previews.text.lines import PIECE_BYTES, STEP_BYTES, cut_bytes, find_aligned, text_lines

PAGE_LINES = 500  # a few screens to scroll through; drawing more costs more than another request

KINDS = {".md": "Markdown", ".html": "HTML", ".htm": "HTML", ".svg": "SVG", ".xml": "XML", ".py": "Python",
         ".yaml": "YAML", ".yml": "YAML", ".toml": "TOML", ".log": "log", ".ini": "INI", ".sql": "SQL",
         ".prj": "projection", ".sh": "shell script"}  # fmt: skip


class PlainText:
    """Lines as they are, from any offset."""

    kind = "text"
    budget = HEADER_BUDGET

    def __init__(self, *, is_asked: bool = False) -> None:
        """`is_asked` is true when the user asked for text, whatever the bytes are."""
        self._is_asked = is_asked

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the bytes look like text in a known encoding, or text was asked for."""
        return self._is_asked or find_encoding(head) is not None

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the page of lines that begins at the offset."""
        encoding = any_encoding(head)
        size = source.size_bytes or len(head)
        unit = encoding.unit_bytes
        start = max(encoding.bom_bytes, min(view.offset, size) // unit * unit)
        back = min(start - encoding.bom_bytes, STEP_BYTES)
        page = await source.read(start - back, start + HEAD_BYTES)
        skip = cut_bytes(page[:back], page[back:], encoding)
        start, page = start + skip, page[back + skip :]
        is_last = start + len(page) >= size
        encoding = encoding.of_page(page)
        lines, used = text_lines(page, encoding, is_last=is_last, limit=PAGE_LINES)
        stop = start + used
        previous = _find_previous(source, start, used, encoding) if start > encoding.bom_bytes else None
        return Preview(
            self._kind(source.blob.key),
            facts=(("encoding", encoding.name),) if encoding.name else (),
            lines=tuple(lines),
            can_wrap=True,
            pages=Pages(start, stop, previous, stop if stop < size else None),
        )

    def _kind(self, key: str) -> str:
        name = key.rsplit("/", 1)[-1].lower()
        return next((kind for ending, kind in KINDS.items() if name.endswith(ending)), self.kind)


def _find_previous(source: Source, start: int, used: int, encoding: Encoding) -> int:
    """Return the start of the previous page: a page of lines back in kept bytes, else as many bytes as this page."""
    first = max(encoding.bom_bytes, start - HEAD_BYTES)
    window = source.kept(first, start)
    if len(window) < start - first:
        unit = encoding.unit_bytes
        return max(encoding.bom_bytes, start - max(used, PIECE_BYTES)) // unit * unit
    newline, unit = encoding.newline, encoding.unit_bytes
    starts = [first] if first == encoding.bom_bytes else []
    at = find_aligned(window, newline, 0, unit)
    while at != -1 and at + unit < len(window):
        starts.append(first + at + unit)
        at = find_aligned(window, newline, at + unit, unit)
    return starts[max(0, len(starts) - PAGE_LINES)] if starts else first
