"""Where the server is and what token it takes: what a session asks before each request."""

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from storage_tui.client.access.credentials import Credentials, check_transport, user_of
from storage_tui.contract.errors import BadRequestError, StorageError
from storage_tui.contract.wire import BASE_PATH
from storage_tui.machine.secrets import Secret


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The base URL of a service and, for the embedded server, the UNIX socket that all of it is reached through."""

    base_url: str
    socket: Path | None = None


@dataclass(frozen=True, slots=True)
class Access:
    """An endpoint and the token for it."""

    endpoint: Endpoint
    token: Secret[str]


class Server(Protocol):
    """A server to call; every method may be called from any thread."""

    @property
    def is_embedded(self) -> bool:
        """Whether it is the embedded server of this machine."""

    @property
    def display_url(self) -> str:
        """How to name it to people; holds no secret."""

    def user(self) -> str | None:
        """A short text that tells its users apart, out of the token; None where nobody can tell. Blocks."""

    def ready(self) -> Access | None:
        """How to reach it, when that can be told without blocking."""

    def reach(self) -> Access:
        """How to reach it; starts it or fetches a token first where needed, and blocks while it does."""

    def token_refused(self, token: Secret[str]) -> bool:
        """It answered 401 to this token: True when `reach` may now tell another. Blocks."""

    def lost(self) -> bool:
        """Nothing answers any more: True when `reach` can bring it back."""

    def close(self) -> None:
        """Let go of it; calls afterwards reach it anew."""


class RemoteServer:
    """A server at an address."""

    is_embedded = False

    def __init__(self, url: str, credentials: Credentials) -> None:
        self._endpoint = Endpoint(checked_url(url))
        self._credentials = credentials
        self._lock = threading.Lock()

    @property
    def display_url(self) -> str:
        """The base URL."""
        return self._endpoint.base_url

    def user(self) -> str | None:
        """Whose token it is; reads or renews the token."""
        try:
            return user_of(self._credentials.obtain())
        except StorageError:
            return None

    def ready(self) -> Access | None:
        """Address and token, once the token was read."""
        token = self._credentials.ready()
        return None if token is None else Access(self._endpoint, token)

    def reach(self) -> Access:
        """Address and token; reads or renews the token."""
        return Access(self._endpoint, self._credentials.obtain())

    def token_refused(self, token: Secret[str]) -> bool:
        """Reads or renews the token once more."""
        return self._credentials.reject(token)

    def lost(self) -> bool:
        """Nothing to be done from here."""
        return False

    def close(self) -> None:
        """Nothing is held."""


def checked_url(url: str) -> str:
    """The base URL of a server; of a host alone the path is the one that every published server has. Raises
    BadRequestError for what is none, CredentialsError where a token would travel in clear text."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
        (parts.hostname or "").encode("idna")
    except ValueError as exc:
        raise BadRequestError(f"{url[:200]!a} is not the URL of a server: {exc}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise BadRequestError(f"{url[:200]!a} is not the URL of a server, such as https://host/storage/v1")
    if parts.username is not None or parts.password is not None:
        raise BadRequestError("the URL of a server holds no user name or password; give a token instead")
    if parts.query or parts.fragment:
        raise BadRequestError(f"{url[:200]!a} is not the base URL of a server: it has a query or fragment")
    check_transport(url.strip())
    return url.strip().rstrip("/") + ("" if parts.path.strip("/") else BASE_PATH)
