"""The private copy of a blob that an editor gets: a file in the state directory, with a record beside the file.

Each copy has a folder `STATE/edits/ID/` with the file under the key's own name, and the record `edit.json` beside the
folder. The process that edits holds a lock on the record; the kernel releases the lock however the process ends. So a
copy whose record is not locked was left by a crash, and holds the only bytes of somebody's work.
"""

import fcntl
import os
import secrets
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from storage_tui.client.batch.folders import local_names
from storage_tui.client.transfer.record_files import (
    make_folder,
    open_locked,
    opened_locked,
    read_record,
    record_bytes,
    sync_folder,
)
from storage_tui.contract import checksum
from storage_tui.contract.keys import DELIMITER, Location
from storage_tui.contract.models import Blob
from storage_tui.machine.private_files import create_private, make_private_dir, open_private

FOLDER = "edits"
RECORD = ".json"
ENTRIES_READ = 1000  # a limit, in case somebody filled the folder with other files
READ_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class EditRecord:
    """What is edited: the blob as it was when the editor opened, on the server and for the user of `account`.

    `etag`, `crc32c`, `content_type` and `modified` are None where the server does not send them. `is_new` means that
    there was no blob. `started` is the crc32c of the file as the editor got it. `created` is a time in RFC 3339.
    """

    account: str
    storage_type: str
    key: str
    name: str
    is_new: bool
    etag: str | None = None
    size_bytes: int | None = None
    crc32c: str | None = None
    content_type: str | None = None
    modified: str | None = None
    started: str | None = None
    created: str = ""

    @property
    def location(self) -> Location:
        """The place of the blob."""
        return Location(self.storage_type, self.key)

    @classmethod
    def of_fields(cls, fields: dict[str, object]) -> Self | None:
        """Return the record with these fields; None when a field is missing or wrong."""
        try:
            record = cls(**fields)  # type: ignore[arg-type]
        except TypeError:
            return None
        texts = (record.account, record.storage_type, record.key, record.name, record.created)
        return record if all(isinstance(text, str) for text in texts) and "/" not in record.name else None


