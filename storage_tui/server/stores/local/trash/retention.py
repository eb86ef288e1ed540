"""The end of retention: the row of a gone blob is deleted and its bytes become garbage, in one transaction.

Retention ends by time, by an expiry in `tmp`, by the bounds of a user, and for room on the disk; always the oldest
first. The order of the rows is the order in which the blobs went.
"""

import logging
from typing import Any

import apsw

from storage_tui.contract.moments import from_millis
from storage_tui.contract.trash import Purged
from storage_tui.server.stores.local.database.possible import MAX_MILLIS
from storage_tui.server.stores.totals import Ceiling
from storage_tui.server.stores.trash import PURGED_AT_ONCE, GoneTotal

BATCH = 500  # rows in one change, so that other writers do not wait long
SPARE_BYTES = 4 * 1024 * 1024  # given up beyond what a write lacks, so that not every small write gives up something
MOST_FOR_ONE = 10_000  # gone blobs that give way to one write of a user; later changes and the sweep go on

_ROW = "seq, at, expires, id, content, size"
_OLDEST = f"SELECT {_ROW} FROM gone ORDER BY seq LIMIT ?"
_EXPIRED = f"SELECT {_ROW} FROM gone INDEXED BY gone_by_expiry WHERE expires <= ? LIMIT ?"
_OF_OWNER = f"SELECT {_ROW} FROM gone INDEXED BY gone_by_owner WHERE namespace = ? AND type = ? ORDER BY seq LIMIT ?"
_BELOW = (
    f"SELECT {_ROW} FROM gone INDEXED BY gone_by_key WHERE namespace = ? AND type = ? AND key >= ? AND key < ? "
    "AND (? IS NULL OR id = ?) LIMIT ?"
)
_FORGET = "DELETE FROM gone WHERE seq = ?"
_HELD = "SELECT count, bytes FROM traces WHERE namespace = ? AND kind = ?"
_LIVE = "SELECT count, bytes FROM totals WHERE namespace = ? AND type = ?"
_ALL = "SELECT sum(count), sum(bytes) FROM traces WHERE kind LIKE 'gone.%'"
_OWNERS = "SELECT namespace, substr(kind, 6) FROM traces WHERE kind LIKE 'gone.%' AND count > 0"
_FACT = "SELECT value FROM facts WHERE name = ?"
_SET_FACT = "INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = max(value, excluded.value)"
_ADD_FACT = "INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = value + excluded.value"
_SINCE, _EARLY = "trash_since", "trash_ended_early"
_AUDIT = (
    "INSERT INTO audit (at, namespace, type, key, etag, request) "
    "SELECT ?, namespace, type, key, id, ? FROM gone WHERE seq = ?"
)
_GARBAGE = "INSERT OR IGNORE INTO garbage (id, since) VALUES (?, ?)"

_log = logging.getLogger(__name__)


def end_old(connection: apsw.Connection, now: int, retention: int) -> int:
    """End the retention of up to BATCH blobs whose time is over, or that have expired. Return how many.

    After a clock was wrong, rows can be of the future. Their time begins now, so that they do not stay for ever.
    """
    rows: list[Any] = connection.execute(_EXPIRED, (now, BATCH)).fetchall()
    if not rows:
        oldest: list[Any] = connection.execute(_OLDEST, (BATCH,)).fetchall()
        if oldest and oldest[0][1] > now:
            connection.execute("UPDATE gone SET at = ? WHERE at > ?", (now, now))
            return 0
        for row in oldest:
            if row[1] + retention > now:
                break
            rows.append(row)
    _end(connection, rows, now)
    return len(rows)


