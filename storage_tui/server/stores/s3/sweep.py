"""What a store on a bucket removes: expired blobs, abandoned upload sessions, and the oldest audit entries.

One of the servers on the bucket sweeps at a time: the server named in the lease. The lease is a record that is taken
under a condition and ends by itself. Two servers that both believe to have the lease do no harm, as each delete names
the object that it deletes.
"""

import json
import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta

from storage_tui.contract.errors import ConflictError
from storage_tui.contract.storage_types import STORAGE_TYPES, StorageType
from storage_tui.server.stores.records import ABSENT
from storage_tui.server.stores.s3 import sessions as sessions
from storage_tui.server.stores.s3.audit import forgettable
from storage_tui.server.stores.s3.blobs import ROOT, is_live
from storage_tui.server.stores.s3.moved_times import MovedTimes
from storage_tui.server.stores.s3.protocol.bucket import Bucket, Object
from storage_tui.server.stores.s3.protocol.requests import ConditionError
from storage_tui.server.stores.s3.protocol.threads import Threads, gather_few
from storage_tui.server.stores.s3.records import S3Records

LEASE = timedelta(minutes=10)
LEASE_NAME = "sweeper"
MAX_SKEW = timedelta(minutes=5)  # between the clocks of server and engine; with more, nobody knows what has expired
REST = 20  # a scan pauses for this many times its duration: expired blobs are hidden in any case

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Lease:
    """Who sweeps and until when; when the next scan for expired blobs is due; the last session whose bytes were dropped
    after its expiry. Times are seconds since 1970."""

    holder: str = ""
    until: float = 0
    scan_due: float = 0
    emptied_to: str = ""


