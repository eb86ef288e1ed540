"""The layout of a backup, and the manifest, which marks a snapshot as complete.

    BACKUP/                     0700
      storage-tui-backup        marks a backup; the writing process holds it with flock
      blobs/xx/ID               the bytes of blobs, shared by all snapshots: an id never gets other bytes
      snapshots/STAMP/meta.db   the database of that moment, small values included
      snapshots/STAMP/documents/…  the other files of the data directory: signing keys, records, the audit log
      snapshots/STAMP/manifest.json  written last: sizes and sha256 of the files beside it

The checksums of the blobs are in the database, and the checksum of the database is in the manifest.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import apsw

from storage_tui.contract.errors import ConflictError, NotFoundError, UnavailableError
from storage_tui.machine.private_files import PRIVATE_DIR, make_private_dir, touch_private
from storage_tui.server.stores.local.files import SHARDS
from storage_tui.server.upkeep.files import digest, make_folder, sync
from storage_tui.server.upkeep.named import Named, files_in, open_database
from storage_tui.server.upkeep.verifying import Finding, Tally, check_database, check_file, check_rows, check_values

FORMAT = 1
MARKER = "storage-tui-backup"
MANIFEST = "manifest.json"
MAX_MANIFEST_BYTES = 256 * 1024 * 1024  # a million documents


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One complete snapshot and its manifest."""

    folder: Path
    manifest: dict[str, Any]

    @property
    def stamp(self) -> str:
        """Return when the snapshot was taken, in the form of its folder name."""
        return self.folder.name

    @property
    def database(self) -> Path:
        """Return the path of the database of that moment."""
        return self.folder / "meta.db"

    @property
    def documents(self) -> Path:
        """Return the folder of the other files of the data directory."""
        return self.folder / "documents"

    def check_documents(self) -> Iterator[Finding]:
        """Yield the files beside the manifest that differ from their entry in the manifest."""
        wanted = {"meta.db": self.manifest["database"]}
        wanted |= {f"documents/{name}": entry for name, entry in self.manifest["documents"].items()}
        for name, entry in wanted.items():
            file = f"snapshots/{self.stamp}/{name}"
            try:
                if digest(self.folder / name) != entry:
                    yield Finding("document", "it does not match the manifest", file=file)
            except OSError as exc:
                yield Finding("document", f"it cannot be read: {exc.strerror or exc}", file=file)


