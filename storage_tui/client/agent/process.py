"""The process of the transfer agent: one lock, one socket, a thread for each client, and an end when all is done.

`python -m storage_tui.client.agent.process` runs until it has had neither work nor a client for LINGER_S. SIGTERM ends
it at once and keeps everything; a closed terminal (SIGHUP) is none of its business.
"""

import fcntl
import json
import os
import secrets
import select
import signal
import socket
import struct
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from storage_tui.client.access.runtime_folder import make_runtime
from storage_tui.client.agent.book import JobBook
from storage_tui.client.agent.frames import Frames
from storage_tui.client.agent.place import AgentPlace
from storage_tui.client.agent.service import Service
from storage_tui.contract.errors import StorageError
from storage_tui.machine.precedence import work_in_background
from storage_tui.machine.private_files import make_private_dir, open_private, write_all, write_private
from storage_tui.machine.version import __version__

LINGER_VARIABLE = "STORAGE_TUI_LINGER"  # as of the embedded server
LINGER_S = 10.0  # long enough for the next command of a person, who reads the state meanwhile
TICK_S = 1.0
LAST_ANSWERS_S = 2.0  # the longest wait for answers that are on their way when the agent retires
CLIENTS = 64  # connections at once; a browser has two
BACKLOG = 16
SOCKET_MODE = 0o600


class Agent:
    """The one agent of a place. `run` returns at its end; False when another agent holds the place."""

    def __init__(self, place: AgentPlace) -> None:
        self._place = place
        self._token = secrets.token_urlsafe(32)
        self._lock = -1
        self._listener: socket.socket | None = None
        self._socket_id: tuple[int, int] | None = None
        self._book = JobBook(place.state)
        self._clients: set[Frames] = set()
        self._clients_lock = threading.Lock()
        self._wake_read, self._wake_write = os.pipe()
        for descriptor in (self._wake_read, self._wake_write):
            os.set_blocking(descriptor, False)
        self._is_ending = self._is_retired = False
        self._has_released = threading.Event()

    def run(self) -> bool:
        """Hold the place and serve it. Raise StorageError or OSError when that is not possible."""
        if not self._take_lock():
            return False
        self._listen()
        self._note()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        self._book.restore()
        try:
            self._serve()
        finally:
            self._release()
            self._book.close()
            self._part()
        return True

    def _part(self) -> None:
        """Close the connections; who asked the agent to retire gets the answer first."""
        with self._clients_lock:
            clients = list(self._clients)
        if self._is_retired:
            for client in clients:
                client.end_requests()
            deadline = time.monotonic() + LAST_ANSWERS_S
            while self._clients and time.monotonic() < deadline:
                self._accept(TICK_S)  # until the next client has gone
        for client in clients:
            client.close()

    def _end(self, *_: object) -> None:
        self._is_ending = True
        self._wake()

    def _wake(self) -> None:
        with suppress(OSError):
            os.write(self._wake_write, b"x")

    def _take_lock(self) -> bool:
        make_private_dir(self._place.state)
        self._lock = open_private(self._place.lock, os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _listen(self) -> None:
        """Make token and socket; a socket that is left over is replaced. Call with the lock held."""
        place = self._place
        make_runtime(place.runtime, "the transfer agent's socket")
        write_private(place.token, self._token.encode(), is_durable=False)
        if self._listener is not None:
            self._listener.close()
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.setblocking(False)
        place.socket.unlink(missing_ok=True)
        listener.bind(str(place.socket))  # in a folder that nobody else enters; the umask is that of the downloads
        place.socket.chmod(SOCKET_MODE)
        listener.listen(BACKLOG)
        self._listener, self._socket_id = listener, _identity(place.socket)

    def _note(self) -> None:
        note = {"socket": str(self._place.socket), "pid": str(os.getpid()), "version": __version__}
        with suppress(OSError):  # on a full disk the agent is found where it is expected
            os.ftruncate(self._lock, 0)
            os.lseek(self._lock, 0, os.SEEK_SET)
            write_all(self._lock, json.dumps(note).encode())

    def _release(self) -> None:
        """Give up lock and socket; another agent may begin from now on."""
        if self._lock < 0:
            return
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        if _identity(self._place.socket) == self._socket_id:
            self._place.socket.unlink(missing_ok=True)
        os.close(self._lock)
        self._lock = -1
        self._has_released.set()

    def _retire(self) -> None:
        """Take no more work; return when another agent may begin."""
        self._is_retired = True
        self._book.refuse()
        self._wake()
        self._has_released.wait(LAST_ANSWERS_S)

    def _serve(self) -> None:
        linger_s = _linger_s()
        idle_since: float | None = None
        next_tick = 0.0
        while not self._is_ending:
            self._accept(0.0 if self._is_retired and self._listener is not None else min(TICK_S, max(linger_s, 0.05)))
            if self._is_retired:
                self._release()
            now = time.monotonic()
            if now >= next_tick:
                next_tick = now + TICK_S
                self._book.tick()
                self._keep_socket()
            with self._clients_lock:
                is_idle = not self._book.has_work and (self._is_retired or not self._clients)
            if not is_idle:
                idle_since = None
            elif idle_since is None:
                idle_since = now
            elif now - idle_since >= linger_s or self._is_retired:
                return

    def _keep_socket(self) -> None:
        """Make the socket again where the system removed its folder, as it does at the logout of a user."""
        if self._listener is not None and _identity(self._place.socket) != self._socket_id:
            with suppress(OSError, StorageError):
                self._listen()

    def _accept(self, wait_s: float) -> None:
        watched = [self._wake_read] + ([] if self._listener is None else [self._listener.fileno()])
        ready, _, _ = select.select(watched, [], [], wait_s)
        if self._wake_read in ready:
            with suppress(OSError):
                os.read(self._wake_read, 4096)
        if self._listener is None or self._listener.fileno() not in ready:
            return
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return
        with self._clients_lock:
            is_full = len(self._clients) >= CLIENTS
        if is_full or peer_uid(connection) != os.getuid():
            connection.close()
            return
        connection.setblocking(True)
        frames = Frames(connection)
        with self._clients_lock:
            self._clients.add(frames)
        threading.Thread(target=self._attend, args=(frames,), name="storage-tui-client", daemon=True).start()

    def _attend(self, frames: Frames) -> None:
        try:
            Service(frames, self._book, self._token, retire=self._retire).run()
        finally:
            with self._clients_lock:
                self._clients.discard(frames)
            self._wake()


def peer_uid(connection: socket.socket) -> int:
    """Return the user of the process at the other end; -1 where the system does not say."""
    if hasattr(socket, "SO_PEERCRED"):
        raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        return int(struct.unpack("3i", raw)[1])
    return os.getuid()  # macOS: the mode of the folder and the token are the guard


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _linger_s() -> float:
    try:
        return max(float(os.environ.get(LINGER_VARIABLE, LINGER_S)), 0.0)
    except ValueError:
        return LINGER_S


def main() -> int:
    """Run the agent; return its exit code."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    work_in_background()
    try:
        Agent(AgentPlace.here()).run()
    except StorageError as exc:
        sys.stderr.write(f"{exc.message}\n")
        return 1
    except OSError as exc:
        place = f"{exc.filename}: " if exc.filename else ""
        sys.stderr.write(f"{place}{exc.strerror or exc}\n")
        return 1
    return 0


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)  # threads of clients that wait for news do not hold the end
