"""An amount of one thing, such as bytes of memory or threads, shared fairly by user.

The rule: a user may hold up to GREED times the amount that is left free afterwards, and a user who holds nothing may
take any free amount. So a user alone gets four fifths, and the next user four fifths of the rest. As shares come back,
the users who hold least are served first, until all hold the same. Among users who hold the same, the one comes first
who has waited longest since the last share: with more users than shares everybody has a turn before anybody has two.
The requests of one user are served in order. Nothing is ever taken away.
"""

import asyncio
from collections import deque
from contextvars import ContextVar
from itertools import count

from storage_tui.contract.errors import UnavailableError

GREED = 4
RETRY_AFTER_S = 2

USER: ContextVar[str] = ContextVar("user", default="")
"""The namespace of the user for whom the present request runs. It is empty for work of the server itself."""


class BusyError(UnavailableError):
    """Other users, or other requests of this user, hold what the request needs. The client may send the request again.
    This is not a defect, so it is not logged."""


class Share:
    """The amount that one request holds. `close` returns it, and may be called any number of times."""

    def __init__(self, shares: "Shares", user: str, amount: int) -> None:
        self._shares = shares
        self._user = user
        self.amount = amount

    def shrink(self, amount: int) -> None:
        """Keep no more than `amount`."""
        gone = self.amount - min(amount, self.amount)
        self.amount -= gone
        self._shares._give_back(self._user, gone)

    def grow(self, amount: int) -> None:
        """Hold `amount` in all. Raise BusyError at once when not so much is free: a request that waited while it holds
        something could wait for itself."""
        more = amount - self.amount
        if more > 0:
            self._shares._take_more(self._user, more)
            self.amount = amount

    def close(self) -> None:
        """Return the whole amount."""
        self.shrink(0)


class _Wait:
    def __init__(self, amount: int) -> None:
        self.amount = amount
        self.granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class Shares:
    """`total` units of one thing, for the event loop only.

    `what` names the thing in a refusal. A request is refused when its turn did not come for `patience_s` seconds; with
    None, a request waits until it is cancelled.
    """

    def __init__(self, total: int, what: str, *, patience_s: float | None) -> None:
        self._total = self._free = total
        self._what = what
        self._patience_s = patience_s
        self._held: dict[str, int] = {}
        self._waiting: dict[str, deque[_Wait]] = {}
        self._since: dict[str, int] = {}  # of users who wait: when they came, or were last served
        self._moments = count()

    @property
    def free(self) -> int:
        """Return the amount that nobody holds."""
        return self._free

    def held_by(self, user: str) -> int:
        """Return the amount that all requests of the user hold together."""
        return self._held.get(user, 0)

    async def take(self, user: str, amount: int) -> Share:
        """Return the amount at the user's turn; raise BusyError when the turn takes too long."""
        amount = min(amount, self._total)
        if user not in self._waiting and self._may_have(user, amount):
            self._hand_out(user, amount)
        else:
            await self._wait(user, amount)
        return Share(self, user, amount)

    def try_take(self, user: str, amount: int) -> Share | None:
        """Return the amount at once, or None when the user may not have it now."""
        if user in self._waiting or not self._may_have(user, amount):
            return None
        self._hand_out(user, amount)
        return Share(self, user, amount)

    async def _wait(self, user: str, amount: int) -> None:
        wait = _Wait(amount)
        queue = self._waiting.setdefault(user, deque())
        queue.append(wait)
        self._since.setdefault(user, next(self._moments))
        try:
            async with asyncio.timeout(self._patience_s):
                await wait.granted
        except BaseException as exc:
            if wait.granted.done() and not wait.granted.cancelled() and wait.granted.exception() is None:
                self._give_back(user, amount)  # the share came in the moment in which the waiting ended
            if isinstance(exc, TimeoutError):
                raise self._busy(user) from None
            raise
        finally:
            if wait in queue:
                queue.remove(wait)
            if not queue and self._waiting.get(user) is queue:
                del self._waiting[user]
                del self._since[user]
            self._serve()

    def _may_have(self, user: str, amount: int) -> bool:
        left, held = self._free - amount, self._held.get(user, 0)
        return left >= 0 and (not held or held + amount <= GREED * left)

    def _hand_out(self, user: str, amount: int) -> None:
        self._free -= amount
        self._held[user] = self._held.get(user, 0) + amount

    def _take_more(self, user: str, amount: int) -> None:
        if not self._may_have(user, amount):
            raise self._busy(user)
        self._hand_out(user, amount)

    def _give_back(self, user: str, amount: int) -> None:
        if not amount:
            return
        self._free += amount
        self._held[user] -= amount
        if not self._held[user]:
            del self._held[user]
        self._serve()

    def _serve(self) -> None:
        """Share the free amount among those who wait and may have it, one share at a time."""
        while self._free and (user := self._next()) is not None:
            wait = self._waiting[user].popleft()
            self._hand_out(user, wait.amount)
            self._since[user] = next(self._moments)
            wait.granted.set_result(None)

    def _next(self) -> str | None:
        """Return the user whose turn is next: the one who holds least, and among those the one served longest ago. None
        when nobody who waits may have what they wait for."""
        found: tuple[int, int, str] | None = None
        for user, queue in self._waiting.items():
            while queue and queue[0].granted.done():
                queue.popleft()
            if queue and self._may_have(user, queue[0].amount):
                rank = (self._held.get(user, 0), self._since[user], user)
                found = rank if found is None else min(found, rank)
        return None if found is None else found[2]

    def _busy(self, user: str) -> BusyError:
        whose = "your own requests hold" if self.held_by(user) else "others hold"
        return BusyError(f"{whose} {self._what}; try again", retry_after_s=RETRY_AFTER_S)
