"""Products: saved, read, changed, searched, deleted, and emptied of their images."""

from collections.abc import Iterator, Mapping
from typing import Any

from storage_tui.contract.catalog import check_product_id, is_product_id
from storage_tui.contract.errors import BadRequestError, ConflictError, NotFoundError
from storage_tui.contract.wire import REQUEST_GROUP
from storage_tui.server.catalog.documents import Document, Documents, Fields, normal_times, now_text
from storage_tui.server.catalog.emptying import Emptying
from storage_tui.server.catalog.jsonapi import (
    Attributes,
    answer,
    merge,
    path_id,
    read_object,
    read_resource,
    resource,
)
from storage_tui.server.catalog.paging import CONTINUE, find, page_answer
from storage_tui.server.catalog.search import parse_query
from storage_tui.server.http.request import Request
from storage_tui.server.http.responses import Response, text_response
from storage_tui.server.limits.budget import SEARCH_BYTES

KIND = "product"
DELETE_TASK = "product_delete_task"
SHARING = ("owners", "readers", "writers")
OURS = frozenset(("id", "created", "modified"))  # attributes that only the server sets
GROUP_CHARACTERS = 128  # of an X-Request-Group, so many characters are remembered


class Products:
    """The handlers of products."""

    def __init__(self, documents: Documents, emptying: Emptying, public_url: str | None) -> None:
        self._documents = documents
        self._emptying = emptying
        self._public_url = public_url

    async def create(self, request: Request) -> Response:
        """Save a product; answer 201 with it. A repeat of the same call (the same X-Request-Group) is also answered
        with 201, and another call for the same id with 409."""
        sent = await read_resource(request, KIND)
        if not sent.resource_id:
            raise BadRequestError("a product needs an id")
        product_id = own_id(request, sent.resource_id)
        now = now_text()
        fields: Fields = {
            "attributes": settable(sent.attributes), "created": now, "modified": now, "group": group_of(request),
        }  # fmt: skip
        try:
            document = await self._documents.create("products", request.namespace, product_id, fields)
        except ConflictError as exc:
            existing = await self._documents.read("products", request.namespace, product_id)
            if existing is None or not is_repeat(existing, request):
                raise ConflictError(f"the product {product_id} exists already; get it and change it") from exc
            document = existing
        return answer(describe(product_id, document), status=201, meta=_warnings(sent.attributes))

    async def get(self, request: Request) -> Response:
        """Answer 200 with the product. This also serves HEAD."""
        product_id = own_id(request, path_id(request), is_lookup=True)
        return answer(describe(product_id, await self.find(request.namespace, product_id)))

    async def change(self, request: Request) -> Response:
        """Change attributes; answer 200 with the product as it is now. The sent attributes replace the former ones."""
        product_id = own_id(request, path_id(request), is_lookup=True)
        sent = await read_resource(request, KIND)
        document = await self.find(request.namespace, product_id)
        attributes = merge(document.fields["attributes"], settable(sent.attributes))
        fields = {**document.fields, "attributes": attributes, "modified": now_text()}
        document = await self._documents.replace("products", request.namespace, product_id, fields, document.version)
        return answer(describe(product_id, document), meta=_warnings(sent.attributes))

    async def search(self, request: Request) -> Response:
        """Answer with a page of the user's products."""
        query = parse_query(await read_object(request), request.query.get(CONTINUE))
        await request.hold(request.budget.calls, SEARCH_BYTES)

        def names() -> Iterator[str]:
            ids = query.ids()
            if ids is not None:
                return filter(is_product_id, ids)
            return self._documents.names_now("products", request.namespace)

        found = await find(self._documents, "products", request.namespace, query, names, _attributes)
        data = [resource(KIND, name, attributes) for name, attributes in found.rows]
        return await page_answer(
            self._documents, request, "products", query, found, data, included=[], public_url=self._public_url
        )

    async def delete(self, request: Request) -> Response:
        """Delete the product; answer 200 when it is gone, and 409 while it has images or unfinished uploads of
        images."""
        product_id = own_id(request, path_id(request), is_lookup=True)
        document = await self.find(request.namespace, product_id)
        if await self._emptying.has_objects(request.namespace, product_id):
            raise ConflictError(
                f"the product {product_id} has images or uploads of some; delete them first, "
                "such as with product.delete_related_objects()"
            )
        await self._documents.remove("products", request.namespace, product_id, expected=document.version)
        await self._documents.remove("emptyings", request.namespace, product_id)
        return text_response("")

    async def empty(self, request: Request) -> Response:
        """Delete all images of the product: 201 with the state of the task, or 204 when there is nothing to delete."""
        product_id = own_id(request, path_id(request), is_lookup=True)
        await read_object(request)
        await self.find(request.namespace, product_id)
        task = await self._emptying.begin(request.namespace, product_id)
        if task is None:
            return Response(204, {"Cache-Control": "no-store"})
        return answer(resource(DELETE_TASK, product_id, task), status=201)

    async def emptying_state(self, request: Request) -> Response:
        """Answer 200 with the state of the task that deletes all images; the state is NONE when there never was a
        task."""
        product_id = own_id(request, path_id(request), is_lookup=True)
        await self.find(request.namespace, product_id)
        return answer(resource(DELETE_TASK, product_id, await self._emptying.state(request.namespace, product_id)))

    async def find(self, namespace: str, product_id: str) -> Document:
        """Return the product; raise NotFoundError."""
        document = await self._documents.read("products", namespace, product_id)
        if document is None:
            raise NotFoundError(f"there is no product {product_id}")
        return document


def describe(product_id: str, document: Document) -> dict[str, Any]:
    """Return the product as a resource."""
    return resource(KIND, product_id, _attributes(product_id, document))


def own_id(request: Request, text: str, *, is_lookup: bool = False) -> str:
    """Return the full id: an id without a colon gets the user's namespace in front, as `Product.namespace_id` writes
    it.

    Raise BadRequestError for a text that is not an id; with `is_lookup` raise NotFoundError instead.
    """
    try:
        return check_product_id(text if ":" in text else f"{request.namespace}:{text}")
    except BadRequestError as exc:
        if is_lookup:
            raise NotFoundError(f"there is no product {text[:60]!a}") from exc
        raise


def settable(attributes: Attributes) -> Fields:
    """Return the attributes that a client may set, with their times in one form."""
    return normal_times({name: value for name, value in attributes.items() if name not in OURS})


def group_of(request: Request) -> str | None:
    """Return the value that is the same on every retry of one call; None when the client sent none."""
    group = request.headers.one(REQUEST_GROUP)
    return group[:GROUP_CHARACTERS] if group else None


def is_repeat(document: Document, request: Request) -> bool:
    """Return whether this very call made the document, and its answer was lost."""
    group = group_of(request)
    return group is not None and document.fields.get("group") == group


def _attributes(product_id: str, document: Document) -> Attributes:
    fields = document.fields
    return {**fields["attributes"], "id": product_id, "created": fields["created"], "modified": fields["modified"]}


def _warnings(attributes: Mapping[str, Any]) -> Fields | None:
    named = [name for name in SHARING if attributes.get(name)]
    if not named:
        return None
    message = f"this server keeps {', '.join(named)} and shares nothing: nobody else sees the product"
    return {"warnings": [{"message": message, "category": "UserWarning"}]}
