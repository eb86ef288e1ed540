"""The rows of keys: finding, writing and removing them, with the rules of the storage types.

The functions that change something run inside the writer's transaction. Each function checks everything before its
first change. So a refusal leaves nothing to undo, and the rest of the group can be committed.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import apsw

from storage_tui.contract import checksum
from storage_tui.contract.errors import DamagedError, StorageError
from storage_tui.contract.keys import check_key
from storage_tui.contract.models import Blob, DeleteResult
from storage_tui.contract.moments import MILLISECOND, from_millis
from storage_tui.contract.storage_types import StorageType, find_storage_type
from storage_tui.server.stores.base import Address, Precondition
from storage_tui.server.stores.local import blocks as local_blocks
from storage_tui.server.stores.local.database.possible import is_id, why_numbers_impossible
from storage_tui.server.stores.rules import check_namespace, check_precondition, not_found, refused

INLINE_BYTES = 64 * 1024  # up to this size bytes live in the database: one COMMIT, and no file with its own syncs

_COLUMNS = "id, size, crc, modified, expires, content_type, content, md5"
_FIND = f"SELECT {_COLUMNS} FROM keys WHERE namespace = ? AND type = ? AND key = ?"
_READ = (
    f"SELECT {_COLUMNS}, (SELECT contents.content FROM contents WHERE contents.id = keys.content) "
    "FROM keys WHERE namespace = ? AND type = ? AND key = ?"
)
_WRITE = (
    f"INSERT INTO keys (namespace, type, key, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT DO UPDATE SET id = excluded.id, size = excluded.size, crc = excluded.crc, "
    "modified = excluded.modified, expires = excluded.expires, content_type = excluded.content_type, "
    "content = excluded.content, md5 = excluded.md5"
)
_AUDIT = "INSERT INTO audit (at, namespace, type, key, etag, request) VALUES (?, ?, ?, ?, ?, ?)"
_REMOVE = "DELETE FROM keys WHERE namespace = ? AND type = ? AND key = ?"


def new_id() -> str:
    """Return a fresh blob id, which is also the blob's ETag."""
    return secrets.token_hex(16)


@dataclass(frozen=True, slots=True)
class BlobPlace:
    """An Address in the form of the tables; `row_key` is their primary key."""

    storage_type: StorageType
    key: str
    row_key: tuple[bytes, str, bytes]


@dataclass(frozen=True, slots=True)
class Held:
    """The content of a row of `keys`. `content` is the row id of a small value's bytes, None when the bytes are a
    file."""

    blob_id: str
    size_bytes: int
    crc: int
    modified: int
    expires: int | None
    content_type: str | None
    content: int | None
    md5: str | None = None

    def is_live(self, now: int) -> bool:
        """Return False once the blob has expired, swept or not."""
        return self.expires is None or self.expires > now

    def to_blob(self, key: str, storage_type: str) -> Blob:
        """Return the row as a blob of the API."""
        return Blob(
            key,
            storage_type,
            self.size_bytes,
            from_millis(self.modified),
            self.blob_id,
            checksum.encode(self.crc),
            self.content_type,
            None if self.expires is None else from_millis(self.expires),
            self.md5,
        )


@dataclass(frozen=True, slots=True)
class Fresh:
    """A blob about to be written. Its bytes are `content`, or the file `blob_id` when `content` is None. The blocks of
    the file have the checksums `sums` or those of the blob `twin`."""

    blob_id: str
    size_bytes: int
    crc: int
    content_type: str | None
    content: bytes | None = None
    sums: Sequence[local_blocks.Row] = ()
    twin: str | None = None
    md5: str | None = None


def locate(address: Address) -> BlobPlace:
    """Return the place of an address. Raise BadRequestError or a subclass for an impossible address."""
    storage_type = find_storage_type(address.storage_type)
    key = check_key(address.key)
    return BlobPlace(storage_type, key, (namespace_bytes(address.namespace), storage_type.name, key.encode()))


def namespace_bytes(namespace: str) -> bytes:
    """The 20 bytes of a namespace; raises BadRequestError."""
    check_namespace(namespace)
    return bytes.fromhex(namespace)


def find(connection: apsw.Connection, place: BlobPlace, now: int) -> Held:
    """Return the live blob at the place. Raise NotFoundError when there is none."""
    held = find_row(connection, place)
    if held is None or not held.is_live(now):
        raise not_found(place.storage_type, place.key)
    return held


def read(connection: apsw.Connection, place: BlobPlace, now: int) -> tuple[Held, bytes | None]:
    """Return the live blob at the place and the bytes of a small value, both of one moment. Raise NotFoundError when
    there is none."""
    row = _fetch(connection, _READ, place)
    if row is None or not (held := _possible(row[:-1], place)).is_live(now):
        raise not_found(place.storage_type, place.key)
    return held, row[-1]


