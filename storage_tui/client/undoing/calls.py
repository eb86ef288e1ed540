"""The calls of the trash: list what can be brought back, bring back, remove for good."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from storage_tui.client.calls import Call, Service, checked_targets, describe, first_refusal
from storage_tui.client.requests import Request, checked
from storage_tui.contract import wire
from storage_tui.contract.errors import BadRequestError, InvalidKeyError, MethodNotAllowedError, ProtocolError, error_of
from storage_tui.contract.keys import check_name, prefix_refusal
from storage_tui.contract.models import Blob, Retention, ServiceInfo
from storage_tui.contract.storage_types import find_storage_type
from storage_tui.contract.trash import BringBack, BringBackResult, GonePage, Purged

TRASH_FEATURE = "trash"
WHY_NOT = (
    "this server keeps no deleted or overwritten blobs, so nothing can be brought back (it has no feature 'trash'); "
    "only a backup of the server can"
)


def terms(service: Service) -> Call[Retention]:
    """Return how long the server keeps deleted and overwritten blobs, asked anew; 0 seconds for a plain server."""
    info: ServiceInfo = yield from describe(Service())
    service.description = info
    return info.trash if TRASH_FEATURE in info.features else Retention()


def list_page(service: Service, prefix: str, storage_type: str, limit: int, next_token: str | None) -> Call[GonePage]:
    """Return one page of the blobs that can be brought back."""
    yield from _needs_trash(service)
    name = find_storage_type(storage_type).name
    headers = {} if next_token is None else {wire.NEXT: next_token}
    query, refusal = (("prefix", prefix), ("limit", str(limit))), prefix_refusal(prefix)
    path = f"/{name}/{wire.TRASH}"
    request = Request("GET", path, query=query, headers=headers, may_be_gzip=True, refusal=refusal)
    response = checked(request, (yield request))
    token = response.headers.get(wire.NEXT.lower()) or None
    if token is not None and token == next_token:
        raise ProtocolError(f"the server sends the same page of the trash of {name} again and again")
    return GonePage.from_json(wire.parse_answer(response.body), name, token)


def bring_back(service: Service, targets: Sequence[BringBack], storage_type: str) -> Call[list[BringBackResult]]:
    """Bring blobs back; return one result for each target, in order."""
    info = yield from _needs_trash(service)
    name = find_storage_type(storage_type).name
    for target in targets:
        check_name(target.key), check_name(target.target)
    results: list[BringBackResult] = []
    batch = max(1, info.limits.delete_batch)
    for start in range(0, len(targets), batch):
        part = targets[start : start + batch]
        refusal = first_refusal(key for target in part for key in (target.key, target.target))
        answer = yield from _post(wire.UNDELETE, name, {"targets": [target.to_json() for target in part]}, refusal)
        rows = answer.get("results") if isinstance(answer, dict) else None
        if not isinstance(rows, list) or len(rows) != len(part):
            raise ProtocolError("the server did not report for each key whether it was brought back; list them again")
        results += [BringBackResult.from_json(row, name) for row in rows]
    return results


def bring_one_back(service: Service, target: BringBack, storage_type: str) -> Call[Blob]:
    """Bring one blob back; return the blob as it is now. Raise the error of its result."""
    [result] = yield from bring_back(service, [target], storage_type)
    if result.blob is None:
        raise error_of(result.error or "", result.message or "the server gave no reason", key=target.key)
    return result.blob


def purge(
    service: Service, targets: "Iterable[Blob | str | tuple[str, str | None]] | None", prefix: str | None,
    storage_type: str,
) -> Call[Purged]:  # fmt: skip
    """Remove gone blobs for good: of single keys, or below a prefix."""
    info = yield from _needs_trash(service)
    name = find_storage_type(storage_type).name
    if (targets is None) == (prefix is None):
        raise BadRequestError("purge takes keys or a prefix; give one of them")
    bodies: list[dict[str, Any]]
    if prefix is not None:
        bodies, refusal = [{"prefix": prefix}], prefix_refusal(prefix)
    else:
        pairs, batch = checked_targets(targets or ()), max(1, info.limits.delete_batch)
        rows, refusal = [{"key": key, "etag": etag} for key, etag in pairs], first_refusal(key for key, _ in pairs)
        bodies = [{"targets": rows[start : start + batch]} for start in range(0, len(rows), batch)]
    done = Purged(0, 0)
    for body in bodies:
        while True:
            found = Purged.from_json((yield from _post(wire.PURGE, name, body, refusal)))
            done = Purged(done.count + found.count, done.size_bytes + found.size_bytes)
            if not found.is_more or not found.count:
                break
    return done


def _needs_trash(service: Service) -> Call[ServiceInfo]:
    info: ServiceInfo = yield from describe(service)
    if TRASH_FEATURE not in info.features:
        raise MethodNotAllowedError(WHY_NOT)
    return info


def _post(verb: str, storage_type: str, body: Any, refusal: InvalidKeyError | None) -> Call[Any]:
    headers = {"Content-Type": "application/json"}
    content = json.dumps(body, ensure_ascii=False).encode()
    path = f"/{storage_type}/{verb}"
    request = Request("POST", path, headers=headers, body=content, is_idempotent=False, refusal=refusal)
    return wire.parse_answer(checked(request, (yield request)).body)
