"""The rows that were taken for copying or moving, until they are pasted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage_tui.contract.counts import plural
from storage_tui.contract.moves import MoveResult
from storage_tui.tui.state.listing import Folder, Row

if TYPE_CHECKING:
    from storage_tui.client.async_storage import AsyncStorage


@dataclass(frozen=True, slots=True)
class Taken:
    """Rows as they were when they were taken, and whether pasting moves them or copies them.

    `storage` is their store. `left` is called with the results of blobs that were moved from there into another store.
    """

    rows: tuple[Row, ...]
    is_move: bool
    storage: "AsyncStorage"
    left: Callable[[Sequence[MoveResult]], None]

    @property
    def where(self) -> str:
        """The name of the store of the rows, for people; not safe to draw."""
        place = self.storage.place
        return self.storage.display_url if place is None else place.name

    @property
    def verb(self) -> str:
        """The word for what pasting does."""
        return "move" if self.is_move else "copy"

    @property
    def words(self) -> str:
        """The rows and what happens to them: `2 blobs + 1 folder to move`."""
        folders = sum(isinstance(row, Folder) for row in self.rows)
        blobs = len(self.rows) - folders
        parts = [plural(count, name) for count, name in ((blobs, "blob"), (folders, "folder")) if count]
        return f"{' + '.join(parts)} to {self.verb}"
