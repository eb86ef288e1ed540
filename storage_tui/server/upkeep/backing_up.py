"""A backup, beside a running server: the database first, then the files that it names, which never change."""

import fcntl
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import apsw

from storage_tui.contract.errors import ConflictError, StoreFullError, UnavailableError
from storage_tui.machine.directories import LOCK_NAME
from storage_tui.machine.private_files import open_private
from storage_tui.machine.version import __version__
from storage_tui.server.stores.local.ballast import BALLAST_NAME
from storage_tui.server.stores.local.files import (
    COLLECTOR_LOCK,
    NO_ROOM,
    SET_ASIDE,
    SHARDS,
    Disk,
    is_mounted_read_only,
)
from storage_tui.server.stores.local.records import LocalRecords
from storage_tui.server.upkeep.files import NotWrittenError, copy_file, digest, make_folder, sync, write_json
from storage_tui.server.upkeep.named import Named, files_in, open_database, schema_of, why_bad
from storage_tui.server.upkeep.snapshots import FORMAT, MANIFEST, Backup
from storage_tui.server.upkeep.verifying import Finding, Tally, check_records, check_rows, check_values

COPY_THREADS = 4  # small files cost a sync each, and several threads can wait for these at once
NOT_COPIED = frozenset(("blobs", "uploads", "quarantine", LOCK_NAME, COLLECTOR_LOCK, BALLAST_NAME, SET_ASIDE))
MAX_DAMAGE_TOLD = 1000  # lines in a manifest; the count is exact

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Progress:
    """The counts of a backup so far: blobs looked at, blobs and bytes copied, bytes in all, and damage found."""

    blobs: int = 0
    copied: int = 0
    copied_bytes: int = 0
    size_bytes: int = 0
    found: list[Finding] = field(default_factory=list)


