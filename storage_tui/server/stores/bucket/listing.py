"""Lists and sums over the objects of somebody else's bucket, from the engine's lists alone.

An object whose name is the place itself has an empty key, which no blob has; lists leave it out.
"""

import asyncio
import threading
from collections.abc import Iterable
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from storage_tui.contract.columns import ColumnPage
from storage_tui.contract.errors import BadRequestError, TooLargeError, UnavailableError
from storage_tui.contract.keys import DELIMITER
from storage_tui.contract.models import CHILDREN_AT_MOST, Page, Usage
from storage_tui.server.stores.bucket.objects import to_blob
from storage_tui.server.stores.bucket.trees import Entry, is_remnant, walk
from storage_tui.server.stores.s3.protocol.bucket import LIST_LIMIT, Bucket, Object, ObjectPage
from storage_tui.server.stores.s3.protocol.threads import Threads, gather_few

MAX_COUNTED = 5_000_000  # objects in one Usage: a minute or two of lists
PAST_ALL = "\U0010ffff"  # sorts after every character that a name is likely to have
SPLITS_AT_MOST = 100  # folders that are counted side by side; more would cost more requests than they save
SIDE_BY_SIDE = 8


class Lists:
    """Makes the lists and sums of one bucket. `is_tree` is true for an engine that does not list in byte order."""

    def __init__(self, bucket: Bucket, threads: Threads, *, is_tree: bool) -> None:
        self._bucket = bucket
        self._threads = threads
        self._is_tree = is_tree

    async def page(self, prefix: str, delimiter: str, after: str, limit: int) -> Page:
        """Return one page, as `Store.list_page` promises."""
        entries, next_token = await self._entries(prefix, delimiter, after, limit)
        return _page(entries, next_token)

    async def columns(self, prefix: str, delimiter: str, after: str, limit: int, page_limit: int) -> list[ColumnPage]:
        """Return pages in columns, as `Store.list_columns` promises."""
        entries, next_token = await self._entries(prefix, delimiter, after, limit)
        pages = []
        for start in range(0, max(1, len(entries)), page_limit):
            part = entries[start : start + page_limit]
            is_last = start + page_limit >= len(entries)
            pages.append(ColumnPage.of(_page(part, next_token if is_last else part[-1].name), prefix))
        return pages

    async def usage(self, prefix: str, delimiter: str) -> Usage:
        """Return the totals below the prefix and of each child prefix, as `Store.usage` promises.

        Raise TooLargeError when there are more than MAX_COUNTED objects.
        """
        _check_delimiter(delimiter)
        count = _Count(prefix, is_folded=bool(delimiter))
        first = await self._list(prefix)
        if first.is_truncated and (folders := await self._folders(prefix)) is not None:
            count.add(folders.objects)
            await gather_few((self._add_all(count, name) for name in folders.prefixes), at_once=SIDE_BY_SIDE)
        else:
            await self._add_all(count, prefix, first)
        return count.usage()

    async def _folders(self, prefix: str) -> ObjectPage | None:
        """Return what is directly below the prefix when its folders are few enough to be counted side by side."""
        listing = await self._list(prefix, delimiter=DELIMITER)
        is_worth_it = not listing.is_truncated and 2 <= len(listing.prefixes) <= SPLITS_AT_MOST
        return listing if is_worth_it else None

    async def _add_all(self, count: "_Count", prefix: str, listing: ObjectPage | None = None) -> None:
        listing = listing or await self._list(prefix)
        while listing.is_truncated:  # the next list is requested while this list is counted
            asked = asyncio.create_task(self._next(listing, prefix))
            try:
                await self._threads.lists.run(count.add, listing.objects)
            except BaseException:
                asked.cancel()
                raise
            listing = await asked
        count.add(listing.objects)

    async def _entries(self, prefix: str, delimiter: str, after: str, limit: int) -> tuple[list[Entry], str | None]:
        """Return up to `limit` keys and child prefixes strictly after `after`, and the last of them if more follow."""
        _check_delimiter(delimiter)
        if limit < 1:
            raise BadRequestError(f"a page holds at least 1 key, not {limit}")
        if after > prefix and not after.startswith(prefix):
            return [], None
        after = after if after.startswith(prefix) else ""
        if self._is_tree:
            return await self._walked(prefix, delimiter, after, limit)
        found: list[Entry] = []
        cut = after.find(delimiter, len(prefix)) if delimiter else -1
        start = after if cut == -1 else after[: cut + len(delimiter)] + PAST_ALL
        listing = await self._list(prefix, after=start, delimiter=delimiter, limit=min(limit, LIST_LIMIT))
        while True:
            found += _merged(listing)
            if len(found) > limit or (len(found) == limit and listing.is_truncated):
                return found[:limit], found[limit - 1].name
            if not listing.is_truncated:
                return found, None
            most = min(limit - len(found), LIST_LIMIT)
            listing = await self._next(listing, prefix, delimiter=delimiter, limit=most)

    async def _walked(self, prefix: str, delimiter: str, after: str, limit: int) -> tuple[list[Entry], str | None]:
        found: list[Entry] = []
        async with aclosing(walk(self._list, prefix, after, is_folded=bool(delimiter))) as entries:
            async for entry in entries:
                if len(found) == limit:
                    return found, found[-1].name
                if entry.name:
                    found.append(entry)
        return found, None

    async def _next(self, listing: ObjectPage, prefix: str, **how: Any) -> ObjectPage:
        """Return the answer after `listing`."""
        if listing.token:
            return await self._list(prefix, token=listing.token, **how)
        return await self._list(prefix, after=_last(listing), **how)

    async def _list(
        self, prefix: str, *, after: str = "", delimiter: str = "", limit: int = LIST_LIMIT, token: str = ""
    ) -> ObjectPage:
        listing = await self._threads.lists.run(
            self._bucket.list, prefix, after=after, delimiter=delimiter, limit=limit, token=token
        )
        is_stuck = bool(token) and listing.token == token
        if listing.is_truncated and (is_stuck or not (listing.objects or listing.prefixes)):
            raise UnavailableError("the storage engine says that a list goes on, and does not go on; try again later")
        if self._is_tree:
            return replace(listing, objects=[found for found in listing.objects if not is_remnant(found)])
        return listing


