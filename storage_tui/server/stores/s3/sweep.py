"""What a store on a bucket removes: expired blobs, abandoned upload sessions, and the oldest audit entries.

What has expired is found in the lists of the ledger; a scan in the background finds the rest, a few lists a minute.

One of the servers on the bucket sweeps at a time: the server named in the lease. The lease is a record that is taken
under a condition and ends by itself. Two servers that both believe to have the lease do no harm, as each delete names
the object that it deletes.
"""

import json
import logging
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta

from storage_tui.contract.errors import ConflictError
from storage_tui.server.stores.records import ABSENT
from storage_tui.server.stores.s3 import sessions as sessions
from storage_tui.server.stores.s3.audit import forgettable
from storage_tui.server.stores.s3.ledger.ledger import Ledger
from storage_tui.server.stores.s3.protocol.bucket import Bucket
from storage_tui.server.stores.s3.protocol.threads import Threads, gather_few
from storage_tui.server.stores.s3.records import S3Records

LEASE = timedelta(minutes=10)
LEASE_NAME = "sweeper"
MAX_SKEW = timedelta(minutes=5)  # between the clocks of server and engine; with more, nobody knows what has expired
ATTEMPTS = 5  # to leave; each fails through another server that sweeps
REST = 20  # the scan pauses for this many times the duration of a step
SCAN_EVERY = timedelta(days=1)  # from one scan to the next one, unless a server is lost
LOST = timedelta(minutes=30)  # a server that has not swept for so long was killed: it sweeps about once a minute

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Lease:
    """Who sweeps and until when; when the next step of the scan is due, and where the step begins; the last session
    whose bytes were dropped after its expiry; when each server swept last; whether one was lost during the scan, so
    that the scan is made again. Times are seconds since 1970."""

    holder: str = ""
    until: float = 0
    scan_due: float = 0
    emptied_to: str = ""
    scan_at: str = ""
    servers: dict[str, float] = field(default_factory=dict)
    has_lost: bool = False

    def with_server(self, name: str, now: datetime) -> "Lease":
        """Return the lease with a server that sweeps now. When another one is lost, which may not have noted its last
        changes, a scan is due."""
        kept = {server: at for server, at in self.servers.items() if at > (now - LOST).timestamp()}
        has_lost = self.has_lost or len(kept) < len(self.servers)
        lease = replace(self, servers=kept | {name: now.timestamp()}, has_lost=has_lost)
        return replace(lease, scan_due=0.0, has_lost=False) if has_lost and not self.scan_at else lease

    def without_server(self, name: str) -> "Lease":
        """Return the lease without a server that has noted all its changes."""
        return replace(self, servers={server: at for server, at in self.servers.items() if server != name})


class Sweeper:
    """The sweeper of one server."""

    def __init__(self, bucket: Bucket, threads: Threads, ledger: Ledger, now: Callable[[], datetime]) -> None:
        self._bucket = bucket
        self._records = S3Records(bucket)
        self._threads = threads
        self._ledger = ledger
        self._now = now
        self._name = secrets.token_hex(8)
        self._is_known = False  # in the record of the lease

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
        count = await self._ledger.sweep()
        if now.timestamp() >= lease.scan_due:
            started = time.monotonic()
            step = await self._ledger.scan(lease.scan_at)
            rest = REST * timedelta(seconds=time.monotonic() - started) if step.next else SCAN_EVERY
            count += step.removed
            lease = replace(lease, scan_due=(now + rest).timestamp(), scan_at=str(step.next or ""))
        await self._threads.upkeep.run(self._give_back, lease, version)
        return count

    async def leave(self) -> None:
        """Say that this server ends, and has noted all its changes. Without this the server counts as lost."""
        if self._is_known:
            await self._threads.upkeep.run(self._leave)

    def _leave(self) -> None:
        for _ in range(ATTEMPTS):
            lease, version = self._read()
            with suppress(ConflictError):
                self._write(lease.without_server(self._name), version)
                return

    def _take(self, now: datetime) -> tuple[Lease, str] | None:
        lease, version = self._read()
        if lease.holder not in ("", self._name) and lease.until > now.timestamp():
            return None
        lease = replace(lease, holder=self._name, until=(now + LEASE).timestamp()).with_server(self._name, now)
        try:
            taken = lease, self._write(lease, version)
        except ConflictError:
            return None
        self._is_known = True
        return taken

    def _read(self) -> tuple[Lease, str]:
        found = self._records.read(LEASE_NAME)
        return (Lease(), ABSENT) if found is None else (_parse_lease(found.content), found.version)

    def _give_back(self, lease: Lease, version: str) -> None:
        try:
            self._write(replace(lease, holder=""), version)
        except ConflictError:
            _log.info("the sweep took longer than its lease; another server continues it")

    def _write(self, lease: Lease, expected: str) -> str:
        return self._records.write(LEASE_NAME, json.dumps(asdict(lease)).encode(), expected=expected)

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
        servers = {str(name): float(at) for name, at in raw.get("servers", {}).items()}
        return Lease(
            str(raw["holder"]), float(raw["until"]), float(raw["scan_due"]), str(raw["emptied_to"]),
            str(raw.get("scan_at", "")), servers, bool(raw.get("has_lost", False)),
        )  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Lease()
