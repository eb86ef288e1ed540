"""The audit log of a bucket: small objects below `audit/`, each named by the time of its writing.

An entry is in the bucket before its blob is deleted. So no entry is missing, whichever server deleted the blob, and
whenever that server died. The price: an entry may exist for a delete that did not happen, because the server or the
engine died between the two steps, or because somebody else changed the key in that moment. Times are those of the
server's clock; `MAX_SKEW` in sweep.py bounds its error. Deletes that arrive while an object is being written share the
next object.
"""

import json
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock

from storage_tui.contract.errors import DamagedError, NotFoundError, StorageError
from storage_tui.server.stores.audit import AUDIT_LIFETIME, REQUEST_ID, AuditEntry
from storage_tui.server.stores.base import Address
from storage_tui.server.stores.s3.protocol.bucket import Bucket, Object
from storage_tui.server.stores.s3.protocol.requests import MissingError

ROOT = "audit/"
READERS = 16  # objects requested at once: each is small, and nearly all the time is waiting for the engine

Note = Callable[[Object], None]  # called with the object that is about to be deleted; blocking

_TIME = "%Y%m%dT%H%M%S"
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(eq=False)
class _Segment:
    """The entries of one object: namespace, type, key, ETag, request."""

    entries: list[tuple[str, ...]] = field(default_factory=list)
    is_written: bool = False
    failure: StorageError | None = None


class AuditWriter:
    """Writes the log of one server. Many threads may use it."""

    def __init__(self, bucket: Bucket, now: Callable[[], datetime]) -> None:
        self._bucket = bucket
        self._now = now
        self._gathering = _Segment()
        self._changing = Lock()  # guards the segment that is being gathered
        self._writing = Lock()  # one object at a time, so that the next one can gather

    def noting(self, address: Address) -> Note:
        """Return a function that notes a delete of the blob at the address by the present request."""
        request_id = REQUEST_ID.get()

        def note(found: Object) -> None:
            self._note((address.namespace, address.storage_type, address.key, found.etag, request_id))

        return note

    def _note(self, entry: tuple[str, ...]) -> None:
        """Return when the entry is durable. Raise StorageError when the entry cannot be written; then nothing may be
        deleted."""
        with self._changing:
            segment = self._gathering
            segment.entries.append(entry)
        with self._writing:
            if not segment.is_written:
                with self._changing:
                    self._gathering = _Segment()
                self._write(segment)
        if segment.failure is not None:
            raise segment.failure

    def _write(self, segment: _Segment) -> None:
        try:
            self._bucket.put(_name(self._now(), secrets.token_hex(8)), json.dumps(segment.entries).encode("ascii"))
        except StorageError as exc:
            segment.failure = exc
        finally:
            segment.is_written = True


class S3Audit:
    """The log of a bucket. It can be read with or without running servers."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def entries(self, *, since: datetime | None = None, namespace: str | None = None) -> Iterator[AuditEntry]:
        """Yield the deletes, as `AuditLog.entries` promises. Raise NotFoundError where there is no bucket. Raise
        DamagedError at the end if an object below `audit/` was not part of a log."""
        after, bad = "" if since is None else _name(since), list[str]()
        with ThreadPoolExecutor(READERS) as threads:
            while True:
                try:
                    listing = self._bucket.list(ROOT, after=after)
                except MissingError as exc:
                    raise NotFoundError(f"there is no bucket {self._bucket.name}") from exc
                names = [found.name for found in listing.objects]
                for name, found in zip(names, threads.map(self._read, names), strict=True):
                    if found is None:
                        bad.append(name)
                        continue
                    for row in found[1]:
                        if namespace in (None, row[0]):
                            yield AuditEntry(found[0], *row)
                if not listing.is_truncated:
                    break
                after = names[-1]
        if bad:
            raise DamagedError(
                f"{self._bucket.root}{bad[0]} in the bucket is not part of an audit log ({len(bad)} such objects "
                "are in its folder); the rest was read; move these objects elsewhere"
            )

    def dropped(self, namespace: str | None = None) -> dict[str, int]:
        """Return an empty dict: entries are removed only by their age."""
        return {}

    def _read(self, name: str) -> tuple[datetime, list[tuple[str, str, str, str, str]]] | None:
        """Return the time of the entries of an object, and the entries; None for an object that is not part of a
        log."""
        found = self._bucket.read(name)
        if found is None:  # the object was swept meanwhile
            return datetime.now(UTC), []
        try:
            stamp, millis = name.removeprefix(ROOT).split("-")[0].split(".")
            at = datetime.strptime(stamp, _TIME).replace(tzinfo=UTC) + int(millis) * _MILLISECOND
            rows = [(str(owner), str(kind), str(key), str(etag), str(request)) for owner, kind, key, etag, request
                    in json.loads(found[1])]  # fmt: skip
        except (ValueError, TypeError, RecursionError):
            return None
        return at, rows


def forgettable(bucket: Bucket, now: datetime) -> list[str]:
    """Return the names of up to a thousand objects whose entries are past their lifetime, the oldest first."""
    end = _name(now - AUDIT_LIFETIME)
    return [found.name for found in bucket.list(ROOT).objects if found.name < end]


def _name(at: datetime, mark: str = "") -> str:
    """Return the name of an object that is written at `at`. Without a mark, return a name that sorts before all names
    of that millisecond."""
    at = at.astimezone(UTC)
    return f"{ROOT}{at.strftime(_TIME)}.{at.microsecond // 1000:03}-{mark}"
