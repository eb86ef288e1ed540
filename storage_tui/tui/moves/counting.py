"""How many blobs and bytes rows are: folders by one question each where the server counts."""

from collections.abc import Sequence
from dataclasses import dataclass

from storage_tui.client.async_storage import AsyncStorage
from storage_tui.contract.counts import plural
from storage_tui.contract.errors import NotFoundError
from storage_tui.contract.models import Blob
from storage_tui.contract.sizes import size_text
from storage_tui.tui.desk import Desk
from storage_tui.tui.state.listing import Row

FOLDERS_COUNTED = 20  # questions, one after the other; of more folders the number is said


@dataclass(frozen=True, slots=True)
class Amount:
    """Blobs and bytes, as far as they are known; `folders` were not counted."""

    blobs: int = 0
    size_bytes: int = 0
    folders: int = 0
    is_bound: bool = False

    @property
    def words(self) -> str:
        """The amount: `3 blobs, 1.2 MB`, `2 folders`."""
        parts = [plural(self.blobs, "blob")] if self.blobs else []
        parts += [plural(self.folders, "folder")] if self.folders else []
        bound = "at least " if self.is_bound or self.folders else ""
        return " + ".join(parts) + (f", {bound}{size_text(self.size_bytes)}" if self.blobs else "")


async def count_rows(desk: Desk, rows: Sequence[Row], storage: AsyncStorage) -> Amount:
    """Return the amount of the rows of a store; `desk` shows that they are counted.

    Raise NotFoundError for folders without blobs, and the errors of the client.
    """
    blobs = [row for row in rows if isinstance(row, Blob)]
    folders = [row for row in rows if not isinstance(row, Blob)]
    size_bytes, count = sum(blob.size_bytes or 0 for blob in blobs), len(blobs)
    is_bound = any(blob.size_bytes is None for blob in blobs)
    if len(folders) > FOLDERS_COUNTED or (folders and "usage" not in (await storage.describe()).features):
        return Amount(count, size_bytes, len(folders), is_bound)
    desk.working = "Counting… (Esc stops)" if folders else ""
    try:
        for folder in folders:
            found = await storage.usage(folder.key, storage_type=folder.storage_type)
            count, size_bytes = count + found.count, size_bytes + found.size_bytes
    finally:
        desk.working = ""
    if not count:
        raise NotFoundError("nothing is there any more")
    return Amount(count, size_bytes, 0, is_bound)
