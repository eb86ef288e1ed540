"""The audit log: an entry for each blob that a call deleted, with its time, request and namespace.

An engine writes an entry together with the delete. As far as the engine can, neither exists without the other.
REQUEST_ID holds the id of the request that is being carried out. A move is an entry too, for the key that the blob
left, where nobody finds the blob any more. The log has no entry for a blob that expires or is overwritten.
"""

from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from storage_tui.contract.models import format_time

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="-")
AUDIT_LIFETIME = timedelta(days=400)  # over a year; then an entry is removed, or the log would only grow


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One delete: when, whose blob, which blob, and the id of the request."""

    at: datetime
    namespace: str
    storage_type: str
    key: str
    etag: str
    request_id: str

    def to_json(self) -> dict[str, str | None]:
        """Return the entry as one JSON object for scripts."""
        return {
            "at": format_time(self.at),
            "namespace": self.namespace,
            "type": self.storage_type,
            "key": self.key,
            "etag": self.etag,
            "request": self.request_id,
        }


class AuditLog(Protocol):
    """The log of an engine, for reading. Its calls block."""

    def entries(self, *, since: datetime | None = None, namespace: str | None = None) -> Iterator[AuditEntry]:
        """Yield the deletes since `since`, of one namespace or of all, oldest first."""

    def dropped(self, namespace: str | None = None) -> dict[str, int]:
        """Return how many of the oldest entries of the namespace, or of each namespace, were removed before their time:
        the log of a user who has a quota is limited in size."""
