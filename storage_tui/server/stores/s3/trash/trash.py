"""The `Trash` of a bucket. A list reads the folders of the days of the retention side by side, and asks for the
metadata of what it shows."""

import heapq
import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice

from storage_tui.contract.errors import BadRequestError, StorageError
from storage_tui.contract.keys import check_key, check_prefix
from storage_tui.contract.models import Blob, Retention
from storage_tui.contract.trash import OVERWRITTEN, BringBack, BringBackResult, GonePage, Purged
from storage_tui.server.stores.base import Address, Precondition
from storage_tui.server.stores.rules import nothing_to_bring_back
from storage_tui.server.stores.s3 import changes as s3_changes
from storage_tui.server.stores.s3.audit import AuditWriter
from storage_tui.server.stores.s3.blobs import ROOT as BLOBS
from storage_tui.server.stores.s3.blobs import ObjectPlace, locate, root_of, time_text
from storage_tui.server.stores.s3.copies import Copies
from storage_tui.server.stores.s3.names import prefix_to_name
from storage_tui.server.stores.s3.protocol.bucket import Bucket, Condition, Object
from storage_tui.server.stores.s3.protocol.threads import Threads, gather_few
from storage_tui.server.stores.s3.trash.keeping import DAY, ROOT, Keeper, Kept, day_of, parse
from storage_tui.server.stores.trash import PURGED_AT_ONCE

SWEPT_AT_ONCE = 10  # pages of copies that one sweep removes, so that its lease does not end meanwhile

_log = logging.getLogger(__name__)


