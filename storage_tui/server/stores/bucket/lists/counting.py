"""The sums of a usage, and the parts of a bucket that are counted side by side.

An engine answers to each list with a thousand names at most. So a million names take a thousand answers, and one answer
after the other a thousand round trips. Folders say where the names can be split, without a guess about their letters.
"""

import asyncio
from bisect import bisect_right
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from storage_tui.contract.errors import TooLargeError
from storage_tui.contract.keys import DELIMITER
from storage_tui.contract.models import CHILDREN_AT_MOST, Usage
from storage_tui.server.stores.bucket.lists.trees import ask
from storage_tui.server.stores.s3.protocol.listed import Listed

MAX_COUNTED = 5_000_000  # objects in one Usage: a minute or two of lists
SIDE_BY_SIDE = 8  # lists at once
RANGES = 64  # of the names at most: each costs a request more, and several for each list at once even out
FOLDERS_IN_AN_ANSWER = 4  # with more, folders by themselves take many more requests than all names together
MOST_LEVELS = 16  # of folders that only hold one folder each

List = Callable[..., Awaitable[Listed]]  # prefix; after, delimiter, limit, token
Next = Callable[..., Awaitable[Listed]]  # the answer before, and the arguments of List


class Counting:
    """Counts what is below one prefix, by lists. `is_tree` is true for an engine that does not list in byte order."""

    def __init__(self, list_names: List, next_names: Next, count: "Count", *, is_tree: bool) -> None:
        self._list, self._next = list_names, next_names
        self._count = count
        self._is_tree = is_tree

    async def run(self, prefix: str) -> None:
        """Count everything. Raise TooLargeError when there are more than MAX_COUNTED objects."""
        first = await self._list(prefix)
        if not first.is_truncated:
            self._count.add(first)
            return
        level, listing, above = await self._fork(prefix)
        if len(listing.prefixes) < 2 or not (self._is_tree or first.names == sorted(first.names)):
            await self._chain(prefix, first)  # nothing to split by, or an engine that follows no order
        elif not self._is_tree:
            await self._side_by_side(self._ranges(prefix, await self._bounds(level, listing)))
        elif len(_folders_of(first, level)) <= FOLDERS_IN_AN_ANSWER:
            for outer in above:
                self._count.add(outer)
            await self._side_by_side(self._folders(level, listing))
        else:
            await self._chain(prefix, first)

    async def _fork(self, prefix: str) -> tuple[str, Listed, list[Listed]]:
        """Return the folder, below others that hold one folder each, that holds several, with its list; and the lists
        of those above."""
        above: list[Listed] = []
        level, listing = prefix, await self._list(prefix, delimiter=DELIMITER)
        while len(listing.prefixes) == 1 and not listing.is_truncated and len(above) < MOST_LEVELS:
            above.append(listing)
            level = listing.prefixes[0]
            listing = await self._list(level, delimiter=DELIMITER)
        return level, listing, above

    async def _chain(self, prefix: str, listing: Listed | None = None, *, after: str = "", stop: str = "") -> None:
        """Count the names below a prefix after `after`, up to `stop` and with it. The next list is requested while this
        list is counted."""
        listing = listing or await self._list(prefix, after=after)
        while True:
            is_last = not listing.is_truncated or bool(stop and listing.names and listing.names[-1] > stop)
            following = None if is_last else ask(self._next(listing, prefix))
            try:
                self._count.add(_up_to(listing, stop) if stop else listing)
            except BaseException:
                if following is not None:
                    following.cancel()
                raise
            if following is None:
                return
            listing = await following

    async def _bounds(self, level: str, listing: Listed) -> list[str]:
        """Return names between which the folders are in equal numbers. None of them is the name of a folder, so that a
        list after one begins with the folder."""
        found = [folder.removesuffix(DELIMITER) for folder in listing.prefixes]
        pages = 1
        while listing.is_truncated and pages < RANGES:
            listing = await self._next(listing, level, delimiter=DELIMITER)
            found += [folder.removesuffix(DELIMITER) for folder in listing.prefixes]
            pages += 1
        step = max(1, -(-len(found) // RANGES))
        return found[step::step]

    async def _ranges(self, prefix: str, bounds: Sequence[str]) -> AsyncIterator[Awaitable[None]]:
        for after, stop in zip(("", *bounds), (*bounds, ""), strict=True):
            yield self._chain(prefix, after=after, stop=stop)

    async def _folders(self, level: str, listing: Listed) -> AsyncIterator[Awaitable[None]]:
        while True:
            self._count.add(listing)
            for folder in listing.prefixes:
                yield self._chain(folder)
            if not listing.is_truncated:
                return
            listing = await self._next(listing, level, delimiter=DELIMITER)

    async def _side_by_side(self, chains: AsyncIterator[Awaitable[None]]) -> None:
        """Run all chains, a bounded number at a time; the first error ends them all."""
        turn = asyncio.Lock()

        async def work() -> None:
            while True:
                async with turn:
                    chain = await anext(chains, None)
                if chain is None:
                    return
                await chain

        async with asyncio.TaskGroup() as group:
            for _ in range(SIDE_BY_SIDE):
                group.create_task(work())


def _up_to(listing: Listed, stop: str) -> Listed:
    """Return the answer, which is in byte order, without the names after `stop`."""
    if not listing.names or listing.names[-1] <= stop:
        return listing
    cut = bisect_right(listing.names, stop)
    return Listed(
        listing.names[:cut], listing.sizes[:cut], listing.modified[:cut], listing.etags[:cut], listing.classes[:cut],
        [], is_truncated=False,
    )  # fmt: skip


def _folders_of(listing: Listed, level: str) -> set[str]:
    return {name[: name.find(DELIMITER, len(level)) + 1] for name in listing.names}


@dataclass(slots=True)
class _Sum:
    """The sum of the objects below one prefix; the times are in seconds since 1970."""

    count: int = 0
    size_bytes: int = 0
    oldest: float | None = None
    newest: float | None = None

    def add(self, sizes: Sequence[int], modified: Sequence[float]) -> None:
        self.count += len(sizes)
        self.size_bytes += sum(sizes)
        oldest, newest = min(modified), max(modified)
        self.oldest = oldest if self.oldest is None else min(self.oldest, oldest)
        self.newest = newest if self.newest is None else max(self.newest, newest)

    def usage(self, prefix: str, children: tuple[Usage, ...] = ()) -> Usage:
        return Usage(prefix, self.count, self.size_bytes, _moment(self.oldest), _moment(self.newest), children)


class Count:
    """The sums of a usage while the lists arrive."""

    def __init__(self, prefix: str, *, is_folded: bool) -> None:
        self._prefix = prefix
        self._is_folded = is_folded
        self._total = _Sum()
        self._children: dict[str, _Sum] = {}

    def add(self, listing: Listed) -> None:
        """Count the objects of an answer. Raise TooLargeError when they become more than MAX_COUNTED."""
        names, sizes, modified = listing.names, listing.sizes, listing.modified
        if "" in names:  # the object whose name is the place itself has an empty key, which no blob has
            at = names.index("")
            names, sizes, modified = ([*column[:at], *column[at + 1 :]] for column in (names, sizes, modified))
        if not names:
            return
        self._total.add(sizes, modified)
        if self._total.count > MAX_COUNTED:
            raise TooLargeError(
                f"more than {MAX_COUNTED:,} blobs are below {self._prefix!r}; ask for the usage of one folder in it"
            )
        if self._is_folded:
            self._add_to_children(names, sizes, modified)

    def _add_to_children(self, names: Sequence[str], sizes: Sequence[int], modified: Sequence[float]) -> None:
        start = 0
        while start < len(names):
            child = self._child_of(names[start])
            stop = start + 1
            if child:  # most answers are all of one child
                is_one = all(name.startswith(child) for name in names[start:])
                stop = len(names) if is_one else _first_without(names, child, start)
                found = self._children.get(child)
                if found is None and len(self._children) < CHILDREN_AT_MOST:
                    found = self._children[child] = _Sum()
                if found is not None:
                    found.add(sizes[start:stop], modified[start:stop])
            start = stop

    def _child_of(self, name: str) -> str:
        cut = name.find(DELIMITER, len(self._prefix))
        return "" if cut == -1 else name[: cut + 1]

    def usage(self) -> Usage:
        """Return what has been counted."""
        children = sorted(self._children.items(), key=lambda child: child[0].encode())
        return self._total.usage(self._prefix, tuple(child.usage(prefix) for prefix, child in children))


def _first_without(names: Sequence[str], child: str, start: int) -> int:
    return next(place for place in range(start, len(names)) if not names[place].startswith(child))


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