def end_for_room(connection: apsw.Connection, now: int, short_bytes: int) -> int:
    """End the retention of the oldest blobs, of at least `short_bytes` or of BATCH blobs, and note that they went
    before their time. Return how many; 0 when the trash is empty."""
    rows: list[Any] = []
    size_bytes = 0
    for row in connection.execute(_OLDEST, (BATCH,)):
        rows.append(row)
        size_bytes += row[5]
        if size_bytes >= short_bytes + SPARE_BYTES:
            break
    if rows:
        _end(connection, rows, now)
        last = min(max(row[1] for row in rows), MAX_MILLIS)
        connection.execute(_SET_FACT, (_SINCE, last))
        connection.execute(_ADD_FACT, (_EARLY, len(rows)))
        _log.warning(
            "the disk needs room: %d deleted or overwritten blobs (%d bytes) that went until %s cannot come back",
            len(rows), size_bytes, from_millis(last).isoformat(timespec="seconds"),
        )  # fmt: skip
    return len(rows)


def fit(
    connection: apsw.Connection, namespace: bytes, storage_type: str, ceiling: Ceiling | None, now: int, most: int
) -> bool:
    """End the retention of a user's oldest blobs until live and gone blobs together are within the user's quota, and
    at most `most` are gone. Called in the transaction of a change. Return whether this is so."""
    count, size_bytes = connection.execute(_HELD, (namespace, f"gone.{storage_type}")).fetchone() or (0, 0)
    most_count, most_bytes = most, None
    if ceiling is not None:
        live, live_bytes = connection.execute(_LIVE, (namespace, storage_type)).fetchone() or (0, 0)
        if ceiling.count is not None:
            most_count = max(min(most, ceiling.count - live), 0)
        most_bytes = None if ceiling.size_bytes is None else max(ceiling.size_bytes - live_bytes, 0)
    ended = 0
    while count > most_count or (most_bytes is not None and size_bytes > most_bytes):
        if ended >= MOST_FOR_ONE:
            return False
        rows: list[Any] = []
        for row in connection.execute(_OF_OWNER, (namespace, storage_type, BATCH)):
            if count <= most_count and (most_bytes is None or size_bytes <= most_bytes):
                break
            rows.append(row)
            count, size_bytes = count - 1, size_bytes - row[5]
        if not rows:
            return True
        _end(connection, rows, now)
        ended += len(rows)
    return True


def end_below(
    connection: apsw.Connection, namespace: bytes, storage_type: str, low: bytes, high: bytes, *, etag: str | None,
    now: int, request_id: str,
) -> Purged:  # fmt: skip
    """End the retention of up to PURGED_AT_ONCE blobs between the keys, and write an audit entry for each. Their files
    may be unlinked without a grace."""
    rows: list[Any] = connection.execute(
        _BELOW, (namespace, storage_type, low, high, etag, etag, PURGED_AT_ONCE)
    ).fetchall()
    connection.executemany(_AUDIT, [(now, request_id, row[0]) for row in rows])
    _end(connection, rows, 0)
    return Purged(len(rows), sum(row[5] for row in rows), len(rows) == PURGED_AT_ONCE)


def total(connection: apsw.Connection) -> GoneTotal:
    """Return the figures of all gone blobs."""
    count, size_bytes = connection.execute(_ALL).fetchone() or (0, 0)
    return GoneTotal(count or 0, size_bytes or 0, connection.execute(_FACT, (_EARLY,)).get or 0)


def owners(connection: apsw.Connection) -> list[tuple[bytes, str]]:
    """Return the namespaces and storage types with gone blobs."""
    rows: list[Any] = connection.execute(_OWNERS).fetchall()
    return [(row[0], row[1]) for row in rows]


def since(connection: apsw.Connection, now: int, retention: int) -> int | None:
    """Return the moment from which on no blob went before its time; None when the whole retention is kept."""
    found: int | None = connection.execute(_FACT, (_SINCE,)).get
    return found if found is not None and now - retention < found <= now else None


def _end(connection: apsw.Connection, rows: list[Any], now: int) -> None:
    """Delete the rows. Small values are released at once. Files become garbage of the time at which the blobs went, or
    of `now` where that is earlier: the grace of garbage is part of the retention."""
    connection.executemany(_FORGET, [(row[0],) for row in rows])
    files = [(row[3], min(row[1], now)) for row in rows if row[4] is None]
    values = [(row[4],) for row in rows if row[4] is not None]
    connection.executemany(_GARBAGE, files)
    connection.executemany("DELETE FROM contents WHERE id = ?", values)
