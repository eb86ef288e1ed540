"""A search for damaged records of an engine: records whose content is not what their name requires."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from storage_tui.contract.errors import StorageError
from storage_tui.server.access import issued, keyring, revocations
from storage_tui.server.catalog.documents import parse_fields
from storage_tui.server.quotas import limits
from storage_tui.server.quotas.entries import KINDS, ROOT
from storage_tui.server.stores.records import Records


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A record that cannot be read. With `may_go` the record is a single token or entry: the others work without it."""

    name: str
    why: str
    may_go: bool


def bad_records(records: Records) -> Iterator[BadRecord]:
    """Yield the damaged records; raise StorageError when the engine cannot be read at all."""
    for name in records.names():
        check, may_go = _check_of(name)
        if check is None:
            continue
        try:
            record = records.read(name)
            if record is not None:
                check(record.content)
        except StorageError as exc:
            yield BadRecord(name, exc.message, may_go)


def _check_of(name: str) -> tuple[Callable[[bytes], object] | None, bool]:
    """Return the function that parses records of this name, and whether a damaged one may be removed."""
    whole: dict[str, Callable[[bytes], object]] = {
        keyring.RECORD: keyring.parse_keys,
        revocations.RECORD: revocations.parse_revocations,
        limits.RECORD: limits.parse_limits,
    }
    if name in whole:
        return whole[name], False
    if name.startswith(issued.FOLDER):
        return issued.parse_issued, True
    folder, _, rest = name.partition("/")
    kind = rest.partition("/")[0]
    found = next((known for known in KINDS if folder == ROOT and kind == known), None)
    if found is None:
        return None, False
    return partial(parse_fields, found, name), True
