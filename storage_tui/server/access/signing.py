"""Signed download URLs: the bearer reads one blob until the URL expires, without a token.

The signature covers version, key id, method, namespace, storage type, the bytes of the key, the expiry and the token
that asked for the URL, each with its length in front. The signature is compared as text, so each URL is valid in one
spelling only. GET allows HEAD and nothing else. A URL ends when its token is revoked; a URL of a restricted token also
ends when the token expires.
"""

import hmac
import re
import time
from datetime import timedelta

from storage_tui.contract.errors import BadRequestError, ForbiddenError, StorageError
from storage_tui.contract.keys import key_to_path
from storage_tui.contract.wire import SIGNED_PATH, parse_number
from storage_tui.server.access.keyring import Keyring, SigningKey
from storage_tui.server.http.addresses import absolute_url
from storage_tui.server.http.grants import Grant
from storage_tui.server.http.request import Request
from storage_tui.server.http.responses import Response, text_response
from storage_tui.server.http.targets import address_of, storage_type_of
from storage_tui.server.stores.abilities import Presigning
from storage_tui.server.stores.base import Address, Store

VERSION = "2"
DEFAULT_LIFETIME = timedelta(hours=1)
MAX_LIFETIME = timedelta(days=7)
CLOCK_SLACK_S = 60  # difference between this clock and the clock of the server that signed
SIGNED_PARAMETERS = frozenset(("v", "kid", "ns", "by", "exp", "sig"))
UNSIGNED_PARAMETERS = frozenset(("generation",))  # Google's libraries add it when they resume

_EXPIRY = re.compile(r"[0-9]{1,10}")
_NAMESPACE = re.compile(r"[0-9a-f]{40}")
_MADE_BY = re.compile(r"([0-9a-f]{0,32})-([0-9]{1,16})")


class Signing:
    """Makes signed URLs and judges those that clients use."""

    def __init__(self, store: Store, keyring: Keyring, public_url: str | None) -> None:
        self._store = store
        self._keyring = keyring
        self._public_url = public_url

    async def get_signed_url(self, request: Request) -> Response:
        """Return a download URL as plain ASCII text; raise NotFoundError when there is no such blob."""
        address = address_of(request)
        lifetime_s = int(DEFAULT_LIFETIME.total_seconds())
        if "expires_in" in request.query:
            lifetime_s = parse_number(request.query["expires_in"], "expires_in")
        longest_s = int(MAX_LIFETIME.total_seconds())
        if not 1 <= lifetime_s <= longest_s:
            raise BadRequestError(f"expires_in is 1 to {longest_s} seconds", key=address.key)
        await self._store.stat(address)
        if isinstance(self._store, Presigning):
            return text_response(await self._store.signed_url(address, valid_s=lifetime_s))
        key = self._keyring.current("url")
        grant = request.grant
        expiry = str(_end(int(time.time()) + lifetime_s, grant, is_asked="expires_in" in request.query))
        made_by = f"{grant.token_id}-{round(grant.issued * 1000)}"
        path = f"{SIGNED_PATH}{address.storage_type}/{key_to_path(address.key)}"
        signature = _sign(key, address, expiry, made_by)
        query = f"v={VERSION}&kid={key.kid}&ns={address.namespace}&by={made_by}&exp={expiry}&sig={signature}"
        return text_response(f"{absolute_url(request, path, self._public_url)}?{query}")

    async def authorize(self, request: Request) -> Grant:
        """Return the grant of a signed URL; raise ForbiddenError for an invalid one."""
        try:
            query = request.parse_query()
            storage_type = storage_type_of(request)
            key_text = request.rules.key_from_path(request.path["key"])
        except StorageError as exc:
            raise ForbiddenError("this is not a signed URL of this server") from exc
        names = frozenset(query)
        if not names >= SIGNED_PARAMETERS or not names <= SIGNED_PARAMETERS | UNSIGNED_PARAMETERS:
            raise ForbiddenError("this is not a signed URL: it has v, kid, ns, by, exp and sig, each once")
        key = await self._keyring.look_up("url", query["kid"])
        namespace, expiry, made_by = query["ns"], query["exp"], _MADE_BY.fullmatch(query["by"])
        if query["v"] != VERSION or not _NAMESPACE.fullmatch(namespace) or not _EXPIRY.fullmatch(expiry):
            raise ForbiddenError("this URL was not signed by this server")
        if key is None or made_by is None:
            raise ForbiddenError("this URL was not signed by this server")
        expected = _sign(key, Address(namespace, storage_type, key_text), expiry, made_by[0])
        if not hmac.compare_digest(expected.encode(), query["sig"].encode("utf-8", "replace")):
            raise ForbiddenError("this URL was changed since it was signed; ask for a new one")
        now = time.time()
        if int(expiry) <= now:
            raise ForbiddenError("this URL has expired; ask for a new one")
        if int(expiry) > now + MAX_LIFETIME.total_seconds() + CLOCK_SLACK_S:
            raise ForbiddenError("this URL expires later than any that this server signs")
        return Grant(namespace, made_by[1], int(made_by[2]) / 1000)


def _end(wanted: int, grant: Grant, *, is_asked: bool) -> int:
    """Return when the URL ends, in seconds since 1970: never after the restricted token that asks for the URL."""
    if grant.ends is None or wanted <= grant.ends:
        return wanted
    if is_asked:
        raise BadRequestError("expires_in goes past the end of the token, which is restricted; ask for less")
    return grant.ends


def _sign(key: SigningKey, address: Address, expiry: str, made_by: str) -> str:
    fields = (VERSION, key.kid, "GET", address.namespace, address.storage_type, address.key, expiry, made_by)
    return key.sign(*(field.encode("utf-8") for field in fields))
