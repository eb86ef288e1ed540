"""What a program hands over beside the address of a store: a token, or the credentials in its environment.

Both are in the memory of the agent only. After a restart of the agent they are missing until somebody hands them over
again; transfers with credentials of shared files go on by themselves.
"""

import json
from dataclasses import replace
from typing import Any, Protocol

from storage_tui.client.access.credentials import clean_token
from storage_tui.client.access.embedded import EmbeddedServer
from storage_tui.client.access.servers import HandedTokens
from storage_tui.contract.errors import (
    BadRequestError,
    CredentialsError,
    ExpiredCredentialsError,
    StorageError,
    UnauthorizedError,
)
from storage_tui.machine.secrets import Secret

Fields = dict[str, Any]

TOKEN, CREDENTIALS = (
    "token",
    "credentials",
)  # the fields with a secret; True in the journal for one that was handed over
SECRETS = (TOKEN, CREDENTIALS)
NO_TOKEN = "waits for a token: open the browser on this server, or run storage-tui transfers with the token set"
REFUSED = "the server refused the token; open the browser on this server, or run storage-tui transfers, with a new one"
EXPIRED = (
    "the credentials of the environment have expired; open the browser on this bucket, or run storage-tui transfers "
    "with --url s3://BUCKET, with new variables set"
)
NO_CREDENTIALS = (
    "waits for the credentials of the environment: open the browser on this bucket, or run storage-tui transfers with "
    "--url s3://BUCKET, with the variables set"
)


class Handed(Protocol):
    """The secret of one store, given by other processes; any thread may call it."""

    def holds_for(self) -> str:
        """Return why nothing can move yet; empty in general."""

    def is_for_another(self, error: StorageError | None) -> bool:
        """Return whether a transfer with this error can go on once somebody hands over another secret."""

    def give(self, fields: Fields) -> None:
        """Use the secret in these fields from now on, if there is one. Raise StorageError for what is none."""

    def reveal(self) -> Fields:
        """Return the field with the secret as clear text; nothing without one."""


class HandedToken:
    """The token of a server."""

    def __init__(self, tokens: HandedTokens) -> None:
        self._tokens = tokens

    def holds_for(self) -> str:
        """Return whether a token is missing, or was refused."""
        if self._tokens.ready() is not None:
            return ""
        return REFUSED if self._tokens.is_refused else NO_TOKEN

    def is_for_another(self, error: StorageError | None) -> bool:
        """Return whether the server refused the token, or there is none."""
        is_refused = isinstance(error, UnauthorizedError) and self._tokens.ready() is None
        return is_refused or isinstance(error, CredentialsError)

    def give(self, fields: Fields) -> None:
        """Use this token."""
        token = token_in(fields)
        if token is not None:
            self._tokens.give(token)

    def reveal(self) -> Fields:
        """Return the token."""
        token = self._tokens.ready()
        return {} if token is None else {TOKEN: token.reveal()}


class HandedCredentials:
    """The variables of AWS programs with which a bucket is opened; the last ones that were given for it."""

    def __init__(self, server: EmbeddedServer, told: dict[str, str], secret: dict[str, str] | None) -> None:
        self._server, self._told = server, told
        self._secret: dict[str, str] | None = None
        self._expired: dict[str, str] | None = None
        if secret is not None:
            self._open(secret)

    def holds_for(self) -> str:
        """Return whether the credentials are missing or have expired."""
        if self._secret is None:
            return NO_CREDENTIALS
        return EXPIRED if self._secret == self._expired else ""

    def is_for_another(self, error: StorageError | None) -> bool:
        """Return whether the credentials have expired. A bucket that refuses them for another reason says why, and a
        person decides."""
        if not isinstance(error, ExpiredCredentialsError):
            return False
        self._expired = self._secret
        return True

    def give(self, fields: Fields) -> None:
        """Use these variables."""
        secret = variables(fields.get(CREDENTIALS))
        if secret is not None and secret != self._secret:
            self._open(secret)

    def reveal(self) -> Fields:
        """Return the variables."""
        return {} if self._secret is None else {CREDENTIALS: json.dumps(self._secret)}

    def _open(self, secret: dict[str, str]) -> None:
        assert self._server.place is not None
        self._server.reopen(replace(self._server.place, handed=tuple(sorted({**self._told, **secret}.items()))))
        self._secret = secret


def token_in(fields: Fields) -> Secret[str] | None:
    """Return the token in the fields. Raise CredentialsError for a text that is no token."""
    token = fields.get(TOKEN)
    return Secret(clean_token(token, "the token")) if isinstance(token, str) else None


def variables(text: Any) -> dict[str, str] | None:
    """Return the variables in a field, which is the text of a JSON object; None for any other value. Raise
    BadRequestError."""
    if not isinstance(text, str):
        return None
    try:
        found = json.loads(text)
        if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
            raise ValueError("no variables")
    except (ValueError, RecursionError) as exc:
        raise BadRequestError("the variables of a place cannot be read") from exc
    return found
