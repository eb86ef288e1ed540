"""The rows of upload sessions: what is announced, and how many bytes are durable.

A row is `open` until the session is finished or cancelled. Its crc32c is that of the first `offset` bytes, which is all
the state that a resume needs. As in rows.py, changes run inside the writer's transaction and check everything first.
"""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, get_args

import apsw

from storage_tui.contract.checksum import split_hashes
from storage_tui.contract.errors import CancelledError, ConflictError, GoneError, NotFoundError, StorageError
from storage_tui.contract.models import Blob
from storage_tui.contract.storage_types import find_storage_type
from storage_tui.server.stores.base import Address, Precondition, UploadSession
from storage_tui.server.stores.local import blocks as local_blocks
from storage_tui.server.stores.local.database.possible import IS_UPLOAD_ID, id_is_possible, is_id
from storage_tui.server.stores.local.database.rows import BlobPlace, Fresh, check_write, new_id, write
from storage_tui.server.stores.local.trash.gone import NOT_KEPT, Parting

SESSION_LIFETIME = timedelta(days=7)  # as Google Cloud Storage keeps a resumable session
TOMBSTONE_LIFETIME = timedelta(days=7)  # how long an ended session is distinguished from an unknown one
MAX_ENDED = 10_000  # the last sessions of one user that have ended: 15 MB at most; older ones are forgotten
FORGET_AT_ONCE = 1000  # rows in one change, so that other writers do not wait long

State = Literal["open", "finished", "cancelled", "lost"]
STATES: tuple[State, ...] = get_args(State)

_COLUMNS = (
    "namespace, type, key, state, blob_id, offset, crc, size, content_type, want_crc, precondition, blob, expires"
)
_FIND = f"SELECT {_COLUMNS} FROM uploads WHERE upload_id = ?"
_CREATE = (
    f"INSERT INTO uploads (upload_id, {_COLUMNS}, repeat_key) "
    "VALUES (?, ?, ?, ?, 'open', ?, 0, 0, ?, ?, ?, ?, NULL, ?, ?)"
)
_FIND_REPEAT = (
    f"SELECT upload_id, {_COLUMNS} FROM uploads WHERE namespace = ? AND repeat_key = ? AND type = ? AND key = ? "
    "AND size IS ? AND state IN ('open', 'finished') AND expires > ?"
)
_ENDED = "SELECT count FROM traces WHERE namespace = ? AND kind = 'uploads'"
_FORGET_ENDED = (
    "DELETE FROM uploads WHERE upload_id IN "
    "(SELECT upload_id FROM uploads WHERE namespace = ? AND state != 'open' ORDER BY expires LIMIT ?)"
)
_WEEK = SESSION_LIFETIME // timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One row of `uploads`."""

    upload_id: str
    namespace: bytes
    storage_type: str
    key: bytes
    state: State
    blob_id: str
    offset: int
    crc: int
    size_bytes: int | None
    content_type: str | None
    wanted: str | None  # the announced hashes, as `join_hashes` writes them
    precondition: str
    blob: str | None
    expires: int

    @property
    def place(self) -> BlobPlace:
        """The place of the future blob."""
        return BlobPlace(
            find_storage_type(self.storage_type), self.key.decode(), (self.namespace, self.storage_type, self.key)
        )

    def to_upload(self) -> UploadSession:
        """Return the session in the form of the Store."""
        return UploadSession(
            self.upload_id,
            Address(self.namespace.hex(), self.storage_type, self.key.decode()),
            self.offset,
            self.size_bytes,
            self.content_type,
            None if self.blob is None else Blob.from_json(json.loads(self.blob), self.storage_type),
            self.state == "cancelled",
            split_hashes(self.wanted)[1],
        )


def create(
    connection: apsw.Connection, place: BlobPlace, *, size_bytes: int | None, content_type: str | None,
    wanted: str | None, precondition: Precondition, repeat_key: str | None = None, now: int,
    max_ended: int = MAX_ENDED,
) -> SessionRow:  # fmt: skip
    """Create and return a session, if the type's rule and the precondition would now let it finish. When `max_ended` of
    the user's sessions have ended, the oldest of them are forgotten."""
    check_write(connection, place, precondition, now)
    _forget_ended(connection, place.row_key[0], max_ended)
    upload_id = secrets.token_urlsafe(32)
    conditions = json.dumps([precondition.if_match, precondition.if_none_match])
    connection.execute(
        _CREATE,
        (upload_id, *place.row_key, new_id(), size_bytes, content_type, wanted, conditions, now + _WEEK, repeat_key),
    )
    return find(connection, upload_id, now)


def _forget_ended(connection: apsw.Connection, namespace: bytes, max_ended: int) -> None:
    found: int | None = connection.execute(_ENDED, (namespace,)).get
    if found is not None and found >= max_ended:
        connection.execute(_FORGET_ENDED, (namespace, min(found - max_ended + 1, FORGET_AT_ONCE)))


