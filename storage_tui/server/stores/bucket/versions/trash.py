"""The versions of a bucket in the form of the trash: whatever is not the present object of its name can come back.

It keeps less than the promises of every trash:

- *Names.* An engine gives the same bytes the same ETag, so the ETag of a version that is listed has the id of the
  version after a `;`. A plain ETag names the newest version that has it.
- *Times.* A version that only delete markers hide comes back as it was: the markers are removed. Any other version is
  copied, so it has the time of its return and maybe another ETag, and the version itself stays in the list.
- *Ends.* The lifecycle rules of the bucket alone end a version, so no version says until when it is kept.
- *Who.* The engine does not say who deleted or overwrote an object.
- *Pages* can be shorter than asked for, and empty, before the end of the list.
"""

import json
from collections.abc import Callable, Sequence
from datetime import UTC

from storage_tui.contract.errors import BadRequestError, ForbiddenError, StorageError
from storage_tui.contract.models import Blob, Retention, Versions
from storage_tui.contract.trash import DELETED, OVERWRITTEN, BringBack, BringBackResult, GoneBlob, GonePage, Purged
from storage_tui.server.stores.base import Address, Precondition
from storage_tui.server.stores.bucket import changes
from storage_tui.server.stores.bucket.bulk import Doomed, batches, delete_all
from storage_tui.server.stores.bucket.copies import Copies
from storage_tui.server.stores.bucket.objects import KIND, ObjectPlace, check_type, locate, to_blob
from storage_tui.server.stores.bucket.versions import calls
from storage_tui.server.stores.bucket.versions.calls import Gone, History, Version
from storage_tui.server.stores.rules import nothing_to_bring_back
from storage_tui.server.stores.s3.protocol.bucket import LIST_LIMIT, Bucket, Condition, Object
from storage_tui.server.stores.s3.protocol.threads import Threads, gather_few
from storage_tui.server.stores.trash import PURGED_AT_ONCE

LISTS_AT_MOST = 20  # of versions for one page: the versions of 20,000 objects, some seconds of a far engine
VERSION_MARK = ";"  # between the ETag and the id of a version

CheckWritable = Callable[[str, str], None]  # called with a verb and a key; raises what refuses a change


