"""The preview: facts of the row, then the drawing of its format, as lines that scroll."""

import re
from collections.abc import Iterable, Sequence
from itertools import zip_longest

from rich.style import Style
from rich.text import Text
from textual import events
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from storage_tui.contract.counts import plural
from storage_tui.contract.visible import visible
from storage_tui.previews import Preview
from storage_tui.previews.syntax import ROLES
from storage_tui.previews.table.grid import MAX_COLUMNS
from storage_tui.tui.terminal.compositor import repaint

WRAPPED_ROWS = 4000  # a page of a preview is a few hundred lines; a hostile preview is cut here
WHEEL_LINES = 3
COLUMN = re.compile(r"\S+(?: \S+)*")  # the name of a column; two spaces part columns


class PreviewPane(Widget):
    """Lines of text with an offset. Only the visible lines are rendered."""

    COMPONENT_CLASSES = {
        "preview--title", "preview--label", "preview--note", "preview--error", *(f"view--{role}" for role in ROLES),
    }  # fmt: skip

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.offset_rows = 0
        self._title = ""
        self._facts: tuple[tuple[str, str], ...] = ()
        self._body: tuple[Text, ...] = ()
        self._note = ""
        self._is_error = False
        self._can_wrap = False
        self._columns_left: int | None = None  # behind the last one of a table; None for no table
        self._rows: list[Text] | None = None
        self._base = Style.null()

    def show_preview(self, title: str, preview: Preview) -> None:
        """Draw a preview."""
        facts = (("kind", preview.kind), *preview.facts) if preview.kind else preview.facts
        self._show(
            title, facts, preview.lines, preview.note, can_wrap=preview.can_wrap, is_error=preview.is_damaged,
            columns_left=_columns_left(preview),
        )  # fmt: skip

    def show_facts(self, title: str, facts: Iterable[tuple[str, str]], note: str = "") -> None:
        """Draw labelled values alone."""
        self._show(title, tuple(facts), (), note)

    def show_error(self, title: str, text: str) -> None:
        """Show why there is no preview."""
        self._show(title, (), (), visible(text), is_error=True)

    def _show(
        self,
        title: str,
        facts: Sequence[tuple[str, str]],
        body: tuple[Text, ...],
        note: str,
        *,
        can_wrap: bool = False,
        is_error: bool = False,
        columns_left: int | None = None,
    ) -> None:
        shown = self._rows[self.offset_rows :] if self._rows is not None else None
        self._title, self._facts, self._body, self._note = title, tuple(facts), body, note
        self._can_wrap, self._is_error, self._columns_left = can_wrap, is_error, columns_left
        self.offset_rows = 0
        self._rows = None
        self._repaint(shown)

    def forget_rows(self) -> None:
        """Lay out the text again."""
        self._rows = None
        self.refresh()

    def _repaint(self, shown: list[Text] | None) -> None:
        """Paint the rows that changed: the previews of neighbours are much alike."""
        width, height = self.size
        if shown is None or not width:
            self.refresh()
            return
        pairs = zip_longest(shown[:height], self._lines()[:height])
        changed = [y for y, (old, new) in enumerate(pairs) if not _is_same(old, new)]
        if changed:
            repaint(self, *(Region(0, y, width, 1) for y in changed))

    @property
    def body_size(self) -> tuple[int, int]:
        """The cells for the drawing of a format: the width, and the rows below the title."""
        return max(8, self.size.width), max(4, self.size.height - 2)

    def scroll_rows(self, delta: int) -> bool:
        """Scroll by rows; return false at the end already."""
        last = max(0, len(self._lines()) - self.size.height)
        wanted = max(0, min(self.offset_rows + delta, last))
        has_moved = wanted != self.offset_rows
        self.offset_rows = wanted
        if has_moved:
            self.refresh()
        return has_moved

    def _lines(self) -> list[Text]:
        if self._rows is None:
            self._rows = self._lay_out(max(8, self.size.width))
        return self._rows

    def _lay_out(self, width: int) -> list[Text]:
        label_style = self._style("preview--label")
        rows: list[Text] = []
        if self._title:
            title = Text(self._title, self._style("preview--title"), no_wrap=True)
            title.truncate(width, overflow="ellipsis")
            rows.append(title)
        if self._note:
            note = Text(self._note, self._style("preview--error" if self._is_error else "preview--note"))
            rows += note.wrap(self.app.console, width)
        labels = min(14, max((len(label) for label, _ in self._facts), default=0))
        for label, value in self._facts:
            fact = Text.assemble((f"{label:<{labels}} ", label_style), value)
            wrapped = fact.wrap(self.app.console, width)
            rows += [wrapped[0], *(Text(" " * (labels + 1)) + line for line in wrapped[1:4])] if wrapped else []
        if self._body and rows:
            rows.append(Text(""))
        for number, line in enumerate(self._body):
            if not number and self._columns_left is not None:
                rows.append(with_cut_columns(line, width, label_style, left=self._columns_left))
                continue
            rows += line.wrap(self.app.console, width) if self._can_wrap and line.cell_len > width else [line]
            if len(rows) > WRAPPED_ROWS:
                break
        return rows

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(name, partial=True)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return the rows of a region. The pane's own style takes longer than a row and is found once for all rows."""
        self._base = self.rich_style
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Return one row (Textual's line API)."""
        rows = self._lines()
        base = self._base
        at = self.offset_rows + y
        if at >= len(rows):
            return Strip.blank(self.size.width, base)
        row = rows[at]
        own = self.app.console.get_style(row.style, default=Style.null())  # `render` leaves this out of plain text
        strip = Strip(row.render(self.app.console, end="")).apply_style(base + own)
        return strip.adjust_cell_length(self.size.width, base)

    def on_resize(self) -> None:
        """Lay out the text again for the new width."""
        self.forget_rows()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll down."""
        event.stop()
        self.scroll_rows(WHEEL_LINES)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll up."""
        event.stop()
        self.scroll_rows(-WHEEL_LINES)


def _is_same(one: Text | None, other: Text | None) -> bool:
    """Return whether two rows look alike; a Text equals another one of any style."""
    return one == other and (one is None or other is None or one.style == other.style)


def _columns_left(preview: Preview) -> int | None:
    """Return how many columns follow the last one of a table; None for a preview that begins with no table."""
    if preview.is_drawing or preview.cells is None:
        return preview.columns_left
    return max(0, len(preview.cells.columns) - MAX_COLUMNS)


def with_cut_columns(heads: Text, width: int, style: Style, *, left: int = 0) -> Text:
    """Return the heads of a table, with `+4 columns ›` at their end when so many do not fit whole, or are not in the
    heads because they are `left` out."""
    if heads.cell_len <= width and not left:
        return heads
    stops = [match.end() for match in COLUMN.finditer(heads.plain)]
    for cut in range(0 if left else 1, len(stops) + 1):
        words = f"  +{plural(cut + left, 'column')} ›"
        shown = stops[-cut - 1] if cut < len(stops) else 0
        if shown + len(words) <= width:
            break
    kept = heads[:shown]
    kept.append(" " * max(0, width - kept.cell_len - len(words)))
    kept.append(words, style)
    return kept
