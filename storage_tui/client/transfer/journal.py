"""The journal of large transfers of files: all that a later process needs to continue one, and nothing secret.

Each transfer that has begun and not ended has a private file `STATE/transfers/ID.json`. ID follows from source and
target, so that the same transfer, started again, finds its entry. The process that works on the transfer holds a lock
on the file; the kernel releases the lock however the process ends.
"""

import fcntl
import os
import secrets
from contextlib import suppress
from pathlib import Path

from storage_tui.client.transfer.queue_file import LeftWaiting, WaitingList
from storage_tui.client.transfer.record_files import (
    make_folder,
    open_locked,
    opened_locked,
    read_record,
    record_bytes,
    sync_folder,
)
from storage_tui.client.transfer.records import UnfinishedTransfer, format_record, parse_record
from storage_tui.machine.private_files import open_private, write_all

ENTRIES_READ = 10_000  # a limit, in case somebody filled the folder with other files
_FOLDER = "transfers"


class Journal:
    """The records of this user's unfinished transfers in the state folder.

    Every method reads or writes a few small files; where nothing may block, call it in a thread.
    """

    def __init__(self, state_dir: Path) -> None:
        self._state_dir, self._folder = state_dir, state_dir / _FOLDER

    def unfinished(self) -> list[UnfinishedTransfer]:
        """Return the transfers with any server that have begun and that no living process works on, oldest first.

        Continue a transfer with `resume` of a Storage or AsyncStorage whose `display_url` is its `server`, or `forget`
        it.
        """
        found = []
        with suppress(OSError), os.scandir(self._folder) as entries:
            for _, entry in zip(range(ENTRIES_READ), entries, strict=False):
                if not entry.name.endswith(".json") or entry.name.startswith("."):
                    continue
                with opened_locked(self._folder / entry.name, fcntl.LOCK_SH) as descriptor:
                    transfer = None if descriptor is None else _read(descriptor)
                if transfer is not None and f"{transfer.transfer_id}.json" == entry.name:
                    found.append(transfer)
        return sorted(found, key=lambda transfer: (transfer.created, transfer.transfer_id))

    def is_left(self, transfer: UnfinishedTransfer) -> bool:
        """Return whether the transfer still waits: its entry exists, and no process works on it."""
        with opened_locked(self._path(transfer), fcntl.LOCK_SH) as descriptor:
            return descriptor is not None

    def forget(self, transfer: UnfinishedTransfer) -> bool:
        """Give up an unfinished transfer: remove its entry and the received bytes of a download.

        Return False, and remove nothing, when a process works on the transfer now. A server drops the bytes of an
        upload after a week; `Storage.forget` has the server drop them at once.
        """
        path = self._path(transfer)
        with opened_locked(path, fcntl.LOCK_EX) as descriptor:
            if descriptor is None:
                return not path.exists()
            if transfer.direction == "download":
                part = transfer.part
                with opened_locked(part, fcntl.LOCK_EX) as held:
                    if held is not None:
                        for leftover in (part, part.with_name(f"{part.name}.json")):
                            with suppress(OSError):
                                leftover.unlink()
            path.unlink(missing_ok=True)
        return True

    def entry(self, transfer: UnfinishedTransfer) -> "JournalEntry":
        """Return the entry of a transfer that begins now."""
        return JournalEntry(self._path(transfer), transfer)

    def waiting(self, account: str) -> WaitingList:
        """Return a new list for the waiting transfers of this process."""
        return WaitingList(self._state_dir, account)

    def left_waiting(self, account: str) -> LeftWaiting:
        """Return the transfers that ended processes left waiting, held for this process."""
        return LeftWaiting(self._state_dir, account)

    def _path(self, transfer: UnfinishedTransfer) -> Path:
        return self._folder / f"{transfer.transfer_id}.json"


class JournalEntry:
    """The entry of one running transfer, locked by this process; `earlier` is an earlier process's record, or None.

    When the entry cannot be written (no state folder, a full disk) or another process holds it, the transfer still
    runs: `note` then does nothing, and a later process starts over.
    """

    def __init__(self, path: Path, transfer: UnfinishedTransfer) -> None:
        self._folder, self._path = path.parent, path
        self._descriptor: int | None = None
        self._is_ours = True
        self.earlier: UnfinishedTransfer | None = None
        descriptor = open_locked(path, fcntl.LOCK_EX)
        if descriptor is not None:
            self._descriptor = descriptor
            found = _read(descriptor)
            self.earlier = found if found is not None and found.transfer_id == transfer.transfer_id else None
        elif path.exists():
            self._is_ours = False

    def note(self, transfer: UnfinishedTransfer) -> bool:
        """Write the entry, durably; return False when it cannot be written."""
        if not self._is_ours:
            return False
        try:
            make_folder(self._folder)
            return self._write(transfer)
        except OSError:
            return False

    def _write(self, transfer: UnfinishedTransfer) -> bool:
        temporary = self._folder / f".{self._path.stem}.{secrets.token_hex(8)}"
        descriptor = open_private(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # before others can see it under its name
            write_all(descriptor, record_bytes(format_record(transfer)))
            os.fsync(descriptor)
            if self._descriptor is None:
                os.link(temporary, self._path)  # a rename would replace the entry of a faster process
                temporary.unlink()
            else:
                temporary.replace(self._path)
            sync_folder(self._folder)
        except FileExistsError:
            self._is_ours = False
            temporary.unlink(missing_ok=True)
            os.close(descriptor)
            return False
        except BaseException:
            temporary.unlink(missing_ok=True)
            os.close(descriptor)
            raise
        self.close()
        self._descriptor = descriptor
        return True

    def remove(self) -> None:
        """Remove the entry: the transfer has ended."""
        if self._descriptor is not None:
            with suppress(OSError):
                self._path.unlink()
        self.close()

    def close(self) -> None:
        """Leave the entry to a later process."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


def new_repeat_key() -> str:
    """Return a new random value, which no other upload has."""
    return secrets.token_urlsafe(24)


def _read(descriptor: int) -> UnfinishedTransfer | None:
    fields = read_record(descriptor)
    try:
        transfer = None if fields is None else parse_record(fields)
    except ValueError:
        return None
    return transfer if transfer is not None and transfer.has_begun else None
