"""Runs the transfers of the queue, a few at once, for as long as the App lives."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from storage_tui.client.async_storage import AsyncStorage
from storage_tui.contract import checksum
from storage_tui.contract.errors import CancelledError, LocalFileError, NotFoundError, StorageError
from storage_tui.contract.models import Blob
from storage_tui.tui.state.messages import MessageLog, explain
from storage_tui.tui.state.transfers import Transfer, TransferQueue

if TYPE_CHECKING:
    from storage_tui.client.journal import UnfinishedTransfer

READ_SIZE = 1024 * 1024  # one system call a MiB; smaller reads cost more than the checksum
RENAMES = 10_000  # names tried before giving up


class TransferRunner:
    """Starts what the queue has ready and books what becomes of it. `touch` is told the types that uploads changed."""

    def __init__(
        self, storage: AsyncStorage, queue: TransferQueue, log: MessageLog, touch: Callable[[str], None]
    ) -> None:
        self._storage = storage
        self._queue = queue
        self._log = log
        self._touch = touch
        self._tasks: set[asyncio.Task[None]] = set()

    def pump(self) -> None:
        """Start as many as may run; call it after every change of the queue."""
        while (transfer := self._queue.next_ready()) is not None:
            task = asyncio.create_task(self._run(transfer), name=f"transfer-{transfer.number}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def stop(self, *, keep: bool = False) -> None:
        """Cancel all and wait until nothing moves; with `keep` what has begun can be continued by the next session."""
        for transfer in list(self._queue.items):
            self._queue.cancel(transfer, keep=keep)
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, transfer: Transfer) -> None:
        try:
            if transfer.unfinished is not None:
                await self._resume(transfer, transfer.unfinished)
                return
            move = self._upload if transfer.direction == "upload" else self._download
            await move(transfer)
        except CancelledError:
            transfer.state = "cancelled"
        except (StorageError, OSError) as exc:
            if transfer.state != "cancelled":
                transfer.state, transfer.error = "failed", explain(exc)
                self._log.error(f"{transfer.direction} of {transfer.key!a} failed: {transfer.error}", exc)
        else:
            if transfer.state in ("running", "paused"):
                transfer.state = "done"
        finally:
            if transfer.state in ("running", "paused"):
                transfer.state = "cancelled"
            if transfer.control is not None and transfer.state == "done":
                transfer.note = transfer.note or transfer.control.note
                transfer.note = " · ".join(filter(None, (transfer.control.phase, transfer.note)))
            self.pump()

    async def _resume(self, transfer: Transfer, unfinished: "UnfinishedTransfer") -> None:
        blob = await self._storage.resume(unfinished, control=transfer.control)
        transfer.size_bytes = blob.size_bytes
        transfer.state = "done"
        if transfer.direction == "upload":
            self._touch(transfer.storage_type)

    async def _upload(self, transfer: Transfer) -> None:
        key, storage_type = transfer.key, transfer.storage_type
        if transfer.conflict != "overwrite":
            there = await self._stat(key, storage_type)
            if there is not None and transfer.conflict == "rename":
                key = await self._free_key(key, storage_type)
                transfer.note = "under another key: the first one is taken"
                transfer.key = key
            elif there is not None:
                is_same = transfer.conflict == "different" and await asyncio.to_thread(_is_same, transfer.path, there)
                if is_same or transfer.conflict == "skip":
                    transfer.state = "skipped"
                    transfer.note = "the same bytes are there" if is_same else "the key exists"
                    return
        blob = await self._storage.set_file(key, transfer.path, storage_type, control=transfer.control)
        transfer.size_bytes = blob.size_bytes
        self._touch(storage_type)

    async def _download(self, transfer: Transfer) -> None:
        path = transfer.path
        if transfer.root is not None:
            await asyncio.to_thread(make_folders, transfer.root, path.parent)
        if transfer.conflict != "overwrite" and await asyncio.to_thread(os.path.lexists, path):
            if transfer.conflict == "rename":
                path = transfer.path = await asyncio.to_thread(free_path, path)
                transfer.note = "under another name: the first one is taken"
            elif transfer.conflict == "skip":
                transfer.state, transfer.note = "skipped", "the file exists"
                return
            else:
                there = await self._storage.stat(transfer.key, transfer.storage_type)
                if await asyncio.to_thread(_is_same, path, there):
                    transfer.state, transfer.note = "skipped", "the same bytes are there"
                    return
        await self._storage.get_file(transfer.key, path, transfer.storage_type, control=transfer.control)
        if transfer.control is not None and transfer.size_bytes is None:
            transfer.size_bytes = transfer.control.done_bytes

    async def _stat(self, key: str, storage_type: str) -> Blob | None:
        try:
            return await self._storage.stat(key, storage_type)
        except NotFoundError:
            return None

    async def _free_key(self, key: str, storage_type: str) -> str:
        folder, slash, name = key.rpartition("/")
        for number in range(2, RENAMES):
            candidate = f"{folder}{slash}{numbered(name, number)}"
            if await self._stat(candidate, storage_type) is None:
                return candidate
        raise LocalFileError(f"no free key beside {key!a}", key=key)


def make_folders(root: Path, folder: Path) -> None:
    """Make `folder` below `root`, one segment at a time; raises LocalFileError at a symbolic link."""
    root.mkdir(parents=True, exist_ok=True)
    at = root
    for segment in folder.relative_to(root).parts:
        at /= segment
        if at.is_symlink():
            raise LocalFileError(f"{str(at)!a} is a symbolic link; nothing is written through it")
        at.mkdir(exist_ok=True)


def free_path(path: Path) -> Path:
    """The first of `name (2).ext`, `name (3).ext` … that is not there."""
    for number in range(2, RENAMES):
        candidate = path.with_name(numbered(path.name, number))
        if not candidate.exists() and not candidate.is_symlink():
            return candidate
    raise LocalFileError(f"no free name beside {str(path)!a}")


def numbered(name: str, number: int) -> str:
    """`name (2).ext`."""
    stem, dot, suffix = name.rpartition(".")
    return f"{stem} ({number}){dot}{suffix}" if dot and stem else f"{name} ({number})"


def _is_same(path: Path, blob: Blob) -> bool:
    """Whether the file has the size and checksum of the blob; False where the server tells neither."""
    if not path.is_file() or path.stat().st_size != blob.size_bytes or blob.crc32c is None:
        return False
    crc = 0
    with path.open("rb") as file:
        while chunk := file.read(READ_SIZE):
            crc = checksum.extend(crc, chunk)
    return checksum.encode(crc) == blob.crc32c
