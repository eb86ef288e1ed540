"""A search for rows that no program of ours writes (`local/database/possible.py`). Each is described in one line.

Texts are read as bytes here, because they may not be valid text.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import apsw

from storage_tui.server.stores.local.database.possible import is_id, why_numbers_impossible, why_place_impossible
from storage_tui.server.stores.local.database.sessions import STATES

PAGE = 1000  # rows in memory at once

_FIELDS = "namespace, CAST(type AS BLOB), key, CAST(id AS BLOB), size, crc, modified, expires"
# A type goes in as bytes. `+` takes the affinity from the CAST: with one, SQLite seeks by the namespace alone, and each
# page would read all pages before it again.
_KEYS = (
    f"SELECT {_FIELDS}, CAST(content_type AS BLOB), content FROM keys "
    "WHERE (namespace, type, key) > (?, +CAST(? AS TEXT), ?) ORDER BY namespace, type, key LIMIT ?"
)
_UPLOADS = (
    "SELECT CAST(upload_id AS BLOB), namespace, CAST(type AS BLOB), key, CAST(state AS BLOB), CAST(blob_id AS BLOB), "
    "offset, crc, size, CAST(precondition AS BLOB), CAST(blob AS BLOB), expires "
    "FROM uploads WHERE upload_id > CAST(? AS TEXT) ORDER BY upload_id LIMIT ?"
)
_TOTALS = (
    "SELECT namespace, CAST(type AS BLOB), count, bytes FROM totals WHERE count != 0 OR bytes != 0 "
    "ORDER BY namespace, type"
)
_COUNTED = (
    "SELECT namespace, CAST(type AS BLOB), count(*), sum(size) FROM keys GROUP BY namespace, type "
    "ORDER BY namespace, type"
)


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row of `keys` as it is in the database, and what is wrong with it."""

    why: str
    namespace: bytes
    storage_type: bytes
    key: bytes
    blob_id: bytes
    size_bytes: int
    crc: int
    modified: int
    expires: int | None
    content_type: bytes | None
    content: int | None

    @property
    def place(self) -> tuple[bytes, bytes, bytes]:
        """Return the primary key of the row."""
        return self.namespace, self.storage_type, self.key

    def to_json(self) -> str:
        """Return the whole row as JSON, for people who look at it later. Bytes are written as text where they are valid
        text."""
        names = ("namespace", "storage_type", "key", "blob_id", "size_bytes", "crc", "modified", "expires",
                 "content_type")  # fmt: skip
        return json.dumps({name: _shown(getattr(self, name)) for name in names})


@dataclass(frozen=True, slots=True)
class BadUpload:
    """A row of `uploads` that is not a valid session."""

    upload_id: bytes
    namespace: bytes
    storage_type: bytes
    key: bytes
    why: str


def bad_rows(connection: apsw.Connection) -> Iterator[BadRow]:
    """Yield the impossible rows of `keys`, in their order, in short transactions."""
    last: tuple[bytes, bytes, bytes] = (b"", b"", b"")
    while rows := _page(connection, _KEYS, *last):
        for row in rows:
            why = why_bad_row(row)
            if why is not None:
                yield BadRow(why, *row)
        last = (rows[-1][0], rows[-1][1], rows[-1][2])


def why_bad_row(row: Any) -> str | None:
    """Return what is impossible in a row, or None; `row` begins with the columns of _FIELDS."""
    namespace, storage_type, key, blob_id, *numbers = row[:8]
    return (
        why_place_impossible(namespace, shown(storage_type), key)
        or (None if is_id(shown(blob_id)) else "its id is invalid")
        or why_numbers_impossible(*numbers)
    )


def bad_uploads(connection: apsw.Connection) -> Iterator[BadUpload]:
    """Yield the impossible rows of `uploads`."""
    last = b""
    while rows := _page(connection, _UPLOADS, last):
        for row in rows:
            upload_id, namespace, storage_type, key, state, blob_id, offset, crc, size, precondition, blob, expires = (
                row
            )
            why = (
                why_place_impossible(namespace, shown(storage_type), key)
                or (None if is_id(shown(blob_id)) else "the id of its blob is invalid")
                or (None if upload_id.isascii() and upload_id else "its id is invalid")
                or why_numbers_impossible(min(offset, size or 0), crc, 0, expires)
                or (None if shown(state) in STATES else "its state is unknown")
                or _why_bad_json(precondition, blob)
            )
            if why is not None:
                yield BadUpload(upload_id, namespace, storage_type, key, why)
        last = rows[-1][0]


def bad_totals(connection: apsw.Connection) -> list[tuple[str, str]]:
    """Return namespace and storage type of the counters that differ from the sum of the blobs, all at one moment."""
    with connection:
        told = {(row[0], row[1]): row[2:] for row in connection.execute(_TOTALS)}
        counted = {(row[0], row[1]): row[2:] for row in connection.execute(_COUNTED)}
    wrong = {place for place in told.keys() | counted.keys() if told.get(place) != counted.get(place)}
    return [(namespace.hex(), shown(storage_type)) for namespace, storage_type in sorted(wrong)]


def shown(raw: bytes) -> str:
    """Return the bytes as one line of text. Bytes outside UTF-8 and unprintable ones become escapes such as \\xff."""
    text = raw.decode("utf-8", "backslashreplace")
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def _shown(value: Any) -> Any:
    if not isinstance(value, bytes):
        return value
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"hex": value.hex()}


def _why_bad_json(precondition: bytes, blob: bytes | None) -> str | None:
    try:
        sides = [list(side) for side in json.loads(precondition)]
        told = {} if blob is None else json.loads(blob)
    except (ValueError, TypeError, RecursionError):
        return "its JSON cannot be read"
    return None if len(sides) == 2 and isinstance(told, dict) else "its JSON does not have the expected form"


def _page(connection: apsw.Connection, select: str, *last: bytes) -> list[Any]:
    return connection.execute(select, (*last, PAGE)).fetchall()
