"""A record that other processes may change: its parsed value in memory, read again every few seconds."""

import logging
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from storage_tui.contract.errors import ConflictError, StorageError, UnavailableError
from storage_tui.contract.visible import one_line
from storage_tui.server.stores.records import ABSENT, Records

T = TypeVar("T")

TRIES = 20  # writers of one record that come between reading and writing it

log = logging.getLogger("storage_tui.server")


class Refreshable(Protocol):
    """Something that follows a record."""

    def refresh(self) -> None:
        """Read the record again; blocking. Raises StorageError, and keeps what it has, when that fails."""


class Watched(Generic[T]):
    """The value of one record. `parse` reads its content, b"" where there is no record, and raises StorageError."""

    def __init__(self, records: Records, name: str, parse: Callable[[bytes], T]) -> None:
        self._records = records
        self._name = name
        self._parse = parse
        self._version: str | None = None
        self.refresh()

    def refresh(self) -> None:
        """Read the record again; blocking. Raises StorageError, and keeps the value it has, when that fails."""
        record = self._records.read(self._name)
        version = ABSENT if record is None else record.version
        if version != self._version:
            self.value = self._parse(b"" if record is None else record.content)
            self._version = version


def change(records: Records, name: str, edit: Callable[[bytes], bytes]) -> None:
    """Replace the record by what `edit` makes of its content, b"" where there is none; no other change is lost.

    What is changed so decides who may do what, so it may use the reserve of a full disk."""
    for _ in range(TRIES):
        record = records.read(name)
        content = edit(b"" if record is None else record.content)
        try:
            version = ABSENT if record is None else record.version
            records.write(name, content, expected=version, may_use_reserve=True)
        except ConflictError:
            continue
        return
    raise UnavailableError(f"others keep changing the record {name}; try again")


def refresh_all(watched: tuple[Refreshable, ...]) -> None:
    """Read them all again; what fails is logged and keeps what it has."""
    for each in watched:
        try:
            each.refresh()
        except StorageError as exc:
            log.error("cannot read what servers share: %s", one_line(exc.message))
