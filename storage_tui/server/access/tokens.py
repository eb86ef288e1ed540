"""Tokens: JWTs with a subject and an expiry, as the published client demands; the subject decides the namespace.

Our own tokens are signed with HS256 and the current key for tokens. Tokens of an identity provider are signed with
RS256. The key found for the `kid` decides between the two, never the token.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from storage_tui.contract.errors import StorageError, UnauthorizedError
from storage_tui.server.access.issued import issue
from storage_tui.server.access.keyring import Keyring, SigningKey, load_keyring
from storage_tui.server.http.grants import Grant, Restriction, namespace_of
from storage_tui.server.stores.records import Records

ALGORITHM = "HS256"  # of our own tokens, whatever the header of a token names
RESTRICTION_CLAIM = "storage"
ENDS_CLAIM = "storage_ends"  # of a token that a login returned: when the login ends
YEAR = timedelta(days=365)
MAX_TOKEN_CHARACTERS = 8192
MAX_KID_CHARACTERS = 256
MAX_SUBJECT_CHARACTERS = 1024
MAX_TIME_S = 1e11  # beyond any year that matters; also refuses NaN and infinity, as neither is less than this

_INVALID = "the token is not valid; make a new one with: storage-tui token create"


def create_token(
    records: Records, name: str, *, valid_for: timedelta = YEAR, restriction: Restriction | None = None
) -> str:
    """Return a new token for the user `name` and record it. A server may run on the engine, but need not."""
    made = issue(records, name, valid_for_s=valid_for.total_seconds(), restriction=restriction)
    extra: dict[str, Any] = {"jti": made.token_id, "iat": made.created, "exp": int(made.expires)}
    return sign_token(load_keyring(records), name, valid_for=valid_for, restriction=restriction, claims=extra)


def sign_token(
    keyring: Keyring, subject: str, *, valid_for: timedelta = YEAR, restriction: Restriction | None = None,
    claims: Mapping[str, Any] | None = None,
) -> str:  # fmt: skip
    """Return a token for the subject, signed with the current key; `claims` are added and replace claims of the same
    name."""
    now = datetime.now(UTC)
    content = {"sub": subject, "iat": int(now.timestamp()), "exp": int((now + valid_for).timestamp()), **(claims or {})}
    if restriction is not None:
        content[RESTRICTION_CLAIM] = restriction.to_json()
    key = keyring.current("token")
    return jwt.encode(content, key.secret.reveal(), algorithm=ALGORITHM, headers={"kid": key.kid})


@dataclass(frozen=True, slots=True)
class Bearer:
    """A token that is not verified yet, and the key id in its header."""

    text: str
    kid: str


def read_bearer(authorization: str | None) -> Bearer:
    """Return the token of an Authorization header: `Bearer TOKEN`, or the bare token of clients before 0.24.

    Raise UnauthorizedError for a text that cannot be a token.
    """
    if not authorization:
        raise UnauthorizedError("this needs a token: send the header 'Authorization: Bearer TOKEN'")
    scheme, _, rest = authorization.strip().partition(" ")
    token = rest.strip() if scheme.lower() == "bearer" else authorization.strip()
    if len(token) > MAX_TOKEN_CHARACTERS:
        raise UnauthorizedError("the token is too long to be one of this server")
    try:
        kid = jwt.get_unverified_header(token).get("kid")
    except (jwt.InvalidTokenError, ValueError, RecursionError) as exc:
        raise UnauthorizedError(_INVALID) from exc
    if not isinstance(kid, str) or len(kid) > MAX_KID_CHARACTERS:
        raise unknown_key()
    return Bearer(token, kid)


def unknown_key() -> UnauthorizedError:
    """Return the refusal of a token whose key this server does not know."""
    return UnauthorizedError("the token was not made by this server; make one with: storage-tui token create")


def own_grant(bearer: Bearer, key: SigningKey) -> tuple[Grant, float | None]:
    """Return the grant of one of our own tokens, and its expiry in seconds since 1970; raise UnauthorizedError for an
    invalid one. The expiry is None where the token has other bounds in time, so that it must be verified each time."""
    claims = verify(bearer, key.secret.reveal(), ALGORITHM)
    try:
        restriction = None
        if RESTRICTION_CLAIM in claims:
            restriction = Restriction.from_json(claims[RESTRICTION_CLAIM])
        ends = int(claims.get(ENDS_CLAIM, claims["exp"])) if restriction is not None else None
        token_id = str(claims.get("jti", ""))
    except (StorageError, TypeError, ValueError, OverflowError) as exc:
        raise UnauthorizedError(_INVALID) from exc
    grant = Grant(subject_namespace(claims), token_id, issued_at(claims), ends, restriction, claims["sub"])
    return grant, None if "nbf" in claims else float(int(claims["exp"]))


def verify(bearer: Bearer, key: Any, algorithm: str, *, issuer: str | None = None, audience: str | None = None) -> Any:
    """Return the claims of a token, verified with exactly this key and algorithm; raise UnauthorizedError. The token
    must also carry the `issuer` and the `audience`, each where it is not None."""
    required = ["sub", "exp", *(["iss"] if issuer else []), *(["aud"] if audience else [])]
    try:
        claims: Mapping[str, Any] = jwt.decode(
            bearer.text, key, algorithms=[algorithm], issuer=issuer, audience=audience,
            options={"require": required, "verify_aud": audience is not None, "verify_iat": False},
        )  # fmt: skip
    except jwt.ExpiredSignatureError as exc:
        raise UnauthorizedError("the token has expired; make a new one with: storage-tui token create") from exc
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError) as exc:
        raise UnauthorizedError(_INVALID) from exc
    return claims


def subject_namespace(claims: Mapping[str, Any]) -> str:
    """Return the namespace of the token's user; raise UnauthorizedError when the token names no user."""
    subject = claims["sub"]
    if not isinstance(subject, str) or not 1 <= len(subject) <= MAX_SUBJECT_CHARACTERS:
        raise UnauthorizedError("the token names no user; make a new one with: storage-tui token create")
    try:
        return namespace_of(subject)
    except UnicodeEncodeError as exc:
        raise UnauthorizedError(_INVALID) from exc


def issued_at(claims: Mapping[str, Any]) -> float:
    """Return when the token was made, in seconds since 1970; 0 when the token does not contain that time, so that the
    token counts as older than any revocation."""
    issued = claims.get("iat")
    return max(float(issued), 0.0) if isinstance(issued, int | float) and issued < MAX_TIME_S else 0.0
