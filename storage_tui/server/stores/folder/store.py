"""The Store over a folder of this machine as it is: files are blobs, their paths below the folder are keys. Read only.

What it promises less than a store of ours, as other programs change the folder at will:

- *Lists.* A name that cannot be a key, such as one that is no UTF-8, is left out and told in `place_notes`. A folder is
  a child prefix, also an empty one. Symbolic links, pipes, sockets and devices are listed with their kind as content
  type; a read of them is refused. No link is followed.
- *Reads.* There are no checksums. A file that changes during a read ends the read with DamagedError. A file that is
  removed or replaced by another one during a read is read to its end.
- *Changes* are all refused. The namespace of an address does not matter: the folder has one user.
"""

import asyncio
import os
import stat
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Event

from storage_tui.contract.columns import ColumnPage
from storage_tui.contract.errors import ConflictError, ForbiddenError, NotFoundError
from storage_tui.contract.models import CHILDREN_AT_MOST, Blob, Page, Usage
from storage_tui.contract.places import Place, read_only_text
from storage_tui.server.stores.base import (
    Address,
    BlobReader,
)
from storage_tui.server.stores.folder.left_out import LeftOut
from storage_tui.server.stores.folder.names import WINDOW
from storage_tui.server.stores.folder.reader import FileReader, blob_of, kind_of
from storage_tui.server.stores.folder.tree import Entry, Tree
from storage_tui.server.stores.read_only import ReadOnly
from storage_tui.server.stores.walks import Walks, check_limit, page_of

THREADS = 8  # a slow disk under one read does not stop the others
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY


class FolderStore(ReadOnly):
    """The store over the folder at `root`, an absolute path. It sorts `window` names of a folder at once."""

    opens_with_bytes = False
    takes_any_name = True

    def __init__(self, root: Path, *, window: int = WINDOW) -> None:
        super().__init__(read_only_text("file", Place("file", root=str(root)).title))
        self._left_out = LeftOut()
        self._tree = Tree(root, self._left_out, window=window)
        self._walks = Walks("folder", "folder", THREADS)

    async def start(self) -> None:
        await self._walks.run(lambda _: self._tree.open())

    async def close(self) -> None:
        await self._walks.close(waits=True)
        self._tree.close()

    async def place_rules(self) -> list[str]:
        """Return the rules of the place in short words."""
        return ["read only"]

    async def place_notes(self) -> list[str]:
        """Return what the store has left out so far, a sentence for each reason."""
        return self._left_out.sentences()

    async def stat(self, address: Address) -> Blob:
        return await self._walks.run(lambda _: self._find(address)[0])

    @asynccontextmanager
    async def open(self, address: Address) -> AsyncIterator[BlobReader]:
        opening = asyncio.get_running_loop().run_in_executor(self._walks.threads, self._open, address)
        try:
            blob, descriptor = await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(_close_opened)
            raise
        reader = FileReader(blob, descriptor, self._walks.threads)
        try:
            yield reader
        finally:
            reader.close()

    async def list_page(
        self, namespace: str, storage_type: str, *, prefix: str = "", delimiter: str = "", after: str = "", limit: int
    ) -> Page:  # fmt: skip
        check_limit(limit)

        def page(stop: Event) -> Page:
            entries = self._entries(prefix, delimiter, after, stop)
            return page_of(entries, limit, lambda key, status: blob_of(key, storage_type, status))

        return await self._walks.run(page)

    async def list_columns(
        self, namespace: str, storage_type: str, *, prefix: str = "", delimiter: str = "", after: str = "", limit: int,
        page_limit: int,
    ) -> list[ColumnPage]:  # fmt: skip
        check_limit(page_limit)
        page = await self.list_page(
            namespace, storage_type, prefix=prefix, delimiter=delimiter, after=after, limit=min(limit, page_limit)
        )
        return [ColumnPage.of(page, prefix)]

    async def usage(self, namespace: str, storage_type: str, *, prefix: str = "", delimiter: str = "") -> Usage:
        return await self._walks.run(lambda stop: self._usage(prefix, delimiter, stop))

    def _find(self, address: Address) -> tuple[Blob, os.stat_result]:
        key = address.key
        try:
            with self._tree.parent_of(key) as (folder, name):
                status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        except OSError as exc:
            raise _absent(key, exc) from exc
        if stat.S_ISDIR(status.st_mode):
            raise _folder(key)
        return blob_of(key, address.storage_type, status), status

    def _open(self, address: Address) -> tuple[Blob, int]:
        key = address.key
        try:
            with self._tree.parent_of(key) as (folder, name):
                status = os.stat(name, dir_fd=folder, follow_symlinks=False)
                if stat.S_ISDIR(status.st_mode):
                    raise _folder(key)
                if not stat.S_ISREG(status.st_mode):
                    raise _no_file(key, status, folder, name)
                descriptor = os.open(name, _OPEN, dir_fd=folder)
        except OSError as exc:
            raise _absent(key, exc) from exc
        opened = os.fstat(descriptor)
        if not stat.S_ISREG(opened.st_mode):  # another thing took the place of the file in between
            os.close(descriptor)
            raise NotFoundError(f"{key!r} was replaced by something else", key=key)
        return blob_of(key, address.storage_type, opened), descriptor

    def _usage(self, prefix: str, delimiter: str, stop: Event) -> Usage:
        total = _Sum()
        children: dict[str, _Sum] = {}
        with closing(self._entries(prefix, "", "", stop)) as entries:
            for key, status in entries:
                if status is None:
                    continue
                blob = blob_of(key, "", status)
                total.add(blob)
                cut = key.find(delimiter, len(prefix)) if delimiter else -1
                if cut >= 0:
                    child = key[: cut + 1]
                    if child in children or len(children) < CHILDREN_AT_MOST:
                        children.setdefault(child, _Sum()).add(blob)
        return total.usage(prefix, tuple(row.usage(name) for name, row in children.items()))

    def _entries(self, prefix: str, delimiter: str, after: str, stop: Event) -> Generator[Entry, None, None]:
        return self._tree.entries(prefix, delimiter=delimiter, after=after, is_stopped=stop.is_set)


