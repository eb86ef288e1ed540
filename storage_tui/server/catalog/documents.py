"""The documents of the catalog, kept as records: one for each product, image, upload task, deletion and the like."""

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from storage_tui.contract.errors import BadRequestError, ConflictError, DamagedError, StorageError, TooLargeError
from storage_tui.contract.models import format_time
from storage_tui.contract.visible import one_line
from storage_tui.server.limits.lanes import Lane
from storage_tui.server.quotas.entries import ROOT, Kind
from storage_tui.server.quotas.quotas import Quotas
from storage_tui.server.stores.records import ABSENT, Records

log = logging.getLogger("storage_tui.server")

Fields = dict[str, Any]
T = TypeVar("T")

# Four times the limit of a request: text that is not ASCII, or a number, takes more bytes here than on the wire.
MAX_DOCUMENT_BYTES = 1024 * 1024
SHAPES: Mapping[Kind, Sequence[tuple[str, type]]] = {  # the fields that every document of a kind has
    "products": (("attributes", dict), ("created", str), ("modified", str)),
    "images": (("uid", str), ("attributes", dict), ("files", list), ("created", str), ("modified", str)),
    "uploads": (
        ("id", str), ("image_id", str), ("product_id", str), ("attributes", dict), ("files", list), ("status", str),
        ("events", list), ("created", str), ("modified", str), ("user", str),
    ),
    "claims": (("task", str),),
    "removals": (("uid", str), ("files", list), ("created", str)),
    "emptyings": (("status", str),),
}  # fmt: skip
DOCUMENT_THREADS = 4  # each reads or writes a file, or waits for the engine
SEARCH_THREADS = 2  # each uses a whole processor, and reads all documents of a user
SWEEPER = "sweep"  # the user whose turns the sweep takes; no namespace has this name
TIMES = frozenset(("acquired", "acquired_end", "published", "start_datetime", "end_datetime", "created", "modified"))


@dataclass(frozen=True, slots=True)
class Document:
    """One document as it was read. With `version` it can be replaced only while nobody else has replaced it."""

    fields: Mapping[str, Any]
    version: str


class Documents:
    """Documents by kind, namespace and name. `name` is one or more segments, such as `PRODUCT/IMAGE`.

    Single documents and searches have threads of their own, shared fairly by namespace. With `user` that user takes all
    turns, whatever the namespace: so the sweep waits for no user. With `quotas` each document counts against the quota
    of its user. A change with `is_due` ends or removes something: it is written beyond a quota, and on a full disk.
    """

    def __init__(self, records: Records, quotas: Quotas | None = None, *, user: str = "") -> None:
        self._records = records
        self._quotas = quotas
        self._user = user
        self._lane = Lane("documents", DOCUMENT_THREADS)
        self._searches = Lane("searches", SEARCH_THREADS)

    def close(self) -> None:
        """Close the threads. Call this after the last call."""
        self._lane.close()
        self._searches.close()

    async def read(self, kind: Kind, namespace: str, name: str) -> Document | None:
        """Return the document, or None when there is none."""
        return await self._run(namespace, self.read_now, kind, namespace, name)

    async def create(self, kind: Kind, namespace: str, name: str, fields: Fields) -> Document:
        """Write a document that must not exist yet, and return it; raise ConflictError when it exists."""
        return await self.replace(kind, namespace, name, fields, ABSENT)

    async def replace(
        self, kind: Kind, namespace: str, name: str, fields: Fields, expected: str | None = None, *,
        is_due: bool = False,
    ) -> Document:  # fmt: skip
        """Write a document in place of the one at version `expected`, and return it. None means any version, or none.

        Raise ConflictError when the document has another version, TooLargeError for more than MAX_DOCUMENT_BYTES bytes,
        QuotaExceededError and StoreFullError when there is no room.
        """
        content = _format(fields, name)
        write = partial(self._write, kind, namespace, name, content, expected, is_due)
        if self._quotas is None or not self._quotas.limits_entries(namespace):
            return Document(fields, await self._run(namespace, write))
        before = await self._run(namespace, self._size, kind, namespace, name)
        if before is not None and expected == ABSENT:
            return Document(fields, await self._run(namespace, write))  # this raises, as the document exists
        async with self._quotas.entry(namespace, name, before=before, after=len(content), is_due=is_due):
            return Document(fields, await self._run(namespace, write))

    async def remove(self, kind: Kind, namespace: str, name: str, expected: str | None = None) -> bool:
        """Remove a document; return whether there was one. Raise ConflictError when it has another version than
        `expected`."""
        remove = partial(self._remove, kind, namespace, name, expected)
        if self._quotas is None or not self._quotas.limits_entries(namespace):
            return await self._run(namespace, remove)
        before = await self._run(namespace, self._size, kind, namespace, name)
        is_gone = await self._run(namespace, remove)
        if is_gone and before is not None:
            self._quotas.entry_gone(namespace, before)
        return is_gone

    async def names(self, kind: Kind, namespace: str, prefix: str = "", limit: int | None = None) -> list[str]:
        """Return the names of the documents, in order."""
        return await self._run(namespace, lambda: list(islice(self.names_now(kind, namespace, prefix), limit)))

    async def all_names(self, kind: Kind) -> list[tuple[str, str]]:
        """Return namespace and name of all documents of a kind, for the sweep."""
        start = f"{ROOT}/{kind}/"
        found = await self._run(SWEEPER, lambda: list(self._records.names(start)))
        return [(namespace, name) for namespace, _, name in (row.removeprefix(start).partition("/") for row in found)]

    async def search(self, namespace: str, work: Callable[[], T]) -> T:
        """Run blocking work on many documents of a namespace, and return its result."""
        return await self._searches.run(self._user or namespace, work)

    async def _run(self, namespace: str, function: Callable[..., T], *args: Any) -> T:
        return await self._lane.run(self._user or namespace, function, *args)

    def write_now(self, kind: Kind, namespace: str, name: str, fields: Fields, expected: str | None = None) -> Document:
        """Do the same as `replace`, but block, and do not count the document against a quota."""
        return Document(fields, self._write(kind, namespace, name, _format(fields, name), expected, is_due=False))

    def read_now(self, kind: Kind, namespace: str, name: str) -> Document | None:
        """Do the same as `read`, but block."""
        record = self._records.read(_record(kind, namespace, name))
        if record is None:
            return None
        return Document(parse_fields(kind, name, record.content), record.version)

    def names_now(self, kind: Kind, namespace: str, prefix: str = "") -> Iterator[str]:
        """Do the same as `names`, but block."""
        start = f"{ROOT}/{kind}/{namespace}/"
        for row in self._records.names(start + prefix):
            yield row.removeprefix(start)

    def _size(self, kind: Kind, namespace: str, name: str) -> int | None:
        record = self._records.read(_record(kind, namespace, name))
        return None if record is None else len(record.content)

    def _write(
        self, kind: Kind, namespace: str, name: str, content: bytes, expected: str | None, is_due: bool
    ) -> str:  # fmt: skip
        with _telling(name):
            record = _record(kind, namespace, name)
            return self._records.write(record, content, expected=expected, may_use_reserve=is_due)

    def _remove(self, kind: Kind, namespace: str, name: str, expected: str | None) -> bool:
        with _telling(name):
            return self._records.remove(_record(kind, namespace, name), expected=expected)


