"""A user's share of one storage type, by the names of its objects."""

from dataclasses import dataclass

from storage_tui.contract.storage_types import STORAGE_TYPES, StorageType
from storage_tui.server.stores.rules import is_namespace
from storage_tui.server.stores.s3.blobs import ROOT


@dataclass(frozen=True, slots=True)
class Pair:
    """A namespace and a storage type. Names of blobs in rows and notes are without `root`."""

    namespace: str
    rule: StorageType

    @property
    def folder(self) -> str:
        """The part of the names of all that belongs to the pair, such as `NAMESPACE/TYPE/`."""
        return f"{self.namespace}/{self.rule.name}/"

    @property
    def root(self) -> str:
        """The prefix of the names of its blobs."""
        return ROOT + self.folder


def pair_of(name: str) -> tuple[Pair, str] | None:
    """Return the pair of the object of a blob and the rest of its name; None for another object."""
    if not name.startswith(ROOT):
        return None
    namespace, _, more = name.removeprefix(ROOT).partition("/")
    kind, _, rest = more.partition("/")
    rule = STORAGE_TYPES.get(kind)
    return (Pair(namespace, rule), rest) if rule is not None and rest and is_namespace(namespace) else None