@dataclass(slots=True)
class _Sum:
    count: int = 0
    size_bytes: int = 0
    oldest: datetime | None = field(default=None)
    newest: datetime | None = field(default=None)

    def add(self, blob: Blob) -> None:
        self.count += 1
        self.size_bytes += blob.size_bytes or 0
        if blob.modified is not None:
            self.oldest = blob.modified if self.oldest is None else min(self.oldest, blob.modified)
            self.newest = blob.modified if self.newest is None else max(self.newest, blob.modified)

    def usage(self, prefix: str, children: tuple[Usage, ...] = ()) -> Usage:
        return Usage(prefix, self.count, self.size_bytes, self.oldest, self.newest, children)


def _close_opened(opening: "asyncio.Future[tuple[Blob, int]]") -> None:
    if not opening.cancelled() and opening.exception() is None:
        os.close(opening.result()[1])


def _folder(key: str) -> NotFoundError:
    return NotFoundError(f"{key!r} is a folder, not a blob", key=key)


def _absent(key: str, exc: OSError) -> NotFoundError | ForbiddenError:
    if isinstance(exc, PermissionError):
        return ForbiddenError(f"{key!r} cannot be read: permission denied", key=key)
    return NotFoundError(f"no blob {key!r} in the folder", key=key)


def _no_file(key: str, status: os.stat_result, folder: int, name: bytes) -> ConflictError:
    kind = kind_of(status)[1]
    if not stat.S_ISLNK(status.st_mode):
        return ConflictError(f"{key!r} is {kind} and is not read", key=key)
    try:
        target = os.readlink(name, dir_fd=folder).decode("utf-8", "backslashreplace")
    except OSError:
        target = "?"
    return ConflictError(f"{key!r} is {kind} to {target!r} and is not followed", key=key)
