"""The server's half of the embedded protocol: one server for each data directory and user, for as long as one client
lives.

| file in the runtime directory | use |
|---|---|
| present | every client holds a shared flock on it while it uses the server; we lock it alone when all have gone |
| socket | the UNIX socket, mode 0600 |
| token | a JWT for the local user, written anew before each start listens |
| log | the server's stderr |
"""

import asyncio
import contextlib
import fcntl
import os
import stat
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from storage_tui.contract.errors import StorageError, UnavailableError
from storage_tui.machine.private_files import make_private_dir, open_private, write_private
from storage_tui.server.access.control import AccessControl
from storage_tui.server.access.keyring import Keyring
from storage_tui.server.access.tokens import sign_token
from storage_tui.server.app import StorageApi
from storage_tui.server.http.grants import Grant, Restriction, namespace_of
from storage_tui.server.stores.local.files import NO_ROOM
from storage_tui.server.stores.local.lock import AlreadyOwnedError

LOCAL_USER = "local"
TOKEN_LIFETIME = timedelta(days=3650)
LINGER_VARIABLE = "STORAGE_TUI_LINGER"
LINGER_S = 5.0  # long enough for the next command of a person or script
LOOK_S = 1.0


class Household:
    """The runtime directory, and the clients that use it."""

    def __init__(self, data_dir: Path, runtime: Path, *, types: tuple[str, ...] = ()) -> None:
        """Make a household that ends with the directory `data_dir`. Its token opens the storage types `types`, all of
        them where there are none."""
        self._data_dir = data_dir
        self._runtime = runtime
        self._restriction = Restriction(types) if types else None
        self.socket = self._runtime / "socket"
        self._present = -1
        self._kid = ""  # of the key that signed the token in its file
        self._grant = Grant("")  # the grant of that token

    def prepare(self) -> None:
        """Make the directory, mode 0700 and owned by us; raise UnavailableError when another user could get in."""
        try:
            # No other user may put anything into the folder above. No other user may even look into our own folder.
            for directory, forbidden in ((self._runtime.parent, 0o022), (self._runtime, 0o077)):
                make_private_dir(directory)
                status = directory.lstat()
                if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & forbidden:
                    raise UnavailableError(f"{directory} must be a directory of yours alone; remove it, or chmod 700")
            self._present = open_private(self._runtime / "present", os.O_RDWR | os.O_CREAT)
        except OSError as exc:
            raise UnavailableError(f"cannot use {self._runtime}: {exc.strerror or exc}") from exc

    def renew_token(self, access: AccessControl) -> None:
        """Write a fresh token when the server refuses the present one, or will soon: another key signs now, or all
        tokens of the user were revoked."""
        if access.keyring.current("token").kid != self._kid or access.is_revoked(self._grant):
            with contextlib.suppress(UnavailableError):  # the next round tries again
                self.write_token(access.keyring)

    def write_token(self, keyring: Keyring) -> None:
        """Write a fresh token where clients look for it; raise UnavailableError when that fails."""
        kid, issued = keyring.current("token").kid, int(time.time())
        token = sign_token(keyring, LOCAL_USER, valid_for=TOKEN_LIFETIME, restriction=self._restriction)
        path = self._runtime / "token"
        try:
            write_private(path, token.encode(), is_durable=False)
        except OSError as exc:
            if exc.errno not in NO_ROOM or not path.exists():
                raise UnavailableError(f"cannot write {path}: {exc.strerror or exc}") from exc
            _write_over(path, token.encode())
        self._kid, self._grant = kid, Grant(namespace_of(LOCAL_USER), issued=issued)

    async def wait_until_empty(self, app: StorageApi, *, is_outdated: Callable[[], bool] = lambda: False) -> None:
        """Return when no client has been present for the linger time and no request is under way.

        Return at once when the data directory was removed or replaced: a client would then find other files than the
        open ones. Return at once, too, when `is_outdated` returns True, because the next server would work better.

        When there are no clients, this process holds `present` alone from the return until it ends. A client that comes
        meanwhile waits for this end, and then starts the next server.
        """
        linger_s = _linger_s()
        opened = _identity(self._data_dir)
        empty_since: float | None = None
        while True:
            await asyncio.sleep(min(LOOK_S, max(linger_s / 4, 0.02)))
            if _identity(self._data_dir) != opened or is_outdated():
                return
            if app.active_requests or not self._take_present():
                empty_since = None
                continue
            if empty_since is None:
                empty_since = time.monotonic()
            if time.monotonic() - empty_since >= linger_s:
                return
            fcntl.flock(self._present, fcntl.LOCK_UN)

    def remove_socket(self) -> None:
        """Remove the socket. Call this while the data directory is still ours."""
        self.socket.unlink(missing_ok=True)

    def is_lost_race(self, error: StorageError) -> bool:
        """Return True when another embedded server owns the directory. The client will find that server by itself."""
        if not isinstance(error, AlreadyOwnedError):
            return False
        return "url" not in error.owner

    def _take_present(self) -> bool:
        try:
            fcntl.flock(self._present, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def _write_over(path: Path, content: bytes) -> None:
    """Overwrite the file in place, which takes no room. A client that reads the file meanwhile finds no valid token and
    reads the file again."""
    try:
        descriptor = open_private(path, os.O_WRONLY)
        try:
            os.pwrite(descriptor, content, 0)
            os.ftruncate(descriptor, len(content))
        finally:
            os.close(descriptor)
    except OSError as exc:
        raise UnavailableError(f"cannot write {path}: {exc.strerror or exc}") from exc


def _identity(directory: Path) -> tuple[int, int] | None:
    """Return the device and inode of a directory, which differ when another of the same name takes its place; None
    without a directory."""
    try:
        status = directory.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _linger_s() -> float:
    try:
        return max(float(os.environ.get(LINGER_VARIABLE, LINGER_S)), 0.0)
    except ValueError:
        return LINGER_S
