"""A restore from a backup into an empty directory. Every byte is checked, and no server starts before all are there."""

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import apsw

from storage_tui.contract.errors import BadRequestError, ConflictError, DamagedError, StoreFullError, UnavailableError
from storage_tui.server.stores.local.database.schema import open_writer
from storage_tui.server.stores.local.files import NO_ROOM, RESTORING, SHARDS, Disk
from storage_tui.server.stores.local.lock import Lock, refuse_network_filesystem
from storage_tui.server.upkeep.backing_up import refuse_overlap
from storage_tui.server.upkeep.files import NotWrittenError, copy_file, make_folder, sync, write_json
from storage_tui.server.upkeep.named import Named, files_in, open_database, why_bad
from storage_tui.server.upkeep.repairing import repair_rows
from storage_tui.server.upkeep.snapshots import Backup, Snapshot
from storage_tui.server.upkeep.verifying import Finding, Tally, check_file, check_rows, check_values

_EMPTY_TRASH = "DELETE FROM contents WHERE id IN (SELECT content FROM gone); DELETE FROM gone;"
_LOSE_UPLOADS = (
    "UPDATE uploads SET state = 'lost', offset = 0 WHERE state = 'open' "
    "AND (offset > 0 OR upload_id IN (SELECT upload_id FROM upload_parts))"
)
_REMOVE = "DELETE FROM keys WHERE namespace = ? AND type = ? AND key = ?"


@dataclass(slots=True)
class Progress:
    """The counts of a restore so far, and the damage found."""

    blobs: int = 0
    size_bytes: int = 0
    found: list[Finding] = field(default_factory=list)


def restore(
    source: Path, data_dir: Path, *, stamp: str | None = None, may_lose: bool = False, progress: Progress
) -> Snapshot:
    """Fill `data_dir`, which must be empty, with the content of a snapshot. Return the snapshot.

    `stamp` names the snapshot; None means the latest. A restore that broke off continues when it is started again. No
    server starts on the directory until a restore has succeeded. Raise DamagedError when the backup has lost something,
    after all of it was read. With `may_lose` the store is made without the lost blobs, which `progress.found` lists.
    """
    refuse_overlap(source, data_dir)
    refuse_network_filesystem(data_dir)
    backup, disk = Backup(source), Disk(data_dir)
    with backup.locked(shared=True):
        snapshot = backup.find(stamp)
        try:
            _claim(disk, snapshot)
            lock = Lock.take(data_dir)
            try:
                lock.note({})
                _fill(backup, snapshot, disk, may_lose, progress)
                (data_dir / RESTORING).unlink()
                sync(data_dir)
            finally:
                lock.release()
        except OSError as exc:
            if exc.errno in NO_ROOM:
                raise StoreFullError(f"no room is left in {data_dir}; make some and restore again") from exc
            raise UnavailableError(f"the restore into {data_dir} broke off: {exc}; restore again") from exc
        except apsw.Error as exc:
            raise UnavailableError(f"the restore into {data_dir} broke off: {exc}; restore again") from exc
    return snapshot


def _claim(disk: Disk, snapshot: Snapshot) -> None:
    """Mark the directory as one being restored. It must be empty, or hold an unfinished restore of the same
    snapshot."""
    marker = disk.data_dir / RESTORING
    make_folder(disk.data_dir)
    if not marker.exists() and any(disk.data_dir.iterdir()):
        raise ConflictError(f"{disk.data_dir} is not empty; restore into an empty directory")
    disk.data_dir.chmod(0o700)
    write_json(marker, {"snapshot": snapshot.stamp})
    disk.prepare()


def _fill(backup: Backup, snapshot: Snapshot, disk: Disk, may_lose: bool, progress: Progress) -> None:
    documents = list(snapshot.check_documents())
    progress.found += documents
    if any(finding.file.endswith("/meta.db") for finding in documents):
        raise DamagedError(
            f"the database of snapshot {snapshot.stamp} is damaged; restore another snapshot with --snapshot "
            f"({', '.join(other.stamp for other in backup.snapshots())})"
        )
    named = open_database(snapshot.database)
    try:
        values = Tally()
        progress.found += check_rows(named, snapshot.database)
        progress.found += check_values(named, values)
        progress.blobs, progress.size_bytes = values.blobs, values.size_bytes
        for shard in SHARDS:
            wanted = files_in(named, shard)
            for blob in wanted:
                progress.found += _bring(blob, backup, disk, named)
                progress.blobs += 1
                progress.size_bytes += blob.size_bytes
            if wanted:
                sync(disk.blobs / shard)
    finally:
        named.close()
    if progress.found and not may_lose:
        raise DamagedError(
            f"{len(progress.found)} of the blobs and records in the backup are lost; restore another --snapshot, "
            "or this one without them by --skip-damaged"
        )
    _bring_documents(snapshot, disk, {finding.file for finding in documents})
    _bring_database(snapshot, disk, progress.found)


def _bring(blob: Named, backup: Backup, disk: Disk, named: apsw.Connection) -> list[Finding]:
    """Copy one blob. When an earlier restore copied the blob already, check it instead."""
    source, target = backup.blob_path(blob.blob_id), disk.blob_path(blob.blob_id)
    if target.exists() and not list(check_file(blob, target, Tally(), named, lambda _: True)):
        return []
    try:
        why = copy_file(source, target, partial(why_bad, blob))
    except FileNotFoundError:
        return [Finding.of("missing", blob, "its file is not in the backup")]
    except NotWrittenError:
        raise
    except OSError as exc:
        return [Finding.of("damaged", blob, f"its file cannot be read: {exc.strerror or exc}")]
    return [] if why is None else [Finding.of("damaged", blob, why)]


def _bring_documents(snapshot: Snapshot, disk: Disk, lost: set[str]) -> None:
    for name in snapshot.manifest["documents"]:
        if f"snapshots/{snapshot.stamp}/documents/{name}" in lost:
            continue
        target = disk.data_dir / name
        if not target.resolve().is_relative_to(disk.data_dir.resolve()):
            raise BadRequestError(f"the manifest of snapshot {snapshot.stamp} names a file outside: {name[:80]!a}")
        make_folder(target.parent)
        copy_file(snapshot.documents / name, target)
        sync(target.parent)


def _bring_database(snapshot: Snapshot, disk: Disk, lost: list[Finding]) -> None:
    """Copy the database last, without lost blobs, gone blobs and open uploads: a backup does not hold the bytes of
    these."""
    for left in ("meta.db-wal", "meta.db-shm"):
        disk.unlink(disk.data_dir / left)
    copy_file(snapshot.database, disk.database)
    connection = open_writer(disk.database)
    try:
        with connection:
            for finding in lost:
                if finding.namespace and finding.kind != "row":
                    place: Any = (bytes.fromhex(finding.namespace), finding.storage_type, finding.key.encode())
                    connection.execute(_REMOVE, place)
            connection.execute(_EMPTY_TRASH)
            connection.execute(_LOSE_UPLOADS)
        for _ in repair_rows(connection, disk):
            pass  # each was reported already
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    finally:
        connection.close()
    sync(disk.database)
