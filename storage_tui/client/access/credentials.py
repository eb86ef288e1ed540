"""The places of the token: arguments, the environment, or the file that `descarteslabs auth login` writes.

The order is: the arguments `token` and `token_file`; STORAGE_TUI_TOKEN; DESCARTESLABS_TOKEN;
DESCARTESLABS_CLIENT_ID with DESCARTESLABS_CLIENT_SECRET or DESCARTESLABS_REFRESH_TOKEN; and only where none of these is
set, DESCARTESLABS_TOKEN_INFO_PATH or `~/.descarteslabs/token_info.json`. A JWT near its end is renewed when there is a
refresh token, by the server that made it (see `belonging.py`). A variable for another server is ignored.
"""

import base64
import hashlib
import json
import os
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storage_tui.client.access.belonging import URL_VARIABLES, address_in, is_for, renewal_url
from storage_tui.client.access.token_files import read_token_file, write_token_file
from storage_tui.contract.errors import CredentialsError, StorageError
from storage_tui.machine.directories import home
from storage_tui.machine.secrets import Secret
from storage_tui.machine.text_files import MARK

RENEW_BEFORE_S = 500  # as in the published client: no call starts with a token that is about to expire
TOKEN_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class _Origin:
    """The content of one place. A renewed JWT is written to the file `cache`."""

    name: str
    jwt: Secret[str] | None = None
    client_id: str | None = None
    refresh_token: Secret[str] | None = None
    scope: tuple[str, ...] = ()
    cache: Path | None = None
    address: str | None = None  # the URL of the server that made the token, where the place names one


class Credentials:
    """The token for the server at `url`, found on first use and renewed when due; several threads may share it."""

    def __init__(
        self, token: str | None = None, token_file: str | Path | None = None, *, url: str | None = None
    ) -> None:
        if token is not None and token_file is not None:
            raise CredentialsError("give a token or a token file, not both")
        self._given = None if token is None else Secret(clean_token(token, "the token given"))
        self._file = None if token_file is None else Path(token_file).expanduser()
        self._url = url
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._origin: _Origin | None = None
        self._jwt: Secret[str] | None = None

    def __repr__(self) -> str:
        return "Credentials(***)"

    def ready(self) -> Secret[str] | None:
        """Return the token when it is known without reading or requests; None when `obtain` must be called."""
        jwt = self._jwt
        return jwt if jwt is not None and not self._is_due(jwt) else None

    def obtain(self) -> Secret[str]:
        """Return the token, read or renewed as needed; blocks.

        Raise CredentialsError, which names the places that were searched.
        """
        with self._locked():
            if self._origin is None:
                self._origin = self._find()
                self._jwt = self._origin.jwt
            if self._jwt is None or self._is_due(self._jwt):
                self._jwt = self._renewed(self._origin, self._jwt)
            return self._jwt

    def reject(self, token: Secret[str]) -> bool:
        """Report that the server refused this token; read the file or renew the token.

        Return whether there may be another token.
        """
        with self._locked():
            if self._jwt is not None and self._jwt != token:
                return True  # another thread has a newer one already
            origin, self._origin, self._jwt = self._origin, None, None
            if origin is None:
                return True
            if origin.refresh_token is not None:
                self._origin = origin
                with suppress(StorageError):
                    self._jwt = self._renewed(origin, None)
                return self._jwt is not None
            try:
                self._origin = self._find()
            except StorageError:
                return False
            self._jwt = self._origin.jwt
            return self._jwt is not None and self._jwt != token

    def hand_over(self) -> "Path | Secret[str]":
        """Return what another process of this user needs for the same token: the file that holds it, else the token.

        Blocks. Raise CredentialsError.
        """
        if self._file is not None:
            return self._file.absolute()
        token = self.obtain()
        origin, login = self._origin, token_info_path()
        if origin is not None and login is not None and origin.name == str(login):
            return login
        return token

    def _locked(self) -> threading.Lock:
        """Return the lock, for `with`.

        A forked process gets a new lock: the thread that held the old lock does not exist there.
        """
        if self._pid != os.getpid():
            self._lock, self._pid = threading.Lock(), os.getpid()
        return self._lock

    def _is_due(self, jwt: Secret[str]) -> bool:
        has_refresh = self._origin is not None and self._origin.refresh_token is not None
        expires = expiry_of(jwt)
        return has_refresh and expires is not None and expires - time.time() < RENEW_BEFORE_S

    def _renewed(self, origin: _Origin, current: Secret[str] | None) -> Secret[str]:
        if origin.refresh_token is None or origin.client_id is None:
            if current is not None:
                return current
            raise CredentialsError(f"{origin.name} holds no token that is still valid; log in again")
        from storage_tui.client.access.iam import refresh

        try:
            iam_url = renewal_url(
                origin.name, origin.address, origin.client_id, origin.refresh_token.reveal(), self._url, os.environ
            )
            check_transport(iam_url)
            jwt = Secret(refresh(iam_url, origin.client_id, origin.refresh_token, list(origin.scope)))
        except StorageError:
            if current is not None and (expiry_of(current) or 0) > time.time():
                return current  # valid until it expires
            raise
        if origin.cache is not None and not _is_cache_off():
            with suppress(OSError, CredentialsError):
                _store(origin.cache, jwt)
        return jwt

    def _find(self) -> _Origin:
        if self._given is not None:
            return _Origin("the token given", self._given)
        if self._file is not None:
            return self._from_token_file(self._file)
        origin = _from_environment(os.environ, self._url)
        if origin is not None:
            return origin
        path = token_info_path()
        origin = None if path is None else _from_token_info(path, self._url)
        if origin is None:
            places = "the environment (STORAGE_TUI_TOKEN, DESCARTESLABS_TOKEN)" + (f" or {path}" if path else "")
            others = [name for family, name in URL_VARIABLES.items() if not is_for(family, self._url, os.environ)]
            passed = f"; tokens of the environment are for {' and '.join(others)}" if others else ""
            raise CredentialsError(f"no token for the server was found in {places}{passed}; give one with a token file")
        return origin

    def _from_token_file(self, path: Path) -> _Origin:
        text = read_token_file(path)
        if text is None:
            raise CredentialsError(f"there is no token file {path}")
        if text.lstrip().startswith("{") or _pasted_login(text) is not None:
            origin = _from_token_info(path, self._url)
            if origin is not None:
                return origin
        return _Origin(str(path), Secret(clean_token(text, str(path))))


