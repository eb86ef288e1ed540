"""The journal of large transfers of files: what a later process needs to go on with one, and nothing secret.

`STATE/transfers/ID.json`, private, one for each transfer that was begun and has not ended. ID follows from what moves
where, so that the same transfer asked for again finds its entry. The process that works on it holds a lock on the file;
the kernel lets go of it however that process ends.
"""

import fcntl
import hashlib
import json
import os
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from storage_tui.client.part_file import Purpose
from storage_tui.machine.private_files import make_private_dir, open_private, write_all

ENTRY_BYTES = 64 * 1024
ENTRIES_READ = 10_000  # of a folder somebody filled with other things
LOCK_TRIES = 5  # whoever lists the entries holds each lock for a moment
_FOLDER = "transfers"

Direction = Literal["upload", "download"]


@dataclass(frozen=True, slots=True)
class UnfinishedTransfer:
    """A transfer between `path`, absolute, and a key that was begun and not ended.

    `server` is the `display_url` of the client it belongs to: only a client with the same one can continue it. `root`
    is the folder chosen for many, below which no symbolic link is followed. `size_bytes` is that of the source;
    `mtime_ns`, `inode` (of the local file) or `etag` (of the blob) tell whether it is still the same.
    `repeat_key` names the upload to the server; without the user's token it gives access to nothing. `user` is the
    `Server.user` that began it, and nobody else goes on with it; None where that is not known. Unless it `replaces`,
    what came to be at its end meanwhile is left as it is.
    """

    direction: Direction
    server: str
    storage_type: str
    key: str
    path: str
    size_bytes: int
    created: str
    root: str | None = None
    mtime_ns: int | None = None
    inode: int | None = None
    etag: str | None = None
    repeat_key: str | None = None
    content_type: str | None = None
    user: str | None = None
    replaces: bool = True

    @property
    def transfer_id(self) -> str:
        """The name of its entry: the same for the same transfer."""
        raw = "\0".join((self.direction, self.server, self.storage_type, self.key, self.path))
        return hashlib.sha256(raw.encode("utf-8", "surrogateescape")).hexdigest()[:24]

    @property
    def part(self) -> Path:
        """Where the bytes of a download gather."""
        path = Path(self.path)
        purpose = Purpose(path.name, self.server, self.storage_type, self.key)
        return path.with_name(purpose.part_name(purpose.digest()))

    def done_bytes(self) -> int | None:
        """What is there of a download; None of an upload, which only its server can tell."""
        if self.direction == "upload":
            return None
        try:
            return min(self.part.lstat().st_size, self.size_bytes)
        except (OSError, ValueError):
            return 0


def unfinished(state_dir: Path) -> list[UnfinishedTransfer]:
    """The transfers of any server that were begun and that no living process works on, oldest first.

    Continue one with `Storage.resume` or `AsyncStorage.resume` of a client whose `display_url` is its `server`, or
    `forget` it. Reads a few small files; call it in a thread when nothing may block.
    """
    found = []
    folder = state_dir / _FOLDER
    with suppress(OSError), os.scandir(folder) as entries:
        for _, entry in zip(range(ENTRIES_READ), entries, strict=False):
            if not entry.name.endswith(".json") or entry.name.startswith("."):
                continue
            with _opened(folder / entry.name, fcntl.LOCK_SH) as descriptor:
                transfer = None if descriptor is None else _read(descriptor)
            if transfer is not None and f"{transfer.transfer_id}.json" == entry.name:
                found.append(transfer)
    return sorted(found, key=lambda transfer: (transfer.created, transfer.transfer_id))


def is_left(state_dir: Path, transfer: UnfinishedTransfer) -> bool:
    """Whether it still waits for somebody: its entry is there, and no process works on it."""
    with _opened(state_dir / _FOLDER / f"{transfer.transfer_id}.json", fcntl.LOCK_SH) as descriptor:
        return descriptor is not None


