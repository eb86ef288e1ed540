"""The lists of what expires: a server notes which blobs of a type with an expiry it wrote, under the time at which the
last of them has expired. So a sweep reads the lists of the days that are past, and no more.

A list names blobs, and says nothing of their expiry: a blob is removed only when its object has expired, under the
condition that the object is still the same. An object that was written again meanwhile is in a later list.
"""

import json
import logging
import secrets
import time
from datetime import UTC, datetime, timedelta

from storage_tui.contract.storage_types import StorageType
from storage_tui.server.stores.s3.blobs import is_live
from storage_tui.server.stores.s3.ledger.pairs import pair_of
from storage_tui.server.stores.s3.protocol.bucket import Bucket
from storage_tui.server.stores.s3.protocol.requests import ConditionError
from storage_tui.server.stores.s3.protocol.threads import Threads, gather_few

ROOT = "due/"
NAMES_AT_MOST = 2000  # in one list: 2 MB at most, usually 160 kB
AT_ONCE = 100  # lists whose names one request returns
LONGEST_S = 300.0  # of one sweep: half of its lease
CLOCKS = timedelta(minutes=10)  # an object that lives longer than this past its list was written again

_STAMP = "%Y%m%d/%H%M%S"
_SECOND = timedelta(seconds=1)
_HOUR_S = 3600

_log = logging.getLogger(__name__)


def write_lists(bucket: Bucket, names: dict[str, datetime]) -> None:
    """Store lists of names of objects, each with the time at which it has expired: a list for each hour."""
    hours: dict[int, list[str]] = {}
    for name, moment in names.items():
        hours.setdefault(int(moment.timestamp()) // _HOUR_S, []).append(name)
    for of_hour in hours.values():
        for start in range(0, len(of_hour), NAMES_AT_MOST):
            some = of_hour[start : start + NAMES_AT_MOST]
            last = max(names[name] for name in some)
            content = json.dumps(some).encode()
            bucket.put(f"{ROOT}{_stamp(last + _SECOND)}-{secrets.token_hex(8)}", content)


class DueLists:
    """Removes what has expired, as the lists name it."""

    def __init__(self, bucket: Bucket, threads: Threads) -> None:
        self._bucket = bucket
        self._threads = threads

    async def sweep(self, now: datetime) -> int:
        """Remove the blobs that have expired, for LONGEST_S at most, and return how many there were."""
        count, ends = 0, time.monotonic() + LONGEST_S
        until = f"{ROOT}{_stamp(now)}~"
        while time.monotonic() < ends:
            listing = await self._threads.upkeep.run(self._bucket.list, ROOT, limit=AT_ONCE)
            past = [found.name for found in listing.objects if found.name < until]
            for name in past:
                count += await self._remove_all(name, now)
                if time.monotonic() >= ends:
                    break
            if len(past) < AT_ONCE:
                break
        return count

    async def _remove_all(self, listed: str, now: datetime) -> int:
        found = await self._threads.upkeep.run(self._bucket.read, listed)
        names = [] if found is None else _parse(found[1])
        if names is None:
            _log.warning("a list of what expires is damaged: its blobs are left for the scan in the background")
            names = []
        results = await gather_few(self._threads.upkeep.run(remove, self._bucket, name, now) for name in names)
        later = {name: due for name, due in zip(names, results, strict=True) if isinstance(due, datetime)}
        later = {name: due for name, due in later.items() if due <= now + CLOCKS}
        if later:
            await self._threads.upkeep.run(write_lists, self._bucket, later)
        await self._threads.upkeep.run(self._bucket.delete, listed)
        return sum(result is True for result in results)


def remove(bucket: Bucket, name: str, now: datetime) -> bool | datetime:
    """Remove an object that has expired and return True. Return when the object expires if it lives, and False when
    there is nothing to remove. The call blocks."""
    place = pair_of(name)
    found = None if place is None else bucket.head(name)
    if place is None or found is None or place[0].rule.expires_after is None:
        return False
    if is_live(found, place[0].rule, now):
        return found.modified + place[0].rule.expires_after
    try:
        bucket.delete(name, etag=found.etag)
    except ConditionError:
        return False
    return True


def expiry(rule: StorageType, written: datetime) -> datetime | None:
    """Return when a blob of that time expires; None for a type without expiry."""
    return None if rule.expires_after is None else written + rule.expires_after


def _stamp(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):{_STAMP}}"


def _parse(content: bytes) -> list[str] | None:
    try:
        raw = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return raw if isinstance(raw, list) and all(isinstance(name, str) for name in raw) else None
