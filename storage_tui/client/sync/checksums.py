"""The checksums of local files that were read before, so that an unchanged file is not read again.

A row holds the crc32c of a file with its size, times and inode. A row counts only while all of these are as they were:
a write changes a time. A file that was written less than SETTLED_S before its checksum was taken gets no row, because
the clock of a file system has steps, and a second write within one step would not show.

The file is a SQLite database in the state directory. Losing it loses time only, so every fault of it is passed over: a
damaged file is removed, and rows that another process keeps out are dropped. It holds at most MOST_ROWS files; the
folders that no sync has looked at for longest go first.
"""

import os
import sqlite3
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from storage_tui.client.sync.entries import LocalEntry
from storage_tui.machine.private_files import make_private_dir, touch_private

FILE = "checksums-1.sqlite"  # with the version of its tables
MOST_ROWS = 1_000_000  # about 120 MB
WRITTEN_AT_ONCE = 5_000  # rows in one transaction; a killed sync loses so many at most
SETTLED_S = 2.0  # the longest step of the clock of a file system: FAT
BUSY_S = 0.5  # waiting longer for another process costs more than reading files again
READ_AT_ONCE = 1_000  # rows: a question for each file would cost more than all else
WINDOWS = 16  # folders whose rows are at hand: those from the top to the file, in most trees
SEEN_STEP_S = 86_400  # a folder's last use is kept to the day
_SCHEMA = """
CREATE TABLE IF NOT EXISTS folders (id INTEGER PRIMARY KEY, path BLOB NOT NULL UNIQUE, seen INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS sums (
    folder INTEGER NOT NULL, name BLOB NOT NULL, size INTEGER NOT NULL, mtime INTEGER NOT NULL, ctime INTEGER NOT NULL,
    inode INTEGER NOT NULL, crc INTEGER NOT NULL, etag TEXT NOT NULL, PRIMARY KEY (folder, name)
) WITHOUT ROWID;
"""
_FIND = (
    "SELECT name, size, mtime, ctime, inode, crc, etag FROM sums WHERE folder = ? AND name >= ? ORDER BY name LIMIT ?"
)
_NUMBER = "SELECT id, seen FROM folders WHERE path = ?"
_SEE = "INSERT INTO folders (path, seen) VALUES (?, ?) ON CONFLICT DO UPDATE SET seen = excluded.seen"
_KEEP = "INSERT OR REPLACE INTO sums VALUES (?, ?, ?, ?, ?, ?, ?, ?)"


_PAST_ALL = b"\xff" * 256  # no name is as long


class _Window(NamedTuple):
    """The rows of a folder with names from `start` to `stop`."""

    folder: int | None
    start: bytes
    stop: bytes
    rows: dict[bytes, tuple[int, int, int, int, int, str]]


class Known(NamedTuple):
    """What is known of a file that has not changed: its crc32c, and the ETag of a blob with these bytes, "" for none.

    Some servers list no checksums. There the ETag says without a question that the blob is still the same.
    """

    crc: int
    etag: str


