"""The public keys of an identity provider: a JWKS document (RFC 7517) in a file or at a URL.

The document is read at most once a minute, however many unknown key ids arrive. It is read again every hour, so that a
key withdrawn by the provider stops working. When the document cannot be read, the keys of the last one stay.
"""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

import jwt

from storage_tui.contract.errors import BadRequestError, StorageError, UnavailableError
from storage_tui.contract.visible import one_line
from storage_tui.server.access.tokens import Bearer, issued_at, subject_namespace, verify
from storage_tui.server.http.grants import Grant

ALGORITHM = "RS256"
MIN_KEY_BITS = 2048
MAX_KEYS = 100
MAX_DOCUMENT_BYTES = 256 * 1024
READ_SIZE = 16 * 1024
FETCH_S = 10.0  # for the whole request
LOOK_AGAIN_S = 60.0
FRESH_S = 3600.0

log = logging.getLogger("storage_tui.server")


class IdentityProvider:
    """Another party that may vouch for users. `source` is a file, or a URL with https or on this machine."""

    def __init__(
        self, source: str, *, issuer: str | None = None, audience: str | None = None,
        clock: Callable[[], float] = time.monotonic, fetch_s: float = FETCH_S,
    ) -> None:  # fmt: skip
        """Make the provider. Its document must come within `fetch_s` seconds; `clock` returns the time in seconds."""
        if not jwt.algorithms.has_crypto:
            raise BadRequestError("tokens of an identity provider need: pip install 'storage-tui[jwks]'")
        _check_source(source)
        self._source = source
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._fetch_s = fetch_s
        self._keys: Mapping[str, Any] = {}
        self._asked = self._read = float("-inf")
        self._reading = asyncio.Lock()
        self._renewing: asyncio.Future[None] | None = None

    def open(self) -> None:
        """Call `load`. When the URL of a provider does not answer, log a line instead of failing: our own tokens work
        without the provider."""
        try:
            self.load()
        except UnavailableError as exc:
            if not _is_url(self._source):
                raise
            log.error("%s", one_line(exc.message))

    def load(self) -> None:
        """Read the document; this blocks. Raise BadRequestError when the document holds no keys, UnavailableError when
        it cannot be read."""
        self._asked = self._clock()
        is_url = _is_url(self._source)
        self._keys = parse_jwks(_fetch(self._source, self._fetch_s) if is_url else _read_file(Path(self._source)))
        self._read = self._clock()

    async def grant(self, bearer: Bearer) -> Grant | None:
        """Return the grant of a provider's token, or None when the provider has no such key; raise
        UnauthorizedError."""
        key = await self._find(bearer.kid)
        if key is None:
            return None
        claims = verify(bearer, key, ALGORITHM, issuer=self._issuer, audience=self._audience)
        return Grant(subject_namespace(claims), issued=issued_at(claims), subject=claims["sub"])

    async def _find(self, kid: str) -> Any:
        if kid not in self._keys:
            await self._read_again()
        elif self._clock() - self._read > FRESH_S and not self._reading.locked():
            self._renewing = asyncio.ensure_future(self._read_again())  # nobody with a known key waits for this
        return self._keys.get(kid)

    async def _read_again(self) -> None:
        async with self._reading:
            if self._clock() - self._asked < LOOK_AGAIN_S:
                return
            try:
                async with asyncio.timeout(2 * self._fetch_s):
                    await asyncio.to_thread(self.load)
            except StorageError as exc:
                log.error("%s", one_line(exc.message))
            except TimeoutError:
                log.error("the identity provider takes too long to send its keys")


def parse_jwks(content: bytes) -> dict[str, Any]:
    """Return the RSA keys for RS256 signatures by id; other keys are skipped. Raise BadRequestError when there are
    none."""
    try:
        rows = json.loads(content)["keys"]
        usable = [row for row in rows[:MAX_KEYS] if _is_usable(row)]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as exc:
        raise BadRequestError('the keys of the identity provider are not a JWKS document: {"keys": […]}') from exc
    keys: dict[str, Any] = {}
    for row in usable:
        try:
            key = jwt.PyJWK.from_dict({**row, "alg": ALGORITHM}).key
        except jwt.PyJWTError as exc:
            raise BadRequestError(f"a key of the identity provider cannot be read: {type(exc).__name__}") from exc
        if hasattr(key, "public_key"):
            raise BadRequestError("the identity provider's document holds a private key; give the public ones")
        if key.key_size >= MIN_KEY_BITS:
            keys[row["kid"]] = key
    if not keys:
        raise BadRequestError(f"the identity provider has no RSA key of {MIN_KEY_BITS} bits or more with a kid")
    return keys


def _is_usable(row: Any) -> bool:
    return (
        row.get("kty") == "RSA"
        and isinstance(row.get("kid"), str)
        and row.get("use", "sig") == "sig"
        and row.get("alg", ALGORITHM) == ALGORITHM
    )


def _is_url(source: str) -> bool:
    return "://" in source


def _check_source(source: str) -> None:
    if not _is_url(source):
        return
    parts = urlsplit(source)
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1"):
        return
    raise BadRequestError("the keys of an identity provider come from a file, or over https://")


def _read_file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return _bounded(file.read(MAX_DOCUMENT_BYTES + 1))
    except OSError as exc:
        raise UnavailableError(f"cannot read the identity provider's keys in {path}: {exc.strerror or exc}") from exc


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _fetch(url: str, fetch_s: float) -> bytes:
    deadline = time.monotonic() + fetch_s
    opener = build_opener(ProxyHandler({}), _NoRedirect)
    try:
        with opener.open(Request(url, headers={"Accept": "application/json"}), timeout=fetch_s) as answer:
            content = b""
            while piece := answer.read1(READ_SIZE):
                content = _bounded(content + piece)
                if time.monotonic() > deadline:
                    raise TimeoutError(f"it took more than {fetch_s:.0f} s")
            return content
    except (OSError, ValueError) as exc:
        if isinstance(exc, HTTPError):
            exc.close()
        reason = exc.reason if isinstance(exc, URLError) else exc
        raise UnavailableError(f"cannot read the identity provider's keys at {url}: {reason}") from exc


def _bounded(content: bytes) -> bytes:
    if len(content) > MAX_DOCUMENT_BYTES:
        raise BadRequestError(f"the identity provider's keys are more than {MAX_DOCUMENT_BYTES} bytes")
    return content
