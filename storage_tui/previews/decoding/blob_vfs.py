"""A file system of SQLite with one file, the blob, which never changes (SQLite, The OS Interface or "VFS")."""

from typing import Any

import apsw

from storage_tui.previews.decoding.ranged_file import RangedFile

NAME = "blob"


class BlobVfs(apsw.VFS):
    """Opens the blob, whatever name is asked for, and nothing else."""

    def __init__(self, file: RangedFile) -> None:
        self._file = file
        super().__init__(NAME, "")

    def xOpen(self, name: Any, flags: list[int]) -> Any:
        """Return the blob for the main database; refuse a journal or a temporary file."""
        if not flags[0] & apsw.SQLITE_OPEN_MAIN_DB:
            raise apsw.CantOpenError("there is no other file")
        flags[1] = apsw.SQLITE_OPEN_READONLY
        return BlobFile(self._file)

    def xAccess(self, pathname: str, flags: int) -> bool:
        """Return that no other file is there."""
        return False

    def xFullPathname(self, name: str) -> str:
        """Return the name as it is."""
        return name

    def xDelete(self, filename: str, syncdir: bool) -> None:
        """Delete nothing."""


class BlobFile:
    """The blob as SQLite reads it."""

    def __init__(self, file: RangedFile) -> None:
        self._file = file

    def xRead(self, amount: int, offset: int) -> bytes:
        """Return bytes; fewer at the end of the blob."""
        self._file.seek(offset)
        return self._file.read(amount) or b""

    def xFileSize(self) -> int:
        """Return the size of the blob."""
        return self._file.size

    def xLock(self, level: int) -> None:
        """Lock nothing: the blob does not change."""

    def xUnlock(self, level: int) -> None:
        """Unlock nothing."""

    def xCheckReservedLock(self) -> bool:
        """Return that nobody writes."""
        return False

    def xFileControl(self, op: int, ptr: int) -> bool:
        """Return that no operation is known."""
        return False

    def xSectorSize(self) -> int:
        """Return the usual size."""
        return 4096

    def xDeviceCharacteristics(self) -> int:
        """Return that the file does not change."""
        return apsw.SQLITE_IOCAP_IMMUTABLE

    def xSync(self, flags: int) -> None:
        """Write nothing."""

    def xClose(self) -> None:
        """Leave the blob open: the job closes it."""


def connect(file: RangedFile) -> tuple[apsw.Connection, BlobVfs]:
    """Return a connection to the blob, and the file system, which must be kept as long as the connection is."""
    vfs = BlobVfs(file)
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    return apsw.Connection("file:/blob?immutable=1&mode=ro", flags=flags, vfs=NAME), vfs
