"""The repair of impossible rows and damaged records, or their removal to a place aside. All that can be kept is kept.

A blob whose bytes are those that were stored stays in the store. When its key is not a text, the blob gets a key below
`recovered/`; a missing size, time or id is replaced. The former content of every row that is touched is kept in the
table `set_aside`, with the bytes of a small value. When a blob or a record cannot stay, its file is moved to the folder
`set-aside` of the data directory, where nothing removes it. Nothing else of the store changes.
"""

import hashlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import apsw

from storage_tui.contract import checksum
from storage_tui.contract.errors import InvalidKeyError, NotFoundError, UnavailableError
from storage_tui.contract.keys import check_key
from storage_tui.contract.moments import MILLISECOND
from storage_tui.contract.storage_types import STORAGE_TYPES
from storage_tui.server.stores.local.database.possible import (
    MAX_CRC,
    MAX_MILLIS,
    NAMESPACE_BYTES,
    is_id,
    is_text,
    why_place_impossible,
)
from storage_tui.server.stores.local.database.rows import new_id
from storage_tui.server.stores.local.database.schema import open_writer
from storage_tui.server.stores.local.files import SET_ASIDE, Disk
from storage_tui.server.stores.local.lock import Lock, refuse_network_filesystem
from storage_tui.server.stores.local.records import LocalRecords
from storage_tui.server.upkeep import rows
from storage_tui.server.upkeep.files import make_folder, pass_over, sync
from storage_tui.server.upkeep.record_checks import BadRecord, bad_records
from storage_tui.server.upkeep.rows import BadRow
from storage_tui.server.upkeep.verifying import Finding, row_finding

RECOVERED = "recovered/"

