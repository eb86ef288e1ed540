"""The part of a store that a token opens, as the server reports it: a program can then start in a place it may list."""

from dataclasses import dataclass
from typing import Any, Self

from storage_tui.contract.errors import ProtocolError, StorageError
from storage_tui.contract.keys import DELIMITER, Location, check_prefix
from storage_tui.contract.storage_types import DEFAULT, STORAGE_TYPES

LIST = "list"


@dataclass(frozen=True, slots=True)
class TokenScope:
    """The part of a user's store that the token opens. An empty field sets no limit.

    `prefix` has no slash at its end and matches whole segments: `a` opens the key `a` and all keys below `a/`, but not
    `ab`.
    """

    types: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()
    prefix: str = ""

    def may_list(self, place: Location) -> bool:
        """Return whether the token allows a list of the place."""
        top = self.top_of(place.storage_type)
        return top is not None and place.key.startswith(top.key)

    def top_of(self, storage_type: str) -> Location | None:
        """Return the highest place of a storage type that the token may list; None where it may list nothing there."""
        if (self.types and storage_type not in self.types) or (self.verbs and LIST not in self.verbs):
            return None
        return Location(storage_type, self.prefix + DELIMITER if self.prefix else "")

    def __str__(self) -> str:
        types = ", ".join(self.types) if self.types else "all storage types"
        return f"{types} below {self.prefix}{DELIMITER}" if self.prefix else types

    @property
    def first_place(self) -> Location | None:
        """Return the place to start in: `data` if the token opens it, else the first type it opens; None if none."""
        names = (DEFAULT, *STORAGE_TYPES)
        return next((top for name in names if (top := self.top_of(name)) is not None), None)

    def to_json(self) -> dict[str, Any]:
        """Return the scope as the JSON object of the wire."""
        return {"types": list(self.types), "verbs": list(self.verbs), "prefix": self.prefix}

    @classmethod
    def from_json(cls, raw: Any) -> Self:
        """Read a scope from the JSON object of the wire; raise ProtocolError for anything else."""
        try:
            types, verbs = tuple(_names(raw.get("types", []))), tuple(_names(raw.get("verbs", [])))
            return cls(types, verbs, check_prefix(raw.get("prefix", "")).removesuffix(DELIMITER))
        except (TypeError, ValueError, AttributeError, StorageError) as exc:
            raise ProtocolError(f"the server described the token in a way that cannot be read: {exc}") from exc


def _names(raw: Any) -> list[str]:
    if not isinstance(raw, list) or not all(isinstance(name, str) for name in raw):
        raise TypeError("names are a list of texts")
    return raw