class Backup:
    """A directory that holds snapshots."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.blobs = folder / "blobs"

    def prepare(self) -> None:
        """Make the directory a backup if it is new. Raise ConflictError for a directory that holds something else."""
        marker = self.folder / MARKER
        if self.folder.exists() and not marker.exists() and any(self.folder.iterdir()):
            raise ConflictError(f"{self.folder} holds something else; name an empty directory or an earlier backup")
        make_folder(self.folder)
        self.folder.chmod(PRIVATE_DIR)
        touch_private(marker)
        for shard in SHARDS:
            make_folder(self.blobs / shard)
        make_folder(self.folder / "snapshots")
        sync(self.folder)

    @contextmanager
    def locked(self, *, shared: bool = False) -> Iterator[None]:
        """Keep other processes from writing here while the block runs; with `shared` other readers may run too.

        Raise NotFoundError when the directory is not a backup, ConflictError when another process holds the lock.
        """
        try:
            descriptor = os.open(self.folder / MARKER, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError as exc:
            raise NotFoundError(f"{self.folder} is not a backup made by storage-tui") from exc
        try:
            try:
                fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
            except BlockingIOError as exc:
                raise ConflictError(f"another backup or restore is running in {self.folder}; wait for its end") from exc
            yield
        finally:
            os.close(descriptor)

    def blob_path(self, blob_id: str) -> Path:
        """Return the path of a blob's bytes."""
        return self.blobs / blob_id[:2] / blob_id

    def new_folder(self, now: datetime) -> Path:
        """Return an empty folder for the next snapshot."""
        stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        last = max((path.name for path in (self.folder / "snapshots").iterdir()), default="")
        name, number = stamp, 0
        while name <= last:  # names are in the order of time, also within a second or after a clock was set back
            number += 1
            name = f"{max(stamp, last.partition('-')[0])}-{number:04}"
        folder = self.folder / "snapshots" / name
        make_private_dir(folder)
        return folder

    def snapshots(self) -> list[Snapshot]:
        """Return the complete snapshots, oldest first. Raise UnavailableError for a manifest that this program cannot
        read."""
        return [
            Snapshot(folder, _read_manifest(folder / MANIFEST))
            for folder in sorted((self.folder / "snapshots").iterdir())
            if (folder / MANIFEST).is_file()
        ]

    def find(self, stamp: str | None) -> Snapshot:
        """Return the snapshot of that name, or the latest with None. Raise NotFoundError."""
        found = [snapshot for snapshot in self.snapshots() if stamp in (None, snapshot.stamp)]
        if not found:
            raise NotFoundError(f"{self.folder} holds no {'snapshot ' + stamp if stamp else 'complete snapshot'}")
        return found[-1]

    def clear_unfinished(self) -> None:
        """Remove the snapshots that were not completed. The blobs that they copied stay, so that the next one is
        shorter."""
        for folder in (self.folder / "snapshots").iterdir():
            if not (folder / MANIFEST).is_file():
                shutil.rmtree(folder)

    def clear(self, keep: int) -> None:
        """Remove all snapshots but the latest `keep`, and the blobs that none of these names."""
        complete = self.snapshots()
        for snapshot in complete[:-keep]:
            (snapshot.folder / MANIFEST).unlink()  # first: half of a snapshot must not look complete
            shutil.rmtree(snapshot.folder)
        sync(self.folder / "snapshots")
        kept = [snapshot.folder for snapshot in complete[-keep:]]
        connections = [open_database(folder / "meta.db") for folder in kept]
        try:
            for shard in SHARDS:
                named = {blob.blob_id for connection in connections for blob in files_in(connection, shard)}
                with os.scandir(self.blobs / shard) as rows:
                    entries = list(rows)
                for entry in entries:
                    if entry.name not in named:
                        Path(entry.path).unlink()
        finally:
            for connection in connections:
                connection.close()

    def verify(self, tally: Tally) -> Iterator[Finding]:
        """Yield what is wrong with the backup: its documents, the values in its databases, and every blob once. `tally`
        counts on the way."""
        with self.locked(shared=True):
            for finding in self._findings(tally):
                tally.add(finding)
                yield finding

    def _findings(self, tally: Tally) -> Iterator[Finding]:
        snapshots = self.snapshots()
        if not snapshots:
            yield Finding("missing", "there is no complete snapshot", file="snapshots")
        connections: list[apsw.Connection] = []
        try:
            for snapshot in snapshots:
                yield from snapshot.check_documents()
                try:
                    connections.append(open_database(snapshot.database))
                except (NotFoundError, UnavailableError) as exc:
                    yield Finding("database", exc.message, file=f"snapshots/{snapshot.stamp}/meta.db")
            for connection in connections:
                try:
                    yield from check_database(connection, Path("meta.db"))
                    yield from check_rows(connection, Path("meta.db"))
                    yield from check_values(connection, tally)
                except apsw.Error as exc:
                    yield Finding("database", f"it cannot be read to its end: {exc}", file="meta.db")
            for shard in SHARDS:
                yield from self._check_shard(shard, connections, tally)
        finally:
            for connection in connections:
                connection.close()

    def _check_shard(self, shard: str, connections: list[apsw.Connection], tally: Tally) -> Iterator[Finding]:
        named: dict[str, tuple[Named, apsw.Connection]] = {}
        for connection in connections:
            try:
                named.update((blob.blob_id, (blob, connection)) for blob in files_in(connection, shard))
            except apsw.Error:
                continue  # the check of the database has reported the row already
        for blob, connection in named.values():
            yield from check_file(blob, self.blob_path(blob.blob_id), tally, connection, lambda _: True)


def _read_manifest(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            raw: dict[str, Any] = json.loads(file.read(MAX_MANIFEST_BYTES))
        if raw["format"] > FORMAT:
            raise UnavailableError(f"{path} was written by a newer storage-tui; upgrade storage-tui")
        raw["database"]["sha256"]
        dict(raw["documents"])
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise UnavailableError(f"{path} is damaged; remove its folder to continue with the other snapshots") from exc
    return raw
