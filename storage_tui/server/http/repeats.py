"""Calls that a client repeats because the answer was lost: the repeat gets the outcome of the first call."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable

REMEMBERED_S = 300.0  # longer than the published client retries one call
MAX_REMEMBERED = 10_000  # about 5 MB with the longest keys; the oldest are forgotten first


class Repeats:
    """Remembers for REMEMBERED_S seconds which calls have succeeded."""

    def __init__(self) -> None:
        self._calls: OrderedDict[Hashable, tuple[float, asyncio.Future[None]]] = OrderedDict()

    async def once(self, identity: Hashable, action: Callable[[], Awaitable[None]]) -> None:
        """Run the action. Wait instead when the same call is running, and return at once when it has succeeded before.

        A failed action is forgotten, so that its repeat runs again.
        """
        self._forget_old()
        while (known := self._calls.get(identity)) is not None:
            await asyncio.wait([known[1]])
            if not known[1].cancelled():
                return
        outcome: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._calls[identity] = (time.monotonic(), outcome)
        try:
            await action()
        except BaseException:
            self._calls.pop(identity, None)
            outcome.cancel()
            raise
        outcome.set_result(None)

    def _forget_old(self) -> None:
        oldest_kept = time.monotonic() - REMEMBERED_S
        while self._calls:
            identity, (began, outcome) = next(iter(self._calls.items()))
            is_wanted = began >= oldest_kept and len(self._calls) < MAX_REMEMBERED
            if is_wanted or not outcome.done():
                return
            del self._calls[identity]
