"""Uploads of images: the upload URLs of their files, and the task that reports their progress."""

from collections.abc import Iterator, Sequence
from typing import Any

from storage_tui.contract.catalog import STORED_IN, ImageId, file_key
from storage_tui.contract.errors import BadRequestError, InvalidKeyError, NotFoundError, StorageError
from storage_tui.server.catalog.documents import Document, Documents, Fields, now_text
from storage_tui.server.catalog.images import MAX_FILES, Images, exists_already, image_attributes, named_image
from storage_tui.server.catalog.jsonapi import (
    Attributes,
    answer,
    path_id,
    read_object,
    read_resource,
    resource,
    resource_from,
)
from storage_tui.server.catalog.paging import CONTINUE, find, page_answer
from storage_tui.server.catalog.products import Products
from storage_tui.server.catalog.removals import record_name
from storage_tui.server.catalog.search import parse_query
from storage_tui.server.catalog.tasks import CANCELED, PENDING, TASK_ID, TRANSFERRING, Tasks
from storage_tui.server.http.grants import Named, Verb
from storage_tui.server.http.request import Request
from storage_tui.server.http.responses import Response
from storage_tui.server.limits.budget import SEARCH_BYTES
from storage_tui.server.resources.upload.uploads import UploadResource
from storage_tui.server.stores.base import Address

KIND, EVENT = "image_upload", "image_upload_event"
NDARRAY = "ndarray"  # the client's temporary directory gives its files their names; they get the name of the image