def back_up(
    data_dir: Path, target: Path, *, keep: int, must_link: bool = False, progress: Progress,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> str:  # fmt: skip
    """Put a snapshot of the data directory into the backup at `target`; return its stamp.

    Blobs that the backup has already are not copied again. With `must_link` new ones are hard links: their bytes are
    not copied, so the backup does not help when the disk goes bad. `keep` is how many snapshots stay afterwards. A
    damaged or missing blob is reported in `progress.found`, and the rest is backed up. Raise ConflictError for a target
    that cannot be a backup, StoreFullError when the target has no room, UnavailableError for other failures. Earlier
    snapshots then stay as they were.
    """
    disk = Disk(data_dir)
    refuse_overlap(data_dir, target)
    backup = Backup(target)
    source = open_database(disk.database)
    try:
        backup.prepare()
        with backup.locked(), no_collecting(data_dir):
            backup.clear_unfinished()
            folder = backup.new_folder(now())
            try:
                _take(disk, source, backup, folder, must_link, progress, now)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
            backup.clear(keep=keep)
            return folder.name
    except OSError as exc:
        if exc.errno in NO_ROOM:
            raise StoreFullError(f"no room is left in {target}; earlier snapshots are as they were") from exc
        raise UnavailableError(f"the backup into {target} broke off: {exc}") from exc
    except apsw.FullError as exc:
        raise StoreFullError(f"no room is left in {target}; earlier snapshots are as they were") from exc
    except apsw.Error as exc:
        raise UnavailableError(f"the database of {data_dir} cannot be copied: {exc}; run storage-tui verify") from exc
    finally:
        source.close()


def refuse_overlap(data_dir: Path, target: Path) -> None:
    """Raise ConflictError when the two directories are the same, or one contains the other."""
    inner, outer = data_dir.resolve(), target.resolve()
    if inner.is_relative_to(outer) or outer.is_relative_to(inner):
        raise ConflictError(f"{target} and the data directory {data_dir} overlap; name another directory")


@contextmanager
def no_collecting(data_dir: Path) -> Iterator[None]:
    """Keep every process on the directory from unlinking, while the block runs, a file that a database has named."""
    flags = os.O_RDONLY if is_mounted_read_only(data_dir) else os.O_RDWR | os.O_CREAT
    descriptor = open_private(data_dir / COLLECTOR_LOCK, flags)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


def _take(
    disk: Disk, source: apsw.Connection, backup: Backup, folder: Path, must_link: bool, progress: Progress,
    now: Callable[[], datetime],
) -> None:  # fmt: skip
    started = now()
    database = folder / "meta.db"
    source.execute("VACUUM INTO ?", (str(database),))
    database.chmod(0o600)
    sync(database)
    documents = _copy_documents(disk.data_dir, folder / "documents")
    copied = open_database(database)
    try:
        schema = schema_of(copied)
        _refuse_without_room(copied, disk, backup, must_link)
        values = Tally()
        progress.found += check_rows(copied, database)
        progress.found += check_records(LocalRecords(disk.data_dir))
        progress.found += check_values(copied, values)
        progress.blobs, progress.size_bytes = values.blobs, values.size_bytes
        for shard in SHARDS:
            _copy_shard(shard, copied, disk, backup, must_link, progress)
    finally:
        copied.close()
    sync(folder)
    manifest = {
        "format": FORMAT,
        "schema": schema,
        "version": __version__,
        "started": started.isoformat(),
        "ended": now().isoformat(),
        "blobs": progress.blobs,
        "size": progress.size_bytes,
        "damaged": len(progress.found),
        "damage": [finding.to_json() for finding in progress.found[:MAX_DAMAGE_TOLD]],
        "database": digest(database),
        "documents": documents,
    }
    write_json(folder / MANIFEST, manifest)
    sync(folder.parent)


def _copy_documents(data_dir: Path, target: Path) -> dict[str, dict[str, object]]:
    """Copy every other file of the data directory. Whoever changes such a file replaces it as a whole, so each copy is
    whole."""
    copied = {}
    make_folder(target)
    for directory, folders, files in os.walk(data_dir):
        relative = Path(directory).relative_to(data_dir)
        if not relative.parts:
            folders[:] = [name for name in folders if name not in NOT_COPIED]
            files = [name for name in files if name not in NOT_COPIED and not name.startswith("meta.db")]
        make_folder(target / relative)
        for name in sorted(files):
            path = Path(directory) / name
            if name.startswith(".") or path.is_symlink() or not path.is_file():
                continue  # temporary files, and locks
            try:
                copy_file(path, target / relative / name)
            except FileNotFoundError:
                continue  # removed meanwhile
            copied[str(relative / name)] = digest(target / relative / name)
        sync(target / relative)
    return copied


def _refuse_without_room(copied: apsw.Connection, disk: Disk, backup: Backup, must_link: bool) -> None:
    if must_link and disk.blobs.stat().st_dev == backup.blobs.stat().st_dev:
        return
    wanted = 0
    for shard in SHARDS:
        wanted += sum(blob.size_bytes for blob in files_in(copied, shard) if not _is_there(backup, blob))
    free = Disk(backup.folder).free_bytes()
    if wanted > free:
        raise StoreFullError(
            f"{backup.folder} has {free:,} bytes free and this backup needs {wanted:,}; "
            "earlier snapshots are as they were"
        )


def _copy_shard(
    shard: str, copied: apsw.Connection, disk: Disk, backup: Backup, must_link: bool, progress: Progress
) -> None:
    named = files_in(copied, shard)
    progress.blobs += len(named)
    progress.size_bytes += sum(blob.size_bytes for blob in named)
    wanted = [blob for blob in named if not _is_there(backup, blob)]
    with ThreadPoolExecutor(COPY_THREADS, "backup") as threads:
        found = threads.map(lambda blob: _copy(blob, disk, backup, must_link), wanted)
        for blob, finding in zip(wanted, found, strict=True):
            if finding is not None:
                progress.found.append(finding)
                continue
            progress.copied += 1
            progress.copied_bytes += blob.size_bytes
    if wanted:
        sync(backup.blobs / shard)


def _is_there(backup: Backup, blob: Named) -> bool:
    try:
        return backup.blob_path(blob.blob_id).stat().st_size == blob.size_bytes
    except FileNotFoundError:
        return False


def _copy(blob: Named, disk: Disk, backup: Backup, must_link: bool) -> Finding | None:
    source, target = disk.blob_path(blob.blob_id), backup.blob_path(blob.blob_id)
    try:
        if must_link and _link(source, target):
            return None
        why = copy_file(source, target, partial(why_bad, blob))
    except FileNotFoundError:
        return Finding.of("missing", blob, "its file is missing")
    except NotWrittenError:
        raise
    except OSError as exc:
        return Finding.of("damaged", blob, f"its file cannot be read: {exc.strerror or exc}")
    return None if why is None else Finding.of("damaged", blob, why)


def _link(source: Path, target: Path) -> bool:
    try:
        target.unlink(missing_ok=True)
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError as exc:
        _log.info("a blob is copied, as it cannot be linked: %s", exc)
        return False
    return True
