"""The tokens and logins that this program made, one record each: `tokens/ID`. No record holds a secret.

A login is a refresh token, kept as its SHA-256: the token is 32 random bytes, so a slower hash is not needed.
"""

import hashlib
import hmac
import json
import logging
import re
import secrets
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from storage_tui.contract.errors import BadRequestError, NotFoundError, StorageError
from storage_tui.server.access.revocations import revoke_token, revoke_user
from storage_tui.server.http.grants import Restriction, namespace_of
from storage_tui.server.stores.records import Records

FOLDER = "tokens/"
MAX_USER_CHARACTERS = 255

_ID = re.compile(r"[0-9a-f]{16}")

log = logging.getLogger("storage_tui.server")


@dataclass(frozen=True, slots=True)
class Issued:
    """One token or login; times are seconds since 1970. `secret_hash` is set for a login alone."""

    token_id: str
    user: str
    created: float
    expires: float
    restriction: Restriction | None = None
    secret_hash: str = ""
    is_revoked: bool = False

    @property
    def is_login(self) -> bool:
        """Return True for a refresh token."""
        return bool(self.secret_hash)

    def is_secret(self, secret: str) -> bool:
        """Return whether `secret` is the secret of this login."""
        return self.is_login and hmac.compare_digest(self.secret_hash, _hash(secret))


def issue(
    records: Records, user: str, *, valid_for_s: float, restriction: Restriction | None = None, secret: str = ""
) -> Issued:
    """Record a new token, or with a secret a login, durably. Raise BadRequestError for a text that cannot be a user's
    name."""
    if not 1 <= len(user) <= MAX_USER_CHARACTERS or not user.isprintable() or user != user.strip():
        raise BadRequestError(f"a name is 1 to {MAX_USER_CHARACTERS} printable characters")
    if valid_for_s <= 0:
        raise BadRequestError("a token must be valid for some time")
    now = round(time.time(), 3)
    secret_hash = _hash(secret) if secret else ""
    made = Issued(secrets.token_hex(8), user, now, int(now + valid_for_s), restriction, secret_hash)
    _write(records, made)
    return made


def find_issued(records: Records, token_id: str) -> Issued | None:
    """Return the token or login with that id, or None."""
    if not _ID.fullmatch(token_id):
        return None
    record = records.read(FOLDER + token_id)
    return None if record is None else parse_issued(record.content)


def list_issued(records: Records) -> list[Issued]:
    """Return all tokens and logins, sorted by user and time."""
    return sorted(_all(records), key=lambda issued: (issued.user, issued.created))


def revoke(records: Records, token_id: str) -> Issued:
    """Revoke the token or login with everything made from it, and return its record; raise NotFoundError for an unknown
    id."""
    issued = find_issued(records, token_id)
    if issued is None:
        raise NotFoundError(f"there is no token {token_id[:40]!a}; storage-tui token list shows the ids")
    revoke_token(records, token_id, expires=issued.expires)
    _write(records, replace(issued, is_revoked=True), may_use_reserve=True)
    return issued


def revoke_all(records: Records, user: str) -> int:
    """Revoke every token and login of the user that exists now, also tokens of an identity provider. Return how many of
    our own there were."""
    revoke_user(records, namespace_of(user))
    count = 0
    for issued in _all(records):
        if issued.user == user and not issued.is_revoked:
            revoke_token(records, issued.token_id, expires=issued.expires)
            _write(records, replace(issued, is_revoked=True), may_use_reserve=True)
            count += 1
    return count


def forget_expired(records: Records) -> int:
    """Remove the records of expired tokens and logins; return how many."""
    now = time.time()
    return sum(records.remove(FOLDER + issued.token_id) for issued in _all(records) if issued.expires <= now)


def _all(records: Records) -> Iterator[Issued]:
    for name in records.names(FOLDER):
        record = records.read(name)
        if record is not None:
            try:
                yield parse_issued(record.content)
            except StorageError:
                log.warning("the record %s is not a token and is skipped; run storage-tui verify for details", name)


def _write(records: Records, issued: Issued, *, may_use_reserve: bool = False) -> None:
    raw = asdict(issued)
    raw["restriction"] = None if issued.restriction is None else issued.restriction.to_json()
    records.write(FOLDER + issued.token_id, json.dumps(raw).encode("ascii"), may_use_reserve=may_use_reserve)


def parse_issued(content: bytes) -> Issued:
    """Return the token or login that a record holds; raise StorageError when the content is not one."""
    try:
        raw: dict[str, Any] = json.loads(content)
        restriction = raw.pop("restriction")
        made = Issued(**raw, restriction=None if restriction is None else Restriction.from_json(restriction))
        if not isinstance(made.user, str) or not _ID.fullmatch(made.token_id):
            raise ValueError(made.token_id)
        for moment in (made.created, made.expires):
            datetime.fromtimestamp(moment, UTC)
        return made
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, OSError, RecursionError) as exc:
        raise StorageError(f"a record below {FOLDER!r} is not a token; restore it from a backup") from exc


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
