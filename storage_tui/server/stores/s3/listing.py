"""Lists and sums over the blobs of a bucket, in byte order, from the engine's lists alone.

Engines that keep names in folders list a folder for a while after its last blob was removed. A folder whose blobs have
all expired exists until the sweep. So each child prefix is listed only after a live blob was found in it.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from storage_tui.contract.errors import BadRequestError, TooLargeError
from storage_tui.contract.keys import check_prefix
from storage_tui.contract.models import CHILDREN_AT_MOST, Blob, Page, Usage
from storage_tui.contract.storage_types import StorageType
from storage_tui.server.stores.rules import is_namespace
from storage_tui.server.stores.s3.blobs import ROOT, is_live, root_of, to_blob
from storage_tui.server.stores.s3.moved_times import MovedTimes, Span, is_suspect
from storage_tui.server.stores.s3.names import END, PAST_ALL, name_to_key, name_to_prefix, prefix_to_name
from storage_tui.server.stores.s3.protocol.bucket import LIST_LIMIT, Bucket, Object, ObjectPage
from storage_tui.server.stores.s3.protocol.threads import Threads, gather_few

_DELIMITER = "/"


@dataclass(frozen=True, slots=True)
class _Entry:
    """A key with its object, or a child prefix with None."""

    name: str
    found: Object | None


class Lists:
    """Makes the lists and sums of one bucket."""

    def __init__(self, bucket: Bucket, threads: Threads, times: MovedTimes) -> None:
        self._bucket = bucket
        self._threads = threads
        self._times = times

    async def page(
        self, namespace: str, storage_type: str, *, prefix: str, delimiter: str, after: str, limit: int, now: datetime
    ) -> Page:
        """Return one page, as `Store.list_page` promises."""
        rule, root = root_of(namespace, storage_type)
        check_prefix(prefix)
        check_prefix(after)
        if limit < 1:
            raise BadRequestError(f"a page holds at least 1 key, not {limit}")
        blobs: list[Blob] = []
        prefixes: list[str] = []
        last = ""
        async for entry in self._entries(rule, root, prefix, delimiter, after, limit, now):
            if len(blobs) + len(prefixes) == limit:
                return Page(tuple(blobs), tuple(prefixes), last)
            last = entry.name
            if entry.found is None:
                prefixes.append(entry.name)
            else:
                blobs.append(to_blob(entry.found, entry.name, rule))
        return Page(tuple(blobs), tuple(prefixes))

    async def usage(
        self, namespace: str, storage_type: str, *, prefix: str, delimiter: str, now: datetime, most: int
    ) -> Usage:  # fmt: skip
        """Return the totals below the prefix and of each child prefix, as `Store.usage` promises. All names below the
        prefix are listed for this.

        Raise TooLargeError when there are more than `most` blobs.
        """
        rule, root = root_of(namespace, storage_type)
        check_prefix(prefix)
        check_delimiter(delimiter)
        coded = prefix_to_name(root, prefix)
        spans = await self._times.spans() if rule.expires_after is None else ()
        count = _Count(rule, root, prefix, len(coded) if delimiter else None, now, most, spans)
        listing = await self._threads.lists.run(self._bucket.list, coded)
        while listing.is_truncated:  # the next list is requested while this list is counted
            asked = asyncio.create_task(
                self._threads.lists.run(self._bucket.list, coded, after=listing.objects[-1].name)
            )
            try:
                await self._threads.lists.run(count.add, await self._counted(rule, listing.objects))
            except BaseException:
                asked.cancel()
                raise
            listing = await asked
        await self._threads.lists.run(count.add, await self._counted(rule, listing.objects))
        return count.usage()

    async def namespaces(self) -> list[str]:
        """Return every namespace in the bucket, in order."""
        found: list[str] = []
        start = ""
        while True:
            listing = await self._threads.lists.run(self._bucket.list, ROOT, after=start, delimiter=_DELIMITER)
            found += [name.removeprefix(ROOT).rstrip(_DELIMITER) for name in listing.prefixes]
            if not listing.is_truncated or not listing.prefixes:
                return [namespace for namespace in found if is_namespace(namespace)]
            start = listing.prefixes[-1] + PAST_ALL

    async def _counted(self, rule: StorageType, objects: Sequence[Object]) -> Sequence[Object]:
        """Return the objects with their true times where these decide whether a blob exists."""
        return objects if rule.expires_after is None else await self._times.right(objects)

    async def _entries(
        self, rule: StorageType, root: str, prefix: str, delimiter: str, after: str, limit: int, now: datetime
    ) -> AsyncIterator[_Entry]:
        """Yield live keys and child prefixes strictly after `after`. The caller stops when it has enough."""
        check_delimiter(delimiter)
        if after.encode() >= prefix.encode() and not after.startswith(prefix):
            return
        start = self._start(root, prefix, delimiter, after) if after.encode() >= prefix.encode() and after else ""
        want = min(limit + 1, LIST_LIMIT)
        while True:
            listing = await self._threads.lists.run(
                self._bucket.list, prefix_to_name(root, prefix), after=start, delimiter=delimiter, limit=want
            )
            for entry in await self._live(rule, root, listing, now):
                yield entry
            if not listing.is_truncated:
                return
            want = LIST_LIMIT if limit >= LIST_LIMIT else want
            last_object = listing.objects[-1].name if listing.objects else ""
            last_prefix = listing.prefixes[-1] + PAST_ALL if listing.prefixes else ""
            start = max(last_object, last_prefix, key=str.encode)

    def _start(self, root: str, prefix: str, delimiter: str, after: str) -> str:
        child = _child_prefix(after, prefix, delimiter)
        if child is not None:
            return prefix_to_name(root, child) + PAST_ALL
        return prefix_to_name(root, after) + END

    async def _live(self, rule: StorageType, root: str, listing: ObjectPage, now: datetime) -> list[_Entry]:
        entries = []
        for found in await self._times.right(listing.objects):
            key = name_to_key(root, found.name)
            if key is not None and is_live(found, rule, now):
                entries.append(_Entry(key, found))
        shown = await gather_few(self._has_live(rule, root, name, now) for name in listing.prefixes)
        for name, is_shown in zip(listing.prefixes, shown, strict=True):
            child = name_to_prefix(root, name)
            if is_shown and child is not None:
                entries.append(_Entry(child, None))
        return sorted(entries, key=lambda entry: entry.name.encode())

    async def _has_live(self, rule: StorageType, root: str, name: str, now: datetime) -> bool:
        limit = 1 if rule.expires_after is None else LIST_LIMIT
        start = ""
        while True:
            listing = await self._threads.lists.run(self._bucket.list, name, after=start, limit=limit)
            for found in await self._counted(rule, listing.objects):
                if is_live(found, rule, now) and name_to_key(root, found.name) is not None:
                    return True
            if not listing.is_truncated or not listing.objects:
                return False
            start = listing.objects[-1].name


def check_delimiter(delimiter: str) -> None:
    """Raise BadRequestError for a delimiter at which keys do not fold."""
    if delimiter not in ("", _DELIMITER):
        raise BadRequestError(f"keys fold at '{_DELIMITER}', not at {delimiter[:20]!a}")


def _child_prefix(key: str, prefix: str, delimiter: str) -> str | None:
    cut = key.find(delimiter, len(prefix)) if delimiter else -1
    return None if cut == -1 else key[: cut + len(delimiter)]


@dataclass(slots=True)
class _Sum:
    """The sum of the blobs below one prefix. Oldest and newest are None when the time of a blob is not known."""

    count: int = 0
    size_bytes: int = 0
    oldest: datetime | None = None
    newest: datetime | None = None
    has_times: bool = True

    def add(self, found: Object, spans: Sequence[Span]) -> None:
        self.count += 1
        self.size_bytes += found.size_bytes
        if spans and self.has_times and is_suspect(found, spans):
            self.has_times = False
        if self.oldest is None or found.modified < self.oldest:
            self.oldest = found.modified
        if self.newest is None or found.modified > self.newest:
            self.newest = found.modified

    def usage(self, prefix: str, children: tuple[Usage, ...] = ()) -> Usage:
        oldest, newest = (self.oldest, self.newest) if self.has_times else (None, None)
        return Usage(prefix, self.count, self.size_bytes, oldest, newest, children)


class _Count:
    """The sums of a usage while the lists arrive. `fold_from` is the index in a name at which its child prefix begins;
    None for a usage without child prefixes."""

    def __init__(
        self, rule: StorageType, root: str, prefix: str, fold_from: int | None, now: datetime, most: int,
        spans: Sequence[Span],
    ) -> None:  # fmt: skip
        self._rule = rule
        self._root = root
        self._prefix = prefix
        self._fold_from = fold_from
        self._now = now
        self._most = most
        self._spans = spans
        self._total = _Sum()
        self._children: dict[str, _Sum] = {}  # by the coded names of the prefixes

    def add(self, objects: Iterable[Object]) -> None:
        for found in objects:
            if not found.name.endswith(END) or not is_live(found, self._rule, self._now):
                continue
            self._total.add(found, self._spans)
            cut = -1 if self._fold_from is None else found.name.find(_DELIMITER, self._fold_from)
            if cut != -1:
                name = found.name[: cut + 1]
                child = self._children.get(name)
                if child is None and len(self._children) < CHILDREN_AT_MOST:
                    child = self._children[name] = _Sum()
                if child is not None:
                    child.add(found, self._spans)
        if self._total.count > self._most:
            raise TooLargeError(f"more than {self._most:,} blobs are below {self._prefix!r}")

    def usage(self) -> Usage:
        children = ((name_to_prefix(self._root, name), child) for name, child in self._children.items())
        return self._total.usage(
            self._prefix, tuple(child.usage(prefix) for prefix, child in children if prefix is not None)
        )
