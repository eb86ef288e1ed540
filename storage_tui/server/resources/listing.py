"""Lists and usage. A page token is the position after which the store continues, signed for namespace, type and prefix.

Requests for lists and usage have turns, shared fairly by user, so that a crowd of them does not stop other requests.
Their answers are made in threads: a long answer takes tens of milliseconds.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from functools import partial
from typing import Any

from storage_tui.contract.errors import BadRequestError
from storage_tui.contract.keys import DELIMITER
from storage_tui.contract.models import CHILDREN_AT_MOST, Limits, Page
from storage_tui.contract.wire import NEXT, parse_number
from storage_tui.server.access.keyring import Keyring
from storage_tui.server.access.page_tokens import PageTokens
from storage_tui.server.http.request import Request
from storage_tui.server.http.responses import Response, json_response
from storage_tui.server.http.targets import storage_type_of
from storage_tui.server.limits.budget import COLUMN_BYTES, ENTRY_BYTES, LISTENER_BYTES, SUM_BYTES
from storage_tui.server.limits.lanes import PATIENCE_S, Lane
from storage_tui.server.limits.shares import Share, Shares
from storage_tui.server.resources.compressing import compressed
from storage_tui.server.stores.base import Store

QUERIES = 4  # lists and sums at once; a local store has as many threads for them
NONE, WHOLE, COLUMNS = "none", "whole", "columns"
_DETAILS = {"false": NONE, "0": NONE, "true": WHOLE, "1": WHOLE, "columns": COLUMNS}


class ListResource:
    """The handlers of lists and usage."""

    def __init__(self, store: Store, keyring: Keyring, limits: Limits) -> None:
        self._store = store
        self._tokens = PageTokens(keyring)
        self._limits = limits
        self._turns = Shares(QUERIES, "all turns for lists and sums", patience_s=PATIENCE_S)
        self._lane = Lane("answers", QUERIES)

    def close(self) -> None:
        """Close the threads. Call this after the last request."""
        self._lane.close()

    async def list(self, request: Request) -> Response:
        """Answer with one page: the published array of keys, or with `details` blobs and child prefixes, whole or in
        columns."""
        details = _details(request)
        storage_type = storage_type_of(request)
        prefix = request.rules.check_prefix(request.query.get("prefix", ""))
        delimiter = _delimiter(request)
        scope = (request.namespace, storage_type, prefix, delimiter)
        token = request.headers.one(NEXT)
        after = await self._tokens.read(token, scope) if token else ""
        most = self._limits.list_columns if details == COLUMNS else self._limits.list_page
        limit = limit_of(request, most)
        place = {"prefix": prefix, "delimiter": delimiter, "after": after}
        entry_bytes = COLUMN_BYTES if details == COLUMNS else ENTRY_BYTES
        memory = await request.hold(request.budget.calls, limit * entry_bytes)
        if details == COLUMNS:
            async with self.turn(request):
                pages = await self._store.list_columns(
                    request.namespace, storage_type, **place, limit=limit, page_limit=self._limits.list_page
                )
            pages = [replace(page, next_token=self._tokens.sign_next(page.next_token, scope)) for page in pages]
            return await self.answer(request, memory, lambda: {"pages": [page.to_json() for page in pages]})
        async with self.turn(request):
            page = await self._store.list_page(request.namespace, storage_type, **place, limit=limit)
        headers = {NEXT: self._tokens.sign(page.next_token, scope)} if page.next_token else {}
        return await self.answer(request, memory, page.to_json if details == WHOLE else partial(_names, page), headers)

    async def usage(self, request: Request) -> Response:
        """Answer with the count and the bytes under a prefix."""
        storage_type = storage_type_of(request)
        prefix, delimiter = request.rules.check_prefix(request.query.get("prefix", "")), _delimiter(request)
        rows = CHILDREN_AT_MOST if delimiter else 1
        memory = await request.hold(request.budget.calls, rows * SUM_BYTES)
        async with self.turn(request):
            usage = await self._store.usage(request.namespace, storage_type, prefix=prefix, delimiter=delimiter)
        return await self.answer(request, memory, usage.to_json)

    @asynccontextmanager
    async def turn(self, request: Request) -> AsyncIterator[None]:
        """Wait for a turn of the user, and keep the turn during the block."""
        turn = await self._turns.take(request.namespace, 1)
        with closing(turn):
            yield

    async def answer(
        self, request: Request, memory: Share | None, make: Callable[[], Any], headers: Mapping[str, str] | None = None
    ) -> Response:
        """Return the answer to the object that `make` returns; afterwards `memory` covers only the bytes of the
        answer."""

        def work() -> Response:
            return compressed(json_response(make(), headers=headers), request)

        response = await self._lane.run(request.namespace, work)
        if memory is not None:
            memory.shrink(len(response.content) + LISTENER_BYTES)
        return response


def _names(page: Page) -> list[str]:
    names = [*(blob.key for blob in page.blobs), *page.prefixes]
    return sorted(names, key=str.encode) if page.prefixes else names


def _delimiter(request: Request) -> str:
    delimiter = request.query.get("delimiter", "")
    if delimiter not in ("", DELIMITER):
        raise BadRequestError("the only delimiter is /")
    return delimiter


def limit_of(request: Request, most: int) -> int:
    """Return the limit in the query, at most `most`; raise BadRequestError for a number below 1."""
    text = request.query.get("limit")
    if text is None:
        return most
    limit = parse_number(text, "limit")
    if limit < 1:
        raise BadRequestError(f"limit must be 1 to {most}")
    return min(limit, most)


def _details(request: Request) -> str:
    value = request.query.get("details", "false").lower()
    if value not in _DETAILS:
        raise BadRequestError("details is true, false or columns")
    return _DETAILS[value]
