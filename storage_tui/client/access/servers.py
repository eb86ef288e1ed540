"""The address and token of a server, which a session reads before each request."""

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from storage_tui.client.access.credentials import Credentials, check_transport, user_of
from storage_tui.contract.errors import BadRequestError, CredentialsError, StorageError
from storage_tui.contract.wire import BASE_PATH
from storage_tui.machine.secrets import Secret


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The base URL of a service and, for the embedded server, the UNIX socket for all requests. `refusal` is why no
    change is sent there; None where changes are possible."""

    base_url: str
    socket: Path | None = None
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class Access:
    """An endpoint and the token for it. `has_far_bytes`: the server itself fetches the bytes over a network, as that of
    a bucket does."""

    endpoint: Endpoint
    token: Secret[str]
    has_far_bytes: bool = False


class Server(Protocol):
    """A server to call; every method may be called from any thread."""

    @property
    def is_embedded(self) -> bool:
        """Return whether this is the embedded server of this machine."""

    @property
    def display_url(self) -> str:
        """Return the name of the server for people; it holds no secret."""

    def user(self) -> str | None:
        """Return a short text that is different for each user, made from the token; None where unknown. Blocks."""

    def ready(self) -> Access | None:
        """Return address and token when they are known without blocking; None otherwise."""

    def reach(self) -> Access:
        """Return address and token; start the server or fetch a token first where needed, which blocks."""

    def token_refused(self, token: Secret[str]) -> bool:
        """Report that the server answered 401 to this token; return whether `reach` may now return another. Blocks."""

    def lost(self) -> bool:
        """Report that nothing answers any more; return whether `reach` can start the server again."""

    def close(self) -> None:
        """Stop using the server; a later call reaches it again."""


class Tokens(Protocol):
    """The token for a server, from wherever it comes; every method may be called from any thread."""

    def ready(self) -> Secret[str] | None:
        """Return the token when it is known without blocking; None otherwise."""

    def obtain(self) -> Secret[str]:
        """Return the token, read or renewed as needed, which blocks. Raise CredentialsError."""

    def reject(self, token: Secret[str]) -> bool:
        """Report that the server refused this token; return whether there may be another. Blocks."""


class HandedTokens:
    """A token that another process of this user handed over; it is in memory only. None until somebody gives one."""

    def __init__(self, token: Secret[str] | None) -> None:
        self._token = token
        self.is_refused = False  # the server took the last token no longer

    def give(self, token: Secret[str]) -> None:
        """Use this token from now on."""
        self._token, self.is_refused = token, False

    def ready(self) -> Secret[str] | None:
        """Return the token, if there is one."""
        return self._token

    def obtain(self) -> Secret[str]:
        """Return the token. Raise CredentialsError where nobody has given one."""
        token = self._token
        if token is None:
            raise CredentialsError("a token is needed: open the browser on this server, or set your token again")
        return token

    def reject(self, token: Secret[str]) -> bool:
        """Use the token no more; return whether another token was given meanwhile."""
        if self._token == token:
            self._token, self.is_refused = None, True
        return self._token is not None


class RemoteServer:
    """A server at an address."""

    is_embedded = False

    def __init__(self, url: str, credentials: Tokens) -> None:
        self._endpoint = Endpoint(checked_url(url))
        self._credentials = credentials
        self._lock = threading.Lock()

    @property
    def display_url(self) -> str:
        """Return the base URL."""
        return self._endpoint.base_url

    def user(self) -> str | None:
        """Return a short text for the owner of the token; reads or renews the token."""
        try:
            return user_of(self._credentials.obtain())
        except StorageError:
            return None

    def hand_over(self) -> Path | Secret[str]:
        """Return what another process needs for the same token: its file, else the token. Raise CredentialsError."""
        credentials = self._credentials
        return credentials.hand_over() if isinstance(credentials, Credentials) else credentials.obtain()

    def ready(self) -> Access | None:
        """Return address and token once the token was read; None before."""
        token = self._credentials.ready()
        return None if token is None else Access(self._endpoint, token)

    def reach(self) -> Access:
        """Return address and token; reads or renews the token."""
        return Access(self._endpoint, self._credentials.obtain())

    def token_refused(self, token: Secret[str]) -> bool:
        """Read or renew the token once more; return whether there is another token."""
        return self._credentials.reject(token)

    def lost(self) -> bool:
        """Return False: a client cannot start a server at an address."""
        return False

    def close(self) -> None:
        """Do nothing: the object holds no resources."""


def checked_url(url: str) -> str:
    """Return the base URL of a server; a URL without a path gets the path of every published server.

    Raise BadRequestError for a text that is not such a URL, CredentialsError when a token would be sent in clear text.
    """
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