class EditCopy:
    """One copy, locked by this process from `begin` or `reopen` until `close` or `leave`."""

    def __init__(self, record: EditRecord, folder: Path, descriptor: int) -> None:
        self.record = record
        self.folder = folder
        self._descriptor = descriptor
        self.is_kept = False  # after `leave`

    @property
    def path(self) -> Path:
        """The file for the editor."""
        return self.folder / self.record.name

    def note_start(self, blob: Blob | None) -> None:
        """Note the file as the editor gets it, and the blob as it was fetched, if any. Raise OSError."""
        facts = {} if blob is None else {name: value for name, value in facts_of(blob).items() if value is not None}
        self.record = replace(self.record, started=self.crc_now() or "", **facts)
        self._write()

    def _write(self) -> None:
        content = record_bytes(asdict(self.record))
        os.pwrite(self._descriptor, content, 0)
        os.ftruncate(self._descriptor, len(content))
        os.fsync(self._descriptor)

    def crc_now(self) -> str | None:
        """Return the crc32c of the file now; None when the file is missing or is no file. Raise OSError."""
        return crc_of(self.path)

    @property
    def size_bytes(self) -> int:
        """The size of the file now. Raise OSError."""
        return self.path.stat().st_size

    @property
    def has_changed(self) -> bool:
        """Whether the file differs from what the editor got. Raise OSError."""
        crc = self.crc_now()
        return crc is not None and crc != self.record.started

    def close(self) -> None:
        """Remove the copy: its bytes are stored, or nobody wants them."""
        shutil.rmtree(self.folder, ignore_errors=True)
        with suppress(OSError):
            _record_of(self.folder).unlink()
        self._release()

    def leave(self) -> None:
        """Keep the copy for later: `EditCopies.left` finds it again."""
        self._release()
        self.is_kept = True

    def leave_or_close(self) -> None:
        """Keep the copy when its file was changed, else remove it; nothing after `leave` or `close`."""
        if self._descriptor < 0:
            return
        try:
            is_wanted = self.has_changed
        except OSError:
            is_wanted = True
        self.leave() if is_wanted else self.close()

    def _release(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        os.close(descriptor)


class EditCopies:
    """The copies of this user in the state folder. Every method reads or writes small files and blocks."""

    def __init__(self, state_dir: Path) -> None:
        self._folder = state_dir / FOLDER

    def begin(self, account: str, location: Location, blob: Blob | None) -> EditCopy:
        """Make the folder and the record of a new copy, and lock the record. Raise OSError.

        The file does not exist yet. `blob` is None for a key without a blob.
        """
        make_folder(self._folder)
        leaf = location.key.rpartition(DELIMITER)[2] or "blob"
        name = str(next(iter(local_names([leaf], ""))).path)
        record = EditRecord(
            account, location.storage_type, location.key, name, blob is None,
            created=datetime.now(UTC).isoformat(timespec="milliseconds"), **({} if blob is None else facts_of(blob)),
        )  # fmt: skip
        folder = self._folder / secrets.token_hex(8)
        make_private_dir(folder)
        descriptor = open_private(_record_of(folder), os.O_RDWR | os.O_CREAT | os.O_EXCL)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            copy = EditCopy(record, folder, descriptor)
            copy._write()
            sync_folder(self._folder)
        except BaseException:
            os.close(descriptor)
            raise
        return copy

    def left(self, account: str) -> list[EditRecord]:
        """Return the records of the copies that no process edits and that were changed, the oldest first.

        A copy as the editor got it holds nobody's work and is removed.
        """
        return [copy.record for copy in self._each(account)]

    def find(self, account: str, location: Location) -> Path | None:
        """Return the file of the latest changed copy of this blob that no process edits; None without one."""
        paths = [copy.path for copy in self._each(account) if copy.record.location == location]
        return paths[-1] if paths else None

    def paths(self, account: str) -> list[tuple[EditRecord, Path]]:
        """Return each record of `left` with its file."""
        return [(copy.record, copy.path) for copy in self._each(account)]

    def reopen(self, account: str, location: Location) -> EditCopy | None:
        """Return the latest changed copy of this blob that no process edits, locked; None without one."""
        path = self.find(account, location)
        return None if path is None else self._open(path.parent, account)

    def _each(self, account: str) -> list[EditCopy]:
        """Return the changed copies that were left, each already unlocked again; remove the unchanged copies."""
        found = []
        with suppress(OSError), os.scandir(self._folder) as entries:
            for _, entry in zip(range(ENTRIES_READ), entries, strict=False):
                if not entry.name.endswith(RECORD):
                    continue
                copy = self._open(self._folder / entry.name.removesuffix(RECORD), account)
                if copy is None:
                    continue
                if _holds_work(copy):
                    copy.leave()
                    found.append(copy)
                else:
                    copy.close()
        return sorted(found, key=lambda copy: copy.record.created)

    def _open(self, folder: Path, account: str) -> EditCopy | None:
        path = _record_of(folder)
        with opened_locked(path, fcntl.LOCK_SH) as looked:
            fields = None if looked is None else read_record(looked)
        record = None if fields is None else EditRecord.of_fields(fields)
        if record is None or record.account != account:
            return None
        held = open_locked(path, fcntl.LOCK_EX)
        if held is None:
            return None
        try:
            descriptor = open_private(path, os.O_RDWR)  # the lock belongs to the description that wrote it
        except OSError:
            os.close(held)
            return None
        os.close(held)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:  # another process was faster
            os.close(descriptor)
            return None
        return EditCopy(record, folder, descriptor)


def facts_of(blob: Blob) -> dict[str, Any]:
    """Return what tells one version of a blob from the next, and its content type."""
    modified = None if blob.modified is None else blob.modified.isoformat()
    return {
        "etag": blob.etag, "size_bytes": blob.size_bytes, "crc32c": blob.crc32c, "content_type": blob.content_type,
        "modified": modified,
    }  # fmt: skip


def crc_of(path: Path) -> str | None:
    """Return the crc32c of a file in the wire's form; None when there is no such file. Raise OSError."""
    crc = 0
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        while chunk := file.read(READ_BYTES):
            crc = checksum.extend(crc, chunk)
    return checksum.encode(crc)


def new_file(path: Path) -> None:
    """Make the empty file of a new blob. Raise OSError."""
    create_private(path, b"")


def _record_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}{RECORD}")


def _holds_work(copy: EditCopy) -> bool:
    """Return whether the file may hold somebody's changes. A file that cannot be read may."""
    if copy.record.started is None:
        return False  # the editor never got the file
    try:
        return copy.has_changed
    except OSError:
        return True
