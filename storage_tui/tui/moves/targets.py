"""What a storage type and a folder do not allow for rows that move, said before; and the new key of a renamed row."""

from collections.abc import Iterable, Sequence

from storage_tui.contract.errors import ConflictError, StorageError, TypeRuleError
from storage_tui.contract.keys import Location, as_folder, check_key, check_name, parent_prefix
from storage_tui.contract.places import OpenPlace
from storage_tui.contract.storage_types import STORAGE_TYPES
from storage_tui.contract.visible import visible
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
        if row.storage_type != to.storage_type or not isinstance(row, Folder):
            continue
        if folder.key.startswith(row.key):
            raise ConflictError(f"{Location(row.storage_type, row.key)} cannot go into itself; choose a folder outside")
        if not is_move and parent_prefix(row.key) == folder.key:
            raise ConflictError(f"{Location(row.storage_type, row.key)} is in this folder already; choose another one")
    if is_move and all((row.storage_type, parent_prefix(row.key)) == (to.storage_type, folder.key) for row in rows):
        raise ConflictError("the rows are in this folder already")


def rule_words(rows: Iterable[Row], to: str, place: OpenPlace | None = None, *, is_apart: bool = False) -> str:
    """Return what the storage types mean for the blobs that arrive; "" within one type that keeps everything. A place
    may have types with rules of its own. With `is_apart` the blobs come from another store."""
    if place is not None and to in place.types:
        return f"{to}: {visible(place.types[to])}."
    types, rule = dict.fromkeys(row.storage_type for row in rows), STORAGE_TYPES[to]
    if not rule.may_overwrite:
        return f"{to} is {rule.summary}: what arrives can neither be replaced nor moved away."
    if [*types] == [to] and not is_apart:
        return "A moved blob keeps its expiry; a copy has seven days." if rule.expires_after is not None else ""
    if rule.expires_after is not None:
        return f"In {to} they expire {rule.expires_after.days} days from now."
    if any(STORAGE_TYPES[name].expires_after is not None for name in types):
        return f"{to}: {rule.summary}; they no longer expire."
    return f"{to}: {rule.summary}."


def renamed_key(row: Row, name: str) -> str:
    """Return the key, or the prefix of a folder, that a row has under another name beside it.

    Raise a StorageError that says why when the name cannot be one.
    """
    folder = parent_prefix(row.key)
    wanted = name.removesuffix("/") if isinstance(row, Folder) else name
    if not wanted:
        raise StorageError("type a name")
    if not isinstance(row, Folder) and name.endswith("/") and not row.key.endswith("/"):
        raise StorageError("a name with a slash at its end is a folder's; add the name of the blob")
    if folder + wanted != row.key.removesuffix("/"):
        check_key(wanted)  # in a folder of any name
    key = check_name(folder + wanted)
    return f"{key}/" if isinstance(row, Folder) else key
