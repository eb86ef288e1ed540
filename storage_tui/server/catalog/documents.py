"""The documents of the catalog, kept as records: one a product, image, upload task and deletion."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from typing import Any, Literal, TypeVar

from storage_tui.contract.errors import BadRequestError, ConflictError, UnavailableError
from storage_tui.contract.models import format_time
from storage_tui.server.limits.lanes import Lane
from storage_tui.server.stores.records import ABSENT, Records

Kind = Literal["products", "images", "uploads", "claims", "removals", "emptyings"]
Fields = dict[str, Any]
T = TypeVar("T")

ROOT = "catalog"
DOCUMENT_THREADS = 4  # each reads or writes a file, or waits for the engine
SEARCH_THREADS = 2  # each takes a whole processor, and all of a user's documents
SWEEPER = "sweep"  # whose turn the sweep takes: a user like any other, which no namespace is called
TIMES = frozenset(("acquired", "acquired_end", "published", "start_datetime", "end_datetime", "created", "modified"))


@dataclass(frozen=True, slots=True)
class Document:
    """One document as it was read; `version` lets it be replaced only while nobody else has done so."""

    fields: Mapping[str, Any]
    version: str


class Documents:
    """Documents by kind, namespace and name. `name` is one or more segments, such as `PRODUCT/IMAGE`.

    Single documents and searches have threads of their own, given out fairly by namespace. With `user` all turns are
    that one's, whatever the namespace: so the sweep waits behind no user.
    """

    def __init__(self, records: Records, *, user: str = "") -> None:
        self._records = records
        self._user = user
        self._lane = Lane("documents", DOCUMENT_THREADS)
        self._searches = Lane("searches", SEARCH_THREADS)

    def close(self) -> None:
        """After the last call."""
        self._lane.close()
        self._searches.close()

    async def read(self, kind: Kind, namespace: str, name: str) -> Document | None:
        """The document, or None when there is none."""
        return await self._run(namespace, self.read_now, kind, namespace, name)

    async def create(self, kind: Kind, namespace: str, name: str, fields: Fields) -> Document:
        """Write one that must not exist; raises ConflictError when it does."""
        return await self.replace(kind, namespace, name, fields, ABSENT)

    async def replace(
        self, kind: Kind, namespace: str, name: str, fields: Fields, expected: str | None = None
    ) -> Document:
        """Write one that is still at the expected version; raises ConflictError when it is not."""
        return await self._run(namespace, self.write_now, kind, namespace, name, fields, expected)

    async def remove(self, kind: Kind, namespace: str, name: str, expected: str | None = None) -> bool:
        """Remove one; whether there was one. Raises ConflictError when it is not at the expected version."""
        with _telling(name):
            return await self._run(
                namespace, partial(self._records.remove, _record(kind, namespace, name), expected=expected)
            )

    async def names(self, kind: Kind, namespace: str, prefix: str = "", limit: int | None = None) -> list[str]:
        """The names of the documents, in order."""
        return await self._run(namespace, lambda: list(islice(self.names_now(kind, namespace, prefix), limit)))

    async def all_names(self, kind: Kind) -> list[tuple[str, str]]:
        """Namespace and name of all documents of a kind, for the sweep."""
        start = f"{ROOT}/{kind}/"
        found = await self._run(SWEEPER, lambda: list(self._records.names(start)))
        return [(namespace, name) for namespace, _, name in (row.removeprefix(start).partition("/") for row in found)]

    async def search(self, namespace: str, work: Callable[[], T]) -> T:
        """Run blocking work on many documents of a namespace."""
        return await self._searches.run(self._user or namespace, work)

    async def _run(self, namespace: str, function: Callable[..., T], *args: Any) -> T:
        return await self._lane.run(self._user or namespace, function, *args)

    def write_now(self, kind: Kind, namespace: str, name: str, fields: Fields, expected: str | None = None) -> Document:
        """As `replace`, blocking."""
        content = json.dumps(fields, separators=(",", ":")).encode("ascii")
        with _telling(name):
            version = self._records.write(_record(kind, namespace, name), content, expected=expected)
        return Document(fields, version)

    def read_now(self, kind: Kind, namespace: str, name: str) -> Document | None:
        """As `read`, blocking."""
        record = self._records.read(_record(kind, namespace, name))
        if record is None:
            return None
        try:
            fields = json.loads(record.content)
        except ValueError as exc:
            raise UnavailableError(f"the catalog's record of {name!a} is damaged; restore it from a backup") from exc
        return Document(fields, record.version)

    def names_now(self, kind: Kind, namespace: str, prefix: str = "") -> Iterator[str]:
        """As `names`, blocking."""
        start = f"{ROOT}/{kind}/{namespace}/"
        for row in self._records.names(start + prefix):
            yield row.removeprefix(start)


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
