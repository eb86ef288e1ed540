"""The tables of a local store's database, and its connections: one connection writes, pooled connections only read.

SQLite up to 3.51.2 can corrupt a WAL that two connections write or checkpoint at once. Here one connection in one
thread does both, and a version with the fix is required as well.
"""

from pathlib import Path

import apsw

from storage_tui.contract.errors import UnavailableError
from storage_tui.machine.private_files import touch_private
from storage_tui.server.stores.local.files import is_mounted_read_only

SCHEMA_VERSION = 9
FIRST_VERSION = 5  # older ones were of no released program
TRACES_SINCE = 6  # the first version with counters of what a user leaves behind, and the rows that were set aside
MIN_SQLITE = 3051003
CHECKPOINT_PAGES = 4096  # 16 MiB of WAL: the fsyncs of a checkpoint are shared by about a thousand small values
WAL_BYTES = 64 * 1024 * 1024  # a WAL that a long reader let grow past this size is cut back to it
BUSY_MS = 10_000
AUDIT_ROW_BYTES = 200  # size of an audit entry without its key, with its places in three indexes

_ALONE = "unix-excl"  # SQLite's name for files that only one process uses

# `content` is the row in `contents` of a small value, NULL when the bytes are the file blobs/xx/id. The bytes have
# their own table because lists and sums walk `keys`. Times are milliseconds since 1970. Checksums are the crc32c value.
_TABLES = """
CREATE TABLE keys (
  namespace BLOB NOT NULL, type TEXT NOT NULL, key BLOB NOT NULL,
  id TEXT NOT NULL, size INTEGER NOT NULL, crc INTEGER NOT NULL,
  modified INTEGER NOT NULL, expires INTEGER, content_type TEXT, content INTEGER,
  PRIMARY KEY (namespace, type, key)
) WITHOUT ROWID, STRICT;
CREATE INDEX keys_by_expiry ON keys (expires) WHERE expires IS NOT NULL;
CREATE INDEX keys_by_file ON keys (id) WHERE content IS NULL;
CREATE TABLE contents (id INTEGER PRIMARY KEY, content BLOB NOT NULL) STRICT;
CREATE TABLE garbage (id TEXT PRIMARY KEY, since INTEGER NOT NULL) WITHOUT ROWID, STRICT;
CREATE INDEX garbage_by_age ON garbage (since);
CREATE TABLE uploads (
  upload_id TEXT PRIMARY KEY, namespace BLOB NOT NULL, type TEXT NOT NULL, key BLOB NOT NULL,
  state TEXT NOT NULL, blob_id TEXT NOT NULL, offset INTEGER NOT NULL, crc INTEGER NOT NULL,
  size INTEGER, content_type TEXT, want_crc TEXT, precondition TEXT NOT NULL, blob TEXT, expires INTEGER NOT NULL,
  repeat_key TEXT
) WITHOUT ROWID, STRICT;
CREATE INDEX uploads_by_expiry ON uploads (expires);
CREATE INDEX uploads_by_repeat ON uploads (namespace, repeat_key) WHERE repeat_key IS NOT NULL;
CREATE INDEX uploads_by_owner ON uploads (namespace, type) WHERE state = 'open';
CREATE TABLE facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID, STRICT;
CREATE TABLE sums (
  id TEXT NOT NULL, segment INTEGER NOT NULL, crcs BLOB NOT NULL, PRIMARY KEY (id, segment)
) WITHOUT ROWID, STRICT;
CREATE TABLE totals (
  namespace BLOB NOT NULL, type TEXT NOT NULL, count INTEGER NOT NULL, bytes INTEGER NOT NULL,
  PRIMARY KEY (namespace, type)
) WITHOUT ROWID, STRICT;
CREATE TRIGGER totals_add AFTER INSERT ON keys BEGIN
  INSERT INTO totals (namespace, type, count, bytes) VALUES (NEW.namespace, NEW.type, 1, NEW.size)
    ON CONFLICT DO UPDATE SET count = count + 1, bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER totals_change AFTER UPDATE OF size ON keys BEGIN
  UPDATE totals SET bytes = bytes + NEW.size - OLD.size WHERE namespace = NEW.namespace AND type = NEW.type;
END;
CREATE TRIGGER totals_drop AFTER DELETE ON keys BEGIN
  UPDATE totals SET count = count - 1, bytes = bytes - OLD.size WHERE namespace = OLD.namespace AND type = OLD.type;
END;
CREATE TABLE audit (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, namespace BLOB NOT NULL, type TEXT NOT NULL,
  key BLOB NOT NULL, etag TEXT NOT NULL, request TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_time ON audit (at);
"""
_UPGRADES = {  # from this version to the next
    5: f"""
CREATE TABLE traces (
  namespace BLOB NOT NULL, kind TEXT NOT NULL, count INTEGER NOT NULL, bytes INTEGER NOT NULL,
  dropped INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (namespace, kind)
) WITHOUT ROWID, STRICT;
INSERT INTO traces (namespace, kind, count, bytes)
  SELECT namespace, 'audit', count(*), sum(length(key) + {AUDIT_ROW_BYTES}) FROM audit GROUP BY namespace;
INSERT INTO traces (namespace, kind, count, bytes)
  SELECT namespace, 'uploads', count(*), 0 FROM uploads WHERE state != 'open' GROUP BY namespace;
CREATE TRIGGER traces_delete AFTER INSERT ON audit BEGIN
  INSERT INTO traces (namespace, kind, count, bytes)
    VALUES (NEW.namespace, 'audit', 1, length(NEW.key) + {AUDIT_ROW_BYTES})
    ON CONFLICT DO UPDATE SET count = count + 1, bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER traces_forget AFTER DELETE ON audit BEGIN
  UPDATE traces SET count = count - 1, bytes = bytes - length(OLD.key) - {AUDIT_ROW_BYTES}
    WHERE namespace = OLD.namespace AND kind = 'audit';
END;
CREATE TRIGGER traces_end AFTER UPDATE OF state ON uploads WHEN OLD.state = 'open' AND NEW.state != 'open' BEGIN
  INSERT INTO traces (namespace, kind, count, bytes) VALUES (NEW.namespace, 'uploads', 1, 0)
    ON CONFLICT DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER traces_expire AFTER DELETE ON uploads WHEN OLD.state != 'open' BEGIN
  UPDATE traces SET count = count - 1 WHERE namespace = OLD.namespace AND kind = 'uploads';
END;
CREATE INDEX audit_by_user ON audit (namespace, seq);
CREATE INDEX uploads_ended ON uploads (namespace, expires) WHERE state != 'open';
CREATE TABLE set_aside (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, origin TEXT NOT NULL, why TEXT NOT NULL,
  fields TEXT NOT NULL, content BLOB
) STRICT;
""",
    6: "ALTER TABLE keys ADD COLUMN md5 TEXT;",  # base64; NULL for a blob that came without
    # Blobs that left their keys and can come back (`trash/gone.py`); `seq` is the order in which they went.
    7: """
CREATE TABLE gone (
  seq INTEGER PRIMARY KEY, namespace BLOB NOT NULL, type TEXT NOT NULL, key BLOB NOT NULL,
  id TEXT NOT NULL, size INTEGER NOT NULL, crc INTEGER NOT NULL, modified INTEGER NOT NULL, expires INTEGER,
  content_type TEXT, content INTEGER, md5 TEXT, at INTEGER NOT NULL, how TEXT NOT NULL, by TEXT NOT NULL
) STRICT;
CREATE INDEX gone_by_key ON gone (namespace, type, key);
CREATE INDEX gone_by_owner ON gone (namespace, type);
CREATE INDEX gone_by_file ON gone (id) WHERE content IS NULL;
CREATE INDEX gone_by_expiry ON gone (expires) WHERE expires IS NOT NULL;
CREATE TRIGGER traces_bury AFTER INSERT ON gone BEGIN
  INSERT INTO traces (namespace, kind, count, bytes) VALUES (NEW.namespace, 'gone.' || NEW.type, 1, NEW.size)
    ON CONFLICT DO UPDATE SET count = count + 1, bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER traces_return AFTER DELETE ON gone BEGIN
  UPDATE traces SET count = count - 1, bytes = bytes - OLD.size
    WHERE namespace = OLD.namespace AND kind = 'gone.' || OLD.type;
END;
""",
    8: """
CREATE TABLE upload_parts (
  upload_id TEXT NOT NULL, start INTEGER NOT NULL, stop INTEGER NOT NULL, offset INTEGER NOT NULL,
  crc INTEGER NOT NULL, PRIMARY KEY (upload_id, start)
) WITHOUT ROWID, STRICT;
CREATE TRIGGER upload_parts_end AFTER UPDATE OF state ON uploads WHEN NEW.state != 'open' BEGIN
  DELETE FROM upload_parts WHERE upload_id = NEW.upload_id;
END;
CREATE TRIGGER upload_parts_forget AFTER DELETE ON uploads BEGIN
  DELETE FROM upload_parts WHERE upload_id = OLD.upload_id;
END;
""",
}


