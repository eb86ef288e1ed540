"""One writer at a time for each upload session, or for each of its parts, on every engine. A separate task ends a
writer that its request has left.

A part has a name of its own, see `part_name`. A session and its parts exclude each other; its parts do not.
"""

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


def part_name(upload_id: str, start: int) -> str:
    """Return the name of a part of a session among the writers."""
    return f"{upload_id} {start}"


class Parking:
    """The sessions of a store, and the parts of sessions, that have a writer."""

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
        while parking := [task for name, task in self._parking.items() if task and _excludes(name, upload_id)]:
            await asyncio.wait(parking)
        return any(_excludes(name, upload_id) for name in self._parking)

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


def _excludes(name: str, other: str) -> bool:
    return name == other or name.startswith(f"{other} ") or other.startswith(f"{name} ")
