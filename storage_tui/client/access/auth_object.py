"""The token of an object that finds and renews it by itself, such as an `Auth` of the published client."""

import threading
import time
from typing import Any

from storage_tui.client.access.credentials import RENEW_BEFORE_S, clean_token, expiry_of
from storage_tui.contract.errors import BadRequestError, CredentialsError, StorageError
from storage_tui.machine.secrets import Secret


class AuthObject:
    """The attribute `token` of an object, read on first use, again near the end of the token, and after a refusal."""

    def __init__(self, auth: Any) -> None:
        if isinstance(auth, str | bytes | int | tuple):
            raise BadRequestError("auth is an object with a `token`, such as Auth(); a JWT is given as token=")
        self._auth = auth
        self._lock = threading.Lock()
        self._jwt: Secret[str] | None = None

    def __repr__(self) -> str:
        return "AuthObject(***)"

    def ready(self) -> Secret[str] | None:
        """Return the token when it is known and not near its end; None when `obtain` must be called."""
        jwt = self._jwt
        return jwt if jwt is not None and not _is_due(jwt) else None

    def obtain(self) -> Secret[str]:
        """Return the token of the object, which may read files or send requests for it; blocks.

        Raise CredentialsError when the object has none.
        """
        with self._lock:
            if self._jwt is None or _is_due(self._jwt):
                self._jwt = self._read()
            return self._jwt

    def reject(self, token: Secret[str]) -> bool:
        """Report that the server refused this token; return whether the object has another."""
        with self._lock:
            try:
                self._jwt = self._read()
            except StorageError:
                self._jwt = None
                return False
            return self._jwt != token

    def _read(self) -> Secret[str]:
        try:
            text = self._auth.token
        except Exception as exc:  # every object has errors of its own
            raise CredentialsError(f"the {type(self._auth).__name__} given as auth has no token: {exc}") from exc
        if not isinstance(text, str | bytes):
            raise CredentialsError(f"the token of the {type(self._auth).__name__} given as auth is no text")
        text = text.decode("ascii", "replace") if isinstance(text, bytes) else text
        return Secret(clean_token(text, f"the token of the {type(self._auth).__name__} given as auth"))


def _is_due(jwt: Secret[str]) -> bool:
    expires = expiry_of(jwt)
    return expires is not None and expires - time.time() < RENEW_BEFORE_S
