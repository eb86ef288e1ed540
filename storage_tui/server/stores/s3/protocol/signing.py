"""Signature Version 4 of the S3 protocol: for the headers of a request, and for a URL that contains its own signature.

Source: AWS, "Authenticating Requests (AWS Signature Version 4)" in the Amazon S3 API Reference. The body is not hashed:
its crc32c is in a separate header, at a fifteenth of the cost of sha256.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Protocol
from urllib.parse import quote

UNSIGNED = "UNSIGNED-PAYLOAD"
ALGORITHM = "AWS4-HMAC-SHA256"


class Credentials(Protocol):
    """An access key. `token` is set for a temporary key."""

    @property
    def access_key(self) -> str: ...
    @property
    def secret_key(self) -> str: ...
    @property
    def token(self) -> str | None: ...


def utc_now() -> datetime:
    """Return the time of the machine, in UTC."""
    return datetime.now(UTC)


class Signer:
    """Signs for one host and region. `credentials` is called for each signature, as credentials may be renewed.
    `ahead` is how far the clock of the engine is ahead of the clock of this machine."""

    def __init__(
        self, host: str, region: str, credentials: Callable[[], Credentials], *, ahead: timedelta = timedelta(0),
        clock: Callable[[], datetime] = utc_now,
    ) -> None:  # fmt: skip
        self._host = host
        self._region = region
        self._credentials = credentials
        self._ahead = ahead
        self._clock = clock
        self._signing_key: tuple[tuple[str, str], bytes] = (("", ""), b"")

    def sign(self, method: str, path: str, query: str, headers: Mapping[str, str]) -> dict[str, str]:
        """Return the headers together with those that authenticate them. `path` is percent-encoded, `query` is the
        result of `encode_query`."""
        credentials, stamp = self._credentials(), self._stamp()
        signed = {name.lower(): value for name, value in headers.items()}
        signed |= {"host": self._host, "x-amz-content-sha256": UNSIGNED, "x-amz-date": stamp}
        if credentials.token:
            signed["x-amz-security-token"] = credentials.token
        names = ";".join(sorted(signed))
        lines = "".join(f"{name}:{' '.join(signed[name].split())}\n" for name in sorted(signed))
        signature = self._signature(credentials, stamp, "\n".join((method, path, query, lines, names, UNSIGNED)))
        signed["authorization"] = (
            f"{ALGORITHM} Credential={credentials.access_key}/{self._scope(stamp)}, "
            f"SignedHeaders={names}, Signature={signature}"
        )
        return signed

    def presign(self, method: str, path: str, query: Mapping[str, str], *, valid_s: int) -> str:
        """Return path and query of a URL that needs no headers for `valid_s` seconds."""
        credentials, stamp = self._credentials(), self._stamp()
        signed = {
            **query,
            "X-Amz-Algorithm": ALGORITHM,
            "X-Amz-Credential": f"{credentials.access_key}/{self._scope(stamp)}",
            "X-Amz-Date": stamp,
            "X-Amz-Expires": str(valid_s),
            "X-Amz-SignedHeaders": "host",
        }
        if credentials.token:
            signed["X-Amz-Security-Token"] = credentials.token
        encoded = encode_query(signed)
        canonical = "\n".join((method, path, encoded, f"host:{self._host}\n", "host", UNSIGNED))
        return f"{path}?{encoded}&X-Amz-Signature={self._signature(credentials, stamp, canonical)}"

    def _stamp(self) -> str:
        return (self._clock() + self._ahead).strftime("%Y%m%dT%H%M%SZ")

    def _scope(self, stamp: str) -> str:
        return f"{stamp[:8]}/{self._region}/s3/aws4_request"

    def _signature(self, credentials: Credentials, stamp: str, canonical: str) -> str:
        made_for = (stamp[:8], credentials.secret_key)
        cached_for, key = self._signing_key
        if cached_for != made_for:
            key = f"AWS4{credentials.secret_key}".encode()
            for part in (stamp[:8], self._region, "s3", "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._signing_key = (made_for, key)
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        return hmac.new(key, f"{ALGORITHM}\n{stamp}\n{self._scope(stamp)}\n{digest}".encode(), "sha256").hexdigest()


def encode_query(query: Mapping[str, str]) -> str:
    """Return the query in its canonical form: sorted, with every reserved character escaped."""
    return "&".join(sorted(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in query.items()))
