"""How the items of a batch ended."""

import threading
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from storage_tui.client.batch.plan import BatchItem
from storage_tui.client.transfer import record_files
from storage_tui.client.transfer.part_file import local_errors
from storage_tui.contract.errors import StorageError

State = Literal["done", "skipped", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What became of one item. `key` and `path` are where it is now, which `rename` may have changed."""

    item: BatchItem
    state: State
    key: str
    path: Path
    size_bytes: int = 0
    is_verified: bool = False
    note: str = ""
    error: StorageError | None = None


class OrderedResults:
    """The results of a batch in the order of its items, whatever ended first. `tell` gets each as soon as all before
    it are there, from several threads, within the lock `telling`."""

    def __init__(self, tell: Callable[[BatchResult], None] | None, telling: AbstractContextManager[bool]) -> None:
        self._tell = tell
        self._results: list[BatchResult | None] = []
        self._told = 0
        self._lock = threading.Lock()
        self._telling = telling

    def expect(self, count: int) -> None:
        """So many more come."""
        with self._lock:
            self._results += [None] * count

    def take(self, number: int, result: BatchResult) -> None:
        """The item of that number, from 0, has ended."""
        with self._lock:
            self._results[number] = result
        if self._tell is None:
            return
        with self._telling:
            while self._told < len(self._results) and (ready := self._results[self._told]) is not None:
                self._told += 1
                self._tell(ready)

    def by_number(self) -> list[BatchResult | None]:
        """One for each item; None for what has not ended."""
        with self._lock:
            return list(self._results)


def sync_folders(results: Iterable[BatchResult]) -> None:
    """Make the names of downloads last, once for each folder instead of once for each file. Raises LocalFileError."""
    for folder in {folder for result in results if (folder := unsynced_folder(result)) is not None}:
        sync_folder(folder)


def unsynced_folder(result: BatchResult) -> Path | None:
    """The folder whose sync makes the name of a download last; None where no name is new, or it lasts already."""
    is_new = result.state == "done" and result.item.direction == "download" and result.item.root is not None
    return result.path.parent if is_new else None


def sync_folder(folder: Path) -> None:
    """The names in a folder last when this returns. Raises LocalFileError."""
    with local_errors(str(folder)):
        record_files.sync_folder(folder)
