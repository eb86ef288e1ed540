"""The versions of the objects of a bucket: lists of them, and deletes of one; the calls block.

Source of the calls: ListObjectVersions, DeleteObject, GetBucketVersioning in the Amazon S3 API Reference.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Literal
from xml.etree.ElementTree import Element

from storage_tui.contract.errors import StorageError, UnavailableError
from storage_tui.server.stores.s3.protocol.answers import fields_of, name_of, read_answer
from storage_tui.server.stores.s3.protocol.bucket import LIST_LIMIT, Bucket, Object
from storage_tui.server.stores.s3.protocol.listed import USUAL_CLASS
from storage_tui.server.stores.s3.protocol.requests import MissingError, path_of

MOST_OF_A_KEY = 100_000  # versions of one key, about 50 MB; older ones are not looked at

Status = Literal["", "Enabled", "Suspended"]


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an object: an object as it is or was, or with `is_marker` a marker, which says that the object was
    deleted then. A version that was made before the bucket kept versions has the id `null`."""

    found: Object
    version_id: str
    is_marker: bool
    is_latest: bool

    @property
    def name(self) -> str:
        """The name of the object."""
        return self.found.name


@dataclass(frozen=True, slots=True)
class Gone:
    """A version that is not the present object: when it went, and whether a delete or a write took its place."""

    version: Version
    gone: datetime
    is_deleted: bool


@dataclass(frozen=True, slots=True)
class History:
    """The versions of one object, the newest first."""

    name: str
    versions: tuple[Version, ...]

    @property
    def present(self) -> Object | None:
        """The object as it is now; None when the newest version is a marker."""
        first = self.versions[0]
        return None if first.is_marker else first.found

    def gone(self) -> list[Gone]:
        """Return the versions that are not the present object, the one that went first at the start."""
        pairs = zip(self.versions[1:], self.versions, strict=False)
        found = [Gone(old, new.found.modified, new.is_marker) for old, new in pairs if not old.is_marker]
        return found[::-1]

    def markers_above(self, version: Version) -> list[Version] | None:
        """Return the markers that hide the version, the newest first; None when another object is above the version, or
        nothing is."""
        above = self.versions[: self.versions.index(version)]
        return list(above) if above and all(one.is_marker for one in above) else None


@dataclass(frozen=True, slots=True)
class VersionPage:
    """One answer to a list of versions. `after` is the position of the next answer, as name and version id; None at the
    end."""

    versions: list[Version]
    after: tuple[str, str] | None


def keeping(bucket: Bucket) -> Status:
    """Return whether the bucket keeps versions; empty where it does not, or where that is not told."""
    try:
        _, content = bucket.engine.call("GET", path_of(bucket.name), {"versioning": ""})
        status = fields_of(read_answer(content)).get("Status", "")
    except (StorageError, MissingError):
        return ""
    return "Enabled" if status == "Enabled" else "Suspended" if status == "Suspended" else ""


def list_versions(
    bucket: Bucket, prefix: str, after: tuple[str, str] | None = None, *, limit: int = LIST_LIMIT
) -> VersionPage:
    """Return up to `limit` versions of the objects whose names begin with the prefix, in the order of the engine:
    by name, the newest version of a name first. Raise UnavailableError for an answer that cannot be read."""
    query = {
        "versions": "", "encoding-type": "url", "prefix": bucket.root + prefix, "max-keys": str(limit),
    }  # fmt: skip
    if after is not None:
        query["key-marker"] = bucket.root + after[0]
        if after[1]:
            query["version-id-marker"] = after[1]
    _, content = bucket.engine.call("GET", path_of(bucket.name), query)
    answer = read_answer(content, "ListVersionsResult")
    fields = fields_of(answer)
    is_encoded = fields.get("EncodingType") == "url"
    try:
        versions = list(_versions(bucket, answer, is_encoded=is_encoded))
        following = None
        if fields.get("IsTruncated") == "true":
            name = bucket.name_of(fields["NextKeyMarker"], is_encoded=is_encoded)
            following = (name, fields.get("NextVersionIdMarker", ""))
    except (KeyError, ValueError, OverflowError) as exc:
        raise _unreadable() from exc
    if following is not None and (following == after or not versions):
        raise UnavailableError("the storage engine says that a list goes on, and does not go on; try again later")
    return VersionPage(versions, following)


def histories(versions: list[Version]) -> list[History]:
    """Return the versions by name. Versions of one name follow each other, or come as objects and then markers."""
    ordered = sorted(versions, key=lambda one: one.name.encode())
    found = []
    for name, some in groupby(ordered, key=lambda one: one.name):
        newest_first = sorted(some, key=lambda one: (one.is_latest, one.found.modified), reverse=True)
        found.append(History(name, tuple(newest_first)))
    return found


def history_of(bucket: Bucket, name: str) -> History | None:
    """Return the versions of one object, MOST_OF_A_KEY of the newest; None when there are none."""
    versions: list[Version] = []
    after: tuple[str, str] | None = None
    while True:
        page = list_versions(bucket, name, after)
        versions += [one for one in page.versions if one.name == name]
        after = page.after
        if after is None or after[0] != name or len(versions) >= MOST_OF_A_KEY:
            break
    return histories(versions)[0] if versions else None


def _versions(bucket: Bucket, answer: Element, *, is_encoded: bool) -> Iterator[Version]:
    for element in answer:
        kind = name_of(element)
        if kind in ("Version", "DeleteMarker"):
            yield _read_version(bucket, fields_of(element), is_marker=kind == "DeleteMarker", is_encoded=is_encoded)


def _read_version(bucket: Bucket, fields: Mapping[str, str], *, is_marker: bool, is_encoded: bool) -> Version:
    stored = fields.get("StorageClass", "")
    modified = datetime.fromisoformat(fields["LastModified"])
    size_bytes = 0 if is_marker else int(fields["Size"])
    if size_bytes < 0 or modified.tzinfo is None:
        raise ValueError("a version has a size and a moment")
    found = Object(
        bucket.name_of(fields["Key"], is_encoded=is_encoded), size_bytes, fields.get("ETag", "").strip('"'), modified,
        storage_class="" if stored == USUAL_CLASS else stored,
    )  # fmt: skip
    return Version(found, fields["VersionId"], is_marker, fields.get("IsLatest") == "true")


def _unreadable() -> UnavailableError:
    return UnavailableError("the storage engine sent a list that cannot be read; check the endpoint")
