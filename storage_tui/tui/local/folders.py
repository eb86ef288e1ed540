"""Local folders with the calls that lists make of a store: read in threads, in pages, links not followed."""

import asyncio
import os
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from storage_tui.contract.columns import ColumnPage
from storage_tui.contract.errors import LocalFileError
from storage_tui.contract.keys import DELIMITER
from storage_tui.contract.models import Page, ServiceInfo
from storage_tui.tui.local.entry import LocalEntry, entry_of, unreadable
from storage_tui.tui.side import LOCAL
from storage_tui.tui.state.listing import Folder, Row, one_line, whole_name

ENTRIES_AT_MOST = 1_000_000  # names of one folder, about 100 MB
FOLDERS_KEPT = 2  # whose names are kept for further pages: the open folder, and the one that is read in its place
LOOK_EVERY = 1024  # entries between two looks whether another folder is wanted


@dataclass(frozen=True, slots=True)
class _Names:
    """The names in a folder, folders with a slash, as the list packs and sorts them."""

    names: list[str]
    hidden: int
    is_cut: bool


class LocalFolders:
    """Lists folders. The prefix of a folder is its absolute path with a slash at the end.

    Names that begin with a dot are left out unless `shows_hidden`; `hidden` counts them by folder. A folder that
    cannot be read raises LocalFileError.
    """

    def __init__(self, *, only_folders: bool = False) -> None:
        self.shows_hidden = False
        self._only_folders = only_folders
        self._kept: OrderedDict[str, _Names] = OrderedDict()
        self._turn = 0  # of the last scan: a scan for an older one ends

    async def describe(self) -> ServiceInfo:
        """Return a description without features."""
        return ServiceInfo()

    async def list_columns(
        self, prefix: str = "", *, storage_type: str = LOCAL, delimiter: str = DELIMITER, token: str | None = None,
        limit: int | None = None,
    ) -> Sequence[ColumnPage]:  # fmt: skip
        """Return no columns: nobody asks for them where `columns` is no feature."""
        return ()

    async def list_page(
        self, prefix: str = "", *, storage_type: str = LOCAL, delimiter: str = DELIMITER, token: str | None = None,
        limit: int = 1000,
    ) -> Page:  # fmt: skip
        """Return a page of a folder; for a prefix without a slash at its end, the row of that very path."""
        self._turn += token is None
        return await asyncio.to_thread(self._page, prefix, token, limit, self._turn)

    async def row(self, path: Path) -> Row | None:
        """Return the row of a path; None when nothing is there."""
        return await asyncio.to_thread(_any_row, path)

    def hidden_in(self, prefix: str) -> int:
        """Return how many names the last list of this folder left out."""
        return self._kept[prefix].hidden if prefix in self._kept else 0

    def is_cut(self, prefix: str) -> bool:
        """Return whether a folder has more names than a list takes."""
        return prefix in self._kept and self._kept[prefix].is_cut

    def _page(self, prefix: str, token: str | None, limit: int, turn: int) -> Page:
        if not prefix.endswith(DELIMITER):
            row = _row(prefix)
            return Page((row,) if row is not None else ())
        known = self._kept.get(prefix) if token is not None else None
        if known is None:
            known = self._kept[prefix] = self._scan(prefix, turn)
            self._kept.move_to_end(prefix)
            while len(self._kept) > FOLDERS_KEPT:
                self._kept.popitem(last=False)
        first = 0 if token is None else bisect_right(known.names, token)
        some = known.names[first : first + limit]
        folders = tuple(prefix + whole_name(name) for name in some if name.endswith(DELIMITER))
        rows = (_row(prefix + whole_name(name)) for name in some if not name.endswith(DELIMITER))
        is_last = first + limit >= len(known.names)
        return Page(tuple(row for row in rows if row is not None), folders, None if is_last else some[-1])

    def _scan(self, prefix: str, turn: int) -> _Names:
        names: list[str] = []
        hidden = 0
        try:
            with os.scandir(prefix) as entries:
                for number, entry in enumerate(entries, 1):
                    if number % LOOK_EVERY == 0 and turn < self._turn:
                        raise LocalFileError(f"{prefix!r} is not wanted any more")
                    if entry.name.startswith(".") and not self.shows_hidden:
                        hidden += 1
                        continue
                    is_folder = _is_folder(entry)
                    if is_folder or not self._only_folders:
                        names.append(one_line(entry.name) + DELIMITER * is_folder)
                    if len(names) >= ENTRIES_AT_MOST:
                        break
        except (OSError, ValueError) as exc:
            reason = exc.strerror if isinstance(exc, OSError) else str(exc)
            raise LocalFileError(f"{reason}: cannot read the folder {prefix!r}") from exc  # the reason is seen first
        names.sort()
        return _Names(names, hidden, len(names) >= ENTRIES_AT_MOST)


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _row(path: str) -> LocalEntry | None:
    """Return the row of a path; None when nothing is there any more."""
    try:
        return entry_of(path, os.lstat(path))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError):
        return unreadable(path)


def _any_row(path: Path) -> Row | None:
    return Folder(folder_prefix(path), LOCAL) if path.is_dir() and not path.is_symlink() else _row(str(path))


def folder_prefix(path: Path) -> str:
    """Return the prefix of a folder."""
    text = str(path)
    return text if text.endswith(DELIMITER) else text + DELIMITER
