"""One item of a plan, moved to its end: first an existing file or key is handled; an error becomes a result."""

import os
import threading
from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO

from storage_tui.client import calls
from storage_tui.client.batch.plan import BatchItem, free_key, free_path, is_same
from storage_tui.client.batch.results import BatchResult
from storage_tui.client.control import TransferControl
from storage_tui.client.transfer.conflict import Conflict
from storage_tui.client.transfer.engine import TransferEngine
from storage_tui.client.transfer.part_file import RESUMED_FROM_BYTES, PartFile
from storage_tui.contract.errors import (
    CancelledError,
    ChecksumError,
    ConflictError,
    LocalFileError,
    NotFoundError,
    StorageError,
)
from storage_tui.contract.models import Blob

REPLACING = (Conflict.OVERWRITE, Conflict.OTHER_SIZE, Conflict.DIFFERENT)
TAKEN_UP = "another program is continuing this transfer, or has ended it"
CHECKSUM_TRIES = 2  # bits that flip during a transfer seldom flip twice


class Mover:
    """Moves items, called from any number of threads. `conflict` decides about an existing file or key.

    A name that `rename` chooses differs from all other chosen names and from the names of items passed to `reserve`,
    until `release` frees them. Without `syncs_folders` the name of a download below a root is durable only after a sync
    of its folder; a caller can then sync a folder once for many files.
    """

    def __init__(
        self, engine: TransferEngine, *, conflict: Conflict = Conflict.REFUSE, resume: bool = True,
        syncs_folders: bool = True,
    ) -> None:  # fmt: skip
        self._engine = engine
        self._conflict, self._resume, self._syncs_folders = conflict, resume, syncs_folders
        self._naming = threading.Lock()
        self._taken_keys: set[str] = set()
        self._taken_paths: set[Path] = set()

    def reserve(self, items: Collection[BatchItem]) -> None:
        """Reserve the names of the items: `rename` then chooses none of them for another item."""
        if any(self._conflict_of(item) is Conflict.RENAME for item in items):
            with self._naming:
                self._taken_keys.update(item.key for item in items)
                self._taken_paths.update(item.path for item in items)

    def release(self, result: BatchResult) -> None:
        """Free the names of an item that has ended: its file or key exists now, or never will."""
        if self._taken_keys or self._taken_paths:
            with self._naming:
                self._taken_keys -= {result.item.key, result.key}
                self._taken_paths -= {result.item.path, result.path}

    def move(
        self, item: BatchItem, control: TransferControl, hand_over: Callable[[PartFile], None] | None = None
    ) -> BatchResult:
        """Move the item and return its result; blocks until the item has ended.

        A failure is in the result; only defects are raised. With `hand_over`, a small download ends without its final
        name: `hand_over` receives its part, which the caller commits.
        """
        asked = item
        for may_settle_again in (True, False):
            place = self.settle(asked, control)
            if isinstance(place, BatchResult):
                return replace(place, item=item)
            key, path = place
            try:
                blob = self._moved(item, key, path, control, hand_over)
            except (StorageError, OSError) as exc:
                # A file or key appeared meanwhile: skip the item or rename, as if it had existed from the start.
                is_there = type(exc) is ConflictError and self._conflict_of(item) in (Conflict.SKIP, Conflict.RENAME)
                if not is_there or not may_settle_again:
                    return _failed(item, key, path, control, exc)
                asked = replace(item, is_surveyed=False)
            else:
                return done(item, key, path, control, blob)
        raise AssertionError("unreachable")

    def move_stream(self, item: BatchItem, file: IO[bytes], control: TransferControl) -> BatchResult:
        """Upload the bytes of `file`, once, to the item's key, and return the result; otherwise as `move`.

        The item's path serves as a name only.
        """
        place = self.settle(item, control)
        if isinstance(place, BatchResult):
            return place
        key, path = place
        try:
            blob = self._engine.upload(
                key, file, item.storage_type, control=control, content_type=item.content_type,
                replaces=self.replaces(item),
            )  # fmt: skip
        except (StorageError, OSError) as exc:
            return _failed(item, key, path, control, exc)
        return done(item, key, path, control, blob)

    def replaces(self, item: BatchItem) -> bool:
        """Return whether the item overwrites a file or key that appeared at its target after `settle`."""
        return item.replaces and self._conflict_of(item) in REPLACING

    def settle(self, item: BatchItem, control: TransferControl) -> tuple[str, Path] | BatchResult:
        """Return the key and path for the item, or its result when the item ends before a byte is moved."""
        try:
            control.check()
            if item.left is not None and not self._engine.journal.is_left(item.left):
                return BatchResult(item, "skipped", item.key, item.path, note=TAKEN_UP)
            if self._conflict_of(item) is Conflict.OVERWRITE:
                return item.key, item.path
            key, path, reason = self._engine.patiently(partial(self._settled, item, control), control)
        except (StorageError, OSError) as exc:
            return _failed(item, item.key, item.path, control, exc)
        return BatchResult(item, "skipped", key, path, note=reason) if reason else (key, path)

    def _moved(
        self, item: BatchItem, key: str, path: Path, control: TransferControl,
        hand_over: Callable[[PartFile], None] | None,
    ) -> Blob:  # fmt: skip
        for attempt in range(CHECKSUM_TRIES):
            try:
                if item.direction == "upload":
                    return self._upload(item, key, path, control)
                return self._download(item, key, path, control, hand_over)
            except ChecksumError:
                if attempt == CHECKSUM_TRIES - 1 or control.is_cancelled:
                    raise
                control.note = "arrived damaged, started over"
        raise AssertionError("unreachable")

    def _upload(self, item: BatchItem, key: str, path: Path, control: TransferControl) -> Blob:
        return self._engine.upload(
            key, path, item.storage_type, control=control, content_type=item.content_type, resume=self._resume,
            replaces=self.replaces(item), root=item.root,
        )  # fmt: skip

    def _download(
        self, item: BatchItem, key: str, path: Path, control: TransferControl,
        hand_over: Callable[[PartFile], None] | None,
    ) -> Blob:  # fmt: skip
        is_large = item.size_bytes is None or item.size_bytes >= RESUMED_FROM_BYTES  # a small one is never continued
        return self._engine.download(
            key, path, item.storage_type, control=control, resume=self._resume and is_large, root=item.root,
            syncs_folder=self._syncs_folders or item.root is None, replaces=self.replaces(item),
            hand_over=hand_over if item.root is not None and not is_large else None, listed=item.blob,
        )  # fmt: skip

    def _settled(self, item: BatchItem, control: TransferControl) -> tuple[str, Path, str]:
        """Return key and path for the item, and the reason when the item is skipped (else the empty text)."""
        there = self._found(item)
        if there is None:
            return item.key, item.path, ""
        what = "file" if item.direction == "download" else "key"
        match self._conflict_of(item):
            case Conflict.SKIP:
                return item.key, item.path, f"the {what} exists"
            case Conflict.RENAME:
                return *self._renamed(item), ""
            case Conflict.OTHER_SIZE:
                is_whole = item.path.is_file() and item.path.stat().st_size == there.size_bytes
                return item.key, item.path, f"the {what} exists with the same size" if is_whole else ""
            case Conflict.DIFFERENT:
                is_whole = is_same(item.path, there, control)
                return item.key, item.path, "the same bytes are there" if is_whole else ""
            case _:
                if item.direction == "download" and (item.path.is_symlink() or not item.path.is_file()):
                    return item.key, item.path, ""  # never overwritten; the download will say what it is
                name = str(item.path) if item.direction == "download" else f"{item.storage_type}:{item.key}"
                raise ConflictError(f"{name!r} exists and was not overwritten", key=item.key)

    def _conflict_of(self, item: BatchItem) -> Conflict:
        return item.conflict or self._conflict

    def _renamed(self, item: BatchItem) -> tuple[str, Path]:
        """Return a free key or path, and reserve it against other items of this batch."""
        with self._naming:
            if item.direction == "upload":
                key = free_key(self._engine, item.key, item.storage_type, self._taken_keys)
                self._taken_keys.add(key)
                return key, item.path
            path = free_path(item.path, self._taken_paths)
            self._taken_paths.add(path)
            return item.key, path

    def _found(self, item: BatchItem) -> Blob | None:
        """Return the blob to compare with when the target exists; None when it does not."""
        if item.direction == "download" and not os.path.lexists(item.path):
            return None
        blob = item.blob
        is_known = blob is not None and blob.size_bytes is not None
        if item.direction == "upload" and item.is_surveyed and (blob is None or is_known):
            return blob
        needs_details = self._conflict_of(item) in (Conflict.OTHER_SIZE, Conflict.DIFFERENT)
        if item.direction == "download" and (is_known or not needs_details):
            return blob or Blob(item.key, item.storage_type)
        try:
            return self._engine.run(calls.stat(item.key, item.storage_type))
        except NotFoundError:
            return None


def done(item: BatchItem, key: str, path: Path, control: TransferControl, blob: Blob) -> BatchResult:
    """Return the result of an item that was moved."""
    renamed = "under another name: the first one is taken" if (key, path) != (item.key, item.path) else ""
    note = "; ".join(filter(None, (renamed, control.note)))
    is_verified = control.phase == "verified"
    size_bytes, crc32c, etag = blob.size_bytes or 0, blob.crc32c, blob.etag
    return BatchResult(item, "done", key, path, size_bytes, is_verified, note, crc32c=crc32c, etag=etag)


def _failed(
    item: BatchItem, key: str, path: Path, control: TransferControl, exc: StorageError | OSError
) -> BatchResult:
    if isinstance(exc, CancelledError) and control.is_cancelled:
        return BatchResult(item, "cancelled", key, path, note=control.note)
    if isinstance(exc, OSError):
        exc = LocalFileError(f"cannot use {str(path)!r}: {exc.strerror or exc}", key=key)
    return BatchResult(item, "failed", key, path, note=control.note, error=exc)
