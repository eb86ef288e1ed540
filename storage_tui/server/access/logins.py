"""Logins: the text for `descarteslabs auth login`, and the exchange of its refresh token for fresh JWTs.

Source of the forms: the published client 1.12.1, `descarteslabs.auth`; RFC 6749 section 6 for the exchange.
"""

import base64
import json
import re
import secrets
import time
from datetime import timedelta
from typing import Any

from storage_tui.contract.errors import BadRequestError
from storage_tui.contract.wire import LOGIN_URL
from storage_tui.server.access.issued import Issued, find_issued, issue
from storage_tui.server.access.keyring import Keyring
from storage_tui.server.access.revocations import Revocations
from storage_tui.server.access.tokens import ENDS_CLAIM, YEAR, sign_token
from storage_tui.server.http.grants import Grant, Restriction, namespace_of
from storage_tui.server.http.request import Request
from storage_tui.server.http.responses import Response, json_response
from storage_tui.server.limits.lanes import Lane
from storage_tui.server.stores.records import Records
from storage_tui.server.stores.watched_record import Watched

TOKEN_LIFETIME = timedelta(hours=1)  # the published client renews a token 500 s before its end
BODY_BYTES = 16 * 1024
LOOK_UP_THREADS = 2  # nobody who asks is known yet, so all of them share these threads
LEGACY_CLIENT_ID = "ZOBAi4UROl5gKZIpxxlwOEfx8KpqXf2c"  # of logins made before the IAM service was the issuer
LEGACY_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"

_REFRESH_TOKEN = re.compile(r"([0-9a-f]{16})\.([A-Za-z0-9_-]{43})")
_REFUSAL = "the refresh token is not valid: it is unknown, revoked or expired; log in again"


def create_login(
    records: Records, name: str, *, valid_for: timedelta = YEAR, restriction: Restriction | None = None,
    url: str | None = None,
) -> str:  # fmt: skip
    """Make a login for the user; return it in the form that people paste into `descarteslabs auth login`: JSON in
    base64url. The login names the `url` of the server, so that its refresh token is sent to no other server."""
    secret = secrets.token_urlsafe(32)
    made = issue(records, name, valid_for_s=valid_for.total_seconds(), restriction=restriction, secret=secret)
    refresh_token = f"{made.token_id}.{secret}"
    content = {"client_id": made.token_id, "client_secret": refresh_token, "refresh_token": refresh_token}
    if url is not None:
        content[LOGIN_URL] = url
    return base64.urlsafe_b64encode(json.dumps(content).encode("ascii")).rstrip(b"=").decode("ascii")


class Logins:
    """The handler of `POST /token`."""

    def __init__(self, records: Records, keyring: Keyring, revocations: Watched[Revocations]) -> None:
        self._records = records
        self._keyring = keyring
        self._revocations = revocations
        self._lane = Lane("logins", LOOK_UP_THREADS)

    def close(self) -> None:
        """Close the threads. Call this after the last request."""
        self._lane.close()

    async def exchange(self, request: Request) -> Response:
        """Return a fresh JWT for a refresh token; raise BadRequestError for an invalid refresh token (RFC 6749 5.2)."""
        raw = await request.json(BODY_BYTES, "a token request")
        client_id, text = raw.get("client_id"), raw.get("refresh_token")
        if raw.get("grant_type") not in ("refresh_token", LEGACY_GRANT):
            raise BadRequestError("the only grant type is refresh_token")
        found = _REFRESH_TOKEN.fullmatch(text) if isinstance(text, str) else None
        if found is None or client_id not in (found[1], LEGACY_CLIENT_ID):
            raise BadRequestError(_REFUSAL)
        login = await self._lane.run("", find_issued, self._records, found[1])
        if login is None or not login.is_secret(found[2]) or not self._is_good(login):
            raise BadRequestError(_REFUSAL)
        lifetime = min(TOKEN_LIFETIME, timedelta(seconds=login.expires - time.time()))
        token = sign_token(
            self._keyring, login.user, valid_for=lifetime, restriction=login.restriction,
            claims=_claims(login, client_id),
        )  # fmt: skip
        answer = {"access_token": token, "id_token": token, "token_type": "Bearer"}
        return json_response({**answer, "expires_in": int(lifetime.total_seconds())})

    def _is_good(self, login: Issued) -> bool:
        grant = Grant(namespace_of(login.user), login.token_id, login.created)
        return not login.is_revoked and login.expires > time.time() and not self._revocations.value.cover(grant)


def _claims(login: Issued, client_id: str) -> dict[str, Any]:
    """Return the claims that the published client reads besides `sub` and `exp`; `aud` must be its client id."""
    return {
        "jti": login.token_id,
        "iat": login.created,
        ENDS_CLAIM: int(login.expires),
        "aud": client_id,
        "name": login.user,
        "groups": [],
    }
