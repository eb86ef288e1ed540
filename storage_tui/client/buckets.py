"""What only buckets have, as calls without I/O: facts of objects, archives, uploads that nobody has finished.

A server that shows no bucket has none of them: every call but `facts` then raises MethodNotAllowedError.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Protocol, TypeVar

from storage_tui.client.calls import Call, Service, describe, first_refusal
from storage_tui.client.requests import Request, checked
from storage_tui.contract import wire
from storage_tui.contract.errors import MethodNotAllowedError, ProtocolError
from storage_tui.contract.keys import check_name, key_to_path, prefix_refusal
from storage_tui.contract.models import DeleteResult, ServiceInfo
from storage_tui.contract.places import BUCKET_EXTRAS, BucketFacts, LeftUpload
from storage_tui.contract.storage_types import DEFAULT, find_storage_type

T = TypeVar("T")
WHY_NOT = "only a bucket opened as it is has this, such as s3://BUCKET"


class AsyncRun(Protocol):
    """Runs a call on an event loop."""

    async def __call__(self, call: Call[T]) -> T:
        """Run a call and return its result."""


class AsyncBucket:
    """The calls for an `AsyncStorage`, as coroutines."""

    def __init__(self, run: AsyncRun, service: Service) -> None:
        self._run = run
        self._service = service

    async def facts(self, key: str, storage_type: str = DEFAULT) -> BucketFacts | None:
        """Return what an object has beside its bytes; None for a blob that is in no bucket."""
        return await self._run(facts(self._service, key, storage_type))

    async def thaw(
        self, keys: Iterable[str], storage_type: str = DEFAULT, *, days: int, tier: str
    ) -> Sequence[DeleteResult]:
        """Ask archives for the bytes of objects; return a result for each, in order; see `thaw`."""
        return await self._run(thaw(self._service, [*keys], storage_type, days=days, tier=tier))


def facts(service: Service, key: str, storage_type: str = DEFAULT) -> Call[BucketFacts | None]:
    """Return what an object has beside its bytes; None for a blob that is in no bucket. Raise NotFoundError."""
    info: ServiceInfo = yield from describe(service)
    if BUCKET_EXTRAS not in info.features:
        return None
    name = find_storage_type(storage_type).name
    refusal = first_refusal([check_name(key)])
    request = Request("GET", f"/{name}/{wire.FACTS}/{key_to_path(key)}", key=key, refusal=refusal)
    return BucketFacts.from_json(wire.parse_answer(checked(request, (yield request)).body))


def thaw(
    service: Service, keys: Sequence[str], storage_type: str = DEFAULT, *, days: int, tier: str
) -> Call[list[DeleteResult]]:
    """Ask archives for the bytes of objects, to be readable for so many days from when they are there.

    `tier` is one of `places.TIERS`. Return a result for each key, in order; one without an error was asked for.
    """
    targets = [{"key": check_name(key)} for key in keys]
    return (yield from _in_batches(service, storage_type, wire.THAW, targets, {"days": days, "tier": tier}))


def left_uploads(service: Service, prefix: str = "", storage_type: str = DEFAULT) -> Call[list[LeftUpload]]:
    """Return the uploads below the prefix that began and were not finished, also those of other programs."""
    yield from _needs_bucket(service)
    name = find_storage_type(storage_type).name
    path, refusal = f"/{name}/{wire.LEFT_UPLOADS}", prefix_refusal(prefix)
    request = Request("GET", path, query=(("prefix", prefix),), may_be_gzip=True, refusal=refusal)
    answer = wire.parse_answer(checked(request, (yield request)).body)
    rows = answer.get("uploads") if isinstance(answer, dict) else None
    if not isinstance(rows, list):
        raise ProtocolError("the server sent a list of uploads that cannot be read")
    return [LeftUpload.from_json(row) for row in rows]


def drop_uploads(
    service: Service, uploads: Sequence[LeftUpload], storage_type: str = DEFAULT
) -> Call[list[DeleteResult]]:
    """Drop unfinished uploads with their bytes; return a result for each, in order."""
    targets = [{"key": one.key, "upload_id": one.upload_id} for one in uploads]
    return (yield from _in_batches(service, storage_type, wire.LEFT_UPLOADS, targets, {}))


def _in_batches(
    service: Service, storage_type: str, verb: str, targets: Sequence[dict[str, str]], more: dict[str, Any]
) -> Call[list[DeleteResult]]:
    name = find_storage_type(storage_type).name
    info = yield from _needs_bucket(service)
    results: list[DeleteResult] = []
    batch = max(1, info.limits.delete_batch)
    for start in range(0, len(targets), batch):
        part = targets[start : start + batch]
        body = json.dumps({"targets": part, **more}, ensure_ascii=False).encode()
        refusal = first_refusal(one["key"] for one in part)
        request = Request(
            "POST", f"/{name}/{verb}", headers={"Content-Type": "application/json"}, body=body, is_idempotent=False,
            refusal=refusal,
        )  # fmt: skip
        answer = wire.parse_answer(checked(request, (yield request)).body)
        rows = answer.get("results") if isinstance(answer, dict) else None
        if not isinstance(rows, list) or len(rows) != len(part):
            raise ProtocolError("the server did not report for each key what became of it; look at it again")
        results += [DeleteResult.from_json(row) for row in rows]
    return results


def _needs_bucket(service: Service) -> Call[ServiceInfo]:
    info: ServiceInfo = yield from describe(service)
    if BUCKET_EXTRAS not in info.features:
        raise MethodNotAllowedError(WHY_NOT)
    return info