def parse_fields(kind: Kind, name: str, content: bytes) -> Fields:
    """Return the fields of a document; raise DamagedError when the content is not a document of this kind."""
    try:
        fields = json.loads(content)
        if isinstance(fields, dict) and all(isinstance(fields.get(field), shape) for field, shape in SHAPES[kind]):
            return fields
    except (ValueError, RecursionError):
        pass
    raise DamagedError(f"the catalog's record of {name!a} is damaged; run storage-tui verify for details")


def _format(fields: Fields, name: str) -> bytes:
    content = json.dumps(fields, separators=(",", ":")).encode("ascii")
    if len(content) > MAX_DOCUMENT_BYTES:
        raise TooLargeError(
            f"{name!a} would have {len(content)} bytes in the catalog, where an entry has at most {MAX_DOCUMENT_BYTES}"
        )
    return content


@contextmanager
def going_on(what: str) -> Iterator[None]:
    """Run one step of a sweep. A StorageError is logged, and does not stop the steps that follow."""
    try:
        yield
    except StorageError as exc:
        log.error("sweep: %s is left for the next sweep: %s", what, one_line(exc.message))


def now_text() -> str:
    """Return the present time of the machine, in the form of the documents."""
    return format_time(datetime.now(UTC)) or ""


def normal_times(attributes: Fields) -> Fields:
    """Return the attributes with their times in one form, RFC 3339 in UTC, so that times compare as texts."""
    return {
        name: normal_time(name, value) if name in TIMES and value is not None else value
        for name, value in attributes.items()
    }


def normal_time(name: str, value: Any) -> str:
    """Return the time in RFC 3339 and UTC; a time without an offset is UTC. Raise BadRequestError for another value."""
    try:
        moment = datetime.fromisoformat(value)
        return format_time(moment if moment.tzinfo else moment.replace(tzinfo=UTC)) or ""
    except (TypeError, ValueError, OverflowError) as exc:
        raise BadRequestError(f"{name} must be a time such as 2024-05-01T12:00:00Z, not {value!a:.60}") from exc


@contextmanager
def _telling(name: str) -> Iterator[None]:
    """Raise a conflict of records as a conflict in the words of the catalog."""
    try:
        yield
    except ConflictError as exc:
        raise ConflictError(f"{name} of the catalog was changed by another call at the same moment; try again") from exc


def _record(kind: Kind, namespace: str, name: str) -> str:
    return f"{ROOT}/{kind}/{namespace}/{name}"
