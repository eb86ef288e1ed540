"""The counters of a local store: count and bytes for each namespace and type. Triggers update the counters in the
transaction of every change, so that no path can forget them."""

from collections.abc import Collection
from typing import Any

import apsw

from storage_tui.contract.errors import QuotaExceededError
from storage_tui.server.stores.local.database.rows import BlobPlace
from storage_tui.server.stores.local.trash import retention
from storage_tui.server.stores.overview import Overview, TypeTotal
from storage_tui.server.stores.totals import Ceiling, Totals

_HELD = "SELECT count, bytes FROM totals WHERE namespace = ? AND type = ?"
_EXPIRED = (  # not swept yet, but these blobs do not exist any more
    "SELECT count(*), coalesce(sum(size), 0) FROM keys INDEXED BY keys_by_expiry "
    "WHERE expires <= ? AND namespace = ? AND type = ?"
)
_OPEN = (
    "SELECT count(*), coalesce(sum(offset), 0) FROM uploads "
    "WHERE namespace = ? AND type = ? AND state = 'open' AND expires > ?"
)
_OPEN_PARTS = (
    "SELECT coalesce(sum(upload_parts.offset - start), 0) FROM uploads JOIN upload_parts USING (upload_id) "
    "WHERE namespace = ? AND type = ? AND state = 'open' AND expires > ?"
)
_OFFSET = (
    "SELECT offset + coalesce((SELECT sum(upload_parts.offset - start) FROM upload_parts "
    "WHERE upload_parts.upload_id = uploads.upload_id), 0) "
    "FROM uploads WHERE upload_id = ? AND namespace = ? AND type = ? AND state = 'open'"
)
_SIZE = "SELECT size FROM keys WHERE namespace = ? AND type = ? AND key = ? AND coalesce(expires > ?, 1)"

_ALL = "SELECT type, sum(count), sum(bytes) FROM totals GROUP BY type ORDER BY type"
_ALL_OPEN = "SELECT count(*) FROM uploads WHERE state = 'open' AND expires > ?"


def overview(connection: apsw.Connection, now: int, free_bytes: int) -> Overview:
    """Return the overview, as `Overseen.overview` promises."""
    rows: list[Any] = connection.execute(_ALL).fetchall()
    open_uploads = int(connection.execute(_ALL_OPEN, (now,)).get)
    return Overview(tuple(TypeTotal(*row) for row in rows), open_uploads, free_bytes, retention.total(connection))


def held(connection: apsw.Connection, namespace: bytes, storage_type: str, now: int) -> tuple[int, int]:
    """Return count and bytes of the live blobs."""
    count, size_bytes = connection.execute(_HELD, (namespace, storage_type)).fetchone() or (0, 0)
    [(expired, expired_bytes)] = connection.execute(_EXPIRED, (now, namespace, storage_type))
    return count - expired, size_bytes - expired_bytes


def totals(
    connection: apsw.Connection, namespace: bytes, storage_type: str, now: int, without: Collection[str]
) -> Totals:
    """Return the totals, as `Counting.totals` promises."""
    count, size_bytes = held(connection, namespace, storage_type, now)
    [(open_uploads, open_bytes)] = connection.execute(_OPEN, (namespace, storage_type, now))
    open_bytes += connection.execute(_OPEN_PARTS, (namespace, storage_type, now)).get
    for upload_id in set(without):
        row = connection.execute(_OFFSET, (upload_id, namespace, storage_type)).fetchone()
        open_bytes -= row[0] if row else 0
    return Totals(count, size_bytes, open_uploads, open_bytes)


def check_ceiling(connection: apsw.Connection, place: BlobPlace, size_bytes: int, ceiling: Ceiling, now: int) -> None:
    """Raise QuotaExceededError when a blob of that size at the place would exceed the ceiling."""
    namespace, storage_type, _ = place.row_key
    count, held_bytes = held(connection, namespace, storage_type, now)
    replaced = connection.execute(_SIZE, (*place.row_key, now)).fetchone()
    more_bytes = size_bytes - (replaced[0] if replaced else 0)
    if ceiling.size_bytes is not None and more_bytes > 0 and held_bytes + more_bytes > ceiling.size_bytes:
        raise QuotaExceededError(
            f"no room for {size_bytes} bytes: your quota for {storage_type} is {ceiling.size_bytes} bytes and "
            f"{held_bytes} are used; delete something first",
            key=place.key,
        )
    if ceiling.count is not None and replaced is None and count >= ceiling.count:
        raise QuotaExceededError(
            f"your quota for {storage_type} is {ceiling.count} blobs and there are {count}; delete something first",
            key=place.key,
        )