class Checksums:
    """The kept checksums of this user. One thread uses an object, but for `keep`; any number of processes use the file
    at once."""

    def __init__(self, state_dir: Path, *, most_rows: int = MOST_ROWS, settled_s: float = SETTLED_S) -> None:
        self._file = state_dir / FILE
        self._most_rows, self._settled_ns = most_rows, int(settled_s * 1e9)
        self._rows: list[tuple[LocalEntry, Known]] = []
        self._database: sqlite3.Connection | None = None
        self._is_off = self._has_written = False
        self._windows: OrderedDict[str, _Window] = OrderedDict()
        self._seen: set[int] = set()

    def find(self, entry: LocalEntry) -> Known | None:
        """Return what is known of a file as it is now; None when it changed, or was never read.

        The files of a folder are asked for in the order of their names: others are found too, but not as fast.
        """
        folder, _, text = entry.path.rpartition(os.sep)
        name = os.fsencode(text)
        window = self._windows.get(folder)
        if window is None or not window.start <= name <= window.stop:
            if self._is_off:
                return None
            with self._passing_over_faults():
                window = self._windows[folder] = self._read(folder, window, name)
                if len(self._windows) > WINDOWS:
                    self._windows.popitem(last=False)
        row = None if window is None else window.rows.get(name)
        return Known(*row[4:]) if row is not None and row[:4] == _identity(entry) else None

    def keep(self, entry: LocalEntry, crc: int, *, read_at_ns: int, etag: str | None = None) -> None:
        """Keep the crc32c of a file that was read from the time `read_at_ns` on, and was `entry` before and after, and
        the ETag of a blob with these bytes.

        Any thread may call this method.
        """
        if entry.mtime_ns < read_at_ns - self._settled_ns:
            self._rows.append((entry, Known(crc, etag or "")))

    def write_many(self) -> None:
        """Write what was kept, once that is enough for a transaction."""
        if len(self._rows) >= WRITTEN_AT_ONCE:
            self._write()

    def close(self) -> None:
        """Write what was kept, and remove the oldest rows of too many."""
        self._write()
        with self._passing_over_faults():
            if self._database is not None and not self._is_off:
                self._note_seen()
                if self._has_written:
                    self._remove_oldest()
        self._drop_connection()

    def _read(self, folder: str, before: "_Window | None", name: bytes) -> "_Window":
        number = self._number_of(folder) if before is None else before.folder
        if number is None:
            return _Window(None, b"", _PAST_ALL, {})
        rows = self._opened().execute(_FIND, (number, name, READ_AT_ONCE)).fetchall()
        stop = rows[-1][0] if len(rows) == READ_AT_ONCE else _PAST_ALL
        return _Window(number, name, stop, {row[0]: row[1:] for row in rows})

    def _number_of(self, folder: str) -> int | None:
        row = self._opened().execute(_NUMBER, (os.fsencode(folder),)).fetchone()
        if row is not None and row[1] < time.time() - SEEN_STEP_S:
            self._seen.add(row[0])
        return None if row is None else row[0]

    def _write(self) -> None:
        rows, self._rows = self._rows, []
        if not rows or self._is_off:
            return
        with self._passing_over_faults():
            with self._changing() as database:
                numbers: dict[str, int] = {}
                for entry, known in rows:
                    folder, _, name = entry.path.rpartition(os.sep)
                    if folder not in numbers:
                        path, now = os.fsencode(folder), int(time.time())
                        database.execute(_SEE, (path, now))
                        numbers[folder] = database.execute(_NUMBER, (path,)).fetchone()[0]
                    database.execute(_KEEP, (numbers[folder], os.fsencode(name), *_identity(entry), *known))
            self._has_written = True
        self._windows.clear()

    def _note_seen(self) -> None:
        if not self._seen:
            return
        with self._changing() as database:
            now = int(time.time())
            database.executemany("UPDATE folders SET seen = ? WHERE id = ?", [(now, row) for row in self._seen])

    def _remove_oldest(self) -> None:
        """Remove the folders that were seen longest ago, until a tenth of the room is free again."""
        [count] = self._opened().execute("SELECT count(*) FROM sums").fetchone()
        if count <= self._most_rows:
            return
        with self._changing() as database:
            for [number] in database.execute("SELECT id FROM folders ORDER BY seen, id").fetchall():
                count -= database.execute("DELETE FROM sums WHERE folder = ?", (number,)).rowcount
                database.execute("DELETE FROM folders WHERE id = ?", (number,))
                if count <= self._most_rows * 9 // 10:
                    return

    def _opened(self) -> sqlite3.Connection:
        if self._database is None:
            make_private_dir(self._file.parent)
            touch_private(self._file)
            # No journal beside other programs' data is shared in memory, so that a killed process leaves nothing odd.
            self._database = sqlite3.connect(self._file, timeout=BUSY_S, isolation_level=None)
            self._database.execute("PRAGMA synchronous = NORMAL")
            self._database.executescript(_SCHEMA)
        return self._database

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        database = self._opened()
        database.execute("BEGIN IMMEDIATE")
        try:
            yield database
        except BaseException:
            with suppress(sqlite3.Error):
                database.execute("ROLLBACK")
            raise
        database.execute("COMMIT")

    @contextmanager
    def _passing_over_faults(self) -> Iterator[None]:
        """Work without the file from the first fault on. A file that is no database is removed for the next time."""
        try:
            yield
        except sqlite3.OperationalError:  # locked by another process, or no room
            self._is_off = True
        except (sqlite3.Error, OverflowError, IndexError):
            self._is_off = True
            self._drop_connection()
            with suppress(OSError):
                self._file.unlink()
        except OSError:
            self._is_off = True

    def _drop_connection(self) -> None:
        if self._database is not None:
            with suppress(sqlite3.Error):
                self._database.close()
            self._database = None


def _identity(entry: LocalEntry) -> tuple[int, int, int, int]:
    inode = entry.inode - (1 << 64) if entry.inode >= 1 << 63 else entry.inode  # SQLite's numbers have a sign
    return entry.size_bytes, entry.mtime_ns, entry.ctime_ns, inode
