"""What the bearer of a token, a signed URL or an upload URL may do."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from storage_tui.contract.errors import BadRequestError, ForbiddenError
from storage_tui.contract.keys import DELIMITER, check_prefix
from storage_tui.contract.storage_types import find_storage_type


def namespace_of(subject: str) -> str:
    """Return the namespace of a token's `sub`: 40 hexadecimal digits, as the published client computes them."""
    return hashlib.sha1(subject.encode("utf-8"), usedforsecurity=False).hexdigest()


class Verb(StrEnum):
    """What a route does with a key. A restriction names some of the verbs."""

    LIST = "list"
    READ = "read"
    WRITE = "write"
    DELETE = "delete"
    SHARE = "share"  # making a signed URL, which also needs READ; as a class of requests also using such a URL


@dataclass(frozen=True, slots=True)
class Named:
    """Something that a request wants: a verb on a key, or on all keys that start with a prefix: for LIST always, for
    other verbs where `is_prefix`."""

    verb: Verb
    storage_type: str
    key: str
    is_prefix: bool = False


@dataclass(frozen=True, slots=True)
class Restriction:
    """The part of a namespace that a token opens. An empty tuple or text leaves that side unrestricted.

    `prefix` respects segments: `a` covers the key `a` and all keys below `a/`, never `ab`.
    """

    types: tuple[str, ...] = ()
    verbs: tuple[Verb, ...] = ()
    prefix: str = ""

    def allows(self, wanted: Named) -> bool:
        """Return whether the token covers the wanted verb on the wanted key."""
        if self.types and wanted.storage_type not in self.types:
            return False
        if self.verbs and wanted.verb not in self.verbs:
            return False
        if not self.prefix or wanted.key.startswith(self.prefix + DELIMITER):
            return True
        return wanted.key == self.prefix and wanted.verb is not Verb.LIST and not wanted.is_prefix

    def __str__(self) -> str:
        verbs = ", ".join(self.verbs) if self.verbs else "everything"
        types = ", ".join(self.types) if self.types else "all storage types"
        return f"{verbs} in {types}" + (f" below {self.prefix + DELIMITER!r}" if self.prefix else "")

    def to_json(self) -> dict[str, Any]:
        """Return the restriction as the JSON value of a token's claim `storage`."""
        return {"types": list(self.types), "verbs": [str(verb) for verb in self.verbs], "prefix": self.prefix}

    @staticmethod
    def from_json(raw: Any) -> "Restriction":
        """Return the restriction in a claim. Raise ForbiddenError for an unreadable claim, as nobody can obey it."""
        try:
            if set(raw) - {"types", "verbs", "prefix"}:
                raise ForbiddenError("the token is restricted in a way that this server does not know")
            return make_restriction(raw.get("types", ()), raw.get("verbs", ()), raw.get("prefix", ""))
        except (TypeError, ValueError, AttributeError, BadRequestError) as exc:
            raise ForbiddenError("the token is restricted in a way that this server does not know") from exc


def make_restriction(types: Iterable[str], verbs: Iterable[str], prefix: str) -> Restriction:
    """Return a restriction for these names; raise BadRequestError for an unknown name, or a prefix that no key has."""
    try:
        known = tuple(Verb(verb) for verb in verbs)
    except ValueError as exc:
        raise BadRequestError(f"a verb is one of {', '.join(Verb)}") from exc
    names = tuple(find_storage_type(name).name for name in types)
    return Restriction(names, known, check_prefix(prefix).removesuffix(DELIMITER))


@dataclass(frozen=True, slots=True)
class Grant:
    """Who asks, and what they may reach.

    `token_id` and `issued` (seconds since 1970) name the token behind the request, so that the grant ends when that
    token is revoked. `ends` (seconds since 1970) is when everything made with a restricted token ends; None otherwise.
    `subject` is the name of the user, empty where the request does not carry it.
    """

    namespace: str
    token_id: str = ""
    issued: float = 0.0
    ends: int | None = None
    restriction: Restriction | None = None
    subject: str = ""

    def require(self, wanted: Iterable[Named]) -> None:
        """Raise ForbiddenError unless the restriction covers everything wanted. The text describes the token alone,
        never the store."""
        restriction = self.restriction
        if restriction is not None and not all(map(restriction.allows, wanted)):
            raise ForbiddenError(f"the token does not allow this: it is for {restriction}")
