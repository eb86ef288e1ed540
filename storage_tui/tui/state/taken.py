"""The rows that were taken for copying or moving, until they are pasted."""

from collections.abc import Sequence
from dataclasses import dataclass

from storage_tui.contract.counts import plural
from storage_tui.tui.state.listing import Folder, Row


@dataclass(frozen=True, slots=True)
class Taken:
    """Rows as they were when they were taken, and whether pasting moves them or copies them."""

    rows: tuple[Row, ...]
    is_move: bool

    @classmethod
    def of(cls, rows: Sequence[Row], *, is_move: bool) -> "Taken":
        """Return the rows as taken."""
        return cls(tuple(rows), is_move)

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
