"""Revoked tokens: single tokens by id, and all tokens of a user up to a moment. One record, `revoked`.

An entry is kept until nothing made with the token can be valid any more.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from storage_tui.contract.errors import StorageError
from storage_tui.server.http.grants import Grant
from storage_tui.server.stores.records import Records
from storage_tui.server.stores.watched_record import change

RECORD = "revoked"
OUTLIVED_BY_S = 8 * 86400  # signed URLs and upload sessions of a token live up to a week longer than the token


@dataclass(frozen=True, slots=True)
class Revocations:
    """The revoked tokens and users; all times in seconds since 1970.

    `tokens` maps token ids to the time after which the id can be forgotten. `users` maps namespaces to the time up to
    which their tokens are refused.
    """

    tokens: Mapping[str, float] = field(default_factory=dict)
    users: Mapping[str, float] = field(default_factory=dict)

    def cover(self, grant: Grant) -> bool:
        """Return whether the grant comes from a revoked token."""
        return grant.token_id in self.tokens or grant.issued <= self.users.get(grant.namespace, -1.0)


def parse_revocations(content: bytes) -> Revocations:
    """Return the revocations in a record's content. Raise StorageError when the content is damaged: nobody may pass
    because the record cannot be read."""
    if not content:
        return Revocations()
    try:
        raw = json.loads(content)
        return Revocations(*({str(name): float(at) for name, at in raw[side].items()} for side in ("tokens", "users")))
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise StorageError(f"the record {RECORD!r} does not hold revoked tokens; restore it from a backup") from exc


def revoke_token(records: Records, token_id: str, *, expires: float) -> None:
    """Refuse the token from now on, with all signed URLs and upload URLs made with it. The change is durable."""
    _add(records, tokens={token_id: expires + OUTLIVED_BY_S})


def revoke_user(records: Records, namespace: str) -> None:
    """Refuse every token of the user that was made up to now, also tokens that are not listed. The change is
    durable."""
    _add(records, users={namespace: time.time()})


def _add(
    records: Records, *, tokens: Mapping[str, float] | None = None, users: Mapping[str, float] | None = None
) -> None:
    def edit(content: bytes) -> bytes:
        before = parse_revocations(content)
        now = time.time()
        kept = {token_id: until for token_id, until in before.tokens.items() if until > now}
        after = {"tokens": {**kept, **(tokens or {})}, "users": {**before.users, **(users or {})}}
        return json.dumps(after).encode("ascii")

    change(records, RECORD, edit)
