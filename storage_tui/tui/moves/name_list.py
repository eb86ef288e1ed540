"""The list of names for a batch rename: one name a line, written for an editor, read back, and put into an order.

The order makes chains and swaps work: `a` to `b` while `b` goes to `c` moves `b` first, and a circle goes over a name
that nothing has.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from storage_tui.contract.errors import StorageError
from storage_tui.contract.keys import parent_prefix
from storage_tui.tui.moves.targets import renamed_key
from storage_tui.tui.state.listing import Folder, Row

NAMES_AT_MOST = 10_000  # lines that somebody edits by hand
ASIDE = ".renaming-"  # in the name of a row that waits for its place in a circle


class NameListError(Exception):
    """The list cannot be carried out; the text says which line is wrong and why."""


@dataclass(frozen=True, slots=True)
class Renaming:
    """One row and its new key; the key of a folder has the slash."""

    row: Row
    key: str


def names_of(rows: Sequence[Row]) -> str:
    """Return the text for the editor: the name of each row within its folder, one a line."""
    return "".join(f"{row.key[len(parent_prefix(row.key)) :]}\n" for row in rows)


def read_names(text: str, rows: Sequence[Row]) -> list[Renaming]:
    """Return the rows whose names were changed. Raise NameListError, which names the line, for anything unclear."""
    lines = text.split("\n")
    while lines and not lines[-1]:
        lines.pop()
    if len(lines) != len(rows):
        raise NameListError(f"the list has {len(lines):,} names for {len(rows):,} rows; keep one line for each")
    found: list[Renaming] = []
    for number, (line, row) in enumerate(zip(lines, rows, strict=True), 1):
        try:
            found.append(Renaming(row, renamed_key(row, line.removesuffix("\r"))))
        except StorageError as exc:
            raise NameListError(f"line {number:,}: {exc.message}") from exc
    _check_distinct(found)
    return [one for one in found if one.key != one.row.key]


def _check_distinct(found: Sequence[Renaming]) -> None:
    seen: dict[tuple[str, str], int] = {}
    for number, one in enumerate(found, 1):
        other = seen.setdefault((one.row.storage_type, one.key), number)
        if other != number:
            raise NameListError(f"lines {other:,} and {number:,} have the same name")


def in_order(renamings: Sequence[Renaming], aside: Callable[[], str] = lambda: secrets.token_hex(4)) -> list[Renaming]:
    """Return the steps, one after the other, of which none takes the place of a row that still has to go.

    A row of a circle first goes to a name of its own, and the last step takes it from there to its new key. `aside`
    returns the end of such a name.
    """
    waiting = {(one.row.storage_type, one.row.key): one for one in renamings}
    steps: list[Renaming] = []
    while waiting:
        free = [one for one in waiting.values() if (one.row.storage_type, one.key) not in waiting]
        for one in free:
            del waiting[one.row.storage_type, one.row.key]
            steps.append(one)
        if free or not waiting:
            continue
        first = next(iter(waiting.values()))
        key = _aside(first.row.key, aside())
        del waiting[first.row.storage_type, first.row.key]
        steps.append(Renaming(first.row, key))
        moved: Row = (
            Folder(key, first.row.storage_type) if isinstance(first.row, Folder) else _at(first.row, key)
        )  # fmt: skip
        waiting[moved.storage_type, moved.key] = Renaming(moved, first.key)
    return steps


def _at(row: Row, key: str) -> Row:
    return replace(row, key=key)


def _aside(key: str, end: str) -> str:
    slash = "/" if key.endswith("/") else ""
    return f"{key.removesuffix('/')}{ASIDE}{end}{slash}"
