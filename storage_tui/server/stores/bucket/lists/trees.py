"""Lists in byte order from an engine that keeps names as a tree of folders, as SeaweedFS does.

Such an engine lists the folder `a/` where the name `a` would stand, before `a-b`, although `a/` comes after `a-b` in
byte order. It also continues a list after the key `a` without the folder `a/`. So each folder is listed by itself, and
a child folder is held back until its place in byte order.
"""

import asyncio
from bisect import insort
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass

from storage_tui.contract.keys import DELIMITER
from storage_tui.server.stores.bucket.lists.rows import Rows
from storage_tui.server.stores.s3.protocol.listed import Listed

SERVERS = ("SeaweedFS",)  # how the Server header of such an engine begins
FOLDERS_AHEAD = 4  # of one level; more would only fill memory beside the folder that is read
MOST_AHEAD = 8  # of all levels of one walk

ListFolder = Callable[..., Awaitable[Listed]]  # prefix; after, delimiter, limit, token

Found = tuple[Rows, bool]
"""Rows that follow those before, and whether more are sure to follow; without that, more may follow."""


@dataclass(slots=True)
class Ahead:
    """What one walk asks for before it is wanted: nothing, unless `is_on`. `asked` counts the folders."""

    is_on: bool
    asked: int = 0


def without_remnants(listing: Listed) -> Listed:
    """Return the answer without the objects that are only folders which removed keys have left: the engine lists them
    without an ETag."""
    if "" not in listing.etags:
        return listing
    rows = zip(listing.names, listing.etags, strict=True)
    kept = [place for place, (name, etag) in enumerate(rows) if etag or not name.endswith(DELIMITER)]
    return Listed(
        [listing.names[place] for place in kept], [listing.sizes[place] for place in kept],
        [listing.modified[place] for place in kept], [listing.etags[place] for place in kept],
        [listing.classes[place] for place in kept], listing.prefixes, listing.is_truncated, listing.token,
    )  # fmt: skip


async def walk(
    list_names: ListFolder, prefix: str, after: str, *, is_folded: bool, ahead: Ahead,
    first: "asyncio.Task[Listed] | None" = None,
) -> AsyncGenerator[Found, None]:  # fmt: skip
    """Yield the keys below the prefix strictly after `after`, in byte order; folded, child prefixes instead of the keys
    below them. `first` is the answer to the first list, where that was asked for ahead."""
    held: list[str] = []  # child folders in order, until the keys before them are yielded
    start = ""
    if after > prefix:
        cut = after.find(DELIMITER, len(prefix))
        start = after if cut == -1 else after[:cut]
        for folder in _folders_to_come(prefix, start, is_key=cut == -1):
            if (await list_names(folder, limit=1)).names:
                insort(held, folder)
        if cut != -1 and not is_folded:
            held.insert(0, start + DELIMITER)
    async with aclosing(
        _Level(list_names, prefix, after, ahead, is_folded=is_folded).rows(held, start, first)
    ) as found:
        async for rows in found:
            yield rows


class _Level:
    """The walk of one folder."""

    def __init__(self, list_names: ListFolder, prefix: str, after: str, ahead: Ahead, *, is_folded: bool) -> None:
        self._list = list_names
        self._prefix, self._after = prefix, after
        self._is_folded = is_folded
        self._ahead = ahead
        self._asked: dict[str, asyncio.Task[Listed]] = {}
        self._following: asyncio.Task[Listed] | None = None

    async def rows(
        self, held: list[str], start: str, first: "asyncio.Task[Listed] | None"
    ) -> AsyncGenerator[Found, None]:
        try:
            if first is None:
                listing = await self._list(self._prefix, after=start, delimiter=DELIMITER)
            else:
                listing = await first
            while True:
                if listing.is_truncated and self._ahead.is_on:
                    self._following = ask(self._next(listing))
                async with aclosing(self._page(listing, held)) as found:
                    async for rows, follows in found:
                        yield rows, follows or listing.is_truncated
                if not listing.is_truncated:
                    break
                following, self._following = self._following, None
                listing = await (following or self._next(listing))
            while held:
                async with aclosing(self._below(held)) as below:
                    async for row in below:
                        yield row
        finally:
            self._ahead.asked -= len(self._asked)
            for asked in (*self._asked.values(), self._following):
                if asked is not None:
                    asked.cancel()

    async def _page(self, listing: Listed, held: list[str]) -> AsyncGenerator[Found, None]:
        """Yield the rows of one answer, and the child folders whose place comes among them."""
        names = listing.names
        if not (listing.prefixes or held) and names and names[0] > self._after:
            yield Rows.of(listing), False
            return
        whole = Rows(names, listing.sizes, listing.modified, listing.etags, list(listing.classes))
        places: list[int] = []
        for name, place in _by_segment(listing):
            while held and held[0] < name:
                if places:
                    yield whole.pick(places), True
                    places = []
                async with aclosing(self._below(held)) as found:
                    async for rows, _ in found:
                        yield rows, True
            if name <= self._after:
                continue
            if place is None:
                insort(held, name)
            else:
                places.append(place)
        if places:
            yield whole.pick(places), False

    async def _below(self, held: list[str]) -> AsyncGenerator[Found, None]:
        """Yield the first of the held folders: itself, or what is below."""
        folder = held.pop(0)
        if self._is_folded:
            row = Rows()
            row.add_folder(folder)
            yield row, False
            return
        first = self._asked.pop(folder, None)
        if first is not None:
            self._ahead.asked -= 1
        if self._ahead.is_on:
            self._ask_for(held[:FOLDERS_AHEAD])
        begin = self._after if self._after.startswith(folder) else ""
        below = walk(self._list, folder, begin, is_folded=False, ahead=self._ahead, first=first)
        async with aclosing(below) as found:
            async for rows in found:
                yield rows

    def _ask_for(self, folders: list[str]) -> None:
        for folder in folders:
            if self._ahead.asked >= MOST_AHEAD:
                return
            if folder not in self._asked and not self._after.startswith(folder):
                self._asked[folder] = ask(self._list(folder, delimiter=DELIMITER))
                self._ahead.asked += 1

    async def _next(self, listing: Listed) -> Listed:
        return await self._list(self._prefix, delimiter=DELIMITER, token=listing.token)


def ask(answer: Awaitable[Listed]) -> "asyncio.Task[Listed]":
    """Return the task of an answer that may never be wanted; its error is raised to who awaits it, and to nobody
    else."""

    async def wait() -> Listed:
        return await answer

    asked = asyncio.create_task(wait())
    asked.add_done_callback(_look_away)
    return asked


def _look_away(asked: "asyncio.Task[Listed]") -> None:
    if not asked.cancelled():
        asked.exception()


def _folders_to_come(prefix: str, segment: str, *, is_key: bool) -> list[str]:
    """Return the folders that the engine lists before `segment` and that come after `segment` in byte order."""
    base = max(len(prefix), prefix.rfind(DELIMITER) + 2)
    stems = [segment[:place] for place in range(base, len(segment)) if segment[place] < DELIMITER]
    return [stem + DELIMITER for stem in (*stems, *((segment,) if is_key and segment else ()))]


def _by_segment(listing: Listed) -> list[tuple[str, int | None]]:
    """Return keys with their places, and folders without, in the order of the engine, a key before the folder of its
    name."""
    rows: list[tuple[str, int | None]] = [(name, place) for place, name in enumerate(listing.names)]
    rows += [(name, None) for name in listing.prefixes]
    return sorted(rows, key=lambda row: (row[0].removesuffix(DELIMITER), row[0]))
