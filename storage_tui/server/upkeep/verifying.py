"""Verification of a data directory: every blob is read again and compared with the stored checksums.

A server may run meanwhile. Nothing is changed and nothing is locked: a blob that is overwritten, deleted or collected
meanwhile is left out.
"""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import apsw

from storage_tui.contract import checksum
from storage_tui.contract.errors import StorageError
from storage_tui.server.stores.local import blocks as local_blocks
from storage_tui.server.stores.local.blocks import WHOLE_BYTES, Blocks, Written
from storage_tui.server.stores.local.files import SHARDS, Disk
from storage_tui.server.stores.local.lock import read_owner
from storage_tui.server.stores.local.records import LocalRecords
from storage_tui.server.stores.records import Records
from storage_tui.server.upkeep import rows
from storage_tui.server.upkeep.files import pass_over
from storage_tui.server.upkeep.named import (
    Named,
    files_in,
    is_garbage,
    is_gone,
    is_named,
    open_database,
    values_in,
    why_bad,
)
from storage_tui.server.upkeep.record_checks import bad_records

PUBLISHING_S = 600.0  # under a running server a younger file without a key may be waiting for its COMMIT

Kind = Literal["damaged", "missing", "orphan", "database", "document", "row", "record"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. An orphan does no harm; every other kind means that something is lost here."""

    kind: Kind
    why: str
    namespace: str = ""
    storage_type: str = ""
    key: str = ""
    file: str = ""

    @classmethod
    def of(cls, kind: Kind, named: Named, why: str) -> "Finding":
        """Return a finding about a blob; `file` is empty for a small value."""
        return cls(kind, why, named.namespace, named.storage_type, named.key)

    def to_json(self) -> dict[str, str]:
        """Return the finding as one JSON object for scripts."""
        return {name: getattr(self, name) for name in Finding.__slots__}


@dataclass(slots=True)
class Tally:
    """The counts of a verification so far."""

    blobs: int = 0
    size_bytes: int = 0
    found: dict[Kind, int] = field(default_factory=dict)

    @property
    def is_good(self) -> bool:
        """Return True while nothing is lost."""
        return not any(count for kind, count in self.found.items() if kind != "orphan")

    def add(self, finding: Finding) -> None:
        """Count a finding."""
        self.found[finding.kind] = self.found.get(finding.kind, 0) + 1


def verify(data_dir: Path, tally: Tally) -> Iterator[Finding]:
    """Yield what is wrong in the data directory; `tally` counts on the way.

    Raise NotFoundError when there is no store, UnavailableError for a store that cannot be read at all.
    """
    disk = Disk(data_dir)
    connection = open_database(disk.database)
    try:
        for finding in _findings(disk, connection, tally):
            tally.add(finding)
            yield finding
    finally:
        connection.close()


def _findings(disk: Disk, connection: apsw.Connection, tally: Tally) -> Iterator[Finding]:
    settled = time.time() - (PUBLISHING_S if is_served(disk.data_dir) else 0)
    try:
        yield from check_database(connection, disk.database)
        yield from check_rows(connection, disk.database)
        yield from check_records(LocalRecords(disk.data_dir))
        yield from check_values(connection, tally)
        for shard in SHARDS:
            named = files_in(connection, shard)
            for blob in named:
                path = disk.blob_path(blob.blob_id)
                yield from check_file(blob, path, tally, connection, lambda blob: is_named(connection, blob.blob_id))
            yield from _orphans(disk.blobs / shard, {blob.blob_id for blob in named}, connection, settled)
    except apsw.Error as exc:
        yield Finding("database", f"it cannot be read to its end: {exc}", file=disk.database.name)


def check_database(connection: apsw.Connection, path: Path) -> Iterator[Finding]:
    """Yield what SQLite finds wrong in its file."""
    try:
        rows: list[Any] = connection.execute("PRAGMA quick_check(20)").fetchall()
    except apsw.Error as exc:
        rows = [(str(exc),)]
    for (text,) in rows:
        if text != "ok":
            yield Finding("database", text, file=path.name)


def check_rows(connection: apsw.Connection, path: Path) -> Iterator[Finding]:
    """Yield impossible rows and wrong counters. Keys are reported with escapes where they are not text."""
    for row in rows.bad_rows(connection):
        yield row_finding(row, path)
    for upload in rows.bad_uploads(connection):
        place = (upload.namespace.hex(), rows.shown(upload.storage_type), rows.shown(upload.key))
        yield Finding("row", f"the upload to it cannot continue: {upload.why}", *place, file=path.name)
    for namespace, storage_type in rows.bad_totals(connection):
        why = f"the totals of {storage_type} in namespace {namespace} do not match the stored blobs"
        yield Finding("row", why, file=path.name)


def row_finding(row: rows.BadRow, path: Path) -> Finding:
    """Return the finding about an impossible row."""
    return Finding("row", row.why, row.namespace.hex(), rows.shown(row.storage_type), rows.shown(row.key), path.name)


def check_records(records: Records) -> Iterator[Finding]:
    """Yield the damaged records."""
    try:
        for bad in bad_records(records):
            yield Finding("record", bad.why, file=f"records/{bad.name}")
    except StorageError as exc:
        yield Finding("record", exc.message, file="records")


def check_values(connection: apsw.Connection, tally: Tally) -> Iterator[Finding]:
    """Yield what is wrong with the small values."""
    for named, content in values_in(connection):
        tally.blobs += 1
        if content is None:
            yield Finding.of("missing", named, "its bytes are not in the database")
            continue
        tally.size_bytes += len(content)
        why = why_bad(named, len(content), checksum.extend(0, content))
        if why is not None:
            yield Finding.of("damaged", named, why)


def check_file(
    named: Named, path: Path, tally: Tally, connection: apsw.Connection, is_still_named: Callable[[Named], bool]
) -> Iterator[Finding]:
    """Yield what is wrong with one blob in a file: its bytes and the checksums of its blocks. `is_still_named` returns
    whether the database still names the blob; other findings are dropped."""
    blocks, size_bytes, crc = Blocks(), 0, 0

    def take(piece: bytes) -> None:
        nonlocal size_bytes, crc
        blocks.extend(piece)
        size_bytes, crc = size_bytes + len(piece), checksum.extend(crc, piece)

    tally.blobs += 1
    file = f"blobs/{named.shard}/{named.blob_id}"
    try:
        pass_over(path, take)
    except FileNotFoundError:
        if is_still_named(named):
            yield Finding("missing", "its file is missing", named.namespace, named.storage_type, named.key, file)
        return
    except OSError as exc:
        why: str | None = f"its file cannot be read: {exc.strerror or exc}"
    else:
        tally.size_bytes += size_bytes
        why = why_bad(named, size_bytes, crc)
        if why is None and size_bytes > WHOLE_BYTES:
            why = _bad_blocks(connection, named, blocks.rows(0, Written(size_bytes, crc, blocks.partial)))
    if why is not None and is_still_named(named):
        yield Finding("damaged", why, named.namespace, named.storage_type, named.key, file)


def is_served(data_dir: Path) -> bool:
    """Return whether a process that owns the directory seems to run: its note is there, and its process exists."""
    owner = read_owner(data_dir).get("pid")
    if not isinstance(owner, int):
        return False
    try:
        os.kill(owner, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _bad_blocks(connection: apsw.Connection, named: Named, rows: list[local_blocks.Row]) -> str | None:
    kept = dict(local_blocks.read_rows(connection, named.blob_id))
    if kept and kept != dict(rows):
        return "the checksums of its blocks differ, so parts of it cannot be read; store it again"
    return None


def _orphans(folder: Path, named: set[str], connection: apsw.Connection, settled: float) -> Iterator[Finding]:
    if not folder.is_dir():
        return  # every file that was in the folder is missing, and reported as such
    with os.scandir(folder) as rows:
        entries = list(rows)
    for entry in entries:
        if entry.name in named or any(look(connection, entry.name) for look in (is_named, is_garbage, is_gone)):
            continue
        try:
            status = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            continue
        if status.st_ctime <= settled:
            file = f"blobs/{folder.name}/{entry.name}"
            yield Finding("orphan", f"no key names it; {status.st_size} bytes", file=file)
