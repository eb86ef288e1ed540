"""The names of users for commands that find blobs by namespace. The names come from the store's tokens and limits."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from storage_tui.server.stores.records import Records

NAMESPACE_CHARACTERS = 12  # of 40: enough to tell users apart


class UserNames:
    """The names of users by namespace, read when the first name is requested. `open_records` opens the records of the
    store."""

    def __init__(self, open_records: "Callable[[], Records]") -> None:
        self._open_records = open_records

    def of(self, namespace: str) -> str | None:
        """Return the user's name; None when the store has no token and no limit of that user."""
        return self._names.get(namespace)

    def show(self, namespace: str) -> str:
        """Return `user ada`, or `namespace 939bb46a04c3` when the name is not known."""
        name = self.of(namespace)
        return f"namespace {namespace[:NAMESPACE_CHARACTERS]}" if name is None else f"user {name}"

    @cached_property
    def _names(self) -> Mapping[str, str]:
        from storage_tui.contract.errors import StorageError
        from storage_tui.server.access.issued import list_issued
        from storage_tui.server.http.grants import namespace_of
        from storage_tui.server.quotas.limits import read_limits
        from storage_tui.server.run.embedded import LOCAL_USER

        names = {LOCAL_USER}
        try:
            records = self._open_records()
            names |= {issued.user for issued in list_issued(records)}
            names |= set(read_limits(records).names)
        except (StorageError, OSError):
            pass  # findings in a damaged store are printed without names
        return {namespace_of(name): name for name in names}
