"""A change of one object of somebody else's bucket under a precondition; the calls block.

The present object is read and checked, and its ETag is the condition of the change. An engine that knows no conditions
for a kind of change, and says so, is asked without: then the check alone holds.
"""

from collections.abc import Callable
from typing import TypeVar

from storage_tui.contract.errors import NotFoundError, UnavailableError
from storage_tui.server.stores.base import ANY, Precondition
from storage_tui.server.stores.bucket.objects import ObjectPlace
from storage_tui.server.stores.bucket.refusals import UnsupportedError
from storage_tui.server.stores.s3.protocol.bucket import NOTHING_ASKED, Bucket, Condition, Object
from storage_tui.server.stores.s3.protocol.requests import RETRY_AFTER_S, ConditionError, MissingError

T = TypeVar("T")
Check = Callable[[Object | None], None]  # called with what is at the place; raises what refuses the change

ATTEMPTS = 20  # each attempt fails through another change of the same key


def find(bucket: Bucket, place: ObjectPlace) -> Object:
    """Return the object at the place. Raise NotFoundError when there is none."""
    found = bucket.head(place.name)
    if found is None:
        raise place.not_found()
    return found


def write(bucket: Bucket, place: ObjectPlace, precondition: Precondition, change: Callable[[Condition], T]) -> T:
    """Call `change`, which puts an object at the place, with the condition for the engine, and return its result.
    Raise PreconditionFailedError when the write is refused, NotFoundError when the bucket is gone."""
    if precondition == ANY:
        try:
            return change(NOTHING_ASKED)
        except MissingError as exc:
            raise _lost(bucket) from exc
        except ConditionError as exc:  # two writes at once, which the engine does not put in an order
            raise _contended(place) from exc
    return replace(bucket, place, lambda found: place.check(found, precondition), change)[0]


def replace(
    bucket: Bucket, place: ObjectPlace, check: Check, change: Callable[[Condition], T]
) -> tuple[T, Object | None]:
    """Call `change` on condition that what was checked is still there, and return its result and what was at the
    place."""
    for _ in range(ATTEMPTS):
        found = bucket.head(place.name)
        check(found)
        try:
            return _asked(change, Condition(if_absent=True) if found is None else Condition(found.etag)), found
        except ConditionError:
            continue
        except MissingError as exc:
            if found is None:
                raise _lost(bucket) from exc
    raise _contended(place)


def remove(bucket: Bucket, place: ObjectPlace, precondition: Precondition) -> None:
    """Remove the object at the place. Raise NotFoundError or PreconditionFailedError."""
    for _ in range(ATTEMPTS):
        found = find(bucket, place)
        place.check(found, precondition)
        if precondition == ANY:
            bucket.delete(place.name)
            return
        etag = found.etag

        def delete(condition: Condition) -> None:
            bucket.delete(place.name, etag=condition.if_match)

        try:
            _asked(delete, Condition(etag))
        except ConditionError:
            continue
        return
    raise _contended(place)


def _asked(change: Callable[[Condition], T], condition: Condition) -> T:
    try:
        return change(condition)
    except UnsupportedError:  # the check alone holds then
        return change(NOTHING_ASKED)


def _lost(bucket: Bucket) -> NotFoundError:
    return NotFoundError(f"there is no bucket {bucket.name!r} any more")


def _contended(place: ObjectPlace) -> UnavailableError:
    return UnavailableError(
        f"{place.key!r} is being changed by too many at once; try again", key=place.key, retry_after_s=RETRY_AFTER_S
    )
