"""The results of the items of a batch."""

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
    """The result of one item. `key` and `path` are its final places; `rename` may have changed one of them."""

    item: BatchItem
    state: State
    key: str
    path: Path
    size_bytes: int = 0
    is_verified: bool = False
    note: str = ""
    error: StorageError | None = None
    crc32c: str | None = None  # of the blob of an item that was moved, as the server reported it, with its ETag
    etag: str | None = None


class OrderedResults:
    """The results of a batch in the order of its items, whatever item ended first.

    `tell` is called with each result once all earlier results are known, from several threads, within the lock
    `telling`.
    """

    def __init__(self, tell: Callable[[BatchResult], None] | None, telling: AbstractContextManager[bool]) -> None:
        self._tell = tell
        self._results: list[BatchResult | None] = []
        self._told = 0
        self._lock = threading.Lock()
        self._telling = telling

    def expect(self, count: int) -> None:
        """Expect `count` further results."""
        with self._lock:
            self._results += [None] * count

    def take(self, number: int, result: BatchResult) -> None:
        """Take the result of the item with this number, from 0."""
        with self._lock:
            self._results[number] = result
        if self._tell is None:
            return
        with self._telling:
            while self._told < len(self._results) and (ready := self._results[self._told]) is not None:
                self._told += 1
                self._tell(ready)

    def by_number(self) -> list[BatchResult | None]:
        """Return one row for each item; None for an item that has not ended."""
        with self._lock:
            return list(self._results)


def sync_folders(results: Iterable[BatchResult]) -> None:
    """Make the names of downloads durable, once for each folder instead of once for each file. Raise LocalFileError."""
    for folder in {folder for result in results if (folder := unsynced_folder(result)) is not None}:
        sync_folder(folder)


def unsynced_folder(result: BatchResult) -> Path | None:
    """Return the folder whose sync makes the name of a download durable; None when no name needs a sync."""
    is_new = result.state == "done" and result.item.direction == "download" and result.item.root is not None
    return result.path.parent if is_new else None


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable. Raise LocalFileError."""
    with local_errors(str(folder)):
        record_files.sync_folder(folder)
