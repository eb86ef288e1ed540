"""How much of a server one client address and one user may have at once: connections, requests, open bodies.

A server takes so many connections in all. So that nobody can have all of them, one address gets nine tenths and one
user four fifths. What is more is refused with 429 before its body is read. A user behind many addresses and many users
behind one address, such as an office behind a NAT, are both bounded. A UNIX socket has no addresses: its one user has
no limit here.
"""

from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from storage_tui.contract.counts import plural
from storage_tui.contract.errors import RateLimitError

_Name = tuple[str, str]  # what is counted, and of whom

RETRY_AFTER_S = 1
ADDRESS_SHARE, USER_SHARE = (9, 10), (4, 5)  # of the connections that the listener takes


@dataclass(frozen=True, slots=True)
class ClientBounds:
    """The most that one address or one user may have at once; None for no limit. An open body is a request that came
    with a body and is not answered. A user may have as many connections at work as requests: each carries one."""

    address_connections: int | None = None
    address_requests: int | None = None
    address_bodies: int | None = None
    user_requests: int | None = None
    user_bodies: int | None = None

    @classmethod
    def of(cls, connections: int, *, per_address: int | None = None) -> "ClientBounds":
        """Return the bounds for a listener with so many connections. `per_address` is the operator's own number for
        connections and requests of an address; 0 for no limit."""
        share, user = _part(connections, ADDRESS_SHARE), _part(connections, USER_SHARE)
        address = share if per_address is None else per_address or None
        return cls(address, address, address, user, user)


def _part(total: int, share: tuple[int, int]) -> int:
    return max(1, total * share[0] // share[1])


UNLIMITED = ClientBounds()


class Clients:
    """What each address and each user has at this moment. Each request is counted until its stack is closed."""

    def __init__(self, bounds: ClientBounds = UNLIMITED) -> None:
        self.bounds = bounds
        self._counts: Counter[_Name] = Counter()

    def admit_address(self, site: str, stack: AsyncExitStack, *, has_body: bool) -> None:
        """Count a request from the address. Raise RateLimitError when the address has too many."""
        whose, bounds = "your address has", self.bounds
        wanted = [(("requests of address", site), bounds.address_requests, "request")]
        if has_body:
            wanted.append((("bodies of address", site), bounds.address_bodies, "upload"))
        self._take(stack, wanted, whose)

    def admit_user(self, user: str, stack: AsyncExitStack, *, has_body: bool, most: int | None = None) -> None:
        """Count a request of the user. Raise RateLimitError when the user has too many, or more than `most`."""
        bounds = [bound for bound in (self.bounds.user_requests, most) if bound is not None]
        wanted = [(("requests of user", user), min(bounds, default=None), "request")]
        if has_body:
            wanted.append((("bodies of user", user), self.bounds.user_bodies, "upload"))
        self._take(stack, wanted, "you have")

    def _take(self, stack: AsyncExitStack, wanted: Sequence[tuple[_Name, int | None, str]], whose: str) -> None:
        names: list[_Name] = []
        stack.callback(self._give_back, names)
        for name, most, what in wanted:
            if most is not None and self._counts[name] >= most:
                raise RateLimitError(
                    f"{whose} {plural(most, what)} under way, which is the most allowed; wait until one ends",
                    retry_after_s=RETRY_AFTER_S,
                )
            self._counts[name] += 1
            names.append(name)

    def _give_back(self, names: Sequence[_Name]) -> None:
        for name in names:
            self._counts[name] -= 1
            if not self._counts[name]:
                del self._counts[name]
