"""The task that deletes all images of a product. Its document is its state, so any server can report and continue
it."""

import asyncio
import logging
from datetime import UTC, datetime
from typing import Any

from storage_tui.contract.errors import ConflictError, StorageError
from storage_tui.contract.visible import one_line
from storage_tui.server.catalog.documents import Documents, Fields, going_on, now_text
from storage_tui.server.catalog.removals import Removals
from storage_tui.server.catalog.tasks import Tasks

RUNNING, SUCCESS, FAILURE, NONE = "RUNNING", "SUCCESS", "FAILURE", "NONE"
PATIENCE_S = 5.0  # most products are emptied by then, and their owner need not ask again

log = logging.getLogger("storage_tui.server")


class Running(dict[tuple[str, str], "asyncio.Task[None]"]):
    """The tasks of this process by namespace and product."""


class Emptying:
    """Runs the tasks. One task a product runs in this process; a second one in another process does no harm."""

    def __init__(self, documents: Documents, removals: Removals, tasks: Tasks, running: Running) -> None:
        self._documents = documents
        self._removals = removals
        self._tasks = tasks
        self._running = running

    async def has_objects(self, namespace: str, product_id: str) -> bool:
        """Return whether the product has images, or unfinished uploads or removals of images."""
        for kind in ("images", "claims", "removals"):
            if await self._documents.names(kind, namespace, f"{product_id}/", limit=1):
                return True
        return False

    async def begin(self, namespace: str, product_id: str) -> Fields | None:
        """Begin the task, wait up to PATIENCE_S seconds, and return its state; None when there is nothing to delete.

        Raise ConflictError when the task is running already.
        """
        if (namespace, product_id) in self._running:
            raise ConflictError(f"the images of {product_id} are being deleted already; ask for the status of this")
        if not await self.has_objects(namespace, product_id):
            return None
        state = {"status": RUNNING, "start_datetime": now_text(), "objects_deleted": 0}
        await self._documents.replace("emptyings", namespace, product_id, state, is_due=True)
        await asyncio.wait([self._run(namespace, product_id, state)], timeout=PATIENCE_S)
        return await self.state(namespace, product_id)

    async def state(self, namespace: str, product_id: str) -> Fields:
        """Return the fields of the task that the published client reads."""
        document = await self._documents.read("emptyings", namespace, product_id)
        return {"status": NONE} if document is None else dict(document.fields)

    async def sweep(self) -> None:
        """Continue the tasks that a crash has interrupted."""
        for namespace, product_id in await self._documents.all_names("emptyings"):
            with going_on("the emptying of a product"):
                state = await self.state(namespace, product_id)
                if state["status"] == RUNNING and (namespace, product_id) not in self._running:
                    await asyncio.wait([self._run(namespace, product_id, state)])

    def _run(self, namespace: str, product_id: str, state: Fields) -> "asyncio.Task[None]":
        task = asyncio.create_task(self._empty(namespace, product_id, state))
        self._running[namespace, product_id] = task
        task.add_done_callback(lambda _: self._running.pop((namespace, product_id), None))
        return task

    async def _empty(self, namespace: str, product_id: str, state: Fields) -> None:
        began, deleted = datetime.now(UTC), int(state.get("objects_deleted", 0))
        outcome: dict[str, Any] = {"status": SUCCESS}
        try:
            for name in await self._documents.names("claims", namespace, f"{product_id}/"):
                await self._tasks.give_up(namespace, name)
            for kind in ("images", "removals"):
                for name in await self._documents.names(kind, namespace, f"{product_id}/"):
                    deleted += await self._removals.remove(namespace, name)
        except StorageError as exc:
            outcome = {"status": FAILURE, "errors": [one_line(exc.message)]}
        seconds = (datetime.now(UTC) - began).total_seconds()
        ended = {**state, **outcome, "objects_deleted": deleted, "duration_in_seconds": seconds}
        try:
            await self._documents.replace("emptyings", namespace, product_id, ended, is_due=True)
        except StorageError as exc:
            log.error("cannot record that a product was emptied: %s", one_line(exc.message))