def token_info_path() -> Path | None:
    """Return the file that `descarteslabs auth login` writes; None where the environment turns it off."""
    named = os.environ.get("DESCARTESLABS_TOKEN_INFO_PATH")
    if named is not None:
        return Path(named).expanduser().absolute() if named else None
    return Path(home()) / ".descarteslabs" / "token_info.json"


def check_transport(url: str) -> None:
    """Raise CredentialsError for a URL that would send a secret in clear text to another machine."""
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise CredentialsError(f"a token is not sent to {parts.hostname} over http://; use https://")


def is_loopback(host: str) -> bool:
    """Return whether a host name or address is this machine."""
    import ipaddress

    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _from_environment(environ: Mapping[str, str], url: str | None) -> _Origin | None:
    for family in URL_VARIABLES:
        name = f"{family}_TOKEN"
        if environ.get(name) and is_for(family, url, environ):
            return _Origin(name, Secret(clean_token(environ[name], name)))
    if not is_for("DESCARTESLABS", url, environ):
        return None
    client_id = environ.get("DESCARTESLABS_CLIENT_ID") or environ.get("CLIENT_ID")
    refresh_token = (
        environ.get("DESCARTESLABS_REFRESH_TOKEN")
        or environ.get("DESCARTESLABS_CLIENT_SECRET")
        or environ.get("CLIENT_SECRET")
    )
    if not client_id and not refresh_token:
        return None
    if not client_id or not refresh_token:
        raise CredentialsError(
            "DESCARTESLABS_CLIENT_ID and DESCARTESLABS_CLIENT_SECRET (or DESCARTESLABS_REFRESH_TOKEN) go together; "
            "one of them is missing"
        )
    digest = hashlib.sha1(refresh_token.encode()).hexdigest()
    cache = Path(home()) / ".descarteslabs" / f"jwt_token_{digest}.json"
    jwt = None
    if not _is_cache_off():
        with suppress(CredentialsError):
            jwt = _valid_jwt(_json_object(cache) or {})
    return _Origin("the environment", jwt, client_id, Secret(refresh_token), cache=cache)


