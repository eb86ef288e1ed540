"""The keys for the row under the cursor, few and by its kind, which the footer of a list names first."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from storage_tui.contract.keys import LOGS, RESULT
from storage_tui.contract.models import Blob
from storage_tui.tui.command_screen import CommandScreen
from storage_tui.tui.look.archives import is_archived
from storage_tui.tui.look.kinds import kind_of
from storage_tui.tui.side import expires_in
from storage_tui.tui.state.listing import Folder, Row

SETTLE_S = 0.12  # while a key repeats, the footer of the rows that are passed is not painted

Words = Mapping[str, str]
"""The word of the footer by the id of the command; an empty word is that of the command table."""

WINDOWS = (".tif", ".tiff", ".npy", ".nc", ".nc4", ".h5", ".hdf5", ".he5")
"""The ends of the names of rasters that Enter opens in the raster viewer."""

PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".jp2")
"""The ends of the names of pictures."""

BY_KIND: Mapping[str, Words] = {
    "table": {"open": "rows"},
    "region": {"open": "shapes", "map": "map"},
    "text": {"open": "read", "edit": ""},
    "archive": {"open": "members"},
    "log": {"open": "read"},
}
FOLDER_WORDS: Words = {"open": "open", "usage": "usage", "find": "find"}


def keys_of_row(row: Row | None, *, opened_by: str = "open") -> Words:
    """Return the commands that a row is most likely wanted for, with their words; none without a row. `opened_by` is
    the command that shows a blob on the whole screen."""
    if row is None:
        return {}
    found = FOLDER_WORDS if isinstance(row, Folder) else _words_of(row)
    words = {opened_by if name == "open" else name: word for name, word in found.items()}
    if is_archived(row):
        words = {"thaw": "ask back", "details": "", **words}
    if expires_in(row.storage_type):
        words |= {"keep-longer": "", "rescue": ""}
    elif row.storage_type in (RESULT, LOGS):
        words["pair"] = "its log" if row.storage_type == RESULT else "its result"
    return words


def _words_of(blob: Blob) -> Words:
    name = blob.key.lower()
    if name.endswith(WINDOWS):
        return {"open": "explore"}
    if name.endswith(".pdf"):
        return {"open": "view"}
    if name.endswith(PICTURES):
        return {"open": "picture"}
    return BY_KIND.get(kind_of(blob.key, blob.storage_type).name, {"open": "view"})


class RowKeys:
    """Puts the keys of the row under the cursor into the footer, once the cursor rests on a row of another kind."""

    def __init__(self, screen: CommandScreen[Any]) -> None:
        self._screen = screen
        self._lead: Sequence[str] = ()
        self._words: Words = {}
        self._waiting: asyncio.TimerHandle | None = None

    def lead_with(self, ids: Sequence[str]) -> None:
        """Show these commands before those of the row."""
        self._lead = ids
        self._show(self._words)

    def follow(self, row: Row | None, *, opened_by: str = "open") -> None:
        """Show the keys of another row; see `keys_of_row`."""
        self.follow_words(keys_of_row(row, opened_by=opened_by))

    def follow_words(self, words: Words) -> None:
        """Show other keys first, at once where the footer has none yet."""
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
        if words == self._words:
            return
        if not self._words:
            self._show(words)
        else:
            self._waiting = asyncio.get_running_loop().call_later(SETTLE_S, self._show, words)

    def _show(self, words: Words) -> None:
        self._words, self._waiting = words, None
        if self._screen.has_lines:
            self._screen.footer_first = {**dict.fromkeys(self._lead, ""), **words}
            self._screen.say_footer()
