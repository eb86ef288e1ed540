"""Marks by description: `*.npy >3d >1GB <24h`, all words together."""

from datetime import datetime

from storage_tui.client.patterns.words import Description
from storage_tui.contract.models import Blob
from storage_tui.tui.state.listing import Row


class Selection:
    """The rows to mark, as typed, in the words of `client.patterns`. Raises ValueError with the reason for a limit that
    cannot be read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._words = Description(text)

    def matches(self, row: Row, name: str, now: datetime) -> bool:
        """Return whether to mark the row, shown as `name`. A folder has no age and no size: only its name can match."""
        if not self.could_match(row, name):
            return False
        return not isinstance(row, Blob) or all(limit.matches(row, now) for limit in self._words.conditions)

    def could_match(self, row: Row, name: str) -> bool:
        """Return whether the row could match, by its name alone; false when its other values cannot matter."""
        if not self.text.strip() or not self._words.names.matches(name):
            return False
        return isinstance(row, Blob) or not self._words.conditions
