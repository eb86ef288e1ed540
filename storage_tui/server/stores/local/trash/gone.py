"""The rows of gone blobs. A row is written in the transaction in which the blob leaves its key, and deleted in the
transaction in which the blob comes back or its bytes are released.

The bytes stay where they are: a small value in `contents`, a larger one in its file. Nothing is unlinked for a row of
this table before the row is deleted by a COMMIT.
"""

from dataclasses import dataclass
from typing import Any

import apsw

from storage_tui.contract import checksum
from storage_tui.contract.keys import successor
from storage_tui.contract.models import Blob
from storage_tui.contract.moments import from_millis
from storage_tui.contract.trash import WAYS, GoneBlob
from storage_tui.server.stores.local.database.possible import (
    CONTENT_TYPE,
    CRC_IS_POSSIBLE,
    MAX_MILLIS,
    NUMBERS_ARE_POSSIBLE,
    id_is_possible,
    is_key,
)
from storage_tui.server.stores.trash import ACTOR

MOST_BY_CHARACTERS = 200  # of the name of a user in a row; the identity provider decides how long names are

_PAST_ALL = b"\xff"  # no UTF-8 text begins with this byte

_COLUMNS = "id, size, crc, modified, expires, content_type, content, md5, at, how, by"
_BURY = f"INSERT INTO gone (namespace, type, key, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_READ_COLUMNS = _COLUMNS.replace("content_type", CONTENT_TYPE)
_IS_THERE = (
    f"at > ? AND (expires IS NULL OR expires > ?) AND {NUMBERS_ARE_POSSIBLE} AND {CRC_IS_POSSIBLE} "
    f"AND {id_is_possible('id')} AND at BETWEEN 0 AND {MAX_MILLIS}"
)
_LIST = (
    f"SELECT seq, key, {_READ_COLUMNS} FROM gone INDEXED BY gone_by_key WHERE namespace = ? AND type = ? "
    f"AND key >= ? AND key < ? AND (key, seq) > (?, ?) AND {_IS_THERE} ORDER BY key, seq LIMIT ?"
)
_OF_KEY = (
    f"SELECT seq, key, {_READ_COLUMNS} FROM gone INDEXED BY gone_by_key WHERE namespace = ? AND type = ? AND key = ? "
    f"AND (? IS NULL OR id = ?) AND {_IS_THERE} ORDER BY seq"
)
_LAST = _OF_KEY + " DESC LIMIT 1"
_FIRST_AFTER = _OF_KEY.replace(" ORDER BY", " AND at > ? ORDER BY") + " LIMIT 1"


@dataclass(frozen=True, slots=True)
class Parting:
    """What happens to blobs that leave their keys in one request: whether they are kept, and who did that."""

    is_kept: bool = False
    by: str = ""

    @classmethod
    def of_request(cls, *, is_kept: bool) -> "Parting":
        """Return the parting of the request that is being carried out. Call this on the event loop, since the thread of
        the writer does not know the request."""
        return cls(is_kept, ACTOR.get()[:MOST_BY_CHARACTERS] if is_kept else "")


NOT_KEPT = Parting()


@dataclass(frozen=True, slots=True)
class GoneRow:
    """One row of `gone`; `content` is the row of a small value's bytes, None when the bytes are a file."""

    seq: int
    key: bytes
    blob_id: str
    size_bytes: int
    crc: int
    modified: int
    expires: int | None
    content_type: str | None
    content: int | None
    md5: str | None
    at: int
    how: str
    by: str

    @property
    def fields(self) -> tuple[Any, ...]:
        """Return the columns that the row of a key has too, in the order of that table."""
        return (
            self.blob_id, self.size_bytes, self.crc, self.modified, self.expires, self.content_type, self.content,
            self.md5,
        )  # fmt: skip

    def to_gone(self, storage_type: str, retention: int) -> GoneBlob:
        """Return the row as a gone blob of the API. `retention` is in milliseconds."""
        blob = Blob(
            self.key.decode(), storage_type, self.size_bytes, from_millis(self.modified), self.blob_id,
            checksum.encode(self.crc), self.content_type, None if self.expires is None else from_millis(self.expires),
            self.md5,
        )  # fmt: skip
        until = self.at + retention if self.expires is None else min(self.at + retention, self.expires)
        return GoneBlob(blob, from_millis(self.at), self.how, self.by, from_millis(min(until, MAX_MILLIS)))


def bury(
    connection: apsw.Connection, row_key: tuple[bytes, str, bytes], fields: tuple[Any, ...], *, how: str, by: str,
    now: int,
) -> None:  # fmt: skip
    """Note a blob that leaves its key. `fields` are the columns of its row in `keys`, from `id` to `md5`."""
    assert how in WAYS
    connection.execute(_BURY, (*row_key, *fields, now, how, by))


def list_rows(
    connection: apsw.Connection, namespace: bytes, storage_type: str, prefix: str, after: tuple[bytes, int], limit: int,
    now: int, retention: int,
) -> list[GoneRow]:  # fmt: skip
    """Return up to `limit` rows of blobs that can come back, after the key and the number of a row."""
    low = prefix.encode()
    start = max(low, after[0])  # SQLite seeks by this bound alone
    bounds = (namespace, storage_type, start, successor(low) or _PAST_ALL, *after, now - retention, now, limit)
    return [GoneRow(*row) for row in connection.execute(_LIST, bounds) if is_key(row[1])]


def find_row(
    connection: apsw.Connection, row_key: tuple[bytes, str, bytes], etag: str | None, at: int | None, now: int,
    retention: int,
) -> GoneRow | None:  # fmt: skip
    """Return the version of the key that went last; with `etag` the one with this ETag; with `at` the one that was the
    first to go after this moment, and so was there at the moment. None when there is none that can come back."""
    bounds = (*row_key, etag, etag, now - retention, now)
    if at is None:
        row = connection.execute(_LAST, bounds).fetchone()
    else:
        row = connection.execute(_FIRST_AFTER, (*bounds, at)).fetchone()
    if row is None:
        return None
    found = GoneRow(*row)
    return None if at is not None and found.modified > at else found


def forget(connection: apsw.Connection, seq: int) -> None:
    """Delete the row. The caller has given its bytes to another row."""
    connection.execute("DELETE FROM gone WHERE seq = ?", (seq,))
