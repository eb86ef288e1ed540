"""The audit log of a local store: rows that `local_rows.remove` writes in the transaction of the delete."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import apsw

from storage_tui.contract.errors import NotFoundError, UnavailableError
from storage_tui.contract.moments import from_millis, to_millis
from storage_tui.server.stores.audit import AUDIT_LIFETIME, AuditEntry
from storage_tui.server.stores.local_schema import AUDIT_SINCE, SCHEMA_VERSION, open_reader

PAGE = 1000  # entries in memory at once

_READ = (
    "SELECT seq, at, namespace, type, key, etag, request FROM audit "
    "WHERE seq > ? AND at >= ? AND (? IS NULL OR namespace = ?) ORDER BY seq LIMIT ?"
)


def forget_old(connection: apsw.Connection, now: int) -> None:
    """Drop entries past their lifetime."""
    connection.execute("DELETE FROM audit WHERE at < ?", (now - AUDIT_LIFETIME // timedelta(milliseconds=1),))


def open_audit(data_dir: Path) -> "LocalAudit":
    """The log of the store in the directory. Raises NotFoundError where there is none, UnavailableError for one that
    cannot be read or that no server of this version has opened yet."""
    database = data_dir / "meta.db"
    if not database.is_file():
        raise NotFoundError(f"there is no store in {data_dir}")
    try:
        connection = open_reader(database)
        version: Any = connection.pragma("user_version")
        connection.close()
    except apsw.Error as exc:
        raise UnavailableError(f"{database} cannot be read: {exc}; restore it from a backup") from exc
    if not AUDIT_SINCE <= version <= SCHEMA_VERSION:
        raise UnavailableError(
            f"{data_dir} was written by another version of storage-tui; serve it with this one first"
        )
    return LocalAudit(database)


class LocalAudit:
    """The log in a data directory, beside a running server or without one."""

    def __init__(self, database: Path) -> None:
        self._database = database

    def entries(self, *, since: datetime | None = None, namespace: str | None = None) -> Iterator[AuditEntry]:
        """As `AuditLog.entries` promises."""
        connection = open_reader(self._database)
        owner = None if namespace is None else bytes.fromhex(namespace)
        start, last = 0 if since is None else to_millis(since), 0
        try:
            while rows := _page(connection, last, start, owner):
                for _, at, whose, storage_type, key, etag, request_id in rows:
                    yield AuditEntry(from_millis(at), whose.hex(), storage_type, key.decode(), etag, request_id)
                last = rows[-1][0]
        finally:
            connection.close()


def _page(connection: apsw.Connection, last: int, start: int, owner: bytes | None) -> list[Any]:
    return connection.execute(_READ, (last, start, owner, owner, PAGE)).fetchall()
