"""The one place that turns the credentials of a request (token, signed URL or upload URL) into a Grant."""

import time
from collections import OrderedDict

from storage_tui.contract.errors import ForbiddenError, UnauthorizedError
from storage_tui.server.access.judged import Judged, JudgedTokens
from storage_tui.server.access.jwks import IdentityProvider
from storage_tui.server.access.keyring import Keyring, load_keyring
from storage_tui.server.access.revocations import RECORD as REVOKED
from storage_tui.server.access.revocations import Revocations, parse_revocations
from storage_tui.server.access.tokens import own_grant, read_bearer, unknown_key
from storage_tui.server.http.grants import Grant
from storage_tui.server.quotas.limits import RECORD as LIMITS
from storage_tui.server.quotas.limits import LimitsTable, parse_limits
from storage_tui.server.stores.records import Records
from storage_tui.server.stores.watched_record import Refreshable, Watched

MAX_NAMES = 10_000  # users whose names are remembered; about 1 MB, and a forgotten name is only not shown


class AccessControl:
    """Judges the credentials of requests. `open_access` makes one; that call reads the engine's records and blocks."""

    def __init__(
        self, records: Records, keyring: Keyring, revocations: Watched[Revocations], limits: Watched[LimitsTable],
        provider: IdentityProvider | None,
    ) -> None:  # fmt: skip
        self.records = records
        self.keyring = keyring
        self.revocations = revocations
        self.limits = limits
        self._provider = provider
        self._judged = JudgedTokens(keyring)
        self._names: OrderedDict[str, str] = OrderedDict()  # by namespace, of the users seen last

    @property
    def watched(self) -> tuple[Refreshable, ...]:
        """Return the objects that follow records which other processes change."""
        return (self.keyring, self.revocations, self.limits)

    async def by_token(self, authorization: str | None) -> Grant:
        """Return the grant of an Authorization header; raise UnauthorizedError unless the header holds a valid token.

        The key decides how a token is judged: our own keys with HS256, keys of the provider with RS256.
        """
        grant = None if authorization is None else self._judged.find(authorization)
        if grant is None:
            grant = await self._judge(authorization)
        if self.is_revoked(grant):
            raise UnauthorizedError("the token was revoked; ask for a new one")
        self._names[grant.namespace] = grant.subject
        self._names.move_to_end(grant.namespace)
        if len(self._names) > MAX_NAMES:
            self._names.popitem(last=False)
        return grant

    async def _judge(self, authorization: str | None) -> Grant:
        bearer = read_bearer(authorization)
        key = await self.keyring.look_up("token", bearer.kid)
        if key is not None:
            grant, expires_s = own_grant(bearer, key)
            if authorization is not None and expires_s is not None:
                self._judged.keep(authorization, Judged(grant, key, expires_s))
            return grant
        found = None if self._provider is None else await self._provider.grant(bearer)
        if found is None:
            raise unknown_key()
        return found

    def name_of(self, grant: Grant) -> str:
        """Return the name of the user, for notes of who did something; empty when this server has not seen a token of
        the user since its start, as with an upload URL of another server."""
        return grant.subject or self._names.get(grant.namespace, "")

    def check_made(self, grant: Grant, what: str) -> None:
        """Raise ForbiddenError when the token that made a signed URL or an upload URL (`what`) was revoked, or was
        restricted and has ended."""
        if grant.ends is not None and time.time() >= grant.ends:
            raise ForbiddenError(f"the token that made this {what} has expired; ask for a new one")
        if self.is_revoked(grant):
            raise ForbiddenError(f"the token that made this {what} was revoked; ask for a new one")

    def is_revoked(self, grant: Grant) -> bool:
        """Return whether the token behind a grant was revoked, as far as this server knows."""
        return self.revocations.value.cover(grant)


def open_access(records: Records, provider: IdentityProvider | None = None) -> AccessControl:
    """Return the access control of an engine, and make its signing keys when there are none yet. Blocks."""
    if provider is not None:
        provider.open()
    return AccessControl(
        records, load_keyring(records), Watched(records, REVOKED, parse_revocations),
        Watched(records, LIMITS, parse_limits), provider,
    )  # fmt: skip
