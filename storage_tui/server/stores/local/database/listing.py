"""Lists and sums over the keys of a local store, in byte order.

A prefix is a range of the primary key, never a pattern. A child prefix costs one seek past all keys below it, however
many there are.
"""

import logging
from array import array
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

import apsw

from storage_tui.contract.columns import ColumnPage
from storage_tui.contract.keys import successor
from storage_tui.contract.models import CHILDREN_AT_MOST, Blob, Page, Usage
from storage_tui.contract.moments import from_millis
from storage_tui.server.stores.local.database.possible import (
    CONTENT_TYPE,
    CRC_IS_POSSIBLE,
    NAMESPACE_BYTES,
    NUMBERS_ARE_POSSIBLE,
    id_is_possible,
    is_key,
)
from storage_tui.server.stores.local.database.rows import Held

_log = logging.getLogger(__name__)

_PAST_ALL = b"\xff"  # no UTF-8 text begins with this byte
_WITHIN = (
    "namespace = ? AND type = ? AND key >= ? AND key < ? AND (expires IS NULL OR expires > ?) "
    f"AND {NUMBERS_ARE_POSSIBLE}"
)
_SELECT = "SELECT key, {} FROM keys WHERE " + _WITHIN + " {} ORDER BY key LIMIT ?"
_HELD = _SELECT.format(
    f"id, size, crc, modified, expires, {CONTENT_TYPE}, content", f"AND {CRC_IS_POSSIBLE} AND {id_is_possible('id')}"
)
_TOLD = _SELECT.format("size, modified, ifnull(expires, 0)", "")
_NOTHING = (0, 0, 0)  # the figures of a child prefix
FIRST_RUN, RUN_GROWTH, SUMMED_RUN = 2, 8, 1024  # rows read at once
NAMED_BYTES = 1024 * 1024  # bytes of keys in one answer in columns: 200 for each of 5,000 keys
_NAMESPACES = """
WITH RECURSIVE found(namespace) AS (
  SELECT min(namespace) FROM keys
  UNION ALL SELECT (SELECT min(namespace) FROM keys WHERE namespace > found.namespace) FROM found
    WHERE found.namespace IS NOT NULL
) SELECT namespace FROM found WHERE length(namespace) = ?"""
_SUMS = f"SELECT count(*), sum(size), min(modified), max(modified) FROM keys WHERE {_WITHIN}"


def list_page(
    connection: apsw.Connection, namespace: bytes, storage_type: str, *, prefix: str, delimiter: str, after: str,
    limit: int, now: int,
) -> Page:  # fmt: skip
    """Return one page, as `Store.list_page` promises."""
    blobs: list[Blob] = []
    prefixes: list[str] = []
    last = ""
    with connection:  # the whole page is of one moment of the store
        for name, columns in _entries(
            connection, _HELD, namespace, storage_type, prefix, delimiter, after, now, most=limit + 1
        ):
            if len(blobs) + len(prefixes) == limit:
                return Page(tuple(blobs), tuple(prefixes), last)
            last = name
            if columns is None:
                prefixes.append(name)
            else:
                blobs.append(Held(*columns).to_blob(name, storage_type))
    return Page(tuple(blobs), tuple(prefixes))


def list_columns(
    connection: apsw.Connection, namespace: bytes, storage_type: str, *, prefix: str, delimiter: str, after: str,
    limit: int, page_limit: int, now: int,
) -> list[ColumnPage]:  # fmt: skip
    """Return pages in columns, as `Store.list_columns` promises."""
    found: list[tuple[Any, ...]] = []
    named_bytes = 0
    folders: list[int] = []
    with connection:
        for rows, child in _runs(
            connection, _TOLD, namespace, storage_type, prefix, delimiter, after, now, most=limit + 1
        ):
            found += rows
            if child is not None:
                folders.append(len(found))
                found.append((child, *_NOTHING))
            named_bytes += sum(map(len, [row[0] for row in rows])) + len(child or b"")
            if len(found) > limit or named_bytes > NAMED_BYTES:
                break
    if named_bytes > NAMED_BYTES:
        limit = min(limit, _within(found, NAMED_BYTES))
    shown, cut, pages = min(len(found), limit), len(prefix.encode()), list[ColumnPage]()
    for start in range(0, shown, page_limit):
        stop = min(start + page_limit, shown)
        keys, sizes, modified, expires = zip(*found[start:stop], strict=True)
        pages.append(
            ColumnPage(
                tuple([key[cut:].decode() for key in keys]),
                array("Q", sizes),
                array("q", modified),
                array("q", expires) if any(expires) else None,
                array("I", [place - start for place in folders if start <= place < stop]),
                keys[-1].decode() if stop < len(found) else None,
            )
        )
    return pages or [ColumnPage((), array("Q"), array("q"))]


def _within(found: list[tuple[Any, ...]], most_bytes: int) -> int:
    """Return how many entries from the start have keys of at most `most_bytes` together; at least one entry."""
    held_bytes = 0
    for count, row in enumerate(found):
        held_bytes += len(row[0])
        if held_bytes > most_bytes:
            return max(count, 1)
    return len(found)


