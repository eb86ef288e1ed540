"""Files that a sync removes from a local folder, with the folders that become empty."""

import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from storage_tui.client.batch.kept_names import NAMES_FILE
from storage_tui.client.sync.entries import LocalEntry, is_as_before
from storage_tui.client.transfer.local_tree import opened_below
from storage_tui.contract.errors import ConflictError, LocalFileError, StorageError


class LocalDeletes:
    """Removes files below a folder; at the end of the `with` block it removes the folders that they leave empty."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folders: set[Path] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for folder in sorted(self._folders, key=lambda path: -len(path.parts)):
            while folder != self._root and self._root in folder.parents and _is_removed(folder):
                folder = folder.parent

    def remove(self, entry: LocalEntry) -> StorageError | None:
        """Remove a file that is still as it was compared; return the error, or None. A file that is gone is no
        error."""
        path = Path(entry.path)
        relative = path.relative_to(self._root)
        try:
            with opened_below(self._root, relative.parent) as folder:
                info = os.stat(relative.name, dir_fd=folder, follow_symlinks=False)
                if not is_as_before(entry, info):
                    return ConflictError(f"{entry.path!a} has changed since it was compared, and was not deleted")
                os.unlink(relative.name, dir_fd=folder)
        except FileNotFoundError:
            return None
        except OSError as exc:
            return LocalFileError(f"cannot delete {entry.path!a}: {exc.strerror or exc}")
        except LocalFileError as exc:
            return exc
        self._folders.add(path.parent)
        return None


def _is_removed(folder: Path) -> bool:
    """Remove an empty folder, also one with nothing but the note of names; return whether it is gone."""
    try:
        with suppress(OSError):
            if os.listdir(folder) == [NAMES_FILE]:  # noqa: PTH208 - the names alone
                (folder / NAMES_FILE).unlink()
        folder.rmdir()
    except OSError:
        return False
    return True
