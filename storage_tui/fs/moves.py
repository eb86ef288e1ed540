"""Moves of many blobs by few requests, with the OSErrors of a file system."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from storage_tui.contract.errors import error_of
from storage_tui.contract.keys import file_path
from storage_tui.contract.moves import Move, MoveResult
from storage_tui.fs.failures import as_os_error, os_errors
from storage_tui.fs.names import blob_of

if TYPE_CHECKING:
    from storage_tui.fs.tree import StorageTree


def move(tree: "StorageTree", sources: Sequence[str], targets: Sequence[str]) -> None:
    """Move each blob to the path in the same place of `targets`, overwriting what is there. Raise the OSError of the
    first blob that was not moved; the others are moved all the same."""
    pairs = [(blob_of(source), blob_of(target)) for source, target in zip(sources, targets, strict=True)]
    moves = [Move(old.key, new.key, old.storage_type, new.storage_type) for old, new in pairs]
    with os_errors(sources[0]):
        results = tree.storage.move_many(moves)
    failed = next((result for result in results if not result.is_done), None)
    if failed is not None:
        raise _error(failed)


def _error(failed: MoveResult) -> OSError:
    path = file_path(failed.move.storage_type, failed.move.key)
    return as_os_error(error_of(failed.error or "", failed.message or "it was not moved"), path)
