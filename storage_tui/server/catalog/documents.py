"""The documents of the catalog, kept as records: one a product, image, upload task and deletion."""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from storage_tui.contract.errors import BadRequestError, ConflictError, DamagedError, TooLargeError
from storage_tui.contract.models import format_time
from storage_tui.server.quotas.entries import ROOT, Kind
from storage_tui.server.quotas.quotas import Quotas
from storage_tui.server.stores.records import ABSENT, Records

Fields = dict[str, Any]
T = TypeVar("T")

# Four times what a request may hold: a text that is not ASCII, or a number, takes more bytes here than on the wire.
MAX_DOCUMENT_BYTES = 1024 * 1024
TIMES = frozenset(("acquired", "acquired_end", "published", "start_datetime", "end_datetime", "created", "modified"))


@dataclass(frozen=True, slots=True)
class Document:
    """One document as it was read; `version` lets it be replaced only while nobody else has done so."""

    fields: Mapping[str, Any]
    version: str


class Documents:
    """Documents by kind, namespace and name. `name` is one or more segments, such as `PRODUCT/IMAGE`.

    With `quotas` each of them counts against the quota of its user. A change that `is_due` ends or takes away
    something: it is written past a quota, and on a full disk.
    """

    def __init__(self, records: Records, quotas: Quotas | None = None) -> None:
        self._records = records
        self._quotas = quotas

    async def read(self, kind: Kind, namespace: str, name: str) -> Document | None:
        """The document, or None when there is none."""
        return await asyncio.to_thread(self.read_now, kind, namespace, name)

    async def create(self, kind: Kind, namespace: str, name: str, fields: Fields) -> Document:
        """Write one that must not exist; raises ConflictError when it does."""
        return await self.replace(kind, namespace, name, fields, ABSENT)

    async def replace(
        self, kind: Kind, namespace: str, name: str, fields: Fields, expected: str | None = None, *,
        is_due: bool = False,
    ) -> Document:  # fmt: skip
        """Write one that is still at the expected version; raises ConflictError when it is not, TooLargeError for one
        past MAX_DOCUMENT_BYTES, QuotaExceededError and StoreFullError when there is no room for it."""
        content = _format(fields, name)
        write = partial(self._write, kind, namespace, name, content, expected, is_due)
        if self._quotas is None or not self._quotas.limits_entries(namespace):
            return Document(fields, await asyncio.to_thread(write))
        before = await asyncio.to_thread(self._size, kind, namespace, name)
        if before is not None and expected == ABSENT:
            return Document(fields, await asyncio.to_thread(write))  # which says that it exists
        async with self._quotas.entry(namespace, name, before=before, after=len(content), is_due=is_due):
            return Document(fields, await asyncio.to_thread(write))

    async def remove(self, kind: Kind, namespace: str, name: str, expected: str | None = None) -> bool:
        """Remove one; whether there was one. Raises ConflictError when it is not at the expected version."""
        remove = partial(self._remove, kind, namespace, name, expected)
        if self._quotas is None or not self._quotas.limits_entries(namespace):
            return await asyncio.to_thread(remove)
        before = await asyncio.to_thread(self._size, kind, namespace, name)
        is_gone = await asyncio.to_thread(remove)
        if is_gone and before is not None:
            self._quotas.entry_gone(namespace, before)
        return is_gone

    async def names(self, kind: Kind, namespace: str, prefix: str = "", limit: int | None = None) -> list[str]:
        """The names of the documents, in order."""
        return await self.in_thread(lambda: list(islice(self.names_now(kind, namespace, prefix), limit)))

    async def all_names(self, kind: Kind) -> list[tuple[str, str]]:
        """Namespace and name of all documents of a kind, for the sweep."""
        start = f"{ROOT}/{kind}/"
        found = await self.in_thread(lambda: list(self._records.names(start)))
        return [(namespace, name) for namespace, _, name in (row.removeprefix(start).partition("/") for row in found)]

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Run blocking work on the documents."""
        return await asyncio.to_thread(work)

    def write_now(self, kind: Kind, namespace: str, name: str, fields: Fields, expected: str | None = None) -> Document:
        """As `replace`, blocking, and not counted."""
        return Document(fields, self._write(kind, namespace, name, _format(fields, name), expected, is_due=False))

    def read_now(self, kind: Kind, namespace: str, name: str) -> Document | None:
        """As `read`, blocking."""
        record = self._records.read(_record(kind, namespace, name))
        if record is None:
            return None
        return Document(parse_fields(record.content, name), record.version)

    def names_now(self, kind: Kind, namespace: str, prefix: str = "") -> Iterator[str]:
        """As `names`, blocking."""
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


def parse_fields(content: bytes, name: str) -> Fields:
    """What a document holds; raises DamagedError when its content is none."""
    try:
        fields = json.loads(content)
        if isinstance(fields, dict):
            return fields
    except (ValueError, RecursionError):
        pass
    raise DamagedError(f"the catalog's record of {name!a} is damaged; storage-tui verify tells more")


def _format(fields: Fields, name: str) -> bytes:
    content = json.dumps(fields, separators=(",", ":")).encode("ascii")
    if len(content) > MAX_DOCUMENT_BYTES:
        raise TooLargeError(
            f"{name!a} would have {len(content)} bytes in the catalog, where an entry has at most {MAX_DOCUMENT_BYTES}"
        )
    return content


def now_text() -> str:
    """The time of the machine as the documents have it."""
    return format_time(datetime.now(UTC)) or ""


def normal_times(attributes: Fields) -> Fields:
    """The attributes with their times in one form, RFC 3339 in UTC: so they compare as texts."""
    return {
        name: normal_time(name, value) if name in TIMES and value is not None else value
        for name, value in attributes.items()
    }


def normal_time(name: str, value: Any) -> str:
    """RFC 3339 in UTC; a time without an offset is UTC. Raises BadRequestError for what is no time."""
    try:
        moment = datetime.fromisoformat(value)
        return format_time(moment if moment.tzinfo else moment.replace(tzinfo=UTC)) or ""
    except (TypeError, ValueError, OverflowError) as exc:
        raise BadRequestError(f"{name} must be a time such as 2024-05-01T12:00:00Z, not {value!a:.60}") from exc


@contextmanager
def _telling(name: str) -> Iterator[None]:
    """A conflict of records in the words of the catalog."""
    try:
        yield
    except ConflictError as exc:
        raise ConflictError(f"{name} of the catalog was changed in this moment by another call; try again") from exc


def _record(kind: Kind, namespace: str, name: str) -> str:
    return f"{ROOT}/{kind}/{namespace}/{name}"
