"""Search inside: the lines of the blobs below here, or of the marks, that match a regular expression."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.content import Content

from storage_tui.contract.counts import plural
from storage_tui.contract.keys import Location, parent_prefix
from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.previews.searching.query import Query
from storage_tui.tui.command_screen import CommandScreen
from storage_tui.tui.commands import Context
from storage_tui.tui.contents.hit_lines import HitLines
from storage_tui.tui.contents.hits import KEPT, Hits
from storage_tui.tui.contents.reading import MOST_BYTES, Reading
from storage_tui.tui.cursor import Cursor
from storage_tui.tui.desk import Desk
from storage_tui.tui.lists.program import ProgramActions
from storage_tui.tui.state.listing import Row
from storage_tui.tui.state.messages import explain
from storage_tui.tui.viewer.screen import ViewerScreen
from storage_tui.tui.widgets.bar import Bar
from storage_tui.tui.widgets.bar_content import gauge_content, place_title
from storage_tui.tui.widgets.filter_line import FilterLine
from storage_tui.tui.widgets.line_view import LineView
from storage_tui.tui.widgets.notice import notice_content

TICK_S = 0.2
HINT = (
    "Type a regular expression and press Enter. Lower-case letters match both cases; binary blobs are left out, packed "
    "text is read through."
)

Go = Callable[[Location, str], None]
"""Shows a blob, given by its key, in its folder on the main screen."""


class ContentsScreen(CommandScreen[None]):
    """Searches the contents of rows, blobs or folders, and lists the lines that match. `go` shows a blob in its folder.

    `most_bytes` is how many bytes one search reads.
    """

    CONTEXT: ClassVar[Context] = "contents"
    CSS_PATH = ["../widgets/rows.tcss", "screen.tcss"]
    AUTO_FOCUS = "Input"
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (8, "-tall")]

    def __init__(
        self, desk: Desk, location: Location, rows: Sequence[Row], go: Go, *, most_bytes: int = MOST_BYTES
    ) -> None:
        super().__init__()
        self.desk = desk
        self.location = location
        self._rows = rows
        self._go = go
        self._most_bytes = most_bytes
        self.title_bar = Bar(id="title")
        self.line = FilterLine(" search ", id="prompt", classes="-open")
        self.view = HitLines(self.desk.spell, id="hits")
        self.status = Bar(id="status")
        self.cursor = Cursor(self.view)
        self._reading: Reading | None = None
        self._problem = ""

    def compose(self) -> ComposeResult:
        """Yield title, field, lines, status and keys."""
        yield self.title_bar
        yield self.line
        yield self.view
        yield self.status
        yield self.footer

    def targets(self) -> tuple[object, ...]:
        """Return the screen, then the objects that it owns."""
        program = ProgramActions(self, self.desk, current=self._row)
        return (self, program, self.cursor)

    def on_mount(self) -> None:
        """Take what was found a few times a second."""
        self.set_interval(TICK_S, self._tick)
        self.update_lines()

    def on_screen_resume(self) -> None:
        """Show messages on this screen."""
        self.desk.front.on_message = self.update_lines
        self.update_lines()

    def on_unmount(self) -> None:
        """Stop the search."""
        self._stop()

    def _row(self) -> Row | None:
        hit = self.view.current
        return None if hit is None else hit.blob

    @on(FilterLine.Left)
    def _left(self) -> None:
        text = self.line.text
        self.set_focus(self.view)
        self.line.release()
        self._begin(text)

    def _begin(self, text: str) -> None:
        self._stop()
        self._reading, self._problem = None, ""
        self.view.hits = Hits()
        self.view.lines_changed()
        self.view.go(0)
        if text.strip():
            query = Query(text, ignores_case=text == text.lower())
            try:
                self._reading = Reading(
                    self.desk.storage.engine, self._rows, query, most_bytes=self._most_bytes
                )  # fmt: skip
                self._reading.start()
            except ValueError as exc:
                self._problem = str(exc).partition("; -F")[0]
        self.update_lines()

    def _stop(self) -> bool:
        """Stop the search; return false when none runs."""
        is_running = self._reading is not None and self._reading.is_running and not self._reading.is_stopped
        if self._reading is not None:
            self._reading.stop()
        return is_running

    def _tick(self) -> None:
        if self._reading is not None:
            count = self.view.line_count()
            for event in self._reading.take():
                self.view.hits.add(event)
            if self.view.line_count() != count:
                self.view.lines_changed()
        self.update_lines()

    def update_lines(self) -> None:
        """Update the one-row lines."""
        if not self.has_lines:
            return
        width, place = self.size.width, self.location
        self.view.state = visible(self._problem) or self._empty_words()
        if not self.view.line_count():
            self.view.refresh()
        where = f"{plural(len(self._rows), 'mark')}" if len(self._rows) > 1 else "search inside"
        self.title_bar.say(
            place_title(self.desk.type_name(place.storage_type), place.key, where, width=width),
            Content.styled(f"  {self._counts()} ", "$text-muted"),
        )
        gauge = gauge_content(self.desk.queue.poll(), width=width)
        notice = notice_content(self.desk, self._row())
        self.status.say(Content.assemble(" ", notice), gauge, is_urgent=self.desk.has_bad_news)

    def _empty_words(self) -> str:
        reading = self._reading
        if reading is None:
            return HINT
        if reading.is_running and not reading.is_stopped:
            return "Reading… (Esc stops)"
        if reading.error is not None:
            return visible(f"cannot list the blobs: {explain(reading.error)}")
        extent = "; stopped before the end" if reading.is_stopped else ""
        return f"No line matches{extent}. F types another search, Esc goes back."

    def _counts(self) -> str:
        """Return what was found and what was read for it."""
        reading, hits = self._reading, self.view.hits
        if reading is None:
            return ""
        found = f"{plural(hits.matches, 'line')} in {plural(hits.blobs, 'blob')}"
        found += f", the first {KEPT:,} shown" if hits.is_full else ""
        read = f"{plural(hits.searched, 'blob')}, {size_text(reading.read_bytes)} read"
        problems = [f"{count:,} {state}" for state, count in sorted(hits.problems.items())]
        words = " · ".join([found, read, *problems])
        if reading.is_running and not reading.is_stopped:
            return f"reading… {words} so far (Esc stops)"
        return f"{words} · stopped" if reading.is_stopped else words

    @on(LineView.CursorMoved)
    def _moved(self) -> None:
        self.update_lines()

    @on(LineView.Chosen)
    def action_open_match(self) -> None:
        """View the blob at the line that matches."""
        hit = self.view.current
        if hit is None:
            self.remark("no line to open; F types a search")
            return
        match = hit.match
        words = "" if match is None else match.text[match.start : match.stop]
        offset = None if match is None else match.offset
        self.app.push_screen(ViewerScreen(self.desk, hit.blob, words=words, offset=offset))

    def action_show_in_list(self) -> None:
        """Go to the folder of the blob with the cursor on the blob."""
        hit = self.view.current
        if hit is not None:
            self.dismiss(None)
            self._go(Location(hit.blob.storage_type, parent_prefix(hit.blob.key)), hit.blob.key)

    def action_search_contents(self) -> None:
        """Type another search."""
        self.line.open()

    def action_peel(self) -> None:
        """Leave the field, stop reading, leave: one of them at a time."""
        if self.line.is_typing and self._reading is not None:
            self.set_focus(self.view)
        elif not self._stop():
            self.dismiss(None)
        self.update_lines()

    def action_close(self) -> None:
        """Go back to the list."""
        self.dismiss(None)
