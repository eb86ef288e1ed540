"""Upload tasks: the files of an image on their way in. The image appears only when all of its files have arrived.

The status of a task decides, and is changed only while nobody else has changed it. `transferring` becomes `running`
when all files have arrived, and then `success` with the image. Or it becomes `canceled`, or `failure` when the upload
was abandoned. While a task is not over, a claim exists for its image. By the claims the sweep finds the work that a
crash has interrupted.
"""

import contextlib
import re
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from storage_tui.contract.catalog import STORED_IN, ImageId, file_href
from storage_tui.contract.errors import ConflictError, GoneError, NotFoundError, StorageError
from storage_tui.contract.models import Blob, parse_time
from storage_tui.server.catalog.documents import Document, Documents, Fields, going_on, now_text
from storage_tui.server.catalog.removals import Removals, file_fields, record_name
from storage_tui.server.stores.base import Address, Store

TRANSFERRING, PENDING, RUNNING, SUCCESS = "transferring", "pending", "running", "success"
FAILURE, CANCELED = "failure", "canceled"
OPEN = (TRANSFERRING, RUNNING)
LIFETIME = timedelta(days=6)  # less than the week of an upload session, so that the end of the session is still known
MAX_EVENTS = 50
COMPONENT = "storage-tui"
TASK_ID = re.compile(r"[0-9]{13}-[0-9a-f]{16}")  # the begin, in milliseconds since 1970, and a random part


