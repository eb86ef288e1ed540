"""The audit log of a local store: rows that `rows.remove` writes in the transaction of the delete."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import apsw

from storage_tui.contract.errors import NotFoundError, UnavailableError
from storage_tui.contract.moments import from_millis, to_millis
from storage_tui.server.stores.audit import AUDIT_LIFETIME, AuditEntry
from storage_tui.server.stores.local.database.schema import FIRST_VERSION, SCHEMA_VERSION, TRACES_SINCE, open_beside

PAGE = 1000  # entries in memory at once
MOST_BYTES = 64 * 1024 * 1024  # of one user who has a quota: about 300,000 deletes; then the oldest entries are removed
DROP_AT_ONCE = 100  # entries removed at once, so that the next removal comes only after as many deletes

_READ = (
    "SELECT seq, at, namespace, type, key, etag, request FROM audit "
    "WHERE seq > ? AND at >= ? AND (? IS NULL OR namespace = ?) ORDER BY seq LIMIT ?"
)
_KEPT_BYTES = "SELECT bytes FROM traces WHERE namespace = ? AND kind = 'audit'"
_DROP = "DELETE FROM audit WHERE seq IN (SELECT seq FROM audit WHERE namespace = ? ORDER BY seq LIMIT ?)"
_NOTE_DROPPED = "UPDATE traces SET dropped = dropped + ? WHERE namespace = ? AND kind = 'audit'"
_DROPPED = "SELECT namespace, dropped FROM traces WHERE kind = 'audit' AND dropped > 0 AND (? IS NULL OR namespace = ?)"


def trim(connection: apsw.Connection, namespace: bytes, most_bytes: int) -> None:
    """Remove the oldest entries of a user with more than `most_bytes`, and note how many were removed. Called in the
    transaction of a delete, so that a user who has a quota cannot fill the disk by storing and deleting."""
    found: int | None = connection.execute(_KEPT_BYTES, (namespace,)).get
    if found is not None and found > most_bytes:
        connection.execute(_DROP, (namespace, DROP_AT_ONCE))
        dropped = connection.changes()
        connection.execute(_NOTE_DROPPED, (dropped, namespace))


def forget_old(connection: apsw.Connection, now: int) -> None:
    """Remove the entries past their lifetime."""
    connection.execute("DELETE FROM audit WHERE at < ?", (now - AUDIT_LIFETIME // timedelta(milliseconds=1),))


def open_audit(data_dir: Path) -> "LocalAudit":
    """Return the log of the store in the directory. Raise NotFoundError where there is no store. Raise UnavailableError
    for a store that cannot be read, or that no server of this version has opened yet."""
    database = data_dir / "meta.db"
    if not database.is_file():
        raise NotFoundError(f"there is no store in {data_dir}")
    try:
        connection = open_beside(database)
        version: Any = connection.pragma("user_version")
        connection.close()
    except apsw.Error as exc:
        raise UnavailableError(f"{database} cannot be read: {exc}; restore it from a backup") from exc
    if not FIRST_VERSION <= version <= SCHEMA_VERSION:
        raise UnavailableError(
            f"{data_dir} was written by another version of storage-tui; serve it with this one first"
        )
    return LocalAudit(database)


class LocalAudit:
    """The log in a data directory. It can be read with or without a running server."""

    def __init__(self, database: Path) -> None:
        self._database = database

    def entries(self, *, since: datetime | None = None, namespace: str | None = None) -> Iterator[AuditEntry]:
        """Yield the deletes, as `AuditLog.entries` promises."""
        connection = open_beside(self._database)
        owner = None if namespace is None else bytes.fromhex(namespace)
        start, last = 0 if since is None else to_millis(since), 0
        try:
            while rows := _page(connection, last, start, owner):
                for _, at, whose, storage_type, key, etag, request_id in rows:
                    yield AuditEntry(
                        from_millis(at),
                        whose.hex(),
                        storage_type,
                        key.decode("utf-8", "backslashreplace"),
                        etag,
                        request_id,
                    )
                last = rows[-1][0]
        finally:
            connection.close()

    def dropped(self, namespace: str | None = None) -> dict[str, int]:
        """Return the numbers of removed entries, as `AuditLog.dropped` promises."""
        owner = None if namespace is None else bytes.fromhex(namespace)
        connection = open_beside(self._database)
        try:
            if int(connection.pragma("user_version")) < TRACES_SINCE:
                return {}
            rows: list[Any] = connection.execute(_DROPPED, (owner, owner)).fetchall()
            return {whose.hex(): count for whose, count in rows}
        finally:
            connection.close()


def _page(connection: apsw.Connection, last: int, start: int, owner: bytes | None) -> list[Any]:
    return connection.execute(_READ, (last, start, owner, owner, PAGE)).fetchall()