def find_repeat(
    connection: apsw.Connection, place: BlobPlace, repeat_key: str, size_bytes: int | None, now: int
) -> SessionRow | None:
    """Return the open or finished session that this repeat key began at the place with this size; None when there is
    none."""
    namespace, storage_type, key = place.row_key
    row = connection.execute(_FIND_REPEAT, (namespace, repeat_key, storage_type, key, size_bytes, now)).fetchone()
    return None if row is None else SessionRow(*row)


def find(connection: apsw.Connection, upload_id: str, now: int) -> SessionRow:
    """Return the session. Raise NotFoundError when there never was one. Raise GoneError when the session has expired,
    is lost, or has a damaged row."""
    try:
        row = connection.execute(_FIND, (upload_id,)).fetchone()
        session = None if row is None else SessionRow(upload_id, *row)
        if session is not None:
            _check_possible(session)
    except (ValueError, KeyError, TypeError, OverflowError, StorageError) as exc:
        raise GoneError("the server's row of this upload session is damaged; start a new one") from exc
    if session is None:
        raise NotFoundError("no such upload session; start a new one")
    if session.expires <= now:
        raise GoneError("the upload session has expired after a week; start a new one", key=session.place.key)
    if session.state == "lost":
        raise GoneError("the server's disk lost bytes of this upload session; start a new one", key=session.place.key)
    return session


def _check_possible(session: SessionRow) -> None:
    """Raise an error for an impossible session: a key that is not UTF-8, an invalid blob id, JSON that cannot be
    read."""
    if not is_id(session.blob_id) or session.offset < 0 or session.state not in STATES:
        raise ValueError(session.blob_id)
    find_storage_type(session.storage_type)
    session.to_upload()
    [list(side) for side in json.loads(session.precondition)]


def find_open(connection: apsw.Connection, upload_id: str, now: int) -> SessionRow:
    """Return the session while it can be written. Raise ConflictError or CancelledError when it has ended."""
    session = find(connection, upload_id, now)
    if session.state == "finished":
        raise ConflictError("the upload session is finished already", key=session.place.key)
    if session.state == "cancelled":
        raise CancelledError("the upload session was cancelled; start a new one", key=session.place.key)
    return session


def advance(
    connection: apsw.Connection, upload_id: str, offset: int, crc: int, sums: Sequence[local_blocks.Row], now: int
) -> int:
    """Note that `offset` bytes are durable, with the checksums of their blocks, and return the offset."""
    session = find_open(connection, upload_id, now)
    if offset:
        local_blocks.keep(connection, session.blob_id, sums)
    else:
        local_blocks.drop(connection, [session.blob_id])
        connection.execute("DELETE FROM upload_parts WHERE upload_id = ?", (upload_id,))
    connection.execute("UPDATE uploads SET offset = ?, crc = ? WHERE upload_id = ?", (offset, crc, upload_id))
    return offset


def finish(
    connection: apsw.Connection, upload_id: str, size_bytes: int, crc: int, content: bytes | None,
    sums: Sequence[local_blocks.Row], now: int, md5: str | None = None, parting: Parting = NOT_KEPT,
) -> Blob:  # fmt: skip
    """Make the blob visible under its key and end the session. The bytes are `content`, or the published file."""
    session = find_open(connection, upload_id, now)
    if_match, if_none_match = json.loads(session.precondition)
    precondition = Precondition(tuple(if_match), tuple(if_none_match))
    fresh = Fresh(session.blob_id, size_bytes, crc, session.content_type, content, sums, md5=md5)
    blob = write(connection, session.place, fresh, precondition, now, parting)
    connection.execute(
        "UPDATE uploads SET state = 'finished', offset = ?, crc = ?, blob = ? WHERE upload_id = ?",
        (size_bytes, crc, json.dumps(blob.to_json()), upload_id),
    )
    return blob


def cancel(connection: apsw.Connection, upload_id: str, now: int) -> SessionRow:
    """End the session unless it is finished. Return the session as it was before."""
    session = find(connection, upload_id, now)
    if session.state == "open":
        connection.execute(
            "UPDATE uploads SET state = 'cancelled', offset = 0, crc = 0 WHERE upload_id = ?", (upload_id,)
        )
        local_blocks.drop(connection, [session.blob_id])
    return session


def expire(connection: apsw.Connection, now: int, limit: int) -> list[str]:
    """Delete the rows that ended long ago, and end the open sessions that have expired. Return the blob ids of the
    latter, whose parts the caller removes."""
    long_ago = now - TOMBSTONE_LIFETIME // timedelta(milliseconds=1)
    connection.execute("DELETE FROM uploads WHERE expires <= ? AND state != 'open'", (long_ago,))
    rows: list[Any] = connection.execute(
        f"SELECT upload_id, blob_id FROM uploads WHERE expires <= ? AND state = 'open' "
        f"AND {id_is_possible('blob_id')} AND {IS_UPLOAD_ID} LIMIT ?",
        (now, limit),
    ).fetchall()
    connection.executemany("UPDATE uploads SET state = 'cancelled' WHERE upload_id = ?", [(row[0],) for row in rows])
    ended = [row[1] for row in rows]
    local_blocks.drop(connection, ended)
    return ended
