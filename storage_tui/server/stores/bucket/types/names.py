"""A storage type that is a prefix of a bucket, and its blobs in the words of the caller.

The stores of the bucket know one type, `data`, and keys of their own. Their errors name these.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from storage_tui.contract.errors import PreconditionFailedError, StorageError, TypeRuleError
from storage_tui.contract.storage_types import DEFAULT, StorageType
from storage_tui.server.stores import rules
from storage_tui.server.stores.base import Address
from storage_tui.server.stores.bucket.store import BucketStore

WAY_OUT = "upload under a new key, or open the bucket without its types"  # of a type that keeps what it has


@dataclass(frozen=True, slots=True)
class Kind:
    """A storage type: its rule, its prefix from the start of the bucket, and the store of the objects below it."""

    rule: StorageType
    prefix: str
    store: BucketStore

    @property
    def name(self) -> str:
        """Return the name of the type."""
        return self.rule.name

    def inner(self, address: Address) -> Address:
        """Return an address of this type in its store."""
        return replace(address, storage_type=DEFAULT)

    def own(self, key: str) -> "Name":
        """Return the name of a blob in the store of this type."""
        return Name(self, key, key)

    def refused(self, key: str, verb: str) -> TypeRuleError:
        """Return the error for what the type does not allow."""
        return rules.refused(replace(self.rule, way_out=WAY_OUT), key, verb)


@dataclass(frozen=True, slots=True)
class Name:
    """A blob as the caller named it, and the key that a store of the bucket has for it."""

    kind: Kind
    key: str
    inner_key: str

    def in_words(self, text: str) -> str:
        """Return a message of the store in the words of the caller."""
        inner, own = repr(self.inner_key), repr(self.key)
        for words in (" in", " exists already in"):
            text = text.replace(f"{inner}{words} {DEFAULT}", f"{own}{words} {self.kind.name}")
        return text.replace(inner, own)


@contextmanager
def in_words_of(*names: Name) -> Iterator[None]:
    """Let an error of the block name the types and keys that the caller gave."""
    try:
        yield
    except StorageError as exc:
        for name in names:
            exc.message = name.in_words(exc.message)
            if exc.key == name.inner_key:
                exc.key = name.key
        exc.args = (exc.message,)
        raise


@contextmanager
def new_where_it_must_be(kind: Kind, key: str) -> Iterator[None]:
    """Turn a failed condition into the refusal of a type whose blobs are not overwritten: another writer was first."""
    try:
        yield
    except PreconditionFailedError as exc:
        if kind.rule.may_overwrite:
            raise
        raise kind.refused(key, "overwrite") from exc
