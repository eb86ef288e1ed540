"""Bookmarks and recent places: a letter keeps a place, the same letter opens it."""

from collections.abc import Callable, Mapping, Sequence

from textual import events, on
from textual.app import ComposeResult

from storage_tui.contract.keys import Location
from storage_tui.contract.visible import visible
from storage_tui.tui.dialogs.dialog import Dialog
from storage_tui.tui.widgets.text_lines import Line, TextLines

Spell = Callable[[Location], str]  # a place as people write it


class BookmarkScreen(Dialog[str]):
    """Asks for the letter of this place."""

    HINT = "A letter or digit keeps this place, Esc leaves"

    def __init__(self, place: Location, bookmarks: Mapping[str, Location], *, spell: Spell = str) -> None:
        super().__init__()
        self.TITLE_TEXT = f"Bookmark {visible(spell(place), limit=60)}"
        self._bookmarks, self._spell = bookmarks, spell

    def compose_body(self) -> ComposeResult:
        """Yield the letters in use."""
        lines = [_line(letter, place, self._spell) for letter, place in sorted(self._bookmarks.items())]
        yield TextLines(lines or [[("No letter is in use.", "dim")]], indent=4, id="places")

    def on_key(self, event: events.Key) -> None:
        """Return the typed letter as the answer."""
        if event.character is not None and event.character.isalnum():
            event.stop()
            event.prevent_default()
            self.dismiss(event.character)


class PlacesScreen(Dialog[Location]):
    """Asks for a place among bookmarks and recent places, the latest first; the place `here` is left out of these."""

    TITLE_TEXT = "Bookmarks and recent places"
    HINT = "A letter goes to its bookmark, ↑ ↓ Enter choose, Esc leaves; m in the list keeps a place"

    def __init__(
        self, bookmarks: Mapping[str, Location], recent: Sequence[Location], *, here: Location, spell: Spell = str
    ) -> None:
        super().__init__()
        self._bookmarks, self._spell = bookmarks, spell
        known = set(bookmarks.values())
        self._rows = [
            *((letter, place) for letter, place in sorted(bookmarks.items())),
            *(("", place) for place in recent if place not in known and place != here),
        ]

    def compose_body(self) -> ComposeResult:
        """Yield bookmarks with their letters, then recent places."""
        lines = [_line(letter, place, self._spell) for letter, place in self._rows]
        yield TextLines(lines or [[("None yet. m keeps this place.", "dim")]], indent=4, id="places")

    def on_key(self, event: events.Key) -> None:
        """Choose by letter at once, or by arrows and Enter."""
        view = self.query_one(TextLines)
        if event.character is not None and event.character in self._bookmarks:
            event.stop()
            event.prevent_default()
            self.dismiss(self._bookmarks[event.character])
        elif event.key in ("down", "up"):
            event.stop()
            event.prevent_default()
            view.move_line(1 if event.key == "down" else -1)
        elif event.key == "enter":
            event.stop()
            self._choose()

    @on(TextLines.Chosen)
    def _choose(self) -> None:
        if self._rows:
            self.dismiss(self._rows[self.query_one(TextLines).current][1])


def _line(letter: str, place: Location, spell: Spell) -> Line:
    return [(f"{letter:<3} ", "key"), (visible(spell(place)), "")]