def namespaces(connection: apsw.Connection) -> list[str]:
    """Return the namespaces with blobs, expired blobs included. Each costs one seek, however many blobs it has."""
    rows: list[Any] = connection.execute(_NAMESPACES, (NAMESPACE_BYTES,)).fetchall()
    return [row[0].hex() for row in rows]


def usage(
    connection: apsw.Connection, namespace: bytes, storage_type: str, *, prefix: str, delimiter: str, now: int
) -> Usage:
    """Return the totals below the prefix and of each child prefix, as `Store.usage` promises."""
    with connection:
        total = _sum(connection, namespace, storage_type, prefix, now)
        if not delimiter or not total.count:
            return total
        entries = _entries(connection, _TOLD, namespace, storage_type, prefix, delimiter, "", now, most=SUMMED_RUN)
        names = islice((name for name, columns in entries if columns is None), CHILDREN_AT_MOST)
        children = tuple(_sum(connection, namespace, storage_type, name, now) for name in names)
    return replace(total, children=children)


def _sum(connection: apsw.Connection, namespace: bytes, storage_type: str, prefix: str, now: int) -> Usage:
    low = prefix.encode()
    bounds = (namespace, storage_type, low, successor(low) or _PAST_ALL, now)
    row: tuple[int, int | None, int | None, int | None] = connection.execute(_SUMS, bounds).get
    count, size_bytes, oldest, newest = row
    return Usage(
        prefix,
        count,
        size_bytes or 0,
        None if oldest is None else from_millis(oldest),
        None if newest is None else from_millis(newest),
    )


def _entries(
    connection: apsw.Connection, select: str, namespace: bytes, storage_type: str, prefix: str, delimiter: str,
    after: str, now: int, *, most: int,
) -> Iterator[tuple[str, tuple[Any, ...] | None]]:  # fmt: skip
    """Yield keys with their selected columns, and child prefixes with None, strictly after `after`."""
    for rows, child in _runs(connection, select, namespace, storage_type, prefix, delimiter, after, now, most=most):
        for row in rows:
            yield row[0].decode(), row[1:]
        if child is not None:
            yield child.decode(), None


def _runs(
    connection: apsw.Connection, select: str, namespace: bytes, storage_type: str, prefix: str, delimiter: str,
    after: str, now: int, *, most: int,
) -> Iterator[tuple[list[tuple[Any, ...]], bytes | None]]:  # fmt: skip
    """Yield runs of key rows, up to `most` rows at once, strictly after `after`. Each run comes with the child prefix
    that follows it, or None. The runs grow until a child prefix comes: so a folder costs few of the rows below it, and
    a flat list few statements."""
    low, fold, past = prefix.encode(), delimiter.encode(), after.encode()
    high = successor(low) or _PAST_ALL
    start: bytes | None = low
    if past >= low:
        child = _child_prefix(past, low, fold) if past.startswith(low) else None
        start = (past + b"\0" if child is None else successor(child)) if past else low
    size = FIRST_RUN
    while start is not None and start < high:
        found: list[Any] = connection.execute(select, (namespace, storage_type, start, high, now, size)).fetchall()
        rows = _readable(found)
        at = _first_child(rows, low, fold)
        if at is not None:
            child = _child_prefix(rows[at][0], low, fold)
            yield rows[:at], child
            start, size = successor(child or b""), FIRST_RUN
        else:
            yield rows, None
            start = found[-1][0] + b"\0" if len(found) == size else None
            size = min(size * RUN_GROWTH, most)


def _first_child(rows: list[Any], low: bytes, fold: bytes) -> int | None:
    """Return the place of the first row in a child prefix; None for no such row."""
    if not fold:
        return None
    if len(fold) == 1 and b"".join([row[0] for row in rows]).count(fold) == low.count(fold) * len(rows):
        return None  # the only delimiters are those of the prefix
    return next((at for at, row in enumerate(rows) if row[0].find(fold, len(low)) != -1), None)


def _readable(rows: list[Any]) -> list[Any]:
    """Return the rows with valid keys, and log a warning for the others. Every key that a program of ours wrote is
    valid.

    A row with an invalid key would end the list, or begin the list again.
    """
    try:
        text = b" ".join([row[0] for row in rows]).decode()
        if (
            text.isprintable()
            and "./" not in text
            and ". " not in text
            and text[-1:] != "."
            and (not rows or rows[0][0])
        ):
            return rows
    except UnicodeDecodeError:
        pass
    found = [row for row in rows if is_key(row[0])]
    if len(found) < len(rows):
        _log.warning("a list skips a row whose key is invalid; run storage-tui verify to see which")
    return found


def _child_prefix(key: bytes, low: bytes, fold: bytes) -> bytes | None:
    cut = key.find(fold, len(low)) if fold else -1
    return None if cut == -1 else key[: cut + len(fold)]
