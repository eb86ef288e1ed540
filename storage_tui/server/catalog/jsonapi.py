"""JSON:API on the wire: one resource in, resources out. Source: jsonapi.org 1.0, as the published client uses it."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from storage_tui.contract.errors import BadRequestError
from storage_tui.contract.wire import percent_decode
from storage_tui.server.http.request import Request
from storage_tui.server.http.responses import JSON_API, Response

DOCUMENT_BYTES = 256 * 1024  # of a request: many times an outline of some thousand points
MAX_DEPTH = 32
MAX_ATTRIBUTES = 200

Attributes = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource that a client sent: its id, or None without one, and its attributes."""

    resource_id: str | None
    attributes: Attributes


async def read_object(request: Request) -> dict[str, Any]:
    """Return the body as a JSON object, strictly read; raise BadRequestError."""
    return await request.json(DOCUMENT_BYTES, "a catalog document", check=_check_document)


async def read_resource(request: Request, kind: str) -> Resource:
    """Return the resource that a client sent; raise BadRequestError when it is not one of this kind."""
    return resource_from(await read_object(request), kind)


def resource_from(raw: Any, kind: str) -> Resource:
    """Return the resource in `{"data": {"type": …, "id": …, "attributes": {…}}}`; raise BadRequestError."""
    data = raw.get("data") if isinstance(raw, dict) else None
    if not isinstance(data, dict) or data.get("type") != kind:
        raise BadRequestError(f'the body must be {{"data": {{"type": "{kind}", "attributes": {{…}}}}}}')
    resource_id, attributes = data.get("id"), data.get("attributes", {})
    if resource_id is not None and not isinstance(resource_id, str):
        raise BadRequestError("the id of a resource is a text")
    if not isinstance(attributes, dict):
        raise BadRequestError("the attributes of a resource are an object")
    _check_count(attributes, MAX_ATTRIBUTES)
    return Resource(resource_id, attributes)


def merge(held: Attributes, sent: Attributes) -> Attributes:
    """Return the attributes of a resource after a change; raise BadRequestError when there are too many."""
    merged = {**held, **sent}
    _check_count(merged, max(MAX_ATTRIBUTES, len(held)))
    return merged


def path_id(request: Request) -> str:
    """Return the id in the path, decoded once."""
    return percent_decode(request.path["id"], "the id in the URL")


def resource(kind: str, resource_id: str, attributes: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Return one resource of an answer. Its id is never an attribute (JSON:API 5.2.3); the published client would
    fail."""
    told = {name: value for name, value in attributes.items() if name != "id"}
    return {"type": kind, "id": resource_id, "attributes": told, **more}


def answer(
    data: Any, *, status: int = 200, included: Iterable[dict[str, Any]] = (), links: Mapping[str, str] | None = None,
    meta: Mapping[str, Any] | None = None,
) -> Response:  # fmt: skip
    """Return an answer with a JSON:API document."""
    document = {"data": data, "links": dict(links or {}), "jsonapi": {"version": "1.0"}}
    rows = list(included)
    if rows:
        document["included"] = rows
    if meta:
        document["meta"] = dict(meta)
    content = json.dumps(document, separators=(",", ":")).encode("ascii")
    return Response(status, {"Content-Type": JSON_API, "Cache-Control": "no-store"}, content)


def _check_count(attributes: Attributes, most: int) -> None:
    if len(attributes) > most:
        raise BadRequestError(f"a resource has at most {MAX_ATTRIBUTES} attributes, not {len(attributes)}")


def _check_document(raw: dict[str, Any]) -> None:
    _check_value(raw, MAX_DEPTH)


def _check_value(value: Any, depth: int) -> None:
    """Refuse values that could not be sent to clients again: nesting deeper than MAX_DEPTH, infinite numbers, text that
    is not Unicode."""
    if depth < 0:
        raise BadRequestError(f"a catalog document nests at most {MAX_DEPTH} deep")
    if isinstance(value, dict):
        for name, item in value.items():
            _check_value(name, 0)
            _check_value(item, depth - 1)
    elif isinstance(value, list):
        for item in value:
            _check_value(item, depth - 1)
    elif isinstance(value, str) and not value.isascii() and any("\ud800" <= one <= "\udfff" for one in value):
        raise BadRequestError("a text of the document has half a surrogate pair, which is not a character")
    elif isinstance(value, float) and not math.isfinite(value):
        raise BadRequestError("a number of the document is infinite or not a number, which JSON cannot express")