def write(connection: apsw.Connection, place: BlobPlace, fresh: Fresh, precondition: Precondition, now: int) -> Blob:
    """Put the blob at the place. The bytes of the blob that was there become garbage."""
    before = check_write(connection, place, precondition, now)
    content = None
    if fresh.content is not None:
        connection.execute("INSERT INTO contents (content) VALUES (?)", (fresh.content,))
        content = connection.last_insert_rowid()
    local_blocks.keep(connection, fresh.blob_id, fresh.sums)
    if fresh.twin is not None:
        local_blocks.copy(connection, fresh.twin, fresh.blob_id)
    expires = expiry(place, now)
    after = Held(fresh.blob_id, fresh.size_bytes, fresh.crc, now, expires, fresh.content_type, content, fresh.md5)
    return put_row(connection, place, after, before, now)


def put_row(connection: apsw.Connection, place: BlobPlace, after: Held, before: Held | None, now: int) -> Blob:
    """Make `after` the row at the place, where `before` was. The bytes of `before` become garbage."""
    if before is not None:
        discard(connection, before.blob_id, before.content, now)
    connection.execute(
        _WRITE,
        (
            *place.row_key,
            after.blob_id,
            after.size_bytes,
            after.crc,
            after.modified,
            after.expires,
            after.content_type,
            after.content,
            after.md5,
        ),
    )
    return after.to_blob(place.key, place.storage_type.name)


def expiry(place: BlobPlace, now: int) -> int | None:
    """Return when a blob that is written at the place now will expire; None for never."""
    lifetime = place.storage_type.expires_after
    return None if lifetime is None else now + lifetime // MILLISECOND


def check_write(connection: apsw.Connection, place: BlobPlace, precondition: Precondition, now: int) -> Held | None:
    """Raise the error that refuses a write at the place, if any. Return the row there, expired or not."""
    before = find_row(connection, place)
    live = before if before is not None and before.is_live(now) else None
    check_precondition(place.storage_type, place.key, None if live is None else live.blob_id, precondition)
    if live is not None and not place.storage_type.may_overwrite:
        raise refused(place.storage_type, place.key, "overwrite")
    return before


def delete(
    connection: apsw.Connection, place: BlobPlace, precondition: Precondition, now: int, request_id: str = "-"
) -> None:
    """Remove the blob at the place, if its type lets a user do so."""
    if not place.storage_type.may_delete:
        raise refused(place.storage_type, place.key, "delete")
    remove(connection, place, precondition, now, request_id)


def delete_one(
    connection: apsw.Connection, address: Address, etag: str | None, now: int, request_id: str
) -> DeleteResult:
    """Remove the blob at the address and return the result. With `etag`, remove the blob only if that is still its
    ETag."""
    try:
        precondition = Precondition() if etag is None else Precondition(if_match=(etag,))
        delete(connection, locate(address), precondition, now, request_id)
    except StorageError as exc:
        return DeleteResult(address.key, exc.code, exc.message)
    return DeleteResult(address.key)


def remove(
    connection: apsw.Connection, place: BlobPlace, precondition: Precondition, now: int, request_id: str = "-"
) -> None:
    """Remove the blob at the place whatever its type, and write an audit entry. The bytes of the blob become
    garbage."""
    held = find(connection, place, now)
    check_precondition(place.storage_type, place.key, held.blob_id, precondition)
    take_row(connection, place, held, now, request_id)
    discard(connection, held.blob_id, held.content, now)


def take_row(connection: apsw.Connection, place: BlobPlace, held: Held, now: int, request_id: str) -> None:
    """Remove the row at the place, and write an audit entry. The bytes stay."""
    connection.execute(_REMOVE, place.row_key)
    connection.execute(_AUDIT, (now, *place.row_key, held.blob_id, request_id))


def discard(connection: apsw.Connection, blob_id: str, content: int | None, now: int) -> None:
    """Release bytes that no key names any more: a small value at once, a file when the collector comes to it."""
    if content is None:
        connection.execute("INSERT OR IGNORE INTO garbage (id, since) VALUES (?, ?)", (blob_id, now))
    else:
        connection.execute("DELETE FROM contents WHERE id = ?", (content,))


def find_row(connection: apsw.Connection, place: BlobPlace) -> Held | None:
    """Return the row at the place, expired or not; None where there is none. Raise DamagedError for an impossible
    row."""
    row = _fetch(connection, _FIND, place)
    return None if row is None else _possible(row, place)


def _fetch(connection: apsw.Connection, select: str, place: BlobPlace) -> tuple[Any, ...] | None:
    try:
        return connection.execute(select, place.row_key).fetchone()
    except UnicodeDecodeError as exc:
        raise _damaged(place, "a text in it is not UTF-8") from exc


def _possible(row: tuple[Any, ...], place: BlobPlace) -> Held:
    """Return the row if it is possible. Raise DamagedError otherwise: the bytes that such a row names can be neither
    read nor released."""
    held = Held(*row)
    why = why_numbers_impossible(held.size_bytes, held.crc, held.modified, held.expires)
    if why is None and not is_id(held.blob_id):
        why = "its id is invalid"
    if why is not None:
        raise _damaged(place, why)
    return held


def _damaged(place: BlobPlace, why: str) -> DamagedError:
    return DamagedError(
        f"the row of {place.key!r} in {place.storage_type.name} is damaged on the server: {why}; whoever runs the "
        "server can repair it with storage-tui verify --repair",
        key=place.key,
    )