class ImageUploads:
    """The handlers of uploads of images."""

    def __init__(
        self, documents: Documents, products: Products, images: Images, tasks: Tasks, uploads: UploadResource,
        public_url: str | None,
    ) -> None:  # fmt: skip
        self._documents = documents
        self._products = products
        self._images = images
        self._tasks = tasks
        self._uploads = uploads
        self._public_url = public_url

    async def create(self, request: Request) -> Response:
        """Begin an upload; answer 201 with an upload URL for each file, in the order of the request. It replaces an
        unfinished upload of the same image."""
        sent = await read_resource(request, KIND)
        image = resource_from(sent.attributes.get("image"), "image")
        image_id = named_image(request, image)
        attributes = image_attributes(request, image_id, image)
        options = sent.attributes.get("image_upload_options")
        keys = _keys(image_id, options)
        await self._products.find(request.namespace, image_id.product_id)
        name = record_name(image_id)
        await self._tasks.give_up(request.namespace, name)
        await self._images.check_free(request, image_id)
        if await self._documents.read("images", request.namespace, name) is not None:
            raise exists_already(image_id)
        files: list[Fields] = []
        urls = []
        try:
            for key in keys:
                session, url = await self._uploads.begin(request, Address(request.namespace, STORED_IN, key))
                files.append({"key": key, "upload_id": session.upload_id})
                urls.append(url)
            task = await self._open(request, image_id, attributes, options, files)
        except StorageError:
            await self._tasks.drop_sessions(files)  # nobody has their URLs
            raise
        return self._answer(request, task, status=201, resumable_urls=urls)

    async def _open(
        self, request: Request, image_id: ImageId, attributes: Fields, options: Any, files: list[Fields]
    ) -> Document:
        now = now_text()
        return await self._tasks.open(
            request.namespace, image_id,
            {
                "image_id": str(image_id), "product_id": image_id.product_id, "attributes": attributes,
                "options": options, "files": files, "status": TRANSFERRING, "events": [], "created": now,
                "modified": now, "user": request.namespace,
            },
        )  # fmt: skip

    async def get(self, request: Request) -> Response:
        """Answer 200 with the state of the upload."""
        return self._answer(request, await self._tasks.find(request.namespace, path_id(request)))

    async def change(self, request: Request) -> Response:
        """Finish the upload when the client reports all files as sent (`pending`), or cancel it (`canceled`).

        The image exists when this is answered. The answer still contains `pending`: the published client loads the
        image only when it sees the status change.
        """
        sent = await read_resource(request, KIND)
        task_id, status = path_id(request), sent.attributes.get("status")
        if status == CANCELED:
            return self._answer(request, await self._tasks.cancel(request.namespace, task_id))
        if status != PENDING:
            raise BadRequestError(f"the status of an upload can be set to pending or canceled, not {status!a:.40}")
        task = await self._tasks.complete(request.namespace, task_id)
        return self._answer(request, task, status_told=PENDING)

    async def search(self, request: Request) -> Response:
        """Answer with a page of the user's uploads of the last days."""
        query = parse_query(await read_object(request), request.query.get(CONTINUE))
        await request.hold(request.budget.calls, SEARCH_BYTES)

        def names() -> Iterator[str]:
            ids = query.ids()
            if ids is not None:
                return filter(TASK_ID.fullmatch, ids)
            return self._documents.names_now("uploads", request.namespace)

        found = await find(self._documents, "uploads", request.namespace, query, names, _attributes)
        data = [resource(KIND, name, attributes) for name, attributes in found.rows]
        return await page_answer(
            self._documents, request, "uploads_v2", query, found, data, included=[], public_url=self._public_url
        )

    async def names_write(self, request: Request) -> Sequence[Named]:
        """Return the image of the upload in the path, for restricted tokens. When there is no such upload, return the
        empty key, which is outside the folder of a token with a prefix: a refusal must not show which uploads exist."""
        try:
            task = await self._tasks.find(request.namespace, path_id(request))
        except NotFoundError:
            return [Named(Verb.WRITE, STORED_IN, "")]
        return [Named(Verb.WRITE, STORED_IN, record_name(ImageId.parse(task.fields["image_id"])))]

    def _answer(
        self, request: Request, task: Document, *, status: int = 200, status_told: str | None = None,
        resumable_urls: list[str] | None = None,
    ) -> Response:  # fmt: skip
        task_id = task.fields["id"]
        attributes = dict(_attributes(task_id, task))
        if status_told is not None:
            attributes["status"] = status_told
        if resumable_urls is not None:
            attributes["resumable_urls"] = resumable_urls
        events = task.fields["events"] if "events" in request.query.get("include", "").split(",") else []
        related: dict[str, Any] = {}
        if events:
            rows = [{"type": EVENT, "id": event["id"]} for event in events]
            related["relationships"] = {"events": {"data": rows}}
        included = [
            resource(EVENT, event["id"], {name: value for name, value in event.items() if name != "id"})
            for event in events
        ]
        return answer(resource(KIND, task_id, attributes, **related), status=status, included=included)


def _keys(image_id: ImageId, options: Any) -> list[str]:
    """Return the keys of the files of an upload; raise BadRequestError for files that cannot lie beside each other."""
    names = options.get("image_files") if isinstance(options, dict) else None
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise BadRequestError('an upload needs image_upload_options with image_files, such as ["scene.tif"]')
    if len(names) > MAX_FILES:
        raise BadRequestError(f"an image has at most {MAX_FILES} files, not {len(names)}")
    if options.get("upload_type") == NDARRAY:
        endings = [""] if len(names) == 1 else [f"_{number}" for number in range(1, len(names) + 1)]
        names = [f"{image_id.name}{ending}.npy" for ending in endings]
    keys = []
    for name in names:
        try:
            key = file_key(image_id, name)
        except InvalidKeyError as exc:
            raise BadRequestError(f"the file name {name[-60:]!a} cannot be part of a key: {exc.message}") from exc
        if not key:
            raise BadRequestError(f"{name[-60:]!a} names no file")
        keys.append(key)
    if len(set(keys)) < len(keys):
        raise BadRequestError("two files of the image have the same name; rename one of them")
    return keys


def _attributes(task_id: str, task: Document) -> Attributes:
    fields: Fields = dict(task.fields)
    told = ("image_id", "product_id", "status", "created", "modified", "user")
    return {**{name: fields[name] for name in told}, "image_upload_options": fields["options"], "id": task_id}
