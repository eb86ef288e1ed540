"""Blobs as objects of a bucket: one object for each key, named by names.py, with the bytes of the blob and nothing
else.

A list of blobs contains what the engine's list contains: size, time, ETag, and the expiry that follows from the time
and the type. The crc32c and the content type would need a HEAD of each object, so lists leave them out. Times are those
of the engine's clock, which all of its servers share, in whole seconds; a blob that a migration brought keeps its time.
An ETag stands for the bytes: the same bytes stored again in one piece have the same ETag.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from storage_tui.contract.errors import NotFoundError, TypeRuleError
from storage_tui.contract.keys import check_key
from storage_tui.contract.models import Blob
from storage_tui.contract.storage_types import StorageType, find_storage_type
from storage_tui.server.stores import rules
from storage_tui.server.stores.base import Address, Precondition
from storage_tui.server.stores.s3.names import key_to_name
from storage_tui.server.stores.s3.protocol.bucket import Object

ROOT = "blobs/"


@dataclass(frozen=True, slots=True)
class ObjectPlace:
    """An Address in the form of the bucket."""

    storage_type: StorageType
    key: str
    name: str

    def is_live(self, found: Object | None, now: datetime) -> bool:
        """Return False when there is no object, or the object has expired, swept or not."""
        return found is not None and is_live(found, self.storage_type, now)

    def to_blob(self, found: Object) -> Blob:
        """Return the object at the place as a blob of the API."""
        return to_blob(found, self.key, self.storage_type)

    def not_found(self) -> NotFoundError:
        """The error for a place where nothing is."""
        return rules.not_found(self.storage_type, self.key)

    def refused(self, verb: str) -> TypeRuleError:
        """The error for what the type does not allow."""
        return rules.refused(self.storage_type, self.key, verb)

    def check(self, live: Object | None, precondition: Precondition) -> None:
        """Raise PreconditionFailedError unless the precondition holds of what is there."""
        rules.check_precondition(self.storage_type, self.key, None if live is None else live.etag, precondition)


def locate(address: Address) -> ObjectPlace:
    """Return the place of an address. Raise BadRequestError or a subclass for an impossible address."""
    key = check_key(address.key)
    storage_type, root = root_of(address.namespace, address.storage_type)
    return ObjectPlace(storage_type, key, key_to_name(root, key))


def root_of(namespace: str, storage_type: str) -> tuple[StorageType, str]:
    """Return the type, and the prefix of the names of all its blobs in the namespace."""
    rule = find_storage_type(storage_type)
    rules.check_namespace(namespace)
    return rule, f"{ROOT}{namespace}/{rule.name}/"


def is_live(found: Object, storage_type: StorageType, now: datetime) -> bool:
    """Return False once the object has expired."""
    lifetime = storage_type.expires_after
    return lifetime is None or found.modified + lifetime > now


def to_blob(found: Object, key: str, storage_type: StorageType) -> Blob:
    """Return the object as a blob of the API. A blob of a listed object has no crc32c and no content type."""
    lifetime = storage_type.expires_after
    return Blob(
        key,
        storage_type.name,
        found.size_bytes,
        found.modified,
        found.etag,
        found.crc32c,
        found.meta.get("type"),
        None if lifetime is None else found.modified + lifetime,
        found.meta.get("md5"),
    )


def time_text(moment: datetime | None) -> str | None:
    """Return a time as the metadata of an object has it."""
    return None if moment is None else moment.astimezone(UTC).isoformat()


def describe(content_type: str | None, **more: str | None) -> dict[str, str]:
    """Return the metadata of an object, without the values that are None."""
    meta = {"type": content_type, **more}
    return {name: value for name, value in meta.items() if value is not None}
