"""Lists that go on: what a page left over and what was asked for ahead, kept a moment for the request that continues.

Without this the engine would stand idle while a client reads a page, and each page would look for its place anew.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress

from storage_tui.server.stores.bucket.lists.rows import Rows
from storage_tui.server.stores.bucket.lists.trees import Ahead, Found

KEPT_S = 3.0  # a client that continues does so at once; names that others change are this late at most
KEPT_LISTS = 3  # at once, each with up to nine answers of the engine in memory

Position = tuple[str, str, str]  # prefix, delimiter, and the last name of the page before


class Going:
    """One list on its way. `changes` is the number of changes that the store had made when the list began."""

    def __init__(self, found: AsyncGenerator[Found, None], ahead: Ahead, changes: int) -> None:
        self._found = found
        self.ahead = ahead
        self.changes = changes
        self._left = Rows()
        self._follows = False
        self._is_over = False

    async def take(self, limit: int) -> tuple[Rows, bool]:
        """Return the next rows, up to `limit`, and whether more may follow. An error ends the list."""
        rows, self._left = self._left, Rows()
        try:
            while not self._is_over and (len(rows) < limit or (len(rows) == limit and not self._follows)):
                try:
                    more, self._follows = await anext(self._found)
                except StopAsyncIteration:
                    self._is_over = True
                    break
                rows.extend(more)
        except BaseException:
            await self.close()
            raise
        if len(rows) > limit:
            rows, self._left = rows.part(0, limit), rows.part(limit)
        return rows, bool(self._left) or not self._is_over

    async def close(self) -> None:
        """End the list, and forget what was asked for ahead."""
        self._is_over, self._left = True, Rows()
        await self._found.aclose()


class KeptLists:
    """The lists that may be continued soon."""

    def __init__(self, kept_s: float = KEPT_S) -> None:
        self._kept_s = kept_s
        self._lists: dict[Position, tuple[Going, asyncio.TimerHandle]] = {}
        self._ending: set[asyncio.Task[None]] = set()

    def take(self, position: Position, changes: int) -> Going | None:
        """Return the list that goes on at a position, unless the store has changed something since it began."""
        found = self._lists.pop(position, None)
        if found is None:
            return None
        going, timer = found
        timer.cancel()
        if going.changes != changes:
            self._end(going)
            return None
        return going

    def keep(self, position: Position, going: Going) -> None:
        """Keep a list for the request that continues at a position."""
        self._drop(position)
        while len(self._lists) >= KEPT_LISTS:
            self._drop(next(iter(self._lists)))
        timer = asyncio.get_running_loop().call_later(self._kept_s, self._drop, position)
        self._lists[position] = (going, timer)

    async def close(self) -> None:
        """End all lists."""
        for position in list(self._lists):
            self._drop(position)
        while self._ending:
            await asyncio.wait(set(self._ending))

    def _drop(self, position: Position) -> None:
        found = self._lists.pop(position, None)
        if found is not None:
            found[1].cancel()
            self._end(found[0])

    def _end(self, going: Going) -> None:
        async def end() -> None:
            with suppress(Exception):
                await going.close()

        task = asyncio.create_task(end())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
