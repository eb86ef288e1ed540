"""What a local store removes: expired blobs and sessions, gone blobs whose retention ends, files that no key names any
more, orphans.

Nothing is unlinked before the COMMIT that released it. A clock that jumps must not delete anything: the sweeper then
waits until the new time has lasted for a day.
"""

import asyncio
import logging
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import apsw

from storage_tui.server.stores.local import blocks as local_blocks
from storage_tui.server.stores.local.commit import Committer
from storage_tui.server.stores.local.database import sessions as sessions
from storage_tui.server.stores.local.database.audit import forget_old
from storage_tui.server.stores.local.database.pool import Pool
from storage_tui.server.stores.local.database.possible import NAMESPACE_BYTES, id_is_possible
from storage_tui.server.stores.local.database.rows import discard
from storage_tui.server.stores.local.files import SHARDS, Disk
from storage_tui.server.stores.local.room import Room
from storage_tui.server.stores.local.trash import retention

_SECOND = 1000  # milliseconds, as all times here
GARBAGE_GRACE = 3600 * _SECOND  # the time that a backup has to copy the files that a database names
QUARANTINE_LIFETIME = 7 * 24 * 3600 * _SECOND
CLOCK_BACK = 300 * _SECOND  # a clock may be set back so far without a warning
CLOCK_AHEAD = 30 * 24 * 3600 * _SECOND  # after a longer sleep the new time is not believed at once
CLOCK_TRUST = 24 * 3600 * _SECOND  # a strange time that lasts so long is believed
BATCH = 500  # rows in one change, so that other writers do not wait long
VACUUM_PAGES = 4096  # free pages that the database keeps for new values, and the most returned to the disk in one sweep

_EXPIRED = f"SELECT namespace, type, key, id, content FROM keys WHERE expires <= ? AND {id_is_possible('id')} LIMIT ?"
_REMOVE = "DELETE FROM keys WHERE namespace = ? AND type = ? AND key = ? AND id = ?"
_GARBAGE = f"SELECT id FROM garbage WHERE since <= ? AND {id_is_possible('id')} LIMIT ?"
_IS_NAMED = "SELECT EXISTS (SELECT 1 FROM keys WHERE id = ? AND content IS NULL)"
_IS_GARBAGE = "SELECT EXISTS (SELECT 1 FROM garbage WHERE id = ?)"
_IS_GONE = "SELECT EXISTS (SELECT 1 FROM gone WHERE id = ? AND content IS NULL)"
_SET_FACT = "INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value"

_log = logging.getLogger(__name__)


