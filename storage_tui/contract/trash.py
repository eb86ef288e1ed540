"""Blobs that were deleted or overwritten and can still be brought back, as the wire describes them.

A gone blob is named by its key and its ETag, because an ETag is never used again. A blob that comes back has its old
ETag, times and content type; its expiry too, so that the seven days of `tmp` are not extended.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from storage_tui.contract.errors import ProtocolError
from storage_tui.contract.models import Blob, format_time, parse_time

DELETED, OVERWRITTEN, MOVED_OVER, WITHDRAWN = "deleted", "overwritten", "moved-over", "withdrawn"
WAYS = (DELETED, OVERWRITTEN, MOVED_OVER, WITHDRAWN)
"""How a blob can go: by a delete, by a write, by a move to its key, with its image or as a stray file."""


@dataclass(frozen=True, slots=True)
class GoneBlob:
    """A blob that can be brought back: the blob as it was, when, how and by whom it went, and how long it is kept.

    `how` is one of WAYS. `by` is the user of the token, empty when the server does not know. `until` (UTC) is the end
    of its retention; a full disk or a quota can end the retention earlier. None is no end that the server knows.
    """

    blob: Blob
    gone: datetime
    how: str
    by: str
    until: datetime | None

    @property
    def key(self) -> str:
        """Return the key that the blob had."""
        return self.blob.key

    def to_json(self) -> dict[str, Any]:
        """Return the value as the JSON object of the wire: the fields of the blob, and of its going."""
        return {
            **self.blob.to_json(),
            "gone": format_time(self.gone),
            "how": self.how,
            "by": self.by,
            "until": format_time(self.until),
        }

    @classmethod
    def from_json(cls, raw: Any, storage_type: str) -> Self:
        """Read the value from the JSON object of the wire; raise ProtocolError for anything else."""
        try:
            gone = parse_time(raw["gone"])
            if gone is None:
                raise ValueError("a gone blob has the time when it went")
            until = parse_time(raw["until"])
            return cls(Blob.from_json(raw, storage_type), gone, _text(raw["how"]), _text(raw["by"]), until)
        except (KeyError, TypeError, ValueError, AttributeError) as exc:
            raise ProtocolError(f"the server described a deleted blob in a way that cannot be read: {exc}") from exc


@dataclass(frozen=True, slots=True)
class GonePage:
    """One page of gone blobs, in the byte order of the keys, the versions of a key oldest first. `next_token` fetches
    the next page; None on the last page."""

    blobs: tuple[GoneBlob, ...]
    next_token: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the page as the JSON object of the wire, without the token, which the header X-NEXT carries."""
        return {"blobs": [blob.to_json() for blob in self.blobs]}

    @classmethod
    def from_json(cls, raw: Any, storage_type: str, next_token: str | None) -> Self:
        """Read the value from the JSON object of the wire; raise ProtocolError for anything else."""
        try:
            return cls(tuple(GoneBlob.from_json(item, storage_type) for item in raw["blobs"]), next_token)
        except (KeyError, TypeError) as exc:
            raise ProtocolError(f"the server sent a list of deleted blobs that cannot be read: {exc}") from exc


@dataclass(frozen=True, slots=True)
class BringBack:
    """A blob to bring back. Without `etag` and `at`, the version of the key that went last.

    With `at`, the version that was there at this moment. `to_key` is another key for it; None is its old key. Without
    `overwrite`, a blob that is there now is left alone and the call is refused. `if_etag` allows only a blob with this
    ETag to be replaced; the blob that was there goes to the trash itself.
    """

    key: str
    etag: str | None = None
    at: datetime | None = None
    to_key: str | None = None
    overwrite: bool = False
    if_etag: str | None = None

    @property
    def target(self) -> str:
        """Return the key that the blob will have."""
        return self.key if self.to_key is None else self.to_key

    def to_json(self) -> dict[str, Any]:
        """Return the value as the JSON object of the wire."""
        fields = {
            "etag": self.etag,
            "at": format_time(self.at),
            "to_key": self.to_key,
            "overwrite": self.overwrite or None,
            "if_etag": self.if_etag,
        }
        return {"key": self.key, **{name: value for name, value in fields.items() if value is not None}}


@dataclass(frozen=True, slots=True)
class BringBackResult:
    """The result for one blob to bring back: `blob` as it is now, or `error` (a code) and `message` of the refusal."""

    key: str
    blob: Blob | None = None
    error: str | None = None
    message: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the value as the JSON object of the wire."""
        blob = None if self.blob is None else self.blob.to_json()
        return {"key": self.key, "error": self.error, "message": self.message, "blob": blob}

    @classmethod
    def from_json(cls, raw: Any, storage_type: str) -> Self:
        """Read the value from the JSON object of the wire; raise ProtocolError for anything else."""
        try:
            blob = None if raw.get("blob") is None else Blob.from_json(raw["blob"], storage_type)
            error = _told_text(raw.get("error"))
            if (blob is None) == (error is None):
                raise ValueError("a result has a blob or an error")
            return cls(_text(raw["key"]), blob, error, _told_text(raw.get("message")))
        except (KeyError, TypeError, ValueError, AttributeError) as exc:
            raise ProtocolError(f"the server described a result in a way that cannot be read: {exc}") from exc


@dataclass(frozen=True, slots=True)
class Purged:
    """How many gone blobs a purge removed for good, and their bytes. `is_more`: the request reached its bound, and a
    repeat removes more."""

    count: int
    size_bytes: int
    is_more: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the value as the JSON object of the wire."""
        return {"purged": self.count, "bytes": self.size_bytes, "more": self.is_more}

    @classmethod
    def from_json(cls, raw: Any) -> Self:
        """Read the value from the JSON object of the wire; raise ProtocolError for anything else."""
        try:
            count, size_bytes, is_more = raw["purged"], raw["bytes"], raw["more"]
            if type(count) is not int or type(size_bytes) is not int or min(count, size_bytes) < 0:
                raise ValueError("a purge has a count and bytes")
            return cls(count, size_bytes, bool(is_more))
        except (KeyError, TypeError, ValueError) as exc:
            raise ProtocolError(f"the server described a purge in a way that cannot be read: {exc}") from exc


def _text(raw: Any) -> str:
    if not isinstance(raw, str):
        raise TypeError(f"expected text, got {type(raw).__name__}")
    raw.encode("utf-8")  # JSON can hold half of a surrogate pair, which is not valid text
    return raw


def _told_text(raw: Any) -> str | None:
    return None if raw is None else _text(raw)
