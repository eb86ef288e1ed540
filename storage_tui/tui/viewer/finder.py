"""The search for words in the viewer, from the cursor on, in both directions."""

from functools import partial

from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.tui.viewer.documents.document import Document
from storage_tui.tui.viewer.documents.search import line_pattern
from storage_tui.tui.viewer.prompt import Prompt
from storage_tui.tui.viewer.reader import Reader
from storage_tui.tui.viewer.status import WORK, Run, Status
from storage_tui.tui.viewer.viewer_lines import ViewerLines


class Finder:
    """Owns the words of the search; the lines widget marks the words in view."""

    def __init__(self, reader: Reader, *, lines: ViewerLines, status: Status, prompt: Prompt, run: Run) -> None:
        self._reader = reader
        self._lines = lines
        self._status = status
        self._prompt = prompt
        self._run = run
        self._words = ""

    def drop(self) -> bool:
        """Show no matches; return false when none were shown."""
        had_pattern = self._lines.pattern is not None
        self._lines.pattern = None
        self._lines.refresh()
        return had_pattern

    def action_view_search(self) -> None:
        """Ask for words, and find them."""
        document = self._reader.document
        is_hex = document is not None and document.is_hex
        self._prompt.ask("find text or 0x…:" if is_hex else "find:", self._begin)

    def mark(self, text: str) -> None:
        """Mark words as a search does, without a search; the keys for the next match continue with these words."""
        self._words = text
        self._lines.pattern = line_pattern(text) if text else None
        self._lines.refresh()

    def _begin(self, text: str) -> None:
        self._lines.pattern = line_pattern(text) if text else None
        self._lines.refresh()
        if text and self._reader.document is not None:
            self._words = text
            self._find(is_forward=True)

    def action_view_next(self) -> None:
        """Go to the next match."""
        self._find(is_forward=True)

    def action_view_previous(self) -> None:
        """Go to the previous match."""
        self._find(is_forward=False)

    def _find(self, *, is_forward: bool) -> None:
        document, words = self._reader.document, self._words
        if document is None or not words:
            self._status.say("nothing to search for yet: / starts a search", "$warning")
        else:
            self._run(partial(self._search, document, words, is_forward=is_forward), group=WORK, exclusive=True)

    async def _search(self, document: Document, words: str, *, is_forward: bool) -> None:
        size = document.source.size_bytes
        total = f" of {size_text(size)}" if size is not None else ""
        with self._status.trying(""):
            async for progress in document.find(words, self._lines.row, is_forward=is_forward):
                if progress.found is not None:
                    self._show(document, progress.found)
                    return
                searched = f"{size_text(progress.searched_bytes)}{total}"
                self._status.work(f'looking for "{visible(words, limit=20)}": {searched}, Esc stops')
            self._status.say(f'no more "{visible(words, limit=40)}" {"below" if is_forward else "above"}', "$warning")

    def _show(self, document: Document, place: int) -> None:
        if document.has_offsets:
            self._reader.go_to(place)  # the rows there may have to be read
        else:
            self._reader.show(place)
