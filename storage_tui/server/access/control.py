"""The one place that turns what came with a request into a Grant: a token, a signed URL or an upload URL."""

import time

from storage_tui.contract.errors import ForbiddenError, UnauthorizedError
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


class AccessControl:
    """Judges who asks. Made by `open_access`, which reads the records of the engine; blocking."""

    def __init__(
        self, records: Records, keyring: Keyring, revocations: Watched[Revocations], limits: Watched[LimitsTable],
        provider: IdentityProvider | None,
    ) -> None:  # fmt: skip
        self.records = records
        self.keyring = keyring
        self.revocations = revocations
        self.limits = limits
        self._provider = provider

    @property
    def watched(self) -> tuple[Refreshable, ...]:
        """What follows records that others change."""
        return (self.keyring, self.revocations, self.limits)

    async def by_token(self, authorization: str | None) -> Grant:
        """The grant of an Authorization header; raises UnauthorizedError for anything but a token that holds.

        The key decides how a token is judged: one of ours with HS256, one of the provider's with RS256.
        """
        bearer = read_bearer(authorization)
        key = await self.keyring.look_up("token", bearer.kid)
        if key is not None:
            grant = own_grant(bearer, key)
        else:
            found = None if self._provider is None else await self._provider.grant(bearer)
            if found is None:
                raise unknown_key()
            grant = found
        if self.is_revoked(grant):
            raise UnauthorizedError("the token was revoked; ask for a new one")
        return grant

    def check_made(self, grant: Grant, what: str) -> None:
        """Raise ForbiddenError when the token that made a signed URL or an upload URL was revoked, or was restricted
        and has ended."""
        if grant.ends is not None and time.time() >= grant.ends:
            raise ForbiddenError(f"the token that made this {what} has expired; ask for a new one")
        if self.is_revoked(grant):
            raise ForbiddenError(f"the token that made this {what} was revoked; ask for a new one")

    def is_revoked(self, grant: Grant) -> bool:
        """Whether the token behind a grant was revoked, as far as is known here."""
        return self.revocations.value.cover(grant)


def open_access(records: Records, provider: IdentityProvider | None = None) -> AccessControl:
    """The access control of an engine, its signing keys made if there are none yet; blocking."""
    if provider is not None:
        provider.open()
    return AccessControl(
        records, load_keyring(records), Watched(records, REVOKED, parse_revocations),
        Watched(records, LIMITS, parse_limits), provider,
    )  # fmt: skip
