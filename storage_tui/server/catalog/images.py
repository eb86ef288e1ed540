"""Images: registered without an upload, read, changed, searched, and deleted with their files."""

from collections.abc import Iterable, Iterator
from typing import Any

from storage_tui.contract.catalog import STORED_IN, ImageId, check_image_name, is_product_id, key_of_href
from storage_tui.contract.errors import BadRequestError, ConflictError, NotFoundError
from storage_tui.contract.models import Blob
from storage_tui.server.catalog.documents import Document, Documents, Fields, now_text
from storage_tui.server.catalog.jsonapi import (
    Attributes,
    Resource,
    answer,
    merge,
    path_id,
    read_object,
    read_resource,
    resource,
)
from storage_tui.server.catalog.paging import CONTINUE, cost, find, page_answer
from storage_tui.server.catalog.products import Products, group_of, is_repeat, own_id, settable
from storage_tui.server.catalog.products import describe as describe_product
from storage_tui.server.catalog.removals import Removals, file_fields, record_name
from storage_tui.server.catalog.search import PAGE_BYTES, parse_query
from storage_tui.server.catalog.tasks import image_fields
from storage_tui.server.http.repeats import Repeats
from storage_tui.server.http.request import Request
from storage_tui.server.http.responses import Response, text_response
from storage_tui.server.limits.budget import SEARCH_BYTES
from storage_tui.server.stores.base import Address, Store

KIND = "image"
MAX_FILES = 100  # of one image: each is looked up when the image is registered, and removed when the image is deleted


class Images:
    """The handlers of images."""

    def __init__(
        self, documents: Documents, store: Store, products: Products, removals: Removals, public_url: str | None
    ) -> None:
        self._documents = documents
        self._store = store
        self._products = products
        self._removals = removals
        self._public_url = public_url
        self._deletes = Repeats()

    async def create(self, request: Request) -> Response:
        """Register an image as it is; answer 201 with it. Files in `products` below the image's own keys become its
        files, so that they are deleted with the image; other files are kept as texts."""
        sent = await read_resource(request, KIND)
        image_id = named_image(request, sent)
        attributes = image_attributes(request, image_id, sent)
        await self._products.find(request.namespace, image_id.product_id)
        await self.check_free(request, image_id)
        files = await self._adopt(request.namespace, image_id, attributes)
        fields = {**image_fields(attributes, files, upload=None), "group": group_of(request)}
        name = record_name(image_id)
        try:
            document = await self._documents.create("images", request.namespace, name, fields)
        except ConflictError as exc:
            existing = await self._documents.read("images", request.namespace, name)
            if existing is None or not is_repeat(existing, request):
                raise exists_already(image_id) from exc
            document = existing
        return answer(_describe(image_id, document), status=201, included=await self._included(request, [image_id]))

    async def get(self, request: Request) -> Response:
        """Answer 200 with the image and its product. This also serves HEAD."""
        image_id = looked_up_image(request)
        document = await self._find(request.namespace, image_id)
        return answer(_describe(image_id, document), included=await self._included(request, [image_id]))

    async def change(self, request: Request) -> Response:
        """Change attributes; answer 200 with the image as it is now. The name, the product and the files of an image
        never change."""
        image_id = looked_up_image(request)
        sent = await read_resource(request, KIND)
        attributes = settable(sent.attributes)
        document = await self._find(request.namespace, image_id)
        held = document.fields["attributes"]
        fixed = sorted(name for name in ("product_id", "name", "files") if attributes.get(name) != held.get(name)
                       and name in attributes)  # fmt: skip
        if fixed:
            raise ConflictError(f"{fixed[0]} of an image never changes; delete the image and upload it again")
        fields = {**document.fields, "attributes": merge(held, attributes), "modified": now_text()}
        name = record_name(image_id)
        document = await self._documents.replace("images", request.namespace, name, fields, document.version)
        return answer(_describe(image_id, document), included=await self._included(request, [image_id]))

    async def search(self, request: Request) -> Response:
        """Answer with a page of the user's images and their products."""
        query = parse_query(await read_object(request), request.query.get(CONTINUE))
        await request.hold(request.budget.calls, SEARCH_BYTES)

        def names() -> Iterator[str]:
            ids, products = query.ids(), query.ids("product_id")
            if ids is not None:
                return iter(sorted(record_name(image_id) for image_id in _parsed(ids)))
            if products is not None:
                prefixes = sorted(f"{product_id}/" for product_id in products if is_product_id(product_id))
                return (
                    name
                    for prefix in prefixes
                    for name in self._documents.names_now("images", request.namespace, prefix)
                )
            return self._documents.names_now("images", request.namespace)

        found = await find(self._documents, "images", request.namespace, query, names, _attributes)
        data = [resource(KIND, str(attributes["id"]), attributes) for _, attributes in found.rows]
        included = await self._included(request, _parsed(row["id"] for row in data))
        return await page_answer(
            self._documents, request, "images", query, found, data, included=included, public_url=self._public_url
        )  # fmt: skip

    async def delete(self, request: Request) -> Response:
        """Delete the image and its files in `products`; answer 200 when all are gone."""
        image_id = looked_up_image(request)
        namespace, name = request.namespace, record_name(image_id)

        async def remove() -> None:
            if not await self._removals.remove(namespace, name):
                raise _missing(image_id)

        group = group_of(request)
        await (self._deletes.once((namespace, name, group), remove) if group else remove())
        return text_response("")

    async def check_free(self, request: Request, image_id: ImageId) -> None:
        """Raise ConflictError while an upload of the image is not over. Finish the removal of an earlier image of that
        id."""
        name = record_name(image_id)
        if await self._documents.read("claims", request.namespace, name) is not None:
            raise ConflictError(f"an upload of {image_id} has not ended; wait for it, or cancel it")
        await self._removals.finish(request.namespace, name)

    async def _adopt(self, namespace: str, image_id: ImageId, attributes: Attributes) -> list[Fields]:
        rows = attributes.get("files") or []
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise BadRequestError('files of an image are an array of {"href": …}')
        if len(rows) > MAX_FILES:
            raise BadRequestError(f"an image has at most {MAX_FILES} files, not {len(rows)}")
        keys = [key_of_href(str(row.get("href"))) for row in rows]
        return [
            file_fields(await self._stat(namespace, image_id, key)) for key in dict.fromkeys(keys) if key is not None
        ]

    async def _stat(self, namespace: str, image_id: ImageId, key: str) -> Blob:
        if not key.startswith(image_id.prefix):
            raise BadRequestError(f"the keys of its files in {STORED_IN} must be below {image_id.prefix!a}", key=key)
        try:
            return await self._store.stat(Address(namespace, STORED_IN, key))
        except NotFoundError as exc:
            raise BadRequestError(f"there is no blob {key!a} in {STORED_IN}; upload it first", key=key) from exc

    async def _find(self, namespace: str, image_id: ImageId) -> Document:
        document = await self._documents.read("images", namespace, record_name(image_id))
        if document is None:
            raise _missing(image_id)
        return document

    async def _included(self, request: Request, image_ids: Iterable[ImageId]) -> list[dict[str, Any]]:
        if "product" not in request.query.get("include", "").split(","):
            return []
        found: list[dict[str, Any]] = []
        cost_bytes = 0
        for product_id in dict.fromkeys(image_id.product_id for image_id in image_ids):
            product = await self._documents.read("products", request.namespace, product_id)
            if product is not None and cost_bytes < PAGE_BYTES:  # clients get the missing products by themselves
                found.append(describe_product(product_id, product))
                cost_bytes += cost(product.fields)
        return found


