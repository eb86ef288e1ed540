"""The records of an S3 engine: one object each below `records/`, changed under the engine's conditions.

The records contain the signing keys, so everyone who may read the bucket may sign tokens.
"""

from collections.abc import Iterator

from storage_tui.contract.errors import BadRequestError, ConflictError, UnavailableError
from storage_tui.server.stores.records import ABSENT, MAX_RECORD_BYTES, Record, check_record
from storage_tui.server.stores.s3.names import key_to_name, name_to_key, prefix_to_name
from storage_tui.server.stores.s3.protocol.bucket import NOTHING_ASKED, Bucket, Condition
from storage_tui.server.stores.s3.protocol.requests import ConditionError, MissingError

ROOT = "records/"


class S3Records:
    """The records of a bucket."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def read(self, name: str) -> Record | None:
        """Return the record, or None when there is none."""
        found = self._bucket.read(_object_name(name))
        if found is None:
            return None
        if found[0].size_bytes > MAX_RECORD_BYTES:
            raise UnavailableError(f"the record {name} is larger than a record can be; restore it from a backup")
        return Record(found[1], found[0].etag)

    def write(
        self, name: str, content: bytes, *, expected: str | None = None, may_use_reserve: bool = False
    ) -> str:  # fmt: skip
        """Create or replace the record and return its version. `may_use_reserve` has no effect: the engine decides how
        much room it keeps free."""
        check_record(name, content)
        condition = NOTHING_ASKED
        if expected is not None:
            condition = Condition(if_absent=True) if expected == ABSENT else Condition(if_match=expected)
        try:
            return self._bucket.put(_object_name(name), content, condition=condition).etag
        except (ConditionError, MissingError) as exc:
            raise _changed(name) from exc

    def remove(self, name: str, *, expected: str | None = None) -> bool:
        """Remove the record and return whether there was one."""
        found = self._bucket.head(_object_name(name))
        if expected is not None and (found.etag if found else ABSENT) != expected:
            raise _changed(name)
        if found is None:
            return False
        try:
            self._bucket.delete(_object_name(name), etag=None if expected is None else found.etag)
        except ConditionError as exc:
            raise _changed(name) from exc
        return True

    def names(self, prefix: str = "") -> Iterator[str]:
        """Yield the names that start with the prefix, in byte order."""
        for name, _ in self.sizes(prefix):
            yield name

    def sizes(self, prefix: str) -> Iterator[tuple[str, int]]:
        """Yield the names that start with the prefix, each with the size of its content in bytes."""
        start = ""
        while True:
            listing = self._bucket.list(prefix_to_name(ROOT, prefix), after=start)
            for found in listing.objects:
                name = name_to_key(ROOT, found.name)
                if name is not None:
                    yield name, found.size_bytes
            if not listing.is_truncated:
                return
            start = listing.objects[-1].name


def _object_name(name: str) -> str:
    check_record(name)
    try:
        return key_to_name(ROOT, name)
    except BadRequestError as exc:
        raise BadRequestError("the name of a record is too long for the bucket of this server") from exc


def _changed(name: str) -> ConflictError:
    return ConflictError(f"the record {name} was changed by somebody else meanwhile; read it again")