class Sweeper:
    """The sweeper of one server."""

    def __init__(self, bucket: Bucket, threads: Threads, times: MovedTimes, now: Callable[[], datetime]) -> None:
        self._bucket = bucket
        self._records = S3Records(bucket)
        self._threads = threads
        self._times = times
        self._now = now
        self._name = secrets.token_hex(8)

    async def sweep(self) -> int:
        """Sweep once, and return how many blobs expired: 0 while another server sweeps or the clocks disagree."""
        now = self._now()
        taken = await self._threads.upkeep.run(self._take, now)
        if taken is None:
            return 0
        lease, version = taken
        skew = abs(await self._threads.upkeep.run(self._bucket.now) - now)
        if skew > MAX_SKEW:
            _log.warning("the clock is %d s off that of the storage engine: nothing is swept", skew.total_seconds())
            return 0
        lease = replace(lease, emptied_to=await self._empty_sessions(lease.emptied_to, now))
        await self._forget_sessions(now)
        await self._forget_entries(now)
        count = 0
        if now.timestamp() >= lease.scan_due:
            started = time.monotonic()
            count, next_expiry = await self._scan(now)
            rested = now + REST * timedelta(seconds=time.monotonic() - started)
            lease = replace(lease, scan_due=max(rested, next_expiry).timestamp())
        await self._threads.upkeep.run(self._give_back, lease, version)
        return count

    def _take(self, now: datetime) -> tuple[Lease, str] | None:
        found = self._records.read(LEASE_NAME)
        lease = Lease() if found is None else _parse_lease(found.content)
        if lease.holder not in ("", self._name) and lease.until > now.timestamp():
            return None
        lease = replace(lease, holder=self._name, until=(now + LEASE).timestamp())
        try:
            return lease, self._write(lease, found.version if found is not None else ABSENT)
        except ConflictError:
            return None

    def _give_back(self, lease: Lease, version: str) -> None:
        try:
            self._write(replace(lease, holder=""), version)
        except ConflictError:
            _log.info("the sweep took longer than its lease; another server continues it")

    def _write(self, lease: Lease, expected: str) -> str:
        return self._records.write(LEASE_NAME, json.dumps(asdict(lease)).encode(), expected=expected)

    async def _scan(self, now: datetime) -> tuple[int, datetime]:
        """Remove expired blobs. Return how many there were, and when the next blob can expire."""
        count = 0
        lifetimes = [row.expires_after for row in STORAGE_TYPES.values() if row.expires_after is not None]
        next_expiry = now + min(lifetimes)
        start = ""
        while True:
            listing = await self._threads.upkeep.run(self._bucket.list, ROOT, after=start, delimiter="/")
            for namespace in listing.prefixes:
                for rule in STORAGE_TYPES.values():
                    if rule.expires_after is not None:
                        expired, next_of_these = await self._scan_type(f"{namespace}{rule.name}/", rule, now)
                        count, next_expiry = count + expired, min(next_expiry, next_of_these)
            if not listing.is_truncated or not listing.prefixes:
                return count, next_expiry
            start = listing.prefixes[-1] + "g"  # after all hexadecimal digits

    async def _scan_type(self, prefix: str, rule: StorageType, now: datetime) -> tuple[int, datetime]:
        count, start = 0, ""
        lifetime = rule.expires_after or timedelta.max
        next_expiry = now + lifetime
        while True:
            listing = await self._threads.upkeep.run(self._bucket.list, prefix, after=start)
            objects = await self._times.right(listing.objects)
            expired = [found for found in objects if not is_live(found, rule, now)]
            living = (found.modified + lifetime for found in objects if is_live(found, rule, now))
            next_expiry = min(next_expiry, *living, now + lifetime)
            removed = await gather_few(self._threads.upkeep.run(self._remove, found, rule, now) for found in expired)
            count += sum(removed)
            if not listing.is_truncated:
                return count, next_expiry
            start = listing.objects[-1].name

    def _remove(self, listed: Object, rule: StorageType, now: datetime) -> bool:
        """Remove the object unless it was written again after the list. Return whether it was removed."""
        found = self._bucket.head(listed.name)
        if found is None or is_live(found, rule, now):
            return False
        try:
            self._bucket.delete(listed.name, etag=found.etag)
        except ConditionError:
            return False
        return True

    async def _empty_sessions(self, emptied_to: str, now: datetime) -> str:
        """Drop the bytes of expired sessions, and return the id of the last of them."""
        for upload_id in await self._sessions_before(now - sessions.SESSION_LIFETIME, emptied_to):
            await self._threads.upkeep.run(sessions.forget_bytes, self._bucket, upload_id)
            emptied_to = upload_id
        return emptied_to

    async def _forget_sessions(self, now: datetime) -> None:
        long_ago = now - sessions.SESSION_LIFETIME - sessions.TOMBSTONE_LIFETIME
        for upload_id in await self._sessions_before(long_ago, ""):
            await self._threads.upkeep.run(self._bucket.delete, sessions.ROOT + upload_id)

    async def _forget_entries(self, now: datetime) -> None:
        names = await self._threads.upkeep.run(forgettable, self._bucket, now)
        await gather_few(self._threads.upkeep.run(self._bucket.delete, name) for name in names)

    async def _sessions_before(self, moment: datetime, start: str) -> list[str]:
        """Return the ids of up to a thousand sessions after `start` that began at or before the moment."""
        after = sessions.ROOT + start if start else ""
        listing = await self._threads.upkeep.run(self._bucket.list, sessions.ROOT, after=after)
        ids = [found.name.removeprefix(sessions.ROOT) for found in listing.objects]
        last = f"{int(moment.astimezone(UTC).timestamp()):08x}"
        return [upload_id for upload_id in ids if upload_id[: len(last)] <= last]


def _parse_lease(content: bytes) -> Lease:
    """Return the lease in the content of a record. For other content return a free lease, as the sweep finds out
    everything in it again."""
    try:
        raw = json.loads(content)
        return Lease(str(raw["holder"]), float(raw["until"]), float(raw["scan_due"]), str(raw["emptied_to"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        return Lease()
