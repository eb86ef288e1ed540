"""Removals of images, written down before anything goes, so that a crash at any point leaves work, not litter.

A removal is a document that names the image by its `uid` and the files by key and ETag. First the image goes, so that
nobody finds it. Then its files go, each only while it is unchanged. Then the removal itself goes. Anyone who finds a
removal finishes it: the same call again, or the sweep of any server on the engine. Finishing it twice is harmless.
"""

import contextlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from storage_tui.contract.catalog import STORED_IN, ImageId
from storage_tui.contract.errors import ConflictError, NotFoundError, PreconditionFailedError
from storage_tui.contract.models import Blob, parse_time
from storage_tui.server.catalog.documents import Documents, Fields, going_on, now_text
from storage_tui.server.stores.base import Address, Precondition, Store

Files = Iterable[Mapping[str, Any]]  # each with `key` and `etag`


def record_name(image_id: ImageId) -> str:
    """Return the name of documents about an image. The product comes first, so that documents of a product are
    together."""
    return f"{image_id.product_id}/{image_id.name}"


class Removals:
    """Removes images together with their files."""

    def __init__(self, documents: Documents, store: Store) -> None:
        self._documents = documents
        self._store = store

    async def remove(self, namespace: str, name: str) -> bool:
        """Remove an image with its files, durably; return False when there is none."""
        image = await self._documents.read("images", namespace, name)
        if image is None:
            return await self.finish(namespace, name)
        removal = {"uid": image.fields["uid"], "files": image.fields["files"], "created": now_text()}
        await self._documents.replace("removals", namespace, name, removal, is_due=True)
        return await self.finish(namespace, name)

    async def finish(self, namespace: str, name: str) -> bool:
        """Finish a removal; return False when there is none."""
        removal = await self._documents.read("removals", namespace, name)
        if removal is None:
            return False
        await self._remove_document(namespace, name, removal.fields["uid"])
        await self.drop_files(namespace, removal.fields["files"], before=parse_time(removal.fields["created"]))
        with contextlib.suppress(ConflictError):  # another server has done the same
            await self._documents.remove("removals", namespace, name, expected=removal.version)
        return True

    async def drop_files(self, namespace: str, files: Files, *, before: datetime | None = None) -> None:
        """Remove the files from `products`, each while it is still the one that was stored.

        A blob with another ETag still counts as the same file when it has the same bytes and was written before
        `before`: files that were moved to another engine have other ETags. A later blob belongs to a new image.
        """
        for file in files:
            address = Address(namespace, STORED_IN, file["key"])
            with contextlib.suppress(NotFoundError, PreconditionFailedError):
                etag = file["etag"]
                found = await self._store.stat(address)
                if (
                    found.etag != etag
                    and _is_same(file, found)
                    and found.modified
                    and before
                    and found.modified < before
                ):
                    etag = found.etag
                await self._store.withdraw(address, precondition=Precondition(if_match=(etag,)))

    async def sweep(self) -> None:
        """Finish the removals that crashes have interrupted."""
        for namespace, name in await self._documents.all_names("removals"):
            with going_on("a removal"):
                await self.finish(namespace, name)

    async def _remove_document(self, namespace: str, name: str, uid: str) -> None:
        while (image := await self._documents.read("images", namespace, name)) is not None:
            if image.fields["uid"] != uid:
                return  # a new image of the same name
            with contextlib.suppress(ConflictError):  # its attributes were changed at this moment
                await self._documents.remove("images", namespace, name, expected=image.version)


def file_fields(blob: Blob) -> Fields:
    """Return the fields that an image keeps of a file of its own."""
    return {"key": blob.key, "etag": blob.etag, "size_bytes": blob.size_bytes, "crc32c": blob.crc32c}


def _is_same(file: Mapping[str, Any], blob: Blob) -> bool:
    return blob.crc32c is not None and (blob.size_bytes, blob.crc32c) == (file["size_bytes"], file.get("crc32c"))
