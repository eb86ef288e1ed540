"""One writer at a time for each upload session, on every engine. A separate task ends a writer that its request has
left."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Protocol, TypeVar

from storage_tui.contract.errors import ConflictError, StorageError
from storage_tui.server.stores.base import UploadWriter

WRITTEN = "the upload session is being written by another request; wait for that request to end"

_log = logging.getLogger(__name__)


class ParkingWriter(UploadWriter, Protocol):
    """A writer that can begin again, and that can be parked when its request leaves."""

    async def restart(self) -> None:
        """Drop the bytes of the session and begin at 0."""

    async def park(self) -> None:
        """Keep the written bytes for a resume, and release everything."""


W = TypeVar("W", bound=ParkingWriter)


class Parking:
    """The sessions of a store that have a writer."""

    def __init__(self) -> None:
        self._parking: dict[str, asyncio.Task[None] | None] = {}  # sessions with a writer; a task ends the writer

    @property
    def count(self) -> int:
        """The number of sessions with a writer."""
        return len(self._parking)

    @asynccontextmanager
    async def writing(
        self, upload_id: str, open_writer: Callable[[], Awaitable[W]], *, restart: bool
    ) -> AsyncIterator[W]:
        """Make a writer with `open_writer` and yield it as the only writer of the session, as `Store.write_upload`
        promises. Raise ConflictError when another request writes the session."""
        if await self.is_written(upload_id):
            raise ConflictError(WRITTEN)
        self._parking[upload_id] = None
        try:
            writer = await open_writer()
        except BaseException:
            del self._parking[upload_id]
            raise
        try:
            if restart:
                await writer.restart()
            yield writer
        except BaseException:
            await self._park(upload_id, writer, is_failing=True)
            raise
        await self._park(upload_id, writer, is_failing=False)

    async def is_written(self, upload_id: str) -> bool:
        """Return whether a request writes the session. If a request has just left it, wait until its writer is
        parked."""
        while (parking := self._parking.get(upload_id)) is not None:
            await asyncio.wait((parking,))
        return upload_id in self._parking

    async def settle(self) -> None:
        """Wait until every writer that was left is parked."""
        while tasks := [task for task in self._parking.values() if task is not None]:
            await asyncio.wait(tasks)

    async def _park(self, upload_id: str, writer: ParkingWriter, *, is_failing: bool) -> None:
        """Park the writer in a separate task: a request that is cancelled twice must not leave half a checkpoint."""

        async def park() -> None:
            try:
                await writer.park()
            finally:
                del self._parking[upload_id]

        task = self._parking[upload_id] = asyncio.create_task(park())
        await asyncio.wait((task,))
        error = task.exception()
        if error is None:
            return
        if not is_failing:
            raise error
        level = logging.DEBUG if isinstance(error, StorageError) else logging.ERROR
        _log.log(level, "the last bytes of an interrupted upload could not be stored", exc_info=error)
