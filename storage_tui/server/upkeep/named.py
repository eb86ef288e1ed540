"""The blobs that a store's database names: those in files, folder by folder, and the small values in the database."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw

from storage_tui.contract import checksum
from storage_tui.contract.errors import NotFoundError, UnavailableError
from storage_tui.server.stores.local.database.possible import (
    CRC_IS_POSSIBLE,
    NUMBERS_ARE_POSSIBLE,
    PLACE_IS_POSSIBLE,
    id_is_possible,
    is_text,
)
from storage_tui.server.stores.local.database.schema import open_beside, refuse_unknown

VALUES_AT_ONCE = 64  # small values in memory: 4 MiB at most, and each read transaction is short

_COLUMNS = "namespace, type, key, id, size, crc"
_POSSIBLE = f"{PLACE_IS_POSSIBLE} AND {NUMBERS_ARE_POSSIBLE} AND {CRC_IS_POSSIBLE} AND {id_is_possible('keys.id')}"
_FILES = f"SELECT {_COLUMNS} FROM keys WHERE content IS NULL AND id >= ? AND id < ? AND {_POSSIBLE} ORDER BY id"
_VALUES = (
    f"SELECT {', '.join('keys.' + name for name in _COLUMNS.split(', '))}, contents.content "
    "FROM keys LEFT JOIN contents ON contents.id = keys.content "
    f"WHERE keys.content IS NOT NULL AND (namespace, type, key) > (?, ?, ?) AND {_POSSIBLE} "
    "ORDER BY namespace, type, key LIMIT ?"
)
_IS_NAMED = "SELECT EXISTS (SELECT 1 FROM keys WHERE id = ? AND content IS NULL)"
_IS_GARBAGE = "SELECT EXISTS (SELECT 1 FROM garbage WHERE id = ?)"
_IS_GONE = "SELECT EXISTS (SELECT 1 FROM gone WHERE id = ? AND content IS NULL)"


@dataclass(frozen=True, slots=True)
class Named:
    """One blob as its row describes it; `crc` is the crc32c of its bytes."""

    namespace: str
    storage_type: str
    key: str
    blob_id: str
    size_bytes: int
    crc: int

    @property
    def shard(self) -> str:
        """Return the folder that contains the file of the blob."""
        return self.blob_id[:2]


def open_database(path: Path) -> apsw.Connection:
    """The database for reading, beside whoever writes it. Raises NotFoundError where there is none, UnavailableError
    for one that cannot be read or is of a version unknown here."""
    if not path.is_file():
        raise NotFoundError(f"there is no store in {path.parent}: it has no {path.name}")
    try:
        connection = open_beside(path)
        version = schema_of(connection)
    except (apsw.BusyError, apsw.FullError) as exc:
        raise UnavailableError(f"{path} cannot be read now: {exc}; make room on its disk, then try again") from exc
    except apsw.Error as exc:
        raise UnavailableError(f"{path} cannot be read: {exc}; restore it from a backup") from exc
    try:
        refuse_unknown(version, path)
    except UnavailableError:
        connection.close()
        raise
    return connection


def schema_of(connection: apsw.Connection) -> int:
    """Return the version of the tables."""
    version: Any = connection.pragma("user_version")
    return int(version)


def files_in(connection: apsw.Connection, shard: str) -> list[Named]:
    """Return the blobs whose files are in this folder, sorted by id, without impossible rows (`rows.py`)."""
    rows: list[Any] = connection.execute(_FILES, (shard, _after(shard))).fetchall()
    return [_named(row) for row in rows if is_text(row[2])]


def values_in(connection: apsw.Connection) -> Iterator[tuple[Named, bytes | None]]:
    """Yield the small values with their bytes, or None where the bytes are missing. Transactions are short, and
    impossible rows are left out."""
    last: tuple[Any, ...] = (b"", "", b"")
    while rows := connection.execute(_VALUES, (*last, VALUES_AT_ONCE)).fetchall():
        for row in rows:
            if is_text(row[2]):  # type: ignore[arg-type]
                yield _named(row), row[6]  # type: ignore[misc]
        last = tuple(rows[-1][:3])


def is_named(connection: apsw.Connection, blob_id: str) -> bool:
    """Return whether a key still names the file."""
    return bool(connection.execute(_IS_NAMED, (blob_id,)).get)


def is_garbage(connection: apsw.Connection, blob_id: str) -> bool:
    """Return whether the file is no longer in use and waits for its collector."""
    return bool(connection.execute(_IS_GARBAGE, (blob_id,)).get)


def is_gone(connection: apsw.Connection, blob_id: str) -> bool:
    """Return whether the file is that of a deleted or overwritten blob that can come back."""
    try:
        return bool(connection.execute(_IS_GONE, (blob_id,)).get)
    except apsw.SQLError:  # a database that no server of this version has opened yet
        return False


def why_bad(named: Named, size_bytes: int, crc: int) -> str | None:
    """Return what is wrong with bytes of this size and checksum; None when they are the stored ones."""
    if size_bytes != named.size_bytes:
        return f"it has {size_bytes} bytes, not {named.size_bytes}"
    if crc != named.crc:
        return f"its crc32c is {checksum.encode(crc)}, not {checksum.encode(named.crc)}"
    return None


def _named(row: Any) -> Named:
    namespace, storage_type, key, blob_id, size_bytes, crc = row[:6]
    return Named(namespace.hex(), storage_type, key.decode(), blob_id, size_bytes, crc)


def _after(shard: str) -> str:
    return f"{int(shard, 16) + 1:02x}" if shard != "ff" else "g"