def open_writer(database: Path, *, is_alone: bool = False, min_sqlite: int = MIN_SQLITE) -> apsw.Connection:
    """The one writing connection, its tables made; raises UnavailableError for a database of a version unknown here.

    With `is_alone`, here and for the readers, the index of the log is in memory, because a full disk has no room for
    the index. Then no other process can read the database.
    """
    if min_sqlite > apsw.SQLITE_VERSION_NUMBER:
        raise UnavailableError(f"SQLite {apsw.sqlite_lib_version()} can corrupt a WAL; install apsw 3.51.3 or newer")
    touch_private(database)  # before SQLite makes the file readable for all; -wal and -shm take their mode from it
    connection = apsw.Connection(str(database), vfs=_ALONE if is_alone else None)
    try:
        connection.set_busy_timeout(BUSY_MS)
        if not database.stat().st_size:  # returns freed pages to the disk; SQLite writes at each call
            connection.pragma("auto_vacuum", 2)
        connection.pragma("journal_mode", "wal")
        connection.pragma("synchronous", "FULL")
        connection.pragma("fullfsync", 1)  # macOS: its fsync leaves bytes in the drive's cache
        connection.pragma("checkpoint_fullfsync", 1)
        connection.pragma("journal_size_limit", WAL_BYTES)
        connection.pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
        connection.pragma("cache_size", -8 * 1024)  # kB; the system keeps the rest in its own cache
        _harden(connection)
        version = connection.pragma("user_version")
        refuse_unknown(version, database.parent)
        if version < SCHEMA_VERSION:
            with connection:
                if version == 0:
                    connection.execute(_TABLES)
                for step in range(max(version, FIRST_VERSION), SCHEMA_VERSION):
                    connection.execute(_UPGRADES[step])
                connection.pragma("user_version", SCHEMA_VERSION)
    except BaseException:
        connection.close()
        raise
    return connection


