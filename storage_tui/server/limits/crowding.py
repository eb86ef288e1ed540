"""Room for new connections: where the listener is full and more wait, those that do nothing are closed for them.

The listener takes a number of connections and leaves the next ones in the queue of the kernel. It ends an idle
connection by itself, but only after seconds, and has no limit for each address. So the queue is looked at from here.
Where all places are taken and somebody waits, connections that carry no request with a token are closed: first of the
address that has the most of them, and of these the longest idle first. Nobody can shut out the others without a token,
and few of the others' connections are closed. On a busy machine a connection may wait although the listener has places
left: then nothing is closed.

On Linux alone, as the state of a socket and the list of open ones are the kernel's; on a UNIX socket all clients are
one user's, and nothing is closed.
"""

import asyncio
import os
import socket
import struct
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

LOOK_S = 0.1  # so long a new connection may wait; a look at the queue costs a microsecond
SPARE = 32  # places made free beyond those asked for, so that the next ones wait for no look
QUIET_MS = 200  # on a connection that was used since then somebody may be about to ask again
TCP_INFO: int | None = getattr(socket, "TCP_INFO", None)
OPEN_FILES = Path("/proc/self/fd")
CAN_LOOK = TCP_INFO is not None and OPEN_FILES.is_dir()

_INFO = struct.Struct("=8x13I")  # struct tcp_info of Linux: eight bytes, and 32-bit fields up to tcpi_last_ack_recv
_WAITING, _SENT_MS, _RECEIVED_MS = 4, 9, 11  # tcpi_unacked, tcpi_last_data_sent, tcpi_last_data_recv

Peer = tuple[IPv4Address | IPv6Address, int]
"""Address and port of the other end of a connection."""


def peer_of(client: Sequence[str | int] | None) -> Peer | None:
    """The peer in the words of the listener, or of the kernel; None where there is none, as on a UNIX socket."""
    try:
        address, port = client or ()
        return ip_address(str(address).partition("%")[0]), int(port)
    except (TypeError, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class _Idle:
    """A connection that carries no request, by the listener's descriptor of it."""

    descriptor: int
    peer: Peer
    idle_ms: int


class Crowding:
    """Looks after one listening socket, of which `places` connections are taken at once. `busy` tells the peers whose
    connections carry a request with a token."""

    def __init__(self, listening: socket.socket, places: int, busy: Callable[[], Collection[Peer]]) -> None:
        self._listening, self._places, self._busy = listening, places, busy

    async def run(self) -> None:
        """Make room whenever somebody waits for it, until it is cancelled."""
        if self._listening.family == socket.AF_UNIX or not CAN_LOOK:
            return
        while True:
            await asyncio.sleep(LOOK_S)
            if waiting := self.waiting():
                with suppress(OSError):  # no file can be opened now; the next look may
                    # In a thread: with a thousand connections it takes milliseconds.
                    await asyncio.to_thread(self.make_room, waiting + SPARE, frozenset(self._busy()))

    def waiting(self) -> int:
        """How many connections wait in the queue of the kernel."""
        return _state(self._listening)[_WAITING]

    def make_room(self, count: int, busy: Collection[Peer]) -> int:
        """Close up to so many connections that are not of the busy peers, if all places are taken; returns how many
        were closed."""
        port = self._listening.getsockname()[1]
        there = [row for file in OPEN_FILES.iterdir() if (row := _idle(int(file.name), port)) is not None]
        if len(there) < self._places:
            return 0
        found = [row for row in there if row.peer not in busy]
        crowd = Counter(row.peer[0] for row in found)
        found.sort(key=lambda row: (-crowd[row.peer[0]], row.idle_ms < QUIET_MS, -row.idle_ms))
        return sum(_close(row, port) for row in found[:count])


def _idle(descriptor: int, port: int) -> _Idle | None:
    """The connection of that descriptor; None of anything else."""
    with suppress(OSError), _copy(descriptor) as connection:
        if connection.family in (socket.AF_INET, socket.AF_INET6) and connection.getsockname()[1] == port:
            peer, state = peer_of(connection.getpeername()[:2]), _state(connection)
            return None if peer is None else _Idle(descriptor, peer, min(state[_SENT_MS], state[_RECEIVED_MS]))
    return None  # no socket, the one that listens, or one that was closed or cut meanwhile


def _close(row: _Idle, port: int) -> bool:
    """End the connection under the listener, which then closes it, unless its descriptor is another's by now."""
    with suppress(OSError), _copy(row.descriptor) as connection:
        if connection.getsockname()[1] == port and peer_of(connection.getpeername()[:2]) == row.peer:
            connection.shutdown(socket.SHUT_RDWR)
            return True
    return False


def _copy(descriptor: int) -> socket.socket:
    """The same socket by a descriptor of our own, which stays what it is whatever the listener does meanwhile."""
    copy = os.dup(descriptor)
    try:
        return socket.socket(fileno=copy)
    except OSError:
        os.close(copy)
        raise


def _state(of: socket.socket) -> tuple[int, ...]:
    assert TCP_INFO is not None
    return _INFO.unpack(of.getsockopt(socket.IPPROTO_TCP, TCP_INFO, _INFO.size))
