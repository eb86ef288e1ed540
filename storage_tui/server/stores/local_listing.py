"""Lists and sums over the keys of a local store, in byte order.

A prefix is a range of the primary key, never a pattern. A child prefix costs one seek past all that is below it,
however much that is.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

import apsw

from storage_tui.contract.keys import successor
from storage_tui.contract.models import CHILDREN_AT_MOST, Blob, Page, Usage
from storage_tui.server.stores.local_rows import Held, from_millis

_PAST_ALL = b"\xff"  # no UTF-8 text begins with this byte
_WITHIN = "namespace = ? AND type = ? AND key >= ? AND key < ? AND (expires IS NULL OR expires > ?)"
_ROWS = f"SELECT key, id, size, crc, modified, expires, content_type, content FROM keys WHERE {_WITHIN} ORDER BY key"
_SUMS = f"SELECT count(*), sum(size), min(modified), max(modified) FROM keys WHERE {_WITHIN}"


def list_page(
    connection: apsw.Connection, namespace: bytes, storage_type: str, *, prefix: str, delimiter: str, after: str,
    limit: int, now: int,
) -> Page:  # fmt: skip
    """One page as `Store.list_page` promises it."""
    blobs: list[Blob] = []
    prefixes: list[str] = []
    last = ""
    with connection:  # one moment of the store for the whole page
        for name, held in _entries(connection, namespace, storage_type, prefix, delimiter, after, now):
            if len(blobs) + len(prefixes) == limit:
                return Page(tuple(blobs), tuple(prefixes), last)
            last = name
            if held is None:
                prefixes.append(name)
            else:
                blobs.append(held.to_blob(name, storage_type))
    return Page(tuple(blobs), tuple(prefixes))


def namespaces(connection: apsw.Connection) -> list[str]:
    """The namespaces that hold blobs, expired ones too."""
    rows: list[Any] = connection.execute("SELECT DISTINCT namespace FROM keys ORDER BY 1").fetchall()
    return [row[0].hex() for row in rows]


def usage(
    connection: apsw.Connection, namespace: bytes, storage_type: str, *, prefix: str, delimiter: str, now: int
) -> Usage:
    """Totals below the prefix, and of each child prefix, as `Store.usage` promises them."""
    with connection:
        total = _sum(connection, namespace, storage_type, prefix, now)
        if not delimiter or not total.count:
            return total
        entries = _entries(connection, namespace, storage_type, prefix, delimiter, "", now)
        names = islice((name for name, held in entries if held is None), CHILDREN_AT_MOST)
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
    connection: apsw.Connection, namespace: bytes, storage_type: str, prefix: str, delimiter: str, after: str, now: int
) -> Iterator[tuple[str, Held | None]]:
    """Keys with their rows, and child prefixes with None, strictly after `after`."""
    low, fold, past = prefix.encode(), delimiter.encode(), after.encode()
    high = successor(low) or _PAST_ALL
    start: bytes | None = low
    if past >= low:
        child = _child_prefix(past, low, fold) if past.startswith(low) else None
        start = (past + b"\0" if child is None else successor(child)) if past else low
    while start is not None and start < high:
        jump: bytes | None = None
        rows = connection.execute(_ROWS, (namespace, storage_type, start, high, now))
        for key, *columns in rows:
            child = _child_prefix(key, low, fold)
            if child is not None:
                jump = successor(child)
                yield child.decode(), None
                break
            yield key.decode(), Held(*columns)
        rows.close()
        start = jump


def _child_prefix(key: bytes, low: bytes, fold: bytes) -> bytes | None:
    cut = key.find(fold, len(low)) if fold else -1
    return None if cut == -1 else key[: cut + len(fold)]