class Sweeper:
    """Removes expired blobs and sessions, garbage and orphans of a store, a few at a time."""

    def __init__(self, *, disk: Disk, room: Room, committer: Committer, pool: Pool, now: Callable[[], int]) -> None:
        self._disk = disk
        self._room = room
        self._committer = committer
        self._pool = pool
        self._now = now
        self._collecting = asyncio.Lock()  # the lock on the disk is for other processes
        self._made = 0  # how often room was made

    async def sweep(self) -> int:
        """Sweep once, and return how many blobs expired; 0 while the clock is not believed."""
        now = self._now()
        if not await self._committer.run(lambda connection: _believe_clock(connection, now)):
            return 0
        expired = 0
        while count := await self._committer.run(lambda connection: _expire(connection, now)):
            expired += count
        while ended := await self._committer.run(lambda connection: sessions.expire(connection, now, BATCH)):
            await self._unlink([self._disk.part_path(blob_id) for blob_id in ended])
        await self._committer.run(lambda connection: forget_old(connection, now))
        await self._end_retention(now)
        while short_bytes := await self._pool.keep_up(lambda: self._room.short_bytes):
            if not await self.make_room(short_bytes, is_due=True):
                break
        is_short = await self._pool.keep_up(lambda: self._room.is_short)
        await self.collect(grace=0 if is_short else GARBAGE_GRACE)
        await self._pool.keep_up(self._clear_quarantine)
        await self._committer.run(partial(_vacuum, 0 if is_short else VACUUM_PAGES))
        return expired

    async def make_room(self, short_bytes: int = 0, *, is_due: bool = False) -> bool:
        """Remove at once the garbage that later sweeps would remove. Where there is none, end the retention of the
        oldest gone blobs, enough for the `short_bytes` that a write lacks. When all of them are not enough, end none of
        them, unless this `is_due` for the reserve. Return whether the disk has more room now."""
        seen = self._made
        async with self._collecting:
            if self._made > seen:
                return True  # made for another write while this one waited
            with self._disk.collecting() as may_unlink:
                is_more = await self._empty(may_unlink=may_unlink)
                if not is_more and may_unlink and await self._give_up(short_bytes, is_due=is_due):
                    is_more = await self._empty(may_unlink=True)
            self._made += is_more
        return is_more

    async def _empty(self, *, may_unlink: bool) -> bool:
        """Remove all garbage and free pages; return whether there were any."""
        is_more = bool(await self._collect(self._now())) if may_unlink else False
        while await self._committer.run(partial(_vacuum, 0)):
            is_more = True
        await self._committer.shrink()
        return is_more

    async def _give_up(self, short_bytes: int, *, is_due: bool) -> bool:
        gone = await self._pool.read_for_upkeep(retention.total)
        if not gone.count or (gone.size_bytes < short_bytes and not is_due):
            return False
        now = self._now()
        return bool(await self._committer.run(lambda connection: retention.end_for_room(connection, now, short_bytes)))

    async def _end_retention(self, now: int) -> None:
        kept_for = self._room.retention
        while await self._committer.run(lambda connection: retention.end_old(connection, now, kept_for)):
            pass
        owners = await self._pool.read_for_upkeep(retention.owners)
        for start in range(0, len(owners), BATCH):
            await self._committer.run(partial(self._fit, owners[start : start + BATCH], now))

    def _fit(self, owners: list[tuple[bytes, str]], now: int, connection: apsw.Connection) -> None:
        for namespace, storage_type in owners:
            if len(namespace) == NAMESPACE_BYTES:
                self._room.fit(connection, namespace.hex(), storage_type, now)

    async def collect(self, *, grace: int) -> int:
        """Unlink the files of blobs that were overwritten or deleted, or that expired, at least `grace` milliseconds
        ago; return how many."""
        async with self._collecting:
            with self._disk.collecting() as may_unlink:
                return await self._collect(self._now() - grace) if may_unlink else 0

    async def _collect(self, before: int) -> int:
        count = 0
        while found := await self._pool.read_for_upkeep(lambda connection: _garbage(connection, before)):
            gone = await self._unlink([self._disk.blob_path(blob_id) for blob_id in found])
            await self._committer.run(partial(_forget, [path.name for path in gone]))
            count += len(gone)
            if len(gone) < len(found):
                break  # the next sweep tries the rest again
        return count

    async def find_orphans(self) -> int:
        """Move blob files that no row names, left by a crash before a COMMIT, into quarantine; return how many.

        Files are published in the writer's thread. Each file found here is confirmed by a change of its own in that
        thread: by then the COMMIT of the file, if there is one, has happened.
        """
        count = 0
        for shard in SHARDS:
            names = await self._pool.keep_up(partial(_names, self._disk.blobs / shard))
            loose = await self._pool.read_for_upkeep(partial(_nameless, names))
            if loose:
                count += await self._committer.run(partial(self._isolate, loose))
        if count:
            _log.warning("%d blob files without a key were moved to %s", count, self._disk.quarantine)
        return count

    def _isolate(self, names: list[str], connection: apsw.Connection) -> int:
        count, seconds = 0, self._now() / _SECOND
        for name in _nameless(names, connection):
            path = self._disk.quarantine / name
            try:
                self._disk.blob_path(name).rename(path)
                os.utime(path, (seconds, seconds))
                count += 1
            except OSError as exc:  # the file was collected meanwhile, or stays where it does no harm
                _log.info("a blob file without a key stays: %s", exc)
        return count

    async def _unlink(self, paths: list[Path]) -> list[Path]:
        """Unlink the files and return those that are gone now."""
        return await self._pool.keep_up(lambda: [path for path in paths if self._disk.unlink(path)])

    def _clear_quarantine(self) -> None:
        before = (self._now() - QUARANTINE_LIFETIME) / _SECOND
        with os.scandir(self._disk.quarantine) as rows:
            entries = list(rows)
        for entry in entries:
            if entry.stat(follow_symlinks=False).st_mtime <= before:
                self._disk.unlink(Path(entry.path))


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def _garbage(connection: apsw.Connection, before: int) -> list[str]:
    rows: list[Any] = connection.execute(_GARBAGE, (before, BATCH)).fetchall()
    return [row[0] for row in rows]


def _forget(blob_ids: list[str], connection: apsw.Connection) -> None:
    connection.executemany("DELETE FROM garbage WHERE id = ?", [(blob_id,) for blob_id in blob_ids])
    local_blocks.drop(connection, blob_ids)


def _nameless(names: list[str], connection: apsw.Connection) -> list[str]:
    return [
        name
        for name in names
        if not any(connection.execute(query, (name,)).get for query in (_IS_NAMED, _IS_GARBAGE, _IS_GONE))
    ]


def _expire(connection: apsw.Connection, now: int) -> int:
    rows: list[Any] = connection.execute(_EXPIRED, (now, BATCH)).fetchall()
    for namespace, storage_type, key, blob_id, content in rows:
        connection.execute(_REMOVE, (namespace, storage_type, key, blob_id))
        discard(connection, blob_id, content, now)
    return len(rows)


def _vacuum(kept: int, connection: apsw.Connection) -> int:
    """Remove free pages from the end of the database, and return how many."""
    free: int = connection.pragma("freelist_count")
    if free <= kept:
        return 0
    connection.execute(f"PRAGMA incremental_vacuum({min(free - kept, VACUUM_PAGES)})").fetchall()
    return free - int(connection.pragma("freelist_count"))


def _believe_clock(connection: apsw.Connection, now: int) -> bool:
    """Return True when the time is near that of the last sweep, or has been consistently different for a day."""
    seen: dict[str, int] = dict(connection.execute("SELECT name, value FROM facts"))
    last_seen = seen.get("last_seen", now)
    if last_seen - CLOCK_BACK <= now <= last_seen + CLOCK_AHEAD:
        connection.execute(_SET_FACT, ("last_seen", now))
        connection.execute("DELETE FROM facts WHERE name IN ('strange_since', 'strange_last')")
        return True
    since, last = seen.get("strange_since", now), seen.get("strange_last", now)
    if not last - CLOCK_BACK <= now <= last + CLOCK_AHEAD:
        since = now
    if now - since >= CLOCK_TRUST:
        connection.execute(_SET_FACT, ("last_seen", now))
        return True
    if since == now:
        _log.warning("the clock has jumped since the last sweep; nothing expires for good until it has lasted a day")
    connection.executemany(_SET_FACT, [("strange_since", since), ("strange_last", now)])
    return False
