"""Blobs of `products` that belong to no image: stored by the Storage API alone, so that no `Image.delete()` takes them.

The call is an addition of ours to the catalog. The Storage API itself deletes nothing from `products`.
"""

from storage_tui.contract.catalog import STORED_IN, ImageId
from storage_tui.contract.errors import ConflictError
from storage_tui.server.catalog.documents import Documents
from storage_tui.server.catalog.products import group_of
from storage_tui.server.catalog.removals import Removals, record_name
from storage_tui.server.http.grants import Named, Verb
from storage_tui.server.http.repeats import Repeats
from storage_tui.server.http.request import Request
from storage_tui.server.http.responses import Response, text_response
from storage_tui.server.resources.conditions import precondition
from storage_tui.server.stores.base import Address, Precondition, Store


class Strays:
    """The handler of blobs of no image."""

    def __init__(self, documents: Documents, store: Store, removals: Removals) -> None:
        self._documents = documents
        self._store = store
        self._removals = removals
        self._deletes = Repeats()

    async def delete(self, request: Request) -> Response:
        """Delete the blob; answer 200 when it is gone. With If-Match, only this version of it.

        Answer 404 when there is no blob, and 409 when it is a file of an image or of an upload that has not ended.
        """
        address = Address(request.namespace, STORED_IN, request.rules.key_from_path(request.path["key"]))
        asked = precondition(request.headers)

        async def remove() -> None:
            blob = await self._store.stat(address)
            await self._check_stray(address)
            await self._store.withdraw(address, precondition=asked if asked.if_match else _unchanged(blob.etag))

        group = group_of(request)
        await (self._deletes.once((address, group), remove) if group else remove())
        return text_response("")

    async def names(self, request: Request) -> list[Named]:
        """Return the blob in the path, for restricted tokens."""
        return [Named(Verb.DELETE, STORED_IN, request.rules.key_from_path(request.path["key"]))]

    async def _check_stray(self, address: Address) -> None:
        image_id = ImageId.of_key(address.key)
        if image_id is None:
            return
        name = record_name(image_id)
        await self._removals.finish(address.namespace, name)
        image = await self._documents.read("images", address.namespace, name)
        if image is not None and any(file["key"] == address.key for file in image.fields["files"]):
            why = f"{address.key!r} is a file of the image {image_id}; remove the image with Image.delete()"
            raise ConflictError(why, key=address.key)
        if await self._documents.read("claims", address.namespace, name) is not None:
            raise ConflictError(f"an upload of {image_id} has not ended; wait for it, or cancel it", key=address.key)


def _unchanged(etag: str | None) -> Precondition:
    return Precondition(if_match=() if etag is None else (etag,))