def _page(entries: list[Entry], next_token: str | None) -> Page:
    blobs = tuple(to_blob(entry.found) for entry in entries if entry.found is not None)
    return Page(blobs, tuple(entry.name for entry in entries if entry.found is None), next_token)


def _last(listing: ObjectPage) -> str:
    """Return the position after which the list goes on: its last key, or the end of its last child prefix."""
    last_object = listing.objects[-1].name if listing.objects else ""
    last_prefix = listing.prefixes[-1] + PAST_ALL if listing.prefixes else ""
    return max(last_object, last_prefix, key=str.encode)


def _merged(listing: ObjectPage) -> list[Entry]:
    entries = [Entry(found.name, found) for found in listing.objects if found.name]
    entries += [Entry(name, None) for name in listing.prefixes]
    return sorted(entries, key=lambda entry: entry.name.encode())


def _check_delimiter(delimiter: str) -> None:
    if delimiter not in ("", DELIMITER):
        raise BadRequestError(f"keys fold at '{DELIMITER}', not at {delimiter[:20]!a}")


@dataclass(slots=True)
class _Sum:
    """The sum of the objects below one prefix."""

    count: int = 0
    size_bytes: int = 0
    oldest: datetime | None = None
    newest: datetime | None = None

    def add(self, found: Object) -> None:
        self.count += 1
        self.size_bytes += found.size_bytes
        if self.oldest is None or found.modified < self.oldest:
            self.oldest = found.modified
        if self.newest is None or found.modified > self.newest:
            self.newest = found.modified

    def usage(self, prefix: str, children: tuple[Usage, ...] = ()) -> Usage:
        return Usage(prefix, self.count, self.size_bytes, self.oldest, self.newest, children)


class _Count:
    """The sums of a usage while the lists arrive."""

    def __init__(self, prefix: str, *, is_folded: bool) -> None:
        self._prefix = prefix
        self._is_folded = is_folded
        self._total = _Sum()
        self._children: dict[str, _Sum] = {}
        self._lock = threading.Lock()  # lists of several folders arrive side by side

    def add(self, objects: Iterable[Object]) -> None:
        with self._lock:
            for found in objects:
                if found.name:
                    self._add(found)
        if self._total.count > MAX_COUNTED:
            raise TooLargeError(
                f"more than {MAX_COUNTED:,} blobs are below {self._prefix!r}; ask for the usage of one folder in it"
            )

    def _add(self, found: Object) -> None:
        self._total.add(found)
        cut = found.name.find(DELIMITER, len(self._prefix)) if self._is_folded else -1
        if cut == -1:
            return
        name = found.name[: cut + 1]
        child = self._children.get(name)
        if child is None and len(self._children) < CHILDREN_AT_MOST:
            child = self._children[name] = _Sum()
        if child is not None:
            child.add(found)

    def usage(self) -> Usage:
        children = sorted(self._children.items(), key=lambda child: child[0].encode())
        return self._total.usage(self._prefix, tuple(child.usage(prefix) for prefix, child in children))
