"""Optional figures of an engine for operators. An engine without them can be served as well."""

from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from storage_tui.server.stores.trash import GoneTotal


@dataclass(frozen=True, slots=True)
class TypeTotal:
    """All blobs of one storage type, of all users. Expired blobs that are not swept yet are counted."""

    storage_type: str
    count: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Overview:
    """The figures of a whole store; `gone` is of deleted and overwritten blobs that can come back."""

    types: tuple[TypeTotal, ...]
    open_uploads: int
    free_bytes: int
    gone: GoneTotal = field(default_factory=GoneTotal)


@runtime_checkable
class Overseen(Protocol):
    """An engine that returns an overview."""

    @property
    def read_only(self) -> str | None:
        """Why nothing can be written until a restart, and what to do first; None while writing is possible."""

    async def overview(self) -> Overview:
        """Return the figures of the whole store. The call is cheap enough for every few seconds."""