def forget(state_dir: Path, transfer: UnfinishedTransfer) -> bool:
    """Give up an unfinished transfer: drop its entry and what a download has gathered. False when a process has taken
    it up again meanwhile, which is left alone.

    What a server keeps of an upload goes by itself after a week; `Storage.forget` has it dropped at once.
    """
    path = state_dir / _FOLDER / f"{transfer.transfer_id}.json"
    with _opened(path, fcntl.LOCK_EX) as descriptor:
        if descriptor is None:
            return not path.exists()
        if transfer.direction == "download":
            part = transfer.part
            with _opened(part, fcntl.LOCK_EX) as held:
                if held is not None:
                    for leftover in (part, part.with_name(f"{part.name}.json")):
                        with suppress(OSError):
                            leftover.unlink()
        path.unlink(missing_ok=True)
    return True


class TransferJournal:
    """The entry of one transfer under way, locked by this process. `earlier` is what another process had written.

    A journal that cannot be written (no state folder, a full disk) or that another process holds is no reason not to
    transfer: `note` then does nothing, and a later process starts over.
    """

    def __init__(self, state_dir: Path, transfer: UnfinishedTransfer) -> None:
        self._folder = state_dir / _FOLDER
        self._path = self._folder / f"{transfer.transfer_id}.json"
        self._descriptor: int | None = None
        self._is_ours = True
        self.earlier: UnfinishedTransfer | None = None
        descriptor = _open_locked(self._path, fcntl.LOCK_EX)
        if descriptor is not None:
            self._descriptor = descriptor
            found = _read(descriptor)
            self.earlier = found if found is not None and found.transfer_id == transfer.transfer_id else None
        elif self._path.exists():
            self._is_ours = False

    def note(self, transfer: UnfinishedTransfer) -> bool:
        """Write the entry, durably; False when it could not be."""
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
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # before anybody can see it under its name
            raw = json.dumps({"version": 1, **asdict(transfer)}).encode()
            write_all(descriptor, raw)
            os.fsync(descriptor)
            if self._descriptor is None:
                os.link(temporary, self._path)  # not a rename: another process may have been faster
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
        """The transfer has ended: drop the entry."""
        if self._descriptor is not None:
            with suppress(OSError):
                self._path.unlink()
        self.close()

    def close(self) -> None:
        """Leave the entry to a later process."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Make a folder of the state that is not there, private and durably."""
    if not folder.is_dir():
        make_private_dir(folder)
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """The names in the folder are on the disk when this returns."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def new_repeat_key() -> str:
    """A value that no other upload has."""
    return secrets.token_urlsafe(24)


def now_text() -> str:
    """This moment, as entries have it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@contextmanager
def _opened(path: Path, kind: int) -> Iterator[int | None]:
    """A descriptor of the file, locked, or None when it is not there, not ours, or held by somebody."""
    descriptor = _open_locked(path, kind)
    try:
        yield descriptor
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _open_locked(path: Path, kind: int) -> int | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError):
        return None
    try:
        for attempt in range(LOCK_TRIES):
            try:
                fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
                break
            except OSError:
                if attempt == LOCK_TRIES - 1:
                    raise
                time.sleep(0.005)
        opened, named = os.fstat(descriptor), path.lstat()
        is_it = (opened.st_dev, opened.st_ino) == (named.st_dev, named.st_ino)
        if is_it and stat.S_ISREG(opened.st_mode) and opened.st_uid == os.getuid():
            return descriptor
    except OSError:
        pass
    os.close(descriptor)
    return None


def _read(descriptor: int) -> UnfinishedTransfer | None:
    try:
        raw = json.loads(os.pread(descriptor, ENTRY_BYTES, 0))
        if raw.pop("version") != 1:
            return None
        found = UnfinishedTransfer(**raw)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    texts = (found.server, found.storage_type, found.key, found.path, found.created)
    is_sound = found.direction in ("upload", "download") and isinstance(found.size_bytes, int)
    return found if is_sound and all(isinstance(text, str) for text in texts) else None
