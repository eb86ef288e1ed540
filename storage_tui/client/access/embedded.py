"""Start or join the embedded server of a data directory, and keep it running while this process uses it.

Client and server share files in one private runtime directory. The client holds a shared lock on `present` while it
uses the server; the kernel releases the lock however the process ends. `socket` and `token` are for calling the server,
`log` holds its last messages. XDG_RUNTIME_DIR decides which directory this is. A server that was started with another
XDG_RUNTIME_DIR, as by cron, is found by the note that the server wrote into the lock file of the data directory.
"""

import fcntl
import http.client
import json
import os
import socket
import stat
import subprocess
import threading
import time
import weakref
from contextlib import suppress
from pathlib import Path

from storage_tui.client.access.place_access import AWS, PlaceAccess
from storage_tui.client.access.runtime_folder import make_runtime, without_secrets
from storage_tui.client.access.servers import Access, Endpoint
from storage_tui.client.access.token_files import read_token_file
from storage_tui.client.requests import one_line
from storage_tui.contract import wire
from storage_tui.contract.errors import ConnectError, CredentialsError, StorageError
from storage_tui.machine import directories, interpreters
from storage_tui.machine.private_files import open_private
from storage_tui.machine.secrets import Secret

BASE_URL = f"http://localhost{wire.BASE_PATH}"
JOIN_S = 15.0  # a cold start takes about one second
POLL_S = 0.02
PROBE_S = 5.0
START_AGAIN_S = 1.0  # pause when our server ended in favour of another server that then did not appear
LOG_BYTES = 1024 * 1024
NOTE_BYTES = 4096

_alive: "weakref.WeakSet[EmbeddedServer]" = weakref.WeakSet()
_fork_hook = threading.Lock()
_is_hooked = False


