"""The server's calls as an OpenAPI 3 document: what is described here is what a test finds in the route table."""

from typing import Any

from storage_tui.contract.catalog import CATALOG_PATH
from storage_tui.contract.storage_types import STORAGE_TYPES
from storage_tui.contract.wire import BASE_PATH

_JSON, _BYTES, _JSON_API = "application/json", "application/octet-stream", "application/vnd.api+json"
_KEY = {"type": "string"}
_TYPE = {"enum": [*STORAGE_TYPES]}
_ID = {"type": "string", "minLength": 1}
_TARGETS = {
    "type": "object",
    "properties": {
        "targets": {
            "type": "array",
            "items": {"type": "object", "properties": {"key": _KEY, "etag": {"type": ["string", "null"]}}},
        }
    },
}
_COPY = {
    "type": "object",
    "properties": {
        "key": _KEY, "to_key": _KEY, "to_storage_type": _TYPE, "overwrite": {"type": "boolean"},
        "etag": {"type": "string"}, "content_type": {"type": "string"},
    },
}  # fmt: skip
_MAYBE = {"type": ["string", "null"]}
_BACK = {
    "type": "object",
    "properties": {
        "targets": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "key": _KEY, "etag": _MAYBE, "at": _MAYBE, "to_key": _MAYBE, "if_etag": _MAYBE,
                    "overwrite": {"type": "boolean"},
                },
            },
        }
    },
}  # fmt: skip
_PURGE = {"type": "object", "properties": {**_TARGETS["properties"], "prefix": _KEY}}  # type: ignore[dict-item]
_MOVES = {"anyOf": [_COPY, {"type": "object", "properties": {"targets": {"items": _COPY}}}]}
_PAGE = {"prefix": _KEY, "delimiter": _KEY, "limit": {"type": "integer"}, "details": _KEY}
_NUMBER, _TEXT = {"type": "integer"}, {"type": "string"}

_RESOURCE = {
    "type": "object",
    "properties": {
        "data": {
            "type": "object",
            "properties": {"type": _TEXT, "id": _TEXT, "attributes": {"type": "object"}},
        },
        "filter": _TEXT,
        "limit": _NUMBER,
    },
}
_WRITING = ("POST", "PUT", "PATCH")
_CATALOG = [
    *((method, f"/{kind}") for kind in ("products", "images", "uploads_v2") for method in ("POST", "PUT")),
    *((method, f"/{kind}/{{id}}") for kind in ("products", "images") for method in ("GET", "HEAD", "PATCH", "DELETE")),
    *((method, "/uploads_v2/{id}") for method in ("GET", "PATCH")),
    *((method, "/products/{id}/delete_related_objects") for method in ("POST", "GET")),
]

# method, base, path, query parameters, media type and schema of the body
CALLS: list[tuple[str, str, str, dict[str, Any], str, Any]] = [
    ("GET", "", "/healthz", {}, "", None),
    ("HEAD", "", "/healthz", {}, "", None),
    ("GET", BASE_PATH, "", {}, "", None),
    ("GET", BASE_PATH, "/", {}, "", None),
    ("POST", BASE_PATH, "/token", {}, _JSON, {"type": "object", "properties": {"refresh_token": _TEXT}}),
    ("PUT", BASE_PATH, "/upload/{id}", {}, _BYTES, _TEXT),
    ("DELETE", BASE_PATH, "/upload/{id}", {}, "", None),
    ("GET", BASE_PATH, "/upload/{id}", {}, "", None),
    ("PUT", BASE_PATH, "/upload/{id}/parts/{key}", {}, _BYTES, _TEXT),
    ("GET", BASE_PATH, "/signed/{type}/{key}", {"expires": _NUMBER, "signature": _TEXT}, "", None),
    ("HEAD", BASE_PATH, "/signed/{type}/{key}", {"expires": _NUMBER, "signature": _TEXT}, "", None),
    (
        "GET",
        BASE_PATH,
        "/{type}/list",
        {"prefix": _KEY, "delimiter": _TEXT, "limit": _NUMBER, "details": _TEXT},
        "",
        None,
    ),
    ("GET", BASE_PATH, "/{type}/usage", {"prefix": _KEY, "delimiter": _TEXT}, "", None),
    ("GET", BASE_PATH, "/{type}/get/{key}", {}, "", None),
    ("HEAD", BASE_PATH, "/{type}/get/{key}", {}, "", None),
    ("GET", BASE_PATH, "/{type}/new_resumable_url/{key}", {}, "", None),
    ("GET", BASE_PATH, "/{type}/get_signed_url/{key}", {"expires_in": _NUMBER}, "", None),
    ("PUT", BASE_PATH, "/{type}/set/{key}", {}, _BYTES, _TEXT),
    ("POST", BASE_PATH, "/{type}/set", {}, _BYTES, _TEXT),
    ("POST", BASE_PATH, "/{type}/get", {}, _JSON, {"type": "object", "properties": {"keys": {"items": _KEY}}}),
    ("POST", BASE_PATH, "/{type}/delete", {}, _JSON, _TARGETS),
    ("POST", BASE_PATH, "/{type}/copy", {}, _JSON, _MOVES),
    ("POST", BASE_PATH, "/{type}/move", {}, _JSON, _MOVES),
    ("GET", BASE_PATH, "/{type}/trash", {"prefix": _KEY, "limit": _NUMBER}, "", None),
    ("POST", BASE_PATH, "/{type}/undelete", {}, _JSON, _BACK),
    ("POST", BASE_PATH, "/{type}/purge", {}, _JSON, _PURGE),
    ("GET", BASE_PATH, "/{type}/facts/{key}", {}, "", None),
    ("POST", BASE_PATH, "/{type}/thaw", {}, _JSON, _TARGETS),
    ("GET", BASE_PATH, "/{type}/left_uploads", {"prefix": _KEY}, "", None),
    ("POST", BASE_PATH, "/{type}/left_uploads", {}, _JSON, _TARGETS),
    ("DELETE", BASE_PATH, "/{type}/{key}", {}, "", None),
    ("DELETE", CATALOG_PATH, "/files/{key}", {}, "", None),
    *(
        (method, CATALOG_PATH, path, {}, _JSON_API if method in _WRITING else "", _RESOURCE)
        for method, path in _CATALOG
    ),
]


def document() -> dict[str, Any]:
    """The whole of it."""
    paths: dict[str, Any] = {}
    for method, base, path, query, media, schema in CALLS:
        named = [name for name in ("type", "key", "id") if f"{{{name}}}" in path]
        parameters = [
            {
                "name": name,
                "in": "path",
                "required": True,
                "schema": {"enum": [*STORAGE_TYPES]} if name == "type" else _ID,
            }
            for name in named
        ] + [{"name": name, "in": "query", "schema": kind} for name, kind in query.items()]
        operation: dict[str, Any] = {"parameters": parameters, "responses": {"default": {"description": "an answer"}}}
        if media:
            operation["requestBody"] = {"content": {media: {"schema": schema}}}
        paths.setdefault(base + path, {})[method.lower()] = operation
    return {"openapi": "3.1.0", "info": {"title": "Storage API", "version": "1"}, "paths": paths}