class VersionTrash:
    """The `Trash` of somebody else's bucket; `list_limit` is the number of versions in one answer of the engine."""

    def __init__(
        self, bucket: Bucket, threads: Threads, copies: Copies, check_writable: CheckWritable, *,
        list_limit: int = LIST_LIMIT,
    ) -> None:  # fmt: skip
        self._list_limit = list_limit
        self._bucket = bucket
        self._threads = threads
        self._copies = copies
        self._check_writable = check_writable

    async def terms(self) -> Retention:
        """Return whether the bucket keeps versions now, without a length of time."""
        kept = await self._threads.calls.run(calls.keeping, self._bucket)
        told: dict[str, Versions] = {"Enabled": "kept", "Suspended": "older", "": ""}
        return Retention(versions=told[kept])

    async def list_page(
        self, namespace: str, storage_type: str, *, prefix: str = "", after: str = "", limit: int
    ) -> GonePage:
        """Return one page, as `Trash.list_page` promises."""
        check_type(storage_type)
        if limit < 1:
            raise BadRequestError(f"a page holds at least 1 blob, not {limit}")
        last_name, last_version = _read_position(after)
        found: list[GoneBlob] = []
        if last_version:
            found += await self._rest_of(last_name, last_version)
        position: tuple[str, str] | None = (last_name, "") if last_name else None
        scan = _Scan(self._bucket, prefix, position, self._list_limit)
        lists = 0
        while len(found) <= limit and not scan.is_done and (lists < LISTS_AT_MOST or scan.last_name == last_name):
            lists += 1
            for history in await self._threads.lists.run(scan.next):
                found += [_to_gone(one) for one in history.gone()]
        if len(found) > limit:
            return GonePage(tuple(found[:limit]), _position(found[limit - 1].key, _version_of(found[limit - 1])))
        return GonePage(tuple(found), None if scan.is_done else _position(scan.last_name, ""))

    async def bring_back(
        self, namespace: str, storage_type: str, targets: Sequence[BringBack]
    ) -> list[BringBackResult]:
        """Bring versions back, as `Trash.bring_back` promises; those of different keys side by side."""
        by_key: dict[str, list[int]] = {}
        for number, target in enumerate(targets):
            by_key.setdefault(target.target, []).append(number)

        async def bring(numbers: list[int]) -> list[tuple[int, BringBackResult]]:
            return [(number, await self._bring_one(namespace, storage_type, targets[number])) for number in numbers]

        done = await gather_few(bring(numbers) for numbers in by_key.values())
        results = dict(result for of_key in done for result in of_key)
        return [results[number] for number in range(len(targets))]

    async def purge(self, namespace: str, storage_type: str, targets: Sequence[tuple[str, str | None]]) -> Purged:
        """Remove versions for good, as `Trash.purge` promises."""
        check_type(storage_type)
        self._check_writable("purge", targets[0][0] if targets else "")
        by_key: dict[str, set[str | None]] = {}
        for key, etag in targets:
            by_key.setdefault(key, set()).add(etag)

        async def wanted(key: str, etags: set[str | None]) -> list[Gone]:
            history = await self._threads.lists.run(calls.history_of, self._bucket, key)
            gone = [] if history is None else history.gone()
            return [one for one in gone if None in etags or any(_is_named(one.version, etag) for etag in etags)]

        found = await gather_few(wanted(key, etags) for key, etags in by_key.items())
        return await self._remove([one for some in found for one in some])

    async def purge_prefix(self, namespace: str, storage_type: str, prefix: str) -> Purged:
        """Remove the versions below the prefix for good, as `Trash.purge_prefix` promises."""
        check_type(storage_type)
        self._check_writable("purge", prefix)
        found: list[Gone] = []
        scan = _Scan(self._bucket, prefix, None, self._list_limit)
        while not scan.is_done and len(found) <= PURGED_AT_ONCE:
            for history in await self._threads.lists.run(scan.next):
                found += history.gone()
        done = await self._remove(found[:PURGED_AT_ONCE])
        return Purged(done.count, done.size_bytes, not scan.is_done or len(found) > PURGED_AT_ONCE)

    async def _rest_of(self, key: str, version_id: str) -> list[GoneBlob]:
        """Return the versions of the key that went after this one."""
        history = await self._threads.lists.run(calls.history_of, self._bucket, key)
        gone = [] if history is None else history.gone()
        ids = [one.version.version_id for one in gone]
        start = ids.index(version_id) + 1 if version_id in ids else 0
        return [_to_gone(one) for one in gone[start:]]

    async def _bring_one(self, namespace: str, storage_type: str, target: BringBack) -> BringBackResult:
        try:
            self._check_writable("undelete", target.key)
            source = locate(Address(namespace, storage_type, target.key))
            place = locate(Address(namespace, storage_type, target.target))
            blob = await self._threads.writes.run(self._bring, source, place, target)
        except StorageError as exc:
            return BringBackResult(target.key, None, exc.code, exc.message)
        return BringBackResult(target.key, blob)

    def _bring(self, source: ObjectPlace, place: ObjectPlace, target: BringBack) -> Blob:
        history = calls.history_of(self._bucket, source.name)
        version = None if history is None else find(history, target)
        if history is None or version is None:
            raise nothing_to_bring_back(KIND, target)
        if target.if_etag is not None:
            precondition = Precondition(if_match=(target.if_etag,))
        else:
            precondition = Precondition() if target.overwrite else Precondition(if_none_match=("*",))

        def check(found: Object | None) -> None:
            place.check(found, precondition)

        markers = history.markers_above(version) if source == place else None
        if markers is None or not self._uncover(place, markers, check):
            self._copy(version, place, target, check)
        found = self._bucket.head(place.name)
        if found is None:
            raise nothing_to_bring_back(KIND, target)
        return place.to_blob(found)

    def _uncover(self, place: ObjectPlace, markers: Sequence[Version], check: Callable[[Object | None], None]) -> bool:
        """Remove the markers above a version. Return False where the person may not."""
        check(self._bucket.head(place.name))
        try:
            for marker in reversed(markers):  # the newest last, so that a break leaves the object deleted
                self._bucket.delete(place.name, version_id=marker.version_id)
        except ForbiddenError:
            return False
        return True

    def _copy(
        self, version: Version, place: ObjectPlace, target: BringBack, check: Callable[[Object | None], None]
    ) -> None:
        found = self._bucket.head(version.name, version_id=version.version_id)
        if found is None:
            raise nothing_to_bring_back(KIND, target)

        def change(condition: Condition) -> None:
            self._copies.transfer(found, place, condition)

        changes.replace(self._bucket, place, check, change)

    async def _remove(self, gone: Sequence[Gone]) -> Purged:
        doomed = [Doomed(one.version.name, one.version.version_id) for one in gone]
        sizes = {one: each.version.found.size_bytes for one, each in zip(doomed, gone, strict=True)}
        refused: dict[Doomed, StorageError] = {}
        for batch in batches(doomed):
            refused |= await self._threads.writes.run(delete_all, self._bucket, batch)
        done = [one for one in doomed if one not in refused]
        if refused and not done:
            raise next(iter(refused.values()))
        hidden = {each.version.name for each in gone if each.is_deleted}
        await gather_few(self._threads.calls.run(self._forget, name) for name in hidden)
        return Purged(len(done), sum(sizes[one] for one in done))

    def _forget(self, name: str) -> None:
        """Remove the markers of an object of which nothing else is left."""
        history = calls.history_of(self._bucket, name)
        if history is not None and all(one.is_marker for one in history.versions):
            for marker in reversed(history.versions):
                self._bucket.delete(name, version_id=marker.version_id)


