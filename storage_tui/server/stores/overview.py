"""What an engine can tell to those who run it, beside being a Store. An engine that cannot is served all the same."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class TypeTotal:
    """All blobs of one storage type, of all users; what has expired and is not swept yet counts."""

    storage_type: str
    count: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Overview:
    """A store as a whole."""

    types: tuple[TypeTotal, ...]
    open_uploads: int
    free_bytes: int


@runtime_checkable
class Overseen(Protocol):
    """An engine that tells."""

    @property
    def read_only(self) -> str | None:
        """Why nothing can be written until a restart, and what to do first; None while all is well."""

    async def overview(self) -> Overview:
        """The whole store; cheap enough to be asked every few seconds."""
