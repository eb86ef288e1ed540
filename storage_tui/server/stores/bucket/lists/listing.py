"""Lists and sums over the objects of somebody else's bucket, from the engine's lists alone.

An object whose name is the place itself has an empty key, which no blob has; lists leave it out.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Any

from storage_tui.contract.columns import ColumnPage
from storage_tui.contract.errors import BadRequestError, UnavailableError
from storage_tui.contract.keys import DELIMITER
from storage_tui.contract.models import Page, Usage
from storage_tui.server.stores.bucket.lists.counting import Count, Counting
from storage_tui.server.stores.bucket.lists.kept import Going, KeptLists
from storage_tui.server.stores.bucket.lists.rows import Rows
from storage_tui.server.stores.bucket.lists.trees import Ahead, Found, ask, walk, without_remnants
from storage_tui.server.stores.s3.protocol.bucket import LIST_LIMIT, Bucket
from storage_tui.server.stores.s3.protocol.listed import Listed
from storage_tui.server.stores.s3.protocol.requests import ThrottledError
from storage_tui.server.stores.s3.protocol.threads import Threads

PAST_ALL = "\U0010ffff"  # sorts after every character that a name is likely to have
PAUSES_S = (0.2, 0.4, 0.8, 1.6, 3.2)  # before an answer is asked for again that the engine had no time for
MOST_EMPTY = 1000  # answers without a name in a row: a million delete markers, which an engine steps over


class Lists:
    """Makes the lists and sums of one bucket. `is_tree` is true for an engine that does not list in byte order.
    `pauses_s` are the waits, in seconds, before an engine that is too busy is asked again."""

    def __init__(
        self, bucket: Bucket, threads: Threads, *, is_tree: bool, pauses_s: Sequence[float] = PAUSES_S
    ) -> None:
        self._pauses_s = pauses_s
        self._bucket = bucket
        self._threads = threads
        self._is_tree = is_tree
        self._kept = KeptLists()

    async def close(self) -> None:
        """Forget the lists that nobody has continued."""
        await self._kept.close()

    async def page(self, prefix: str, delimiter: str, after: str, limit: int) -> Page:
        """Return one page, as `Store.list_page` promises."""
        rows, next_token = await self._rows(prefix, delimiter, after, limit)
        return rows.to_page(next_token)

    async def columns(self, prefix: str, delimiter: str, after: str, limit: int, page_limit: int) -> list[ColumnPage]:
        """Return pages in columns, as `Store.list_columns` promises."""
        rows, next_token = await self._rows(prefix, delimiter, after, limit)
        pages = []
        for start in range(0, max(1, len(rows)), page_limit):
            part = rows.part(start, start + page_limit)
            is_last = start + page_limit >= len(rows)
            pages.append(part.to_columns(prefix, next_token if is_last else part.names[-1]))
        return pages

    async def usage(self, prefix: str, delimiter: str) -> Usage:
        """Return the totals below the prefix and of each child prefix, as `Store.usage` promises.

        Raise TooLargeError when there are more than MAX_COUNTED objects.
        """
        _check_delimiter(delimiter)
        count = Count(prefix, is_folded=bool(delimiter))
        counting = Counting(self._list, self._next, count, is_tree=self._is_tree)
        try:
            await counting.run(prefix)
        except BaseExceptionGroup as exc:
            raise first_of(exc) from exc
        return count.usage()

    async def _rows(self, prefix: str, delimiter: str, after: str, limit: int) -> tuple[Rows, str | None]:
        """Return up to `limit` keys and child prefixes strictly after `after`, and the last of them if more follow."""
        _check_delimiter(delimiter)
        if limit < 1:
            raise BadRequestError(f"a page holds at least 1 key, not {limit}")
        if after > prefix and not after.startswith(prefix):
            return Rows(), None
        after = after if after.startswith(prefix) else ""
        going = self._kept.take((prefix, delimiter, after), self._bucket.engine.changes)
        if going is None:
            going = self._begin(prefix, delimiter, after, limit)
        else:
            going.ahead.is_on = True
        rows, has_more = await going.take(limit)
        if not has_more:
            return rows, None
        if limit >= LIST_LIMIT:  # a smaller page is a look at a few names, which nobody continues
            self._kept.keep((prefix, delimiter, rows.names[-1]), going)
        else:
            await going.close()
        return rows, rows.names[-1]

    def _begin(self, prefix: str, delimiter: str, after: str, limit: int) -> Going:
        ahead = Ahead(limit > LIST_LIMIT)
        changes = self._bucket.engine.changes
        if self._is_tree:
            return Going(walk(self._list, prefix, after, is_folded=bool(delimiter), ahead=ahead), ahead, changes)
        return Going(self._straight(prefix, delimiter, after, min(limit, LIST_LIMIT), ahead), ahead, changes)

    async def _straight(
        self, prefix: str, delimiter: str, after: str, limit: int, ahead: Ahead
    ) -> AsyncGenerator[Found, None]:
        """Yield the rows of an engine that lists in byte order."""
        cut = after.find(delimiter, len(prefix)) if delimiter else -1
        start = after if cut == -1 else after[: cut + len(delimiter)] + PAST_ALL
        listing = await self._list(prefix, after=start, delimiter=delimiter, limit=limit)
        following: asyncio.Task[Listed] | None = None
        try:
            while True:
                if listing.is_truncated and ahead.is_on:
                    following = ask(self._next(listing, prefix, delimiter=delimiter))
                yield Rows.of(listing), listing.is_truncated
                if not listing.is_truncated:
                    return
                listing = await (following or self._next(listing, prefix, delimiter=delimiter))
                following = None
        finally:
            if following is not None:
                following.cancel()

    async def _next(self, listing: Listed, prefix: str, **how: Any) -> Listed:
        """Return the answer after `listing`. A token that the engine takes no longer is replaced by a name."""
        if listing.token:
            try:
                return await self._list(prefix, token=listing.token, **how)
            except BadRequestError:
                if self._is_tree:  # whose order is not that of the names
                    raise
        return await self._list(prefix, after=_last(listing), **how)

    async def _list(
        self, prefix: str, *, after: str = "", delimiter: str = "", limit: int = LIST_LIMIT, token: str = ""
    ) -> Listed:
        """Return the next answer that has a name, or that is the last."""
        for _ in range(MOST_EMPTY):
            listing = await self._ask(prefix, after=after, delimiter=delimiter, limit=limit, token=token)
            is_empty = not (listing.names or listing.prefixes)
            if listing.is_truncated and (listing.token == token if token else is_empty and not listing.token):
                break
            if not (listing.is_truncated and is_empty):
                return without_remnants(listing) if self._is_tree else listing
            token = listing.token
        raise UnavailableError("the storage engine says that a list goes on, and does not go on; try again later")

    async def _ask(self, prefix: str, **how: Any) -> Listed:
        """Return one answer. An engine that is too busy is asked again, a little later each time."""
        for pause_s in self._pauses_s:
            try:
                return await self._threads.lists.run(self._bucket.list_columns, prefix, **how)
            except ThrottledError:
                await asyncio.sleep(pause_s)
        return await self._threads.lists.run(self._bucket.list_columns, prefix, **how)


def _last(listing: Listed) -> str:
    """Return the position after which the list goes on: its last key, or the end of its last child prefix."""
    last_object = listing.names[-1] if listing.names else ""
    last_prefix = listing.prefixes[-1] + PAST_ALL if listing.prefixes else ""
    return max(last_object, last_prefix, key=str.encode)


def _check_delimiter(delimiter: str) -> None:
    if delimiter not in ("", DELIMITER):
        raise BadRequestError(f"keys fold at '{DELIMITER}', not at {delimiter[:20]!a}")


def first_of(group: BaseExceptionGroup) -> BaseException:
    """Return the error that ended work side by side."""
    first = group.exceptions[0]
    return first_of(first) if isinstance(first, BaseExceptionGroup) else first