def named_image(request: Request, sent: Resource) -> ImageId:
    """Return the id of an image that a client sent: its `id`, or its attributes `product_id` and `name`."""
    product_id, name = sent.attributes.get("product_id"), sent.attributes.get("name")
    if isinstance(product_id, str) and isinstance(name, str):
        return ImageId(own_id(request, product_id), check_image_name(name))
    parsed = ImageId.parse(sent.resource_id or "")
    return ImageId(own_id(request, parsed.product_id), parsed.name)


def image_attributes(request: Request, image_id: ImageId, sent: Resource) -> Fields:
    """Return the attributes of a new image that a client sent; raise BadRequestError when a required one is missing."""
    attributes = settable(sent.attributes)
    if not attributes.get("acquired"):
        raise BadRequestError("an image needs acquired, the time when it was taken")
    return {**attributes, "product_id": image_id.product_id, "name": image_id.name}


def exists_already(image_id: ImageId) -> ConflictError:
    """Return the refusal of a second image with the same id."""
    return ConflictError(f"the image {image_id} exists already; remove it with Image.delete(), or use another name")


def looked_up_image(request: Request) -> ImageId:
    """Return the image id in the path; raise NotFoundError when no image can have such an id."""
    text = path_id(request)
    try:
        parsed = ImageId.parse(text)
    except BadRequestError as exc:
        raise NotFoundError(f"there is no image {text[:60]!a}") from exc
    return ImageId(own_id(request, parsed.product_id, is_lookup=True), parsed.name)


def _missing(image_id: ImageId) -> NotFoundError:
    return NotFoundError(f"there is no image {image_id}")


def _parsed(ids: Iterable[str]) -> list[ImageId]:
    found = []
    for text in ids:
        try:
            found.append(ImageId.parse(text))
        except BadRequestError:
            continue  # no image can have such an id, so none is found
    return found


def _attributes(name: str, document: Document) -> Attributes:
    fields = document.fields
    image_id = name.replace("/", ":")
    return {**fields["attributes"], "id": image_id, "created": fields["created"], "modified": fields["modified"]}


def _describe(image_id: ImageId, document: Document) -> dict[str, Any]:
    return resource(KIND, str(image_id), _attributes(record_name(image_id), document))
