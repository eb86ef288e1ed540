"""Room for new connections: when the listener is full and more wait, connections that do nothing are closed.

The listener takes so many connections and leaves the next ones in the queue of the kernel. The listener ends an idle
connection by itself, but only after seconds, and has no limit for each address. So this module looks at the queue. When
somebody waits in the queue, connections that carry no request with a token are closed. The address with the most such
connections comes first, and among its connections the one that was idle longest. So nobody can shut out the others
without a token, and few connections of the others are closed. While there is room, only the queue is looked at, and
once a second how many connections each address has: those of an address over its limit that carry no request with a
token are closed, the one that was idle longest first.

This works on Linux alone: the state of a socket and the list of open sockets come from the kernel. On a UNIX socket all
clients are one user's, and nothing is closed.
"""

import asyncio
import os
import socket
import struct
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

from storage_tui.server.limits.addresses import TrustedProxies, site_of

LOOK_S = 0.1  # a new connection may wait for so long; a look at the queue costs a microsecond
LOOKS_AT_ADDRESSES = 10  # looks at the queue, after which the connections of each address are counted
FULL = 0.9  # of the connections that the listener takes: under this somebody waits for a busy process, not for room
SPARE = 32  # places made free beyond those needed now, so that the next connections need not wait for a look
QUIET_MS = 200  # on a connection used more recently, the client may be about to send another request
TCP_INFO: int | None = getattr(socket, "TCP_INFO", None)
MOST_ADDRESSES = 1024  # of the peers seen last; reading the text of one takes longer than finding it here
OPEN_FILES = Path("/proc/self/fd")
CAN_LOOK = TCP_INFO is not None and OPEN_FILES.is_dir()

_INFO = struct.Struct("=8x13I")  # struct tcp_info of Linux: eight bytes, and 32-bit fields up to tcpi_last_ack_recv
_WAITING, _SENT_MS, _RECEIVED_MS = 4, 9, 11  # tcpi_unacked, tcpi_last_data_sent, tcpi_last_data_recv

Peer = tuple[IPv4Address | IPv6Address, int]
"""Address and port of the other end of a connection."""


def peer_of(client: Sequence[str | int] | None) -> Peer | None:
    """Return the peer from the address that the listener or the kernel reports; None without one, as on a UNIX
    socket."""
    if client is None:
        return None
    try:
        address, port = client
        return _address(str(address)), int(port)
    except (TypeError, ValueError):
        return None


@lru_cache(maxsize=MOST_ADDRESSES)
def _address(text: str) -> IPv4Address | IPv6Address:
    return ip_address(text.partition("%")[0])


@dataclass(frozen=True, slots=True)
class _Idle:
    """A connection that carries no request, with the listener's descriptor of it."""

    descriptor: int
    peer: Peer
    idle_ms: int


class Crowding:
    """Looks after one listening socket, whose listener takes at most `most` connections. `busy` returns the peers whose
    connections carry a request with a token. `spare` places are made free beyond those needed. One address has at most
    `most_of_address` connections, unless it is one of the `proxies`; None for no limit."""

    def __init__(
        self, listening: socket.socket, busy: Callable[[], Collection[Peer]], *, most: int, spare: int = SPARE,
        most_of_address: int | None = None, proxies: TrustedProxies | None = None,
    ) -> None:  # fmt: skip
        self._most_of_address, self._proxies = most_of_address, proxies or TrustedProxies()
        self._listening, self._busy, self._most, self._spare = listening, busy, most, spare

    async def run(self) -> None:
        """Make room whenever somebody waits for room, until this task is cancelled."""
        if self._listening.family == socket.AF_UNIX or not CAN_LOOK:
            return
        looks = 0
        while True:
            await asyncio.sleep(LOOK_S)
            looks += 1
            with suppress(OSError):  # no file can be opened now; perhaps at the next look
                # In a thread: with a thousand connections this takes milliseconds.
                if waiting := self.waiting():
                    await asyncio.to_thread(self.make_room, waiting + self._spare, frozenset(self._busy()))
                if self._most_of_address is not None and looks % LOOKS_AT_ADDRESSES == 0:
                    await asyncio.to_thread(self.bound_addresses, frozenset(self._busy()))

    def waiting(self) -> int:
        """Return how many connections wait in the queue of the kernel."""
        return _state(self._listening)[_WAITING]

    def make_room(self, count: int, busy: Collection[Peer]) -> int:
        """Close up to `count` connections whose peers are not busy; return how many were closed. Close none while the
        listener has room: then new connections only wait for the event loop."""
        there, port = self._there()
        if len(there) < self._most * FULL:
            return 0
        found = [row for row in there if row.peer not in busy]
        crowd = Counter(row.peer[0] for row in found)
        found.sort(key=lambda row: (-crowd[row.peer[0]], row.idle_ms < QUIET_MS, -row.idle_ms))
        return sum(_close(row, port) for row in found[:count])

    def bound_addresses(self, busy: Collection[Peer]) -> int:
        """Close connections of addresses that have too many, whose peers are not busy; return how many were closed."""
        most = self._most_of_address
        if most is None or sum(1 for _ in OPEN_FILES.iterdir()) <= most:
            return 0
        there, port = self._there()
        rows = [row for row in there if not self._proxies.includes(row.peer[0])]
        surplus = {site: count - most for site, count in Counter(site_of(row.peer[0]) for row in rows).items()}
        closed = 0
        for row in sorted(rows, key=lambda row: (row.idle_ms < QUIET_MS, -row.idle_ms)):
            site = site_of(row.peer[0])
            if surplus[site] > 0 and row.peer not in busy and _close(row, port):
                surplus[site] -= 1
                closed += 1
        return closed

    def _there(self) -> tuple[list["_Idle"], int]:
        """Return the connections of the listener, and its port."""
        port = self._listening.getsockname()[1]
        return [row for file in OPEN_FILES.iterdir() if (row := _idle(int(file.name), port)) is not None], port


def _idle(descriptor: int, port: int) -> _Idle | None:
    """Return the idle connection with this descriptor; None when the descriptor is anything else."""
    with suppress(OSError), _copy(descriptor) as connection:
        if connection.family in (socket.AF_INET, socket.AF_INET6) and connection.getsockname()[1] == port:
            peer, state = peer_of(connection.getpeername()[:2]), _state(connection)
            return None if peer is None else _Idle(descriptor, peer, min(state[_SENT_MS], state[_RECEIVED_MS]))
    return None  # no socket, the listening socket, or one that was closed or cut meanwhile


def _close(row: _Idle, port: int) -> bool:
    """Shut the connection down, so that the listener closes it, unless its descriptor now belongs to another
    connection."""
    with suppress(OSError), _copy(row.descriptor) as connection:
        if connection.getsockname()[1] == port and peer_of(connection.getpeername()[:2]) == row.peer:
            connection.shutdown(socket.SHUT_RDWR)
            return True
    return False


def _copy(descriptor: int) -> socket.socket:
    """Return the same socket under a descriptor of our own, which stays valid whatever the listener does meanwhile."""
    copy = os.dup(descriptor)
    try:
        return socket.socket(fileno=copy)
    except OSError:
        os.close(copy)
        raise


def _state(of: socket.socket) -> tuple[int, ...]:
    assert TCP_INFO is not None
    return _INFO.unpack(of.getsockopt(socket.IPPROTO_TCP, TCP_INFO, _INFO.size))
