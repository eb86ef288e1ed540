"""Searching in the viewer: through the rows at hand, or through the whole blob by ranges."""

from textual import work

from storage_tui.contract.sizes import size_text
from storage_tui.tui.screens.viewer_reading import ViewerReading
from storage_tui.tui.screens.viewer_view import FAILURES
from storage_tui.tui.state.viewer_search import line_pattern, make_pattern, search
from storage_tui.tui.visible import visible


class ViewerFinding(ViewerReading):
    """`/`, and on from there in both directions."""

    def action_view_search(self) -> None:
        """Words to look for."""
        is_hex = self.document is not None and self.document.is_hex
        self.ask("find text or 0x…:" if is_hex else "find:", self._find)

    def _find(self, text: str) -> None:
        document = self.document
        self.view.pattern = line_pattern(text) if text else None
        self.view.refresh()
        if text and document is not None:
            self._words = text
            self._search(is_forward=True)

    def action_view_next(self) -> None:
        """The next match."""
        self._search(is_forward=True)

    def action_view_previous(self) -> None:
        """The match before."""
        self._search(is_forward=False)

    _words = ""

    @work(exclusive=True, group="work")
    async def _search(self, *, is_forward: bool) -> None:
        document, words = self.document, self._words
        if document is None or not words:
            self.tell("nothing to look for yet: / asks", "$warning")
            return
        if document.window is None:
            row = document.find(line_pattern(words), self.view.row, is_forward=is_forward)
            if row is None:
                self.tell(f'no more "{visible(words)}" {"below" if is_forward else "above"}', "$warning")
            else:
                self.view.show_rows(document.rows, row)
                self.view.go_row(row)
            return
        here = document.rows[self.view.row] if document.rows else None
        start = 0 if here is None else here.stop if is_forward else here.start
        size = document.source.size_bytes
        total = f" of {size_text(size)}" if size is not None else ""
        pattern = make_pattern(words, document.codec or "utf-8", is_hex=document.is_hex)
        try:
            async for progress in search(document.source, pattern, start, is_forward=is_forward):
                if progress.found is not None:
                    self.go_to(progress.found)
                    return
                self.working = (
                    f'looking for "{visible(words, limit=20)}": {size_text(progress.searched_bytes)}{total}, Esc stops'
                )
                self.update_lines()
            self.tell(f'no more "{visible(words, limit=40)}" {"below" if is_forward else "above"}', "$warning")
        except FAILURES as exc:
            self.tell_failure(exc)
        finally:
            self.working = ""
            self.update_lines()