def refuse_unknown(version: int, place: Path) -> None:
    """Raise UnavailableError for tables of a version that this program cannot read; 0 is a database without tables."""
    if version > SCHEMA_VERSION:
        raise UnavailableError(
            f"{place} was written by a newer storage-tui (schema {version}, this one knows {SCHEMA_VERSION}); "
            "upgrade storage-tui"
        )
    if 0 < version < FIRST_VERSION:
        raise UnavailableError(
            f"{place} was written by a program before storage-tui 0.1.0 (schema {version}, the first known is "
            f"{FIRST_VERSION}); begin with an empty directory"
        )


def open_reader(database: Path, *, is_alone: bool = False) -> apsw.Connection:
    """Open a connection that can only read, and so never makes a checkpoint."""
    vfs = _ALONE if is_alone else None
    connection = apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READONLY, vfs=vfs)
    connection.set_busy_timeout(BUSY_MS)
    _harden(connection)
    return connection


def open_beside(database: Path) -> apsw.Connection:
    """Open a connection for reading, in a process that does not own the store. Works on a read-only disk too."""
    connection = open_reader(database)
    try:
        connection.pragma("user_version")
    except apsw.Error:
        connection.close()
        if not is_mounted_read_only(database.parent):
            raise
        return open_frozen(database)
    return connection


def open_frozen(database: Path) -> apsw.Connection:
    """Open a database that nobody changes meanwhile, on a disk that takes nothing: no lock, no new file.

    The pages of a log that was not copied into the database are read too. SQLite's `immutable` would leave these pages
    out, and without `immutable` a log needs an index in a file. An exclusive lock keeps the index in memory, and
    "unix-none" grants an exclusive lock to every process.
    """
    log = database.with_name(f"{database.name}-wal")
    has_log = log.exists() and log.stat().st_size > 0
    how = "vfs=unix-none" if has_log else "immutable=1"
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    connection = apsw.Connection(f"{database.absolute().as_uri()}?mode=ro&{how}", flags=flags)
    if has_log:
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        connection.pragma("locking_mode", "exclusive")
    _harden(connection)
    return connection


def _harden(connection: apsw.Connection) -> None:
    connection.pragma("trusted_schema", 0)
    connection.pragma("cell_size_check", 1)