def _from_token_info(path: Path, url: str | None) -> _Origin | None:
    raw = _json_object(path)
    if raw is None:
        return None
    address = address_in(raw, str(path), url)
    refresh_token = raw.get("refresh_token") or raw.get("client_secret")
    client_id = raw.get("client_id")
    jwt = None if _is_cache_off() else _valid_jwt(raw)
    if jwt is None and not (isinstance(refresh_token, str) and isinstance(client_id, str)):
        raise CredentialsError(f"{path} holds no token that is still valid and no refresh token; log in again")
    scope = raw.get("scope")
    return _Origin(
        str(path),
        jwt,
        client_id if isinstance(client_id, str) else None,
        Secret(refresh_token) if isinstance(refresh_token, str) and refresh_token else None,
        tuple(map(str, scope)) if isinstance(scope, list) else (),
        cache=path,
        address=address,
    )


def _json_object(path: Path) -> dict[str, Any] | None:
    text = read_token_file(path)
    if text is None:
        return None
    raw = _pasted_login(text)
    if raw is None:
        with suppress(ValueError, RecursionError):
            raw = json.loads(text)
    if not isinstance(raw, dict):
        raise CredentialsError(f"{path} is not a file of tokens (a JSON object); log in again")
    return raw


def _store(path: Path, jwt: Secret[str]) -> None:
    raw = _json_object(path) or {}
    raw.pop("JWT_TOKEN", None)
    raw["jwt_token"] = jwt.reveal()
    write_token_file(path, json.dumps(raw))


def _valid_jwt(raw: Mapping[str, Any]) -> Secret[str] | None:
    text = raw.get("jwt_token") or raw.get("JWT_TOKEN")
    if not isinstance(text, str):
        return None
    jwt = Secret(text)
    return jwt if (expiry_of(jwt) or 0) > time.time() else None


def user_of(jwt: Secret[str]) -> str | None:
    """Return twelve hex digits that differ for each user of a server; None for a token without a subject."""
    subject = _claim(jwt, "sub")
    if not isinstance(subject, str):
        return None
    return hashlib.sha256(subject.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def expiry_of(jwt: Secret[str]) -> float | None:
    """Return when a token expires, in seconds since 1970, from its claim `exp`; None without this claim."""
    try:
        return float(_claim(jwt, "exp"))
    except (ValueError, TypeError, OverflowError):
        return None


def _claim(jwt: Secret[str], name: str) -> Any:
    parts = jwt.reveal().split(".")
    if len(parts) != 3:
        return None
    try:
        return json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))[name]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _is_cache_off() -> bool:
    return os.environ.get("DESCARTESLABS_NO_JWT_CACHE", "").lower() in ("1", "true", "yes")


def _pasted_login(text: str) -> dict[str, Any] | None:
    """Return a login as `storage-tui token create --login` prints it (base64url of JSON); None for any other text."""
    packed = text.strip().encode("ascii", "replace").rstrip(b"=")
    try:
        raw = json.loads(base64.b64decode(packed + b"=" * (-len(packed) % 4), b"-_", validate=True))
    except (ValueError, RecursionError):
        return None
    return raw if isinstance(raw, dict) else None


def clean_token(text: str, place: str) -> str:
    """Return a token without `Bearer` and white space; raise CredentialsError, which names the place, for no token."""
    token = text.removeprefix(MARK).strip().removeprefix("Bearer ").strip()
    if _pasted_login(token) is not None:
        raise CredentialsError(f"{place} is a login, which is not sent to a server; put it into a token file")
    if not token or not token.isascii() or not token.isprintable() or " " in token or len(token) > TOKEN_BYTES:
        raise CredentialsError(f"{place} is not a token: one line of ASCII without spaces is expected")
    return token
