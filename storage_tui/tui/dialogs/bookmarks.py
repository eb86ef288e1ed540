"""Bookmarks and recent places: a letter keeps a place, the same letter opens it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from textual import events, on
from textual.app import ComposeResult

from storage_tui.contract.keys import Location
from storage_tui.contract.visible import visible
from storage_tui.tui.dialogs.dialog import Dialog
from storage_tui.tui.state.bookmarks import Elsewhere
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


class PlacesScreen(Dialog[Location | Elsewhere]):
    """Asks for a place among bookmarks and recent places, the latest first; the place `here` is left out of these.
    Below them are those `elsewhere`, whose letters count where no bookmark here has them."""

    TITLE_TEXT = "Bookmarks and recent places"
    HINT = "A letter goes to its bookmark, ↑ ↓ Enter choose, Esc leaves; m in the list keeps a place"

    def __init__(
        self, bookmarks: Mapping[str, Location], recent: Sequence[Location], *, here: Location, spell: Spell = str,
        elsewhere: Sequence[tuple[str, Elsewhere]] = (),
    ) -> None:  # fmt: skip
        super().__init__()
        self._spell = spell
        known = set(bookmarks.values())
        self._rows: list[tuple[str, Location | Elsewhere]] = [
            *((letter, place) for letter, place in sorted(bookmarks.items())),
            *(("", place) for place in recent if place not in known and place != here),
        ]
        self._letters: dict[str, Location | Elsewhere] = dict(bookmarks)
        for letter, place in elsewhere:
            is_free = letter != "" and letter not in self._letters
            if is_free:
                self._letters[letter] = place
            self._rows.append((letter if is_free else "", place))

    def compose_body(self) -> ComposeResult:
        """Yield bookmarks with their letters, then recent places."""
        lines = [
            _line(letter, place, self._spell) if isinstance(place, Location) else _line(letter, place, str)
            for letter, place in self._rows
        ]
        yield TextLines(lines or [[("None yet. m keeps this place.", "dim")]], indent=4, id="places")

    def on_key(self, event: events.Key) -> None:
        """Choose by letter at once, or by arrows and Enter."""
        view = self.query_one(TextLines)
        if event.character is not None and event.character in self._letters:
            event.stop()
            event.prevent_default()
            self.dismiss(self._letters[event.character])
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


def _line(letter: str, place: Any, spell: Callable[[Any], str]) -> Line:
    return [(f"{letter:<3} ", "key"), (visible(spell(place)), "")]
