"""Signed download URLs: whoever has one reads one blob until it expires, without a token.

The signature covers version, key id, method, namespace, storage type, the bytes of the key and the expiry, each with
its length in front. It is compared as text, so a URL has one spelling of it. GET allows HEAD and nothing else.
"""

import hmac
import re
import time
from datetime import timedelta

from storage_tui.contract.errors import BadRequestError, ForbiddenError, StorageError
from storage_tui.contract.keys import key_from_path, key_to_path
from storage_tui.contract.wire import SIGNED_PATH, parse_number
from storage_tui.server.addresses import absolute_url
from storage_tui.server.keyring import Keyring, SigningKey
from storage_tui.server.request import Request
from storage_tui.server.responses import Response, text_response
from storage_tui.server.stores.base import Address, Store
from storage_tui.server.targets import address_of, storage_type_of

VERSION = "1"
DEFAULT_LIFETIME = timedelta(hours=1)
MAX_LIFETIME = timedelta(days=7)
CLOCK_SLACK_S = 60  # between this server and the one that signed
SIGNED_PARAMETERS = frozenset(("v", "kid", "ns", "exp", "sig"))
UNSIGNED_PARAMETERS = frozenset(("generation",))  # Google's libraries add it when they resume

_EXPIRY = re.compile(r"[0-9]{1,10}")
_NAMESPACE = re.compile(r"[0-9a-f]{40}")


class Signing:
    """Makes signed URLs and judges those that come back."""

    def __init__(self, store: Store, keyring: Keyring, public_url: str | None) -> None:
        self._store = store
        self._keyring = keyring
        self._public_url = public_url

    async def get_signed_url(self, request: Request) -> Response:
        """A download URL as plain ASCII text; raises NotFoundError when there is nothing to download."""
        address = address_of(request)
        lifetime_s = int(DEFAULT_LIFETIME.total_seconds())
        if "expires_in" in request.query:
            lifetime_s = parse_number(request.query["expires_in"], "expires_in")
        longest_s = int(MAX_LIFETIME.total_seconds())
        if not 1 <= lifetime_s <= longest_s:
            raise BadRequestError(f"expires_in is 1 to {longest_s} seconds", key=address.key)
        await self._store.stat(address)
        key = self._keyring.current("url")
        expiry = str(int(time.time()) + lifetime_s)
        path = f"{SIGNED_PATH}{address.storage_type}/{key_to_path(address.key)}"
        signature = _sign(key, address, expiry)
        query = f"v={VERSION}&kid={key.kid}&ns={address.namespace}&exp={expiry}&sig={signature}"
        return text_response(f"{absolute_url(request, path, self._public_url)}?{query}")

    def authorize(self, request: Request) -> str:
        """The namespace that a signed URL opens; raises ForbiddenError for one that does not hold."""
        try:
            query = request.parse_query()
            storage_type = storage_type_of(request)
            key_text = key_from_path(request.path["key"])
        except StorageError as exc:
            raise ForbiddenError("this is not a signed URL of this server") from exc
        names = frozenset(query)
        if not names >= SIGNED_PARAMETERS or not names <= SIGNED_PARAMETERS | UNSIGNED_PARAMETERS:
            raise ForbiddenError("this is not a signed URL: it has v, kid, ns, exp and sig, each once")
        key = self._keyring.find("url", query["kid"])
        namespace, expiry = query["ns"], query["exp"]
        if key is None or query["v"] != VERSION or not _NAMESPACE.fullmatch(namespace) or not _EXPIRY.fullmatch(expiry):
            raise ForbiddenError("this URL was not signed by this server")
        expected = _sign(key, Address(namespace, storage_type, key_text), expiry)
        if not hmac.compare_digest(expected.encode(), query["sig"].encode("utf-8", "replace")):
            raise ForbiddenError("this URL was changed since it was signed; ask for a new one")
        now = time.time()
        if int(expiry) <= now:
            raise ForbiddenError("this URL has expired; ask for a new one")
        if int(expiry) > now + MAX_LIFETIME.total_seconds() + CLOCK_SLACK_S:
            raise ForbiddenError("this URL expires later than any that this server signs")
        return namespace


def _sign(key: SigningKey, address: Address, expiry: str) -> str:
    fields = (VERSION, key.kid, "GET", address.namespace, address.storage_type, address.key, expiry)
    return key.sign(*(field.encode("utf-8") for field in fields))
