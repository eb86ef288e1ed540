"""The parsed value, in memory, of a record that other processes may change. The record is read again every few
seconds."""

import logging
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from storage_tui.contract.errors import ConflictError, StorageError, UnavailableError
from storage_tui.contract.visible import one_line
from storage_tui.server.stores.records import ABSENT, Records

T = TypeVar("T")

TRIES = 20  # attempts to write a record that other writers keep changing after it was read

log = logging.getLogger("storage_tui.server")


class Refreshable(Protocol):
    """An object that follows a record."""

    def refresh(self) -> None:
        """Read the record again; blocking. When that fails, raise StorageError and keep the present value."""


class Watched(Generic[T]):
    """The value of one record. `parse` turns the content, b"" where there is no record, into the value, or raises
    StorageError."""

    def __init__(self, records: Records, name: str, parse: Callable[[bytes], T]) -> None:
        self._records = records
        self._name = name
        self._parse = parse
        self._version: str | None = None
        self.refresh()

    def refresh(self) -> None:
        """Read the record again; blocking. When that fails, raise StorageError and keep the present value."""
        record = self._records.read(self._name)
        version = ABSENT if record is None else record.version
        if version != self._version:
            self.value = self._parse(b"" if record is None else record.content)
            self._version = version


def change(records: Records, name: str, edit: Callable[[bytes], bytes]) -> None:
    """Replace the content of the record with the result of `edit`, without losing another writer's change. `edit` gets
    the present content, b"" where there is none. Blocking.

    Raise UnavailableError when other writers change the record again and again. These records decide who may do what,
    so the change may use the reserve of a full disk.
    """
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
    """Read all of them again. A failure is logged, and that object keeps its present value."""
    for each in watched:
        try:
            each.refresh()
        except StorageError as exc:
            log.error("cannot read the record that servers share: %s", one_line(exc.message))