_KEEP = "INSERT INTO set_aside (at, origin, why, fields, content) VALUES (?, ?, ?, ?, ?)"
_REMOVE = "DELETE FROM keys WHERE namespace = ? AND type = CAST(? AS TEXT) AND key = ?"
_INSERT = (
    "INSERT INTO keys (namespace, type, key, id, size, crc, modified, expires, content_type, content) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_IS_TAKEN = "SELECT EXISTS (SELECT 1 FROM keys WHERE namespace = ? AND type = ? AND key = ?)"
_RECOUNT = """
DELETE FROM totals;
INSERT INTO totals (namespace, type, count, bytes) SELECT namespace, type, count(*), sum(size) FROM keys GROUP BY 1, 2;
"""


@dataclass(frozen=True, slots=True)
class Repair:
    """A finding, and what was done about it."""

    finding: Finding
    outcome: str


@dataclass(frozen=True, slots=True)
class _Bytes:
    """The bytes of a blob that were found."""

    size_bytes: int
    crc: int
    content: bytes | None  # of a small value


def repair(data_dir: Path) -> Iterator[Repair]:
    """Repair the damaged rows and records of the data directory, durably, one after the other. Yield each repair.

    Raise NotFoundError when there is no store, AlreadyOwnedError while a server runs on the directory, UnavailableError
    for a database that cannot be written.
    """
    disk = Disk(data_dir)
    if not disk.database.is_file():
        raise NotFoundError(f"there is no store in {data_dir}: it has no {disk.database.name}")
    refuse_network_filesystem(data_dir)
    disk.refuse_unfinished()
    lock = Lock.take(data_dir)
    try:
        lock.note({})
        connection = open_writer(disk.database)
        try:
            yield from repair_rows(connection, disk)
        finally:
            connection.close()
        yield from _repair_records(data_dir)
    except (apsw.Error, OSError) as exc:
        raise UnavailableError(f"{data_dir} cannot be repaired: {exc}; restore it from a backup") from exc
    finally:
        lock.release()


def repair_rows(connection: apsw.Connection, disk: Disk) -> Iterator[Repair]:
    """Repair the rows through the one connection that may write. Yield each repair."""
    now = int(time.time() * 1000)
    for row in list(rows.bad_rows(connection)):
        with connection:
            outcome, moved = _repair_row(connection, disk, row, now)
        if moved is not None:  # only now, after the commit: a crash must not lose the file of the row
            disk.unlink(moved)
        yield Repair(row_finding(row, disk.database), outcome)
    for upload in list(rows.bad_uploads(connection)):
        with connection:
            place = (upload.namespace.hex(), rows.shown(upload.storage_type), rows.shown(upload.key))
            connection.execute(_KEEP, (now, "uploads", upload.why, " ".join(place), None))
            connection.execute("DELETE FROM uploads WHERE upload_id = CAST(? AS TEXT)", (upload.upload_id,))
        yield Repair(Finding("row", upload.why, *place, disk.database.name), "the upload to it is set aside")
    wrong = rows.bad_totals(connection)
    if wrong:
        with connection:
            connection.execute(_RECOUNT)
        for namespace, storage_type in wrong:
            why = f"the totals of {storage_type} in namespace {namespace} do not match the stored blobs"
            yield Repair(Finding("row", why, file=disk.database.name), "counted again")


def _repair_row(connection: apsw.Connection, disk: Disk, row: BadRow, now: int) -> tuple[str, Path | None]:
    """Repair one row. Return what was done, and the file under its old name when its bytes now have another name."""
    found = _bytes_of(connection, disk, row)
    mended = None if found is None else _mended(connection, row, found, now)
    kept = found.content if found is not None else None
    connection.execute(_KEEP, (now, "keys", row.why, row.to_json(), kept))
    connection.execute(_REMOVE, row.place)
    if mended is not None:
        connection.execute(
            _INSERT,
            (*mended.place[:1], mended.storage_type.decode(), mended.key, mended.blob_id.decode(), mended.size_bytes,
             mended.crc, mended.modified, mended.expires, _text(mended.content_type), mended.content),
        )  # fmt: skip
        return f"kept as {mended.storage_type.decode()}:{mended.key.decode()}", None
    if row.content is not None:
        connection.execute("DELETE FROM contents WHERE id = ?", (row.content,))
        return "set aside with its bytes" if kept is not None else "set aside; its bytes are missing", None
    if found is None:
        return "set aside; its bytes are missing", None
    blob_id = row.blob_id.decode()
    source, target = disk.blob_path(blob_id), disk.data_dir / SET_ASIDE / blob_id
    make_folder(target.parent)
    if not target.exists():
        os.link(source, target)
    sync(target.parent)
    return f"set aside; its bytes are {SET_ASIDE}/{blob_id} in the data directory", source


def _bytes_of(connection: apsw.Connection, disk: Disk, row: BadRow) -> _Bytes | None:
    """Return the bytes that the row names; None when they are missing, or when a row may not name such a file."""
    if row.content is not None:
        content: bytes | None = connection.execute("SELECT content FROM contents WHERE id = ?", (row.content,)).get
        return None if content is None else _Bytes(len(content), checksum.extend(0, content), content)
    if not is_text(row.blob_id) or not is_id(row.blob_id.decode()):
        return None
    size_bytes = crc = 0

    def take(piece: bytes) -> None:
        nonlocal size_bytes, crc
        size_bytes, crc = size_bytes + len(piece), checksum.extend(crc, piece)

    try:
        pass_over(disk.blob_path(row.blob_id.decode()), take)
    except OSError:
        return None
    return _Bytes(size_bytes, crc, None)


def _mended(connection: apsw.Connection, row: BadRow, found: _Bytes, now: int) -> BadRow | None:
    """Return the row with possible values. Return None when the bytes may not be the stored ones, or when the row has
    no valid namespace or storage type."""
    storage_type = rows.shown(row.storage_type)
    if len(row.namespace) != NAMESPACE_BYTES or storage_type not in STORAGE_TYPES:
        return None
    if (row.size_bytes, row.crc) != (found.size_bytes, found.crc):
        is_size_lost, is_crc_lost = row.size_bytes < 0, not 0 <= row.crc <= MAX_CRC
        if is_size_lost == is_crc_lost:  # no figure is left for a check, or one that is not lost differs
            return None
        if row.crc != found.crc and row.size_bytes != found.size_bytes:
            return None
    blob_id = row.blob_id if is_text(row.blob_id) and is_id(row.blob_id.decode()) else new_id().encode()
    modified = row.modified if 0 <= row.modified <= MAX_MILLIS else now
    lifetime = STORAGE_TYPES[storage_type].expires_after
    expires = None if lifetime is None else modified + lifetime // MILLISECOND
    if row.expires is not None and 0 <= row.expires <= MAX_MILLIS:
        expires = row.expires
    is_place = why_place_impossible(row.namespace, storage_type, row.key) is None
    key = row.key if is_place else _free_key(connection, row, storage_type)
    content_type = row.content_type if row.content_type is not None and row.content_type.isascii() else None
    return replace(
        row, key=key, blob_id=blob_id, size_bytes=found.size_bytes, crc=found.crc, modified=modified, expires=expires,
        content_type=content_type,
    )  # fmt: skip


def _free_key(connection: apsw.Connection, row: BadRow, storage_type: str) -> bytes:
    """Return a key that is a text, as similar as possible to the row's own key, and not taken."""
    unlike = f"{RECOVERED}{hashlib.sha256(row.key).hexdigest()[:32]}"
    for key in (RECOVERED + rows.shown(row.key), unlike):
        try:
            check_key(key)
        except InvalidKeyError:
            continue
        if not connection.execute(_IS_TAKEN, (row.namespace, storage_type, key.encode())).get:
            return key.encode()
    return f"{unlike}-{new_id()}".encode()


def _text(raw: bytes | None) -> str | None:
    return None if raw is None else raw.decode("ascii")


def _repair_records(data_dir: Path) -> Iterator[Repair]:
    records = LocalRecords(data_dir)
    for bad in list(bad_records(records)):
        finding = Finding("record", bad.why, file=f"records/{bad.name}")
        yield Repair(finding, _set_aside(records, data_dir, bad))


def _set_aside(records: LocalRecords, data_dir: Path, bad: BadRecord) -> str:
    if not bad.may_go:
        return "left unchanged: the whole store depends on it; restore it from a backup"
    target = data_dir / SET_ASIDE / f"{hashlib.sha256(bad.name.encode()).hexdigest()[:32]}.record"
    make_folder(target.parent)
    records.move_out(bad.name, target)
    return f"set aside as {SET_ASIDE}/{target.name} in the data directory"
