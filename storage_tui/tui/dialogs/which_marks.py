"""The question about marks out of sight: only those of the list on the screen, or all."""

from collections import Counter
from collections.abc import Sequence
from typing import Literal

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from storage_tui.contract.counts import plural
from storage_tui.contract.keys import Location
from storage_tui.contract.visible import place_text, visible
from storage_tui.tui.dialogs.dialog import Dialog
from storage_tui.tui.state.listing import Row
from storage_tui.tui.state.marks import place_of
from storage_tui.tui.widgets.choice import Choice
from storage_tui.tui.widgets.text_lines import Line, TextLines

PLACES_SHOWN = 200  # the rest is summed up in a line
Answer = Literal["none", "here", "all"]


class WhichMarksScreen(Dialog[Answer]):
    """Asks which marks an action is about.

    `here` are the marks that the list shows, and they are preselected. Without any, `here` is the row under the cursor,
    and `none` is preselected: the user has marked other rows than the one on the screen, so Enter alone chooses none.
    """

    IS_QUESTION = True
    HINT = "← → choose, Enter answers, Esc leaves all as it is"

    def __init__(self, title: str, marks: Sequence[Row], shown: Sequence[Row], at_cursor: Sequence[Row]) -> None:
        super().__init__()
        self.TITLE_TEXT = title
        self._all = len(marks)
        self._shown = len(shown)
        self._at_cursor = at_cursor
        places = Counter(map(place_of, marks))
        places.subtract(map(place_of, shown))
        self._elsewhere = [(place, count) for place, count in places.items() if count]

    def compose_body(self) -> ComposeResult:
        """Yield the counts, the places that are not on the screen, and the answer."""
        yield Static(Content.styled(self._words(), "$warning"), id="note")
        yield TextLines(self._lines(), indent=4, id="elsewhere")
        yield Choice(self._options(), id="answer")

    def on_mount(self) -> None:
        """Give the keys to the answer."""
        self.query_one(Choice).focus()

    def _words(self) -> str:
        types: Counter[str] = Counter()
        for place, count in self._elsewhere:
            types[place.storage_type] += count
        elsewhere = ", ".join(f"{count:,} in {name}" for name, count in types.items())
        if self._shown:
            return f"{self._shown:,} here, {elsewhere} that you do not see here:"
        return f"{elsewhere} that you do not see here, none in this list:"

    def _lines(self) -> list[Line]:
        lines: list[Line] = [_line(place, count) for place, count in self._elsewhere[:PLACES_SHOWN]]
        if len(self._elsewhere) > PLACES_SHOWN:
            lines.append([(f"and in {plural(len(self._elsewhere) - PLACES_SHOWN, 'more folder')}", "dim")])
        return lines

    def _options(self) -> list[tuple[Answer, str]]:
        if self._shown:
            return [("here", f"Only the {self._shown:,} here"), ("all", f"All {self._all:,}")]
        nothing: tuple[Answer, str] = ("none", "Nothing")
        every: tuple[Answer, str] = ("all", f"The {self._all:,} marked" if self._all > 1 else "The marked one")
        if self._at_cursor:
            name = visible(self._at_cursor[0].key.rstrip("/").rpartition("/")[2], limit=30)
            return [nothing, every, ("here", f"Only {name}, under the cursor")]
        return [nothing, every]

    @on(Choice.Submitted)
    def _answered(self, event: Choice.Submitted) -> None:
        self.dismiss(next(value for value, _ in self._options() if value == event.value))


def _line(place: Location, count: int) -> Line:
    return [(f"{count:>7,}  ", "dim"), (place_text(place), "")]
