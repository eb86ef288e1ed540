"""Objects of somebody else's bucket as blobs: the name of an object below the place is the key, byte for byte."""

from dataclasses import dataclass

from storage_tui.contract.errors import InvalidKeyError, NotFoundError
from storage_tui.contract.models import Blob
from storage_tui.contract.storage_types import DEFAULT, STORAGE_TYPES, find_storage_type
from storage_tui.server.stores import rules
from storage_tui.server.stores.base import Address, Precondition
from storage_tui.server.stores.s3.protocol.bucket import Object

MAX_NAME_BYTES = 1024  # S3's limit
KIND = STORAGE_TYPES[DEFAULT]  # a bucket has one storage type
UNTOLD = frozenset({"application/octet-stream", "binary/octet-stream"})  # what engines store where nobody gave a type
ARCHIVES = frozenset({"GLACIER", "DEEP_ARCHIVE"})  # classes whose bytes must be restored first


@dataclass(frozen=True, slots=True)
class ObjectPlace:
    """Where an object is: its name below the place, which is its key."""

    name: str

    @property
    def key(self) -> str:
        """The key of the blob."""
        return self.name

    def to_blob(self, found: Object) -> Blob:
        """Return the object as a blob of the API."""
        return to_blob(found)

    def not_found(self) -> NotFoundError:
        """The error for a place where nothing is."""
        return rules.not_found(KIND, self.name)

    def check(self, found: Object | None, precondition: Precondition) -> None:
        """Raise PreconditionFailedError unless the precondition holds of what is there."""
        rules.check_precondition(KIND, self.name, None if found is None else found.etag, precondition)


def locate(address: Address) -> ObjectPlace:
    """Return the place of an address, whose namespace does not matter. Raise BadRequestError or a subclass for a
    storage type or a key that no bucket has."""
    check_type(address.storage_type)
    try:
        size_bytes = len(address.key.encode())
    except UnicodeEncodeError as exc:
        raise InvalidKeyError("the name of an object is UTF-8 and cannot have a lone surrogate") from exc
    if not 0 < size_bytes <= MAX_NAME_BYTES:
        raise InvalidKeyError(
            f"the name of an object has 1 to {MAX_NAME_BYTES} bytes; this one has {size_bytes}", key=address.key
        )
    return ObjectPlace(address.key)


def check_type(storage_type: str) -> None:
    """Raise NotFoundError for a storage type other than `data`, which is all that a bucket has."""
    if find_storage_type(storage_type) is not KIND:
        raise NotFoundError(f"a bucket has no storage type {storage_type}; its objects are in {DEFAULT}")


def to_blob(found: Object, *, etag: str | None = None) -> Blob:
    """Return the object as a blob, with another ETag where one is given. A blob of a listed object has neither crc32c
    nor content type."""
    content_type = found.headers.get("content-type")
    return Blob(
        found.name, KIND.name, found.size_bytes, found.modified, etag or found.etag, found.crc32c,
        None if content_type in UNTOLD else content_type, storage_class=found.storage_class or None,
    )  # fmt: skip