class EmbeddedServer:
    """The server of a data directory of this machine, or of a `place`; it is started when it does not run yet."""

    is_embedded = True

    def __init__(self, data_dir: Path, place: PlaceAccess | None = None) -> None:
        self._present: int | None = None
        self.data_dir = data_dir.expanduser().absolute()
        self.place = place
        self._runtime = self._own_runtime()
        self._lock = threading.Lock()
        self._access: Access | None = None
        self._pid = os.getpid()

    @property
    def display_url(self) -> str:
        """Return a text with the data directory: the address of the socket means nothing to people."""
        return f"embedded store in {self.data_dir}" if self.place is None else self.place.place.title

    def user(self) -> str | None:
        """Return None: the store has one user only. Of a bucket, return how it is opened."""
        return None if self.place is None else self.place.opened_as()

    def reopen(self, place: PlaceAccess) -> None:
        """Open the same place with other credentials from now on."""
        with self._lock:
            self._access = None
            if self._present is not None:
                os.close(self._present)
                self._present = None
            self.place = place

    def ready(self) -> Access | None:
        """Return socket and token once this process has joined the server; None before."""
        return self._access if self._pid == os.getpid() else None

    def reach(self) -> Access:
        """Join the server, after starting it where it does not run; raise ConnectError when it does not start."""
        with self._lock:
            access = self.ready()
            if access is None:
                self._pid = os.getpid()
                try:
                    access = self._access = self._join(time.monotonic() + JOIN_S)
                except OSError as exc:
                    place = exc.filename or self._runtime
                    raise ConnectError(f"the {self.display_url} cannot use {place}: {exc.strerror or exc}") from exc
            return access

    def token_refused(self, token: Secret[str]) -> bool:
        """Return True, so that `reach` reads the token again: each start of the server makes a new token."""
        with self._lock:
            if self._access is not None and self._access.token == token:
                self._access = None
            return True

    def lost(self) -> bool:
        """Return True: the server has ended, and the next `reach` starts it again."""
        with self._lock:
            self._access = None
            return True

    def close(self) -> None:
        """Release the lock, which shows the server that this process no longer uses it."""
        with self._lock:
            self._access = None
            if self._present is not None:
                os.close(self._present)
                self._present = None

    def __del__(self) -> None:
        self._forget()  # a client that is dropped without `close` does not keep the server

    def _join(self, deadline: float) -> Access:
        self._enter(self._own_runtime(), deadline)
        child: subprocess.Popen[bytes] | None = None
        started = 0.0
        while True:
            access = self._answering(self._runtime) or self._elsewhere(deadline)
            if access is not None:
                return access
            now = time.monotonic()
            if now > deadline:
                raise ConnectError(f"the {self.display_url} did not start within {JOIN_S:.0f} s{self._last_words()}")
            if child is None and now - started > START_AGAIN_S:
                child, started = self._start(), now
            elif child is not None and child.poll() is not None:
                if child.returncode != 0 and self.place is not None and (said := self._last_line()):
                    raise StorageError(said)
                if child.returncode != 0:
                    raise ConnectError(f"the {self.display_url} cannot be started{self._last_words()}")
                child, started = None, now  # another process started a server first, which will answer soon
            time.sleep(POLL_S)

    def _elsewhere(self, deadline: float) -> Access | None:
        """Return address and token of a server of our data directory in another runtime directory; None without one."""
        if self.place is not None:
            return None  # two servers of one place do not disturb each other
        noted, own = _noted_runtime(self.data_dir), self._runtime
        if noted is None or noted == own or self._answering(noted) is None:
            return None
        self._enter(noted, deadline)
        access = self._answering(noted)
        if access is None:  # the server has just ended
            self._enter(own, deadline)
        return access

    def _own_runtime(self) -> Path:
        return directories.runtime_dir(self.data_dir) if self.place is None else self.place.runtime_dir()

    def _enter(self, runtime: Path, deadline: float) -> None:
        """Use this runtime directory: make it when missing, check its owner, and hold `present` in it."""
        self._runtime = runtime
        make_runtime(self._runtime, "the server's socket")
        self._be_present(deadline)

    def _be_present(self, deadline: float) -> None:
        """Lock `present`, shared; blocks while a server that is closing down holds the lock alone."""
        if self._present is not None:
            os.close(self._present)
            self._present = None
        descriptor = open_private(self._runtime / "present", os.O_RDWR | os.O_CREAT)
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    os.close(descriptor)
                    raise ConnectError(f"the {self.display_url} is stopping and does not finish") from None
                time.sleep(POLL_S)
            except OSError:
                os.close(descriptor)
                raise
        self._present = descriptor
        _forget_on_fork(self)

    def _answering(self, runtime: Path) -> Access | None:
        path = runtime / "socket"
        try:
            token = read_token_file(runtime / "token")
        except CredentialsError as exc:
            raise ConnectError(exc.message) from exc
        if not token or not path.exists():
            return None
        secret = Secret(token.strip())
        connection = _UnixConnection(path)
        try:
            connection.request("GET", wire.BASE_PATH, headers={"Authorization": f"Bearer {secret.reveal()}"})
            is_ready = connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()
        refusal = None if self.place is None else self.place.refusal
        if refusal is not None and self.place is not None and self.place.place.kind == "s3":
            refusal += "; in Python: opening=PlaceOptions(is_writable=True)"
        has_far_bytes = self.place is not None and self.place.place.kind != "file"
        return Access(Endpoint(BASE_URL, path, refusal), secret, has_far_bytes) if is_ready else None

    def _start(self) -> subprocess.Popen[bytes]:
        log = self._open_log()
        what = ["--data-dir", str(self.data_dir)] if self.place is None else ["--place", self.place.argument()]
        base = without_secrets(os.environ)
        if self.place is not None:  # a part of other credentials makes those of the place useless
            base = {name: value for name, value in base.items() if not name.startswith(AWS)}
        kept = {} if self.place is None else self.place.environment()
        try:
            child = subprocess.Popen(
                interpreters.command("storage_tui", "serve", "--embedded", *what),
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log, start_new_session=True,
                env=interpreters.environment({**base, **kept}),
            )  # fmt: skip
        except OSError as exc:
            raise ConnectError(f"the {self.display_url} cannot be started: {exc.strerror}") from exc
        finally:
            os.close(log)
        threading.Thread(target=child.wait, name="storage-tui-reaper", daemon=True).start()
        return child

    def _open_log(self) -> int:
        log = open_private(self._runtime / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        if os.fstat(log).st_size > LOG_BYTES:
            os.ftruncate(log, 0)
        return log

    def _last_line(self) -> str:
        """Return the last message of the server, as its program said it; the empty text without one."""
        with suppress(OSError):
            lines = (self._runtime / "log").read_bytes()[-4096:].decode("utf-8", "replace").strip().splitlines()
            if lines:
                return one_line(lines[-1]).removeprefix("storage-tui: ")
        return ""

    def _last_words(self) -> str:
        with suppress(OSError):
            lines = (self._runtime / "log").read_bytes()[-4096:].decode("utf-8", "replace").strip().splitlines()
            if lines:
                return f": {one_line(lines[-1])}"
            if not os.statvfs(self._runtime).f_bavail:  # no room for a last message
                return f": no space left under {self._runtime}"
        return ""

    def _forget(self) -> None:
        """Drop lock and connection: at the end, and in a forked child, where they belong to the parent."""
        self._lock = threading.Lock()
        self._access = None
        if self._present is not None:
            with suppress(OSError):
                os.close(self._present)
            self._present = None


def _noted_runtime(data_dir: Path) -> Path | None:
    """Return the runtime directory that the server of the data directory noted.

    Return None without a note, and for a directory that is not this user's alone.
    """
    try:
        with (data_dir / directories.LOCK_NAME).open("rb") as file:
            runtime = Path(json.loads(file.read(NOTE_BYTES))["socket"]).parent
        status = runtime.lstat()
    except (OSError, ValueError, KeyError, TypeError):
        return None
    is_ours = stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and not status.st_mode & 0o077
    return runtime if is_ours else None


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=PROBE_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(PROBE_S)
        self.sock.connect(str(self._path))


def _forget_on_fork(server: EmbeddedServer) -> None:
    global _is_hooked
    with _fork_hook:
        _alive.add(server)
        if not _is_hooked:
            os.register_at_fork(after_in_child=_forget_all)
            _is_hooked = True


def _forget_all() -> None:
    for server in tuple(_alive):
        server._forget()
