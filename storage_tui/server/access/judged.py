"""Grants of our own tokens whose signature was checked before, so that the next request need not check it again.

The check of a signature is a quarter of a server's work on a small value. What can change is checked with each request
all the same: the expiry here, the key by which the token was signed, and the revocations in control.py.
"""

import hashlib
import time
from collections import OrderedDict
from dataclasses import dataclass

from storage_tui.server.access.keyring import Keyring, SigningKey
from storage_tui.server.http.grants import Grant

MOST_TOKENS = 1024  # about 1 MB; the signature of a forgotten token is checked again


@dataclass(frozen=True, slots=True)
class Judged:
    """A token that was valid: its grant, the key that signed it, and its expiry in seconds since 1970."""

    grant: Grant
    key: SigningKey
    expires_s: float


class JudgedTokens:
    """The tokens seen last, by the SHA-256 of their header: no token itself is kept."""

    def __init__(self, keyring: Keyring, *, most_tokens: int = MOST_TOKENS) -> None:
        self._keyring = keyring
        self._most_tokens = most_tokens
        self._tokens: OrderedDict[bytes, Judged] = OrderedDict()

    def __len__(self) -> int:
        return len(self._tokens)

    def find(self, authorization: str) -> Grant | None:
        """Return the grant of a header that was judged before; None for any other, for a token that has expired since,
        and for one whose key is gone or another."""
        name = _name(authorization)
        judged = self._tokens.get(name)
        if judged is None:
            return None
        if time.time() >= judged.expires_s or self._keyring.find("token", judged.key.kid) != judged.key:
            del self._tokens[name]
            return None
        self._tokens.move_to_end(name)
        return judged.grant

    def keep(self, authorization: str, judged: Judged) -> None:
        """Keep what was found out about a header. The token was verified just now."""
        self._tokens[_name(authorization)] = judged
        if len(self._tokens) > self._most_tokens:
            self._tokens.popitem(last=False)


def _name(authorization: str) -> bytes:
    return hashlib.sha256(authorization.encode("utf-8", "surrogatepass")).digest()
