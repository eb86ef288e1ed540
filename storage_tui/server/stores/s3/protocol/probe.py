"""The test that an engine respects the conditions of writes. A bucket is used only after its engine has passed this
test."""

import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

from storage_tui.contract.errors import StorageError, UnavailableError
from storage_tui.server.stores.s3.protocol.bucket import Bucket, Condition
from storage_tui.server.stores.s3.protocol.requests import ConditionError, MissingError

RACERS = 8
ROOT = "probes/"


def probe(bucket: Bucket) -> None:
    """Raise UnavailableError, with a message of one line, when there is no such bucket, when two of eight racing
    conditional writes succeed, or when the engine ignores a condition."""
    try:
        bucket.now()
    except MissingError as exc:
        raise UnavailableError(
            f"there is no bucket {bucket.name} at {bucket.engine.endpoint}; create it, or name another"
        ) from exc
    name = ROOT + secrets.token_hex(8)
    try:
        _race(bucket, name, Condition(if_absent=True), "If-None-Match")
        found = bucket.head(name)
        etag = found.etag if found is not None else ""
        _race(bucket, name, Condition(if_match=etag), "If-Match")
        _refused("If-Match of a delete", partial(bucket.delete, name, etag=etag))
        _refused("If-None-Match of an upload in parts", partial(_finish_parts, bucket, name))
        _refused("If-None-Match of a copy", partial(_copy, bucket, name))
    finally:
        with suppress(StorageError):
            bucket.delete(name)


def _race(bucket: Bucket, name: str, condition: Condition, what: str) -> None:
    def put(number: int) -> bool:
        try:
            bucket.put(name, f"{what} {number}".encode(), condition=condition)
        except ConditionError:
            return False
        return True

    with ThreadPoolExecutor(RACERS) as threads:
        winners = sum(threads.map(put, range(RACERS)))
    if winners != 1:
        raise _unfit(f"of {RACERS} racing writes with {what}, {winners} won")


def _refused(what: str, change: Callable[[], object]) -> None:
    try:
        change()
    except ConditionError:
        return
    raise _unfit(f"it ignores {what}")


def _finish_parts(bucket: Bucket, name: str) -> None:
    parts_id = bucket.begin_parts(name, content_type=None, meta={}, is_checked=False)
    try:
        etag = bucket.put_part(name, parts_id, 1, b"part", crc32c=None)
        bucket.finish_parts(name, parts_id, [etag], crc32c=None, condition=Condition(if_absent=True))
    except ConditionError:
        bucket.drop_parts(name, parts_id)
        raise


def _copy(bucket: Bucket, name: str) -> None:
    found = bucket.head(name)
    if found is not None:
        bucket.copy(found, name, content_type=None, meta={}, condition=Condition(if_absent=True))


def _unfit(why: str) -> UnavailableError:
    return UnavailableError(
        f"the storage engine does not honour conditional writes: {why}; use SeaweedFS 4.34 or later, or Amazon S3"
    )