class BucketTrash:
    """The gone blobs in a bucket."""

    def __init__(
        self, bucket: Bucket, threads: Threads, keeper: Keeper, copies: Copies, audit: AuditWriter,
        now: Callable[[], datetime],
    ) -> None:  # fmt: skip
        self._bucket = bucket
        self._threads = threads
        self._keeper = keeper
        self._copies = copies
        self._audit = audit
        self._now = now

    async def terms(self) -> Retention:
        """Return the terms, as `Trash.terms` promises."""
        return Retention(int(self._keeper.kept_for.total_seconds()))

    async def list_page(
        self, namespace: str, storage_type: str, *, prefix: str = "", after: str = "", limit: int
    ) -> GonePage:
        """Return one page, as `Trash.list_page` promises."""
        rule, _ = root_of(namespace, storage_type)
        check_prefix(prefix)
        if limit < 1:
            raise BadRequestError(f"a page holds at least 1 blob, not {limit}")
        found = await self._threads.calls.run(self._page, namespace, storage_type, prefix, after, limit + 1)
        shown = found[:limit]
        heads = await gather_few(self._threads.calls.run(self._bucket.head, kept.found.name) for kept in shown)
        place = ObjectPlace(rule, "", "")
        now, kept_for = self._now(), self._keeper.kept_for
        rows = [kept.to_gone(head, place, kept_for) for kept, head in zip(shown, heads, strict=True) if head]
        living = tuple(row for row in rows if row.until is not None and row.until > now)
        return GonePage(living, shown[-1].rest if len(found) > limit else None)

    async def bring_back(
        self, namespace: str, storage_type: str, targets: Sequence[BringBack]
    ) -> list[BringBackResult]:
        """Bring blobs back, as `Trash.bring_back` promises, one after the other."""
        results = []
        for target in targets:
            try:
                blob = await self._bring_one(namespace, storage_type, target)
                results.append(BringBackResult(target.key, blob))
            except StorageError as exc:
                results.append(BringBackResult(target.key, None, exc.code, exc.message))
        return results

    async def purge(self, namespace: str, storage_type: str, targets: Sequence[tuple[str, str | None]]) -> Purged:
        """Remove versions of keys for good, as `Trash.purge` promises."""
        done = Purged(0, 0)
        for key, etag in targets:
            place = locate(Address(namespace, storage_type, check_key(key)))
            found = await self._threads.calls.run(self._versions, namespace, place)
            done = _sum(done, await self._remove(namespace, storage_type, [k for k in found if etag in (None, k.etag)]))
        return done

    async def purge_prefix(self, namespace: str, storage_type: str, prefix: str) -> Purged:
        """Remove the gone blobs below the prefix for good, as `Trash.purge_prefix` promises."""
        root_of(namespace, storage_type)
        check_prefix(prefix)
        most = PURGED_AT_ONCE
        found = await self._threads.calls.run(self._page, namespace, storage_type, prefix, "", most + 1)
        done = await self._remove(namespace, storage_type, found[:most])
        return Purged(done.count, done.size_bytes, len(found) > most)

    async def sweep(self) -> None:
        """Remove the copies of the days before the retention."""
        if not await self._threads.upkeep.run(lambda: self._bucket.list(ROOT, limit=1).objects):
            return
        first = day_of(self._now() - self._keeper.kept_for)
        days = await self._threads.upkeep.run(lambda: self._bucket.list(ROOT, delimiter="/").prefixes)
        pages = 0
        for day in days:
            while day[len(ROOT) : -1] < first and pages < SWEPT_AT_ONCE:
                objects = (await self._threads.upkeep.run(self._bucket.list, day)).objects
                if not objects:
                    break
                await gather_few(self._threads.upkeep.run(self._bucket.delete, found.name) for found in objects)
                pages += 1

    async def _bring_one(self, namespace: str, storage_type: str, target: BringBack) -> Blob:
        source = locate(Address(namespace, storage_type, target.key))
        place = locate(Address(namespace, storage_type, target.target))
        keep = self._keeper.keeping(place, OVERWRITTEN)
        return await self._threads.writes.run(self._bring, namespace, source, place, target, keep)

    def _bring(
        self, namespace: str, source: ObjectPlace, place: ObjectPlace, target: BringBack,
        keep: Callable[[Object], None],
    ) -> Blob:  # fmt: skip
        kept = self._find(namespace, source, target)
        if target.if_etag is not None:
            precondition = Precondition(if_match=(target.if_etag,))
        else:
            precondition = Precondition() if target.overwrite else Precondition(if_none_match=("*",))

        def check(live: Object | None) -> None:
            place.check(live, precondition)
            if live is not None and not place.storage_type.may_overwrite:
                raise place.refused("overwrite")

        def change(condition: Condition) -> None:
            self._copies.transfer(kept, place, condition, written=time_text(kept.modified))

        s3_changes.replace(self._bucket, place, check, self._now, change, keep=keep)
        self._bucket.delete(kept.name)
        found = self._bucket.head(place.name)
        if found is None:
            raise nothing_to_bring_back(place.storage_type, target)
        return place.to_blob(found)

    def _find(self, namespace: str, place: ObjectPlace, target: BringBack) -> Object:
        """Return the version that is wanted, with its metadata. Raise NotFoundError when there is none."""
        versions = [kept for kept in self._versions(namespace, place) if target.etag in (None, kept.etag)]
        if target.at is not None:
            wanted = target.at.astimezone(UTC)
            versions = [kept for kept in versions if kept.at > wanted][:1]
        for kept in reversed(versions):
            found = self._bucket.head(kept.found.name)
            if found is None or not place.is_live(found, self._now()):
                continue
            if target.at is None or found.modified <= target.at.astimezone(UTC):
                return found
        raise nothing_to_bring_back(place.storage_type, target)

    def _versions(self, namespace: str, place: ObjectPlace) -> list[Kept]:
        """Return the copies of the key that are still kept, the oldest first."""
        owner = f"{namespace}/{place.storage_type.name}/"
        rest = place.name.removeprefix(BLOBS + owner) + "/"
        return [*self._merged(owner, rest, "")]

    def _page(self, namespace: str, storage_type: str, prefix: str, after: str, limit: int) -> list[Kept]:
        owner = root_of(namespace, storage_type)[1].removeprefix(BLOBS)
        return [*islice(self._merged(owner, prefix_to_name("", prefix), after), limit)]

    def _merged(self, owner: str, prefix: str, after: str) -> Iterator[Kept]:
        """Yield the copies of all days whose names after the root of the type begin with the prefix."""
        now = self._now()
        oldest = now - self._keeper.kept_for
        count = (now.date() - oldest.date()).days + 1
        days = [day_of(oldest + number * DAY) for number in range(count)]
        lists = [self._of_day(f"{ROOT}{day}/{owner}", prefix, after, oldest) for day in days]
        return heapq.merge(*lists, key=lambda kept: kept.rest)

    def _of_day(self, root: str, prefix: str, after: str, oldest: datetime) -> Iterator[Kept]:
        start = root + after if after else ""
        while True:
            listing = self._bucket.list(root + prefix, after=start)
            for found in listing.objects:
                kept = parse(found, root)
                if kept is not None and kept.at > oldest:
                    yield kept
            if not listing.is_truncated or not listing.objects:
                return
            start = listing.objects[-1].name

    async def _remove(self, namespace: str, storage_type: str, copies: Sequence[Kept]) -> Purged:
        def remove(kept: Kept, note: Callable[[Object], None]) -> None:
            note(kept.found)
            self._bucket.delete(kept.found.name)

        await gather_few(
            self._threads.calls.run(remove, kept, self._audit.noting(Address(namespace, storage_type, kept.key)))
            for kept in copies
        )
        return Purged(len(copies), sum(kept.found.size_bytes for kept in copies))


def _sum(first: Purged, second: Purged) -> Purged:
    return Purged(first.count + second.count, first.size_bytes + second.size_bytes)
