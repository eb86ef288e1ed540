"""From rows and a target folder to moves, with what a storage type and a folder do not allow said before."""

from collections.abc import Iterable, Sequence

from storage_tui.contract.errors import ConflictError, StorageError, TypeRuleError
from storage_tui.contract.keys import Location, as_folder, check_key, parent_prefix
from storage_tui.contract.models import Blob
from storage_tui.contract.moves import Move
from storage_tui.contract.storage_types import STORAGE_TYPES
from storage_tui.tui.rows.gathering import Gathered
from storage_tui.tui.state.listing import Folder, Row


def check_source(rows: Iterable[Row], *, is_move: bool) -> None:
    """Raise TypeRuleError when rows are of a storage type whose blobs cannot be moved away."""
    for name in dict.fromkeys(row.storage_type for row in rows):
        rule = STORAGE_TYPES[name]
        if is_move and not rule.may_delete:
            raise TypeRuleError(f"blobs of {name} cannot be moved away: {rule.summary}; C takes them for copying")


def check_target(rows: Sequence[Row], to: Location, *, is_move: bool) -> None:
    """Raise ConflictError when rows are in the target already, or when a folder would go into itself."""
    folder = as_folder(to)
    for row in rows:
        if row.storage_type != to.storage_type:
            continue
        if isinstance(row, Folder) and folder.key.startswith(row.key):
            raise ConflictError(f"{Location(row.storage_type, row.key)} cannot go into itself; choose a folder outside")
    if is_move and all((row.storage_type, parent_prefix(row.key)) == (to.storage_type, folder.key) for row in rows):
        raise ConflictError("they are in this folder already")


def rule_words(rows: Iterable[Row], to: str) -> str:
    """Return what the storage types mean for the blobs that arrive; "" within one type that keeps everything."""
    types, rule = dict.fromkeys(row.storage_type for row in rows), STORAGE_TYPES[to]
    if not rule.may_overwrite:
        return f"{to} is {rule.summary}: what arrives can neither be replaced nor moved away."
    if [*types] == [to]:
        return "The expiry of each blob stays as it is." if rule.expires_after is not None else ""
    if rule.expires_after is not None:
        return f"In {to} they expire {rule.expires_after.days} days from now."
    if any(STORAGE_TYPES[name].expires_after is not None for name in types):
        return f"{to}: {rule.summary}; what expired before is kept."
    return f"{to}: {rule.summary}."


def moves_into(gathered: Iterable[Gathered], to: Location, *, overwrite: bool) -> list[Move]:
    """Return a move into the target folder for each blob. Raise InvalidKeyError for a key that would be too long."""
    folder = as_folder(to)
    return [
        _move(one.blob, folder.storage_type, folder.key + one.blob.key[len(one.home) :], overwrite=overwrite)
        for one in gathered
    ]


def moves_of_rename(row: Row, name: str, blobs: Iterable[Blob], *, overwrite: bool) -> list[Move]:
    """Return the moves that rename a row to the key or prefix `name`; `blobs` are those of the row."""
    if not isinstance(row, Folder):
        return [_move(blob, blob.storage_type, name, overwrite=overwrite) for blob in blobs]
    return [_move(blob, blob.storage_type, name + blob.key[len(row.key) :], overwrite=overwrite) for blob in blobs]


def _move(blob: Blob, to_type: str, to_key: str, *, overwrite: bool) -> Move:
    return Move(blob.key, check_key(to_key), blob.storage_type, to_type, blob.etag, overwrite)


def renamed_key(row: Row, name: str) -> str:
    """Return the key, or the prefix of a folder, that a row has under another name beside it.

    Raise a StorageError that says why when the name cannot be one.
    """
    folder = parent_prefix(row.key)
    wanted = name.removesuffix("/") if isinstance(row, Folder) else name
    if not wanted:
        raise StorageError("type a name")
    if not isinstance(row, Folder) and name.endswith("/"):
        raise StorageError("a name with a slash at its end is a folder's; add the name of the blob")
    key = check_key(folder + wanted)
    return f"{key}/" if isinstance(row, Folder) else key