class Tasks:
    """The steps of upload tasks, whoever takes them: the client, a newer upload, the sweep."""

    def __init__(self, documents: Documents, store: Store, removals: Removals) -> None:
        self._documents = documents
        self._store = store
        self._removals = removals

    async def find(self, namespace: str, task_id: str) -> Document:
        """Return the task; raise NotFoundError."""
        is_id = TASK_ID.fullmatch(task_id)
        task = await self._documents.read("uploads", namespace, task_id) if is_id else None
        if task is None:
            raise NotFoundError(f"there is no upload {task_id[:60]!a}")
        return task

    async def open(self, namespace: str, image_id: ImageId, fields: Fields) -> Document:
        """Begin a task; raise ConflictError while another task for the same image is not over."""
        task_id = f"{int(datetime.now(UTC).timestamp() * 1000):013d}-{secrets.token_hex(8)}"
        task = await self._documents.create("uploads", namespace, task_id, {**fields, "id": task_id})
        try:
            await self._documents.create("claims", namespace, record_name(image_id), {"task": task_id})
        except StorageError:
            with contextlib.suppress(StorageError):  # otherwise the sweep forgets it
                await self._documents.remove("uploads", namespace, task_id)
            raise
        return task

    async def drop_sessions(self, files: Sequence[Fields]) -> None:
        """End upload sessions that belong to no task."""
        for file in files:
            with contextlib.suppress(StorageError):  # otherwise they end by themselves after a week
                await self._store.cancel_upload(file["upload_id"])

    async def complete(self, namespace: str, task_id: str) -> Document:
        """Make the image appear, and return the task; raise ConflictError while files of the image are missing."""
        task = await self.find(namespace, task_id)
        if task.fields["status"] == TRANSFERRING:
            await self._check_files(namespace, task)
            task = await self._move(namespace, task_id, task, RUNNING, ("queue", "the files are here"))
        if task.fields["status"] == RUNNING:
            task = await self._publish(namespace, task_id, task)
        await self._settle(namespace, task)
        return task

    async def cancel(self, namespace: str, task_id: str, status: str = CANCELED, why: str = "canceled") -> Document:
        """End a task without an image, and remove the files that have arrived; raise ConflictError when it has
        ended."""
        task = await self.find(namespace, task_id)
        if task.fields["status"] not in (TRANSFERRING, status):
            raise ConflictError(f"the upload is already {task.fields['status']} and cannot be canceled")
        if task.fields["status"] == TRANSFERRING:
            event = "cancel" if status == CANCELED else "timeout"
            task = await self._move(namespace, task_id, task, status, (event, why))
        await self._settle(namespace, task)
        return task

    async def give_up(self, namespace: str, name: str) -> None:
        """End the task that holds the claim for an image, whatever its state."""
        claim = await self._documents.read("claims", namespace, name)
        if claim is None:
            return
        task = await self._documents.read("uploads", namespace, claim.fields["task"])
        if task is not None and task.fields["status"] == TRANSFERRING:
            await self.cancel(namespace, claim.fields["task"], why="a newer call replaced it")
        else:
            await self._go_on(namespace, name, claim, task)

    async def sweep(self, now: datetime) -> None:
        """Continue work that crashes have interrupted, end abandoned uploads, and forget tasks that are long over."""
        for namespace, name in await self._documents.all_names("claims"):
            with going_on("an upload of an image"):
                claim = await self._documents.read("claims", namespace, name)
                if claim is not None:
                    task = await self._documents.read("uploads", namespace, claim.fields["task"])
                    if task is None or task.fields["status"] != TRANSFERRING:
                        await self._go_on(namespace, name, claim, task)
        oldest = f"{int((now - LIFETIME).timestamp() * 1000):013d}"
        for namespace, task_id in await self._documents.all_names("uploads"):
            if task_id < oldest:
                with going_on("an old upload of an image"):
                    await self._forget(namespace, task_id)

    async def _forget(self, namespace: str, task_id: str) -> None:
        task = await self._documents.read("uploads", namespace, task_id)
        if task is not None and task.fields["status"] == TRANSFERRING:
            with contextlib.suppress(ConflictError):
                await self.cancel(namespace, task_id, FAILURE, f"nobody finished it in {LIFETIME.days} days")
        await self._documents.remove("uploads", namespace, task_id)

    async def _go_on(self, namespace: str, name: str, claim: Document, task: Document | None) -> None:
        if task is None:
            with contextlib.suppress(ConflictError):
                await self._documents.remove("claims", namespace, name, expected=claim.version)
        elif task.fields["status"] == RUNNING:
            await self.complete(namespace, claim.fields["task"])
        else:
            await self._settle(namespace, task)

    async def _check_files(self, namespace: str, task: Document) -> None:
        missing = [
            file["key"].rpartition("/")[2]
            for file in task.fields["files"]
            if await self._stored(namespace, task, file) is None
        ]
        if missing:
            raise ConflictError(
                f"{len(missing)} of {len(task.fields['files'])} files have not arrived, {missing[0]!a} among them; "
                "send them to their URLs, or upload the image again"
            )

    async def _publish(self, namespace: str, task_id: str, task: Document) -> Document:
        """Write the image. When a crash interrupted an earlier attempt, the image may exist already, as that of this
        task."""
        fields = task.fields
        image_id = ImageId.parse(fields["image_id"])
        files = [
            file_fields(blob)
            for blob in [await self._stored(namespace, task, file) for file in fields["files"]]
            if blob is not None
        ]
        if len(files) < len(fields["files"]):
            return await self._fail(namespace, task_id, task, "some of its files are no longer stored")
        image = image_fields(fields["attributes"], files, upload=task_id)
        try:
            await self._documents.create("images", namespace, record_name(image_id), image)
        except ConflictError:
            existing = await self._documents.read("images", namespace, record_name(image_id))
            if existing is None or existing.fields.get("upload") != task_id:
                return await self._fail(namespace, task_id, task, "another image of this id was saved meanwhile")
        return await self._move(namespace, task_id, task, SUCCESS, ("complete", "the image is in the catalog"))

    async def _fail(self, namespace: str, task_id: str, task: Document, why: str) -> Document:
        return await self._move(namespace, task_id, task, FAILURE, ("error", why))

    async def _move(
        self, namespace: str, task_id: str, task: Document, status: str, event: tuple[str, str]
    ) -> Document:
        """Return the task in its next status. When another process moved it there meanwhile, return that version."""
        kind, message = event
        noted = {
            "id": secrets.token_hex(8), "event_datetime": now_text(), "component": COMPONENT,
            "component_id": task_id, "event_type": kind, "message": message,
            "severity": "ERROR" if status == FAILURE else "INFO",
        }  # fmt: skip
        events = [*task.fields["events"], noted][-MAX_EVENTS:]
        fields = {**task.fields, "status": status, "events": events, "modified": now_text()}
        is_due = status in (FAILURE, CANCELED)
        try:
            return await self._documents.replace("uploads", namespace, task_id, fields, task.version, is_due=is_due)
        except ConflictError:
            other = await self.find(namespace, task_id)
            if other.fields["status"] != status:
                raise
            return other

    async def _settle(self, namespace: str, task: Document) -> None:
        """Release what a finished task held: its files when there is no image, then the claim."""
        fields = task.fields
        if fields["status"] in OPEN:
            return
        if fields["status"] != SUCCESS:
            for file in fields["files"]:
                await self._drop(namespace, task, file)
        name = record_name(ImageId.parse(fields["image_id"]))
        claim = await self._documents.read("claims", namespace, name)
        if claim is not None and claim.fields["task"] == fields["id"]:
            with contextlib.suppress(ConflictError):
                await self._documents.remove("claims", namespace, name, expected=claim.version)

    async def _drop(self, namespace: str, task: Document, file: Fields) -> None:
        with contextlib.suppress(NotFoundError, GoneError):
            await self._store.cancel_upload(file["upload_id"])
        blob = await self._stored(namespace, task, file)
        if blob is not None:
            await self._removals.drop_files(namespace, [file_fields(blob)])

    async def _stored(self, namespace: str, task: Document, file: Fields) -> Blob | None:
        """Return the blob stored for a file of the task; None when none was stored or the blob is gone.

        When the session is too old, return the blob at that key if it was stored after the task began.
        """
        try:
            blob = await self._store.stat(Address(namespace, STORED_IN, file["key"]))
        except NotFoundError:
            return None
        try:
            found = (await self._store.find_upload(file["upload_id"])).blob
        except (NotFoundError, GoneError):
            began = parse_time(task.fields["created"])
            return blob if blob.modified and began and blob.modified >= began else None
        return blob if found is not None and blob.etag == found.etag else None


def image_fields(attributes: Fields, files: Sequence[Fields], *, upload: str | None) -> Fields:
    """Return the document of a new image: the attributes that the client sent, and its files in `products` by key and
    ETag."""
    now = now_text()
    described = [{"href": file_href(file["key"]), "size_bytes": file["size_bytes"]} for file in files]
    told: dict[str, Any] = {"storage_state": "available", **attributes, **({"files": described} if upload else {})}
    return {
        "uid": secrets.token_hex(16), "attributes": told, "files": list(files), "upload": upload, "created": now,
        "modified": now,
    }  # fmt: skip
