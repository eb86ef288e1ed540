"""The audit log: every blob that was deleted by a call, when, by which request, out of whose namespace.

An engine writes an entry together with the delete, so that there is none without the other as far as it can; the
request that is being carried out is in REQUEST_ID. What expires or is overwritten is not in it.
"""

from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from storage_tui.contract.models import format_time

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="-")
AUDIT_LIFETIME = timedelta(days=400)  # a year and some, then an entry goes: a log of everything would only grow


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One delete."""

    at: datetime
    namespace: str
    storage_type: str
    key: str
    etag: str
    request_id: str

    def to_json(self) -> dict[str, str | None]:
        """One object for scripts."""
        return {
            "at": format_time(self.at),
            "namespace": self.namespace,
            "type": self.storage_type,
            "key": self.key,
            "etag": self.etag,
            "request": self.request_id,
        }


class AuditLog(Protocol):
    """The log of an engine, for reading; blocking."""

    def entries(self, *, since: datetime | None = None, namespace: str | None = None) -> Iterator[AuditEntry]:
        """The deletes since then, of that namespace or of all, oldest first."""

    def dropped(self, namespace: str | None = None) -> dict[str, int]:
        """How many of the oldest entries of a namespace, or of each, have gone before their time: what is kept of a
        user who has a quota is limited."""
