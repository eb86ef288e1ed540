"""The server to which a token belongs: no token, and no refresh token, goes to another server."""

from collections.abc import Mapping
from typing import Any

from storage_tui.contract.errors import CredentialsError
from storage_tui.contract.wire import LOGIN_URL

IAM_URL = "https://iam.descarteslabs.com"
IAM_VARIABLE = "DESCARTESLABS_IAM_URL"
PUBLISHED_DOMAIN = "descarteslabs.com"
# A token in the environment belongs to the server that the environment names with the other variable.
URL_VARIABLES = {"STORAGE_TUI": "STORAGE_TUI_URL", "DESCARTESLABS": "DESCARTESLABS_STORAGE_URL"}


def is_same_server(one: str, other: str) -> bool:
    """Return whether both URLs have the same scheme, host and port; False for a text that is not a URL."""
    ends = _origin(one), _origin(other)
    return ends[0] == ends[1] and ends[0] is not None


def is_for(family: str, url: str | None, environ: Mapping[str, str]) -> bool:
    """Return whether the tokens of a family of variables (`STORAGE_TUI`, `DESCARTESLABS`) may go to the server `url`.

    They may, unless the URL variable of the family names another server.
    """
    named = environ.get(URL_VARIABLES[family])
    return not named or url is None or is_same_server(named, url)


def address_in(login: Mapping[str, Any], place: str, url: str | None) -> str | None:
    """Return the URL of the server that made a login; None when the login names no server.

    Raise CredentialsError when the login is for another server than `url`, or names a server that cannot be reached.
    """
    address = login.get(LOGIN_URL)
    if address is None:
        return None
    if not isinstance(address, str) or _origin(address) is None:
        raise CredentialsError(f"{place} names no server that can be reached as {LOGIN_URL}; log in again")
    if url is not None and not is_same_server(address, url):
        raise CredentialsError(
            f"{place} is a login for {address:.200}, which is not sent to {url:.200}; give a token of that server"
        )
    return address


def renewal_url(
    place: str, address: str | None, client_id: str, refresh_token: str, url: str | None, environ: Mapping[str, str]
) -> str:
    """Return the URL to which a refresh token is sent.

    This is the `address` in the token's login, else DESCARTESLABS_IAM_URL, else, only for the published service, the
    IAM endpoint of this service. Raise CredentialsError when none of these names the server that made the token.
    """
    if address is not None:
        return address
    named = environ.get(IAM_VARIABLE)
    if named:
        return named
    is_ours = refresh_token.startswith(f"{client_id}.")  # the form of tokens from `token create --login`
    if is_ours or url is None or not _is_published(url):
        raise CredentialsError(
            f"{place} does not name the server that renews its token; set {IAM_VARIABLE} to the URL of that server, or "
            "log in again with what `storage-tui token create --login --url URL` prints there"
        )
    return IAM_URL


def _is_published(url: str) -> bool:
    origin = _origin(url)
    if origin is None or origin[0] != "https":
        return False
    return origin[1] == PUBLISHED_DOMAIN or origin[1].endswith(f".{PUBLISHED_DOMAIN}")


def _origin(url: str) -> tuple[str, str, int | None] | None:
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    return parts.scheme, parts.hostname.rstrip("."), port or {"http": 80, "https": 443}[parts.scheme]