class _Scan:
    """The versions below a prefix, object by object, after a position."""

    def __init__(self, bucket: Bucket, prefix: str, after: tuple[str, str] | None, limit: int) -> None:
        self._limit = limit
        self._bucket = bucket
        self._prefix = prefix
        self._after = after
        self._passed = after[0] if after is not None else ""
        self._waiting: list[Version] = []  # of the object whose versions may go on in the next list
        self.last_name = self._passed
        self.is_done = False

    def next(self) -> list[History]:
        """Read one list; return the objects whose versions are all known now. Blocking."""
        page = calls.list_versions(self._bucket, self._prefix, self._after, limit=self._limit)
        versions = self._waiting + [one for one in page.versions if self._is_new(one.name)]
        self._waiting, self._after, self.is_done = [], page.after, page.after is None
        if page.after is not None and len(versions) < calls.MOST_OF_A_KEY + LIST_LIMIT:
            self._waiting = [one for one in versions if one.name == page.after[0]]
            versions = [one for one in versions if one.name != page.after[0]]
        if versions:
            self.last_name = max((one.name for one in versions), key=str.encode)
        return calls.histories(versions)

    def _is_new(self, name: str) -> bool:
        """Return whether the object comes after the position; engines differ in whether a list begins after it."""
        return name.startswith(self._prefix) and (not self._passed or name.encode() > self._passed.encode())


def find(history: History, target: BringBack) -> Version | None:
    """Return the version that is wanted; None when there is none."""
    gone = history.gone()
    if target.etag is not None:
        gone = [one for one in gone if _is_named(one.version, target.etag)]
    if target.at is not None:
        wanted = target.at.astimezone(UTC)
        gone = [one for one in gone if one.version.found.modified <= wanted < one.gone]
    return gone[-1].version if gone else None


def _is_named(version: Version, name: str | None) -> bool:
    etag = version.found.etag
    return name in (etag, f"{etag}{VERSION_MARK}{version.version_id}")


def _to_gone(gone: Gone) -> GoneBlob:
    found, version_id = gone.version.found, gone.version.version_id
    blob = to_blob(found, etag=f"{found.etag}{VERSION_MARK}{version_id}")
    return GoneBlob(blob, gone.gone, DELETED if gone.is_deleted else OVERWRITTEN, "", None)


def _version_of(gone: GoneBlob) -> str:
    return (gone.blob.etag or "").partition(VERSION_MARK)[2]


def _position(key: str, version_id: str) -> str:
    return json.dumps([key, version_id])


def _read_position(text: str) -> tuple[str, str]:
    if not text:
        return "", ""
    key, version_id = json.loads(text)
    return key, version_id
