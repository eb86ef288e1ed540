"""Folders, details and usage from the plain lists of a published server, which knows keys only.

One page here is made from one page of the server: it costs one request, however large a folder is. Such a page may hold
few entries or none and still have a `next_token`. A folder is listed once if the server lists in byte order.
"""

import base64
import binascii
import json

from storage_tui.client.calls import Call, Service, column_pages, describe, detailed_page, keys_page, stat
from storage_tui.client.requests import Request, checked
from storage_tui.contract import wire
from storage_tui.contract.columns import ColumnPage
from storage_tui.contract.errors import BadRequestError, NotFoundError
from storage_tui.contract.keys import prefix_refusal
from storage_tui.contract.models import Blob, Page, Usage
from storage_tui.contract.storage_types import find_storage_type


def list_page(
    service: Service, prefix: str, storage_type: str, delimiter: str, token: str | None, limit: int
) -> Call[Page]:
    """Return one page of blobs and child prefixes from any server; see `Storage.list_page`."""
    if limit < 1 or delimiter not in ("", "/"):
        raise BadRequestError("a page has a limit of at least 1, and the delimiter '/' or none")
    info = yield from describe(service)
    if {"details", "delimiter"} <= info.features:
        limit = min(limit, info.limits.list_page)
        return (yield from detailed_page(prefix, storage_type, delimiter, token, limit))
    server_token, after = _read_token(token)
    keys, next_server_token = yield from keys_page(prefix, storage_type, server_token)
    entries = _fold(keys, prefix, delimiter, after)
    name = find_storage_type(storage_type).name
    shown = entries[:limit]
    last = shown[-1] if shown else after
    if len(entries) > limit:
        next_token: str | None = _write_token(server_token, last)
    else:
        next_token = None if next_server_token is None else _write_token(next_server_token, last)
    blobs = tuple(Blob(entry, name) for entry in shown if not _is_folder(entry, prefix, delimiter))
    prefixes = tuple(entry for entry in shown if _is_folder(entry, prefix, delimiter))
    return Page(blobs, prefixes, next_token)


def list_columns(
    service: Service, prefix: str, storage_type: str, delimiter: str, token: str | None, limit: int | None
) -> Call[list[ColumnPage]]:
    """Return the next pages in columns; for a server without columns, one page made from its list."""
    if (limit is not None and limit < 1) or delimiter not in ("", "/"):
        raise BadRequestError("a list has a limit of at least 1, and the delimiter '/' or none")
    info = yield from describe(service)
    if {"columns", "delimiter"} <= info.features:
        most = info.limits.list_columns
        return (yield from column_pages(prefix, storage_type, delimiter, token, min(limit or most, most)))
    limit = limit or info.limits.list_page
    return [ColumnPage.of((yield from list_page(service, prefix, storage_type, delimiter, token, limit)), prefix)]


def _fold(keys: list[str], prefix: str, delimiter: str, after: str) -> list[str]:
    entries: list[str] = []
    skipped = after.encode()
    for key in keys:
        cut = key.find(delimiter, len(prefix)) if delimiter else -1
        entry = key if cut == -1 else key[: cut + 1]
        if entry.encode() > skipped and (not entries or entries[-1] != entry):
            entries.append(entry)
    return entries


def _is_folder(entry: str, prefix: str, delimiter: str) -> bool:
    return bool(delimiter) and entry.endswith(delimiter) and entry.find(delimiter, len(prefix)) != -1


def _write_token(server_token: str | None, after: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([server_token, after]).encode()).decode()


def _read_token(token: str | None) -> tuple[str | None, str]:
    if token is None:
        return None, ""
    try:
        server_token, after = json.loads(base64.urlsafe_b64decode(token.encode()))
        if not isinstance(server_token, str | None) or not isinstance(after, str):
            raise TypeError("not what _write_token writes")
    except (binascii.Error, ValueError, TypeError, RecursionError) as exc:
        raise BadRequestError("this is not the token of a page of this server; list from the start") from exc
    return server_token, after


def usage(service: Service, prefix: str, storage_type: str, delimiter: str) -> Call[Usage]:
    """Return count and bytes below a prefix. A plain published server takes one request for each blob's size."""
    info = yield from describe(service)
    if "usage" not in info.features:
        return (yield from _walked_usage(service, prefix, storage_type, delimiter))
    refusal = prefix_refusal(prefix)
    query = [("prefix", prefix)] + ([("delimiter", delimiter)] if delimiter else [])
    path = f"/{find_storage_type(storage_type).name}/{wire.USAGE}"
    request = Request("GET", path, query=tuple(query), may_be_gzip=True, refusal=refusal)
    response = checked(request, (yield request))
    return Usage.from_json(wire.parse_answer(response.body))


def _walked_usage(service: Service, prefix: str, storage_type: str, delimiter: str) -> Call[Usage]:
    totals: dict[str, Usage] = {}
    whole = Usage(prefix, 0, 0)
    token = None
    while True:
        page = yield from list_page(service, prefix, storage_type, "", token, 1000)
        for listed in page.blobs:
            try:
                blob = listed if listed.size_bytes is not None else (yield from stat(listed.key, storage_type))
            except NotFoundError:
                continue  # deleted since it was listed
            whole = _added(whole, blob)
            cut = blob.key.find(delimiter, len(prefix)) if delimiter else -1
            if cut != -1:
                child = blob.key[: cut + 1]
                totals[child] = _added(totals.get(child, Usage(child, 0, 0)), blob)
        token = page.next_token
        if token is None:
            children = tuple(totals.values())
            return Usage(prefix, whole.count, whole.size_bytes, whole.oldest, whole.newest, children)


def _added(usage: Usage, blob: Blob) -> Usage:
    times = [time for time in (usage.oldest, usage.newest, blob.modified) if time is not None]
    oldest, newest = (min(times), max(times)) if times else (None, None)
    return Usage(usage.prefix, usage.count + 1, usage.size_bytes + (blob.size_bytes or 0), oldest, newest)
