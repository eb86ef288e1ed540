"""Tokens: JWTs with a subject and an expiry, as the published client demands; the subject decides the namespace."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from storage_tui.contract.errors import BadRequestError, UnauthorizedError
from storage_tui.server.keyring import Keyring, load_keyring
from storage_tui.server.stores.records import Records

ALGORITHM = "HS256"  # the only one accepted, whatever a token's header says
YEAR = timedelta(days=365)
MAX_TOKEN_CHARACTERS = 8192
MAX_SUBJECT_CHARACTERS = 255


def namespace_of(subject: str) -> str:
    """The namespace of a token's `sub`: 40 hexadecimal digits, as the published client computes it."""
    return hashlib.sha1(subject.encode("utf-8"), usedforsecurity=False).hexdigest()


def create_token(records: Records, name: str, *, valid_for: timedelta = YEAR) -> str:
    """A new token for the user `name`; works whether or not a server runs on the engine."""
    if not name or len(name) > MAX_SUBJECT_CHARACTERS or not name.isprintable():
        raise BadRequestError(f"a name is 1 to {MAX_SUBJECT_CHARACTERS} printable characters")
    if valid_for <= timedelta(0):
        raise BadRequestError("a token must be valid for some time")
    return sign_token(load_keyring(records), name, valid_for=valid_for)


def sign_token(keyring: Keyring, subject: str, *, valid_for: timedelta = YEAR) -> str:
    """A token for the subject, signed with the current key."""
    now = datetime.now(UTC)
    claims = {"sub": subject, "iat": int(now.timestamp()), "exp": int((now + valid_for).timestamp())}
    key = keyring.current("token")
    return jwt.encode(claims, key.secret.reveal(), algorithm=ALGORITHM, headers={"kid": key.kid})


def authenticate(keyring: Keyring, authorization: str | None) -> str:
    """The namespace of an Authorization header, `Bearer TOKEN` or the bare token of clients before 0.24.

    Raises UnauthorizedError for anything but a token signed here that has a subject and has not expired.
    """
    if not authorization:
        raise UnauthorizedError("this needs a token: send the header 'Authorization: Bearer TOKEN'")
    scheme, _, rest = authorization.strip().partition(" ")
    token = rest.strip() if scheme.lower() == "bearer" else authorization.strip()
    if len(token) > MAX_TOKEN_CHARACTERS:
        raise UnauthorizedError("the token is too long to be one of this server")
    try:
        kid = jwt.get_unverified_header(token).get("kid")
        key = keyring.find("token", kid) if isinstance(kid, str) else None
        if key is None:
            raise UnauthorizedError("the token was not made by this server; make one with: storage-tui token create")
        claims: dict[str, Any] = jwt.decode(
            token,
            key.secret.reveal(),
            algorithms=[ALGORITHM],
            options={"require": ["sub", "exp"], "verify_aud": False},
        )
    except jwt.ExpiredSignatureError as exc:
        raise UnauthorizedError("the token has expired; make a new one with: storage-tui token create") from exc
    except (jwt.InvalidTokenError, ValueError, RecursionError) as exc:
        raise UnauthorizedError("the token is not valid; make a new one with: storage-tui token create") from exc
    subject = claims["sub"]
    if not isinstance(subject, str) or not subject:
        raise UnauthorizedError("the token names no user; make a new one with: storage-tui token create")
    return namespace_of(subject)
