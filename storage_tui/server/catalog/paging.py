"""One page of a search: the documents found, as resources, and the link to the next page."""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from storage_tui.contract.catalog import CATALOG_PATH
from storage_tui.contract.errors import DamagedError
from storage_tui.server.catalog.documents import Document, Documents
from storage_tui.server.catalog.jsonapi import answer
from storage_tui.server.catalog.search import PAGE, PAGE_BYTES, Query
from storage_tui.server.http.addresses import absolute_url
from storage_tui.server.http.request import Request
from storage_tui.server.http.responses import Response
from storage_tui.server.limits.budget import PART_BYTES, TEXT_GROWTH
from storage_tui.server.quotas.entries import Kind

CONTINUE = "continue"  # the query parameter of a link

log = logging.getLogger("storage_tui.server")

Attributes = Mapping[str, Any]
Describe = Callable[[str, Document], Attributes]
"""Returns the attributes, `id` included, that a search compares, for the name of a document and the document."""


@dataclass(slots=True)
class Found:
    """The rows of one page. `after` is the name after which the next page continues. `count` is the number of all
    matches, when the client asked for it."""

    rows: list[tuple[str, Attributes]] = field(default_factory=list)
    after: str | None = None
    count: int | None = None


async def find(
    documents: Documents, kind: Kind, namespace: str, query: Query, names: Callable[[], Iterator[str]],
    describe: Describe,
) -> Found:  # fmt: skip
    """Return a page of a query over the documents of these names, which must be in order."""

    def matching() -> Iterator[tuple[str, Attributes]]:
        for name in names():
            document = _read(documents, kind, namespace, name) if name > query.after else None
            if document is not None:
                attributes = describe(name, document)
                if query.matches(attributes):
                    yield name, attributes

    def work() -> Found:
        found, cost_bytes = Found(), 0
        if query.limit == 0:
            found.count = sum(1 for _ in matching())
            return found
        room = PAGE if query.limit is None else min(PAGE, query.limit)
        if query.ids() is not None:
            room = max(room, len(query.ids() or ()))  # the client of a search for ids would not follow links
        for name, attributes in matching():
            if len(found.rows) == room or cost_bytes > PAGE_BYTES:
                is_enough = query.limit is not None and len(found.rows) == query.limit
                found.after = None if is_enough else found.rows[-1][0]
                break
            found.rows.append((name, attributes))
            cost_bytes += cost(attributes)
        return found

    return await documents.search(namespace, work)


def _read(documents: Documents, kind: Kind, namespace: str, name: str) -> Document | None:
    """Return the document. Return None when it does not exist or is damaged: a search still finds the others."""
    try:
        return documents.read_now(kind, namespace, name)
    except DamagedError:
        log.warning("a search skips a damaged record of the %s; run storage-tui verify to see which", kind)
        return None


def cost(attributes: Attributes) -> int:
    """Return approximately how many bytes of memory the attributes take, with the text made from them."""
    text = str(attributes)
    return TEXT_GROWTH * len(text) + PART_BYTES * sum(map(text.count, "[{,"))


async def page_answer(
    documents: Documents, request: Request, path: str, query: Query, found: Found, data: list[dict[str, Any]], *,
    included: list[dict[str, Any]], public_url: str | None,
) -> Response:  # fmt: skip
    """Return the page as an answer. It is made in a thread, because a long page takes tens of milliseconds."""
    links = {}
    if found.after is not None:
        token = query.token(found.after, len(found.rows))
        links["next"] = absolute_url(request, f"{CATALOG_PATH}/{path}?{CONTINUE}={token}", public_url)
    meta = {"count": found.count} if found.count is not None else None
    return await documents.search(request.namespace, lambda: answer(data, included=included, links=links, meta=meta))
