"""`AsyncStorage`: the same calls as coroutines. What is short runs on the event loop; blobs move in threads."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Self, TypeVar

from storage_tui.client import calls, folding
from storage_tui.client.calls import Call, RangeRead
from storage_tui.client.control import TransferControl
from storage_tui.client.transfer.engine import TransferEngine
from storage_tui.contract.columns import ColumnPage
from storage_tui.contract.errors import ConflictError
from storage_tui.contract.models import Blob, DeleteResult, Page, ServiceInfo, Usage
from storage_tui.contract.storage_types import DEFAULT, find_storage_type

if TYPE_CHECKING:
    from storage_tui.client.batch.plan import BatchPlan
    from storage_tui.client.batch.results import BatchResult
    from storage_tui.client.batch.scheduler import Batch, Begun, Ended
    from storage_tui.client.http.async_session import AsyncSession
    from storage_tui.client.transfer.conflict import Conflict
    from storage_tui.client.transfer.records import UnfinishedTransfer
    from storage_tui.contract.catalog import CatalogImage, ImageId

T = TypeVar("T")
TRANSFERS = 16  # threads that move bytes at once; what is more waits its turn


class AsyncStorage:
    """The asynchronous client of the Storage API; arguments, meanings and errors are those of `Storage`.

    Calls may be cancelled like any awaitable: a transfer then stops where it is. Use it from one event loop, and end
    it with `await close()` or `async with`. `engine` is what moves the blobs, blocking, in threads.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        token: str | None = None,
        token_file: str | Path | None = None,
        data_dir: str | Path | None = None,
        retries: int = 3,
        timeout_s: float = 60.0,
    ) -> None:
        self.engine = TransferEngine(
            url, token=token, token_file=token_file, data_dir=data_dir, retries=retries, timeout_s=timeout_s
        )
        self._made: AsyncSession | None = None
        self._threads: ThreadPoolExecutor | None = None
        self._controls: set[TransferControl] = set()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.display_url!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        """As `Storage`: unpickled it is a client of the same server made anew."""
        return partial(type(self), **self.engine.arguments()), ()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Cancel running transfers, close the connections and leave the embedded server."""
        for control in tuple(self._controls):
            control.cancel(keep=True)
        if self._made is not None:
            await self._made.aclose()
        if self._threads is not None:
            threads, self._threads = self._threads, None
            await asyncio.to_thread(threads.shutdown, cancel_futures=True)
        await asyncio.to_thread(self.engine.close)

    @property
    def is_embedded(self) -> bool:
        """Whether this is the store of this machine."""
        return self.engine.server.is_embedded

    @property
    def display_url(self) -> str:
        """How to name the server to people; holds no secret."""
        return self.engine.display_url

    def account(self) -> str:
        """See `Storage.account`; blocks, so call it in a thread."""
        return self.engine.account()

    # The published calls.

    async def set(self, key: str, value: Any, storage_type: str = DEFAULT, *, content_type: str | None = None) -> None:
        """Store a value: a str (as UTF-8), anything bytes-like, a binary file object or an iterable of bytes."""
        await self._in_thread(
            TransferControl(),
            lambda used: self.engine.set(key, value, storage_type, control=used, content_type=content_type),
        )

    async def get(self, key: str, storage_type: str = DEFAULT) -> bytes:
        """The whole value, held in memory."""
        return await self._run(calls.get(key, storage_type))

    async def set_file(
        self, key: str, file_obj: Any, storage_type: str = DEFAULT, *,
        control: TransferControl | None = None, content_type: str | None = None, resume: bool = True,
    ) -> Blob:  # fmt: skip
        """Upload a file by name or an open binary file object; returns the stored blob. See `Storage.set_file`."""
        return await self._in_thread(
            control or TransferControl(),
            lambda used: self.engine.upload(
                key, file_obj, storage_type, control=used, content_type=content_type, resume=resume
            ),
        )

    async def get_file(
        self, key: str, file_obj: str | Path | IO[bytes] | Any, storage_type: str = DEFAULT, *,
        control: TransferControl | None = None, resume: bool = True,
    ) -> Blob:  # fmt: skip
        """Download into a file by name or an open binary file object. See `Storage.get_file`."""

        def work(used: TransferControl) -> Blob:
            if isinstance(file_obj, str | os.PathLike):
                return self.engine.download(key, Path(file_obj), storage_type, control=used, resume=resume)
            return self.engine.download_to(key, file_obj, storage_type, control=used)

        return await self._in_thread(control or TransferControl(), work)

    def batch(
        self, plan: "BatchPlan | None" = None, *, conflict: "Conflict | None" = None, jobs: int | None = None,
        resume: bool = True, on_begin: "Begun | None" = None, on_end: "Ended | None" = None,
    ) -> "Batch":  # fmt: skip
        """A Batch of this client, to be carried out by `run`; steer it and poll its `progress` meanwhile. Without a
        plan it takes items while it runs. See `Batch`, which says from which threads the callbacks come."""
        from storage_tui.client.batch.scheduler import JOBS, Batch
        from storage_tui.client.transfer.conflict import Conflict

        return Batch(
            self.engine, plan, conflict=conflict or Conflict.REFUSE, jobs=jobs or JOBS, resume=resume,
            on_begin=on_begin, on_end=on_end,
        )  # fmt: skip

    async def run(self, batch: "Batch") -> "Sequence[BatchResult]":
        """Carry out a batch in threads of its own; see `Batch.run`. Cancelling the awaiting task cancels the batch."""
        future = asyncio.ensure_future(asyncio.to_thread(batch.run))
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            batch.cancel()
            with suppress(Exception, asyncio.CancelledError):
                await future
            raise

    async def unfinished(self) -> Sequence["UnfinishedTransfer"]:
        """What was begun with this server and is not ended, to offer `continue, forget` at the start: each row has
        `direction`, `storage_type`, `key`, `path`, `size_bytes`, `created` (RFC 3339) and `done_bytes()`. Files are
        read in a thread. See `Storage.unfinished`."""
        return await asyncio.to_thread(self.engine.unfinished)

    async def resume(self, transfer: "UnfinishedTransfer", *, control: TransferControl | None = None) -> Blob:
        """Continue an unfinished transfer to its end; `control.note` tells whether it went on or started over.
        See `Storage.resume`."""
        return await self._in_thread(
            control or TransferControl(), lambda used: self.engine.resume(transfer, control=used)
        )

    async def forget(self, transfer: "UnfinishedTransfer") -> bool:
        """Give up an unfinished transfer, here and on the server. See `Storage.forget`."""
        return await self._in_thread(TransferControl(), lambda _: self.engine.forget(transfer))

    async def exists(self, key: str, storage_type: str = DEFAULT) -> bool:
        """Whether there is such a blob."""
        return await self._run(calls.exists(key, storage_type))

    async def list(self, prefix: str | None = None, storage_type: str = DEFAULT) -> list[str]:
        """Up to 1000 keys, those that begin with the prefix."""
        return (await self._run(calls.keys_page(prefix, storage_type)))[0]

    async def iter_list(self, prefix: str | None = None, storage_type: str = DEFAULT) -> AsyncIterator[str]:
        """All keys that begin with the prefix, fetched page by page."""
        token = None
        while True:
            keys, token = await self._run(calls.keys_page(prefix, storage_type, token))
            for key in keys:
                yield key
            if token is None:
                return

    async def delete(self, key: str, storage_type: str = DEFAULT, *, etag: str | None = None) -> None:
        """Delete a blob, with an `etag` only if it is still that one."""
        await self._run(calls.delete(key, storage_type, etag))

    async def get_signed_url(
        self, key: str, storage_type: str = DEFAULT, *, expires_in: timedelta | None = None
    ) -> str:
        """A URL that downloads the blob without a token, for a while."""
        return await self._run(calls.signed_url(key, storage_type, expires_in))

    async def get_upload_url(self, key: str, storage_type: str = DEFAULT, **query: Any) -> str:
        """A URL that takes one upload of this blob without a token."""
        return await self._run(calls.new_upload(key, storage_type, query=query))

    # Ours.

    async def stat(self, key: str, storage_type: str = DEFAULT) -> Blob:
        """What the server tells of one blob."""
        return await self._run(calls.stat(key, storage_type))

    async def list_page(
        self, prefix: str = "", *, storage_type: str = DEFAULT, delimiter: str = "/", token: str | None = None,
        limit: int = 1000,
    ) -> Page:  # fmt: skip
        """One page of blobs and folders; go on with `token=page.next_token`. See `Storage.list_page`."""
        return await self._run(folding.list_page(self.engine.service, prefix, storage_type, delimiter, token, limit))

    async def list_columns(
        self, prefix: str = "", *, storage_type: str = DEFAULT, delimiter: str = "/", token: str | None = None,
        limit: int | None = None,
    ) -> Sequence[ColumnPage]:  # fmt: skip
        """The next pages of a list in columns: names, sizes and times. See `Storage.list_columns`."""
        return await self._run(folding.list_columns(self.engine.service, prefix, storage_type, delimiter, token, limit))

    async def usage(self, prefix: str = "", *, storage_type: str = DEFAULT, delimiter: str = "") -> Usage:
        """Count and bytes under the prefix. See `Storage.usage`."""
        return await self._run(folding.usage(self.engine.service, prefix, storage_type, delimiter))

    async def copy(
        self, key: str, to_key: str, *, storage_type: str = DEFAULT, to_storage_type: str | None = None,
        overwrite: bool = True,
    ) -> Blob:  # fmt: skip
        """Copy a blob, also into another storage type. See `Storage.copy`."""
        target = find_storage_type(to_storage_type or storage_type).name
        if "copy" in (await self.describe()).features:
            return await self._run(calls.copy(key, storage_type, to_key, target, overwrite))
        if not overwrite and await self.exists(to_key, target):
            raise ConflictError(f"{to_key!r} exists already in {target}; choose another key", key=to_key)
        return await self._in_thread(
            TransferControl(), lambda used: self.engine.copy_through(key, storage_type, to_key, target, control=used)
        )

    async def delete_many(
        self, targets: Iterable[Blob | str | tuple[str, str | None]], *, storage_type: str = DEFAULT
    ) -> Sequence[DeleteResult]:
        """Delete many keys and tell of each what became of it. See `Storage.delete_many`."""
        return await self._run(calls.delete_batch(self.engine.service, calls.checked_targets(targets), storage_type))

    async def read_range(
        self, key: str, storage_type: str = DEFAULT, *, start: int = 0, stop: int | None = None,
        etag: str | None = None,
    ) -> RangeRead:  # fmt: skip
        """Bytes `start` up to and without `stop`. See `Storage.read_range`."""
        return await self._run(calls.read_range(key, storage_type, start, stop, etag))

    @asynccontextmanager
    async def stream(
        self, key: str, storage_type: str = DEFAULT, *, control: TransferControl | None = None
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """Within the block: the chunks of a blob in order. See `Storage.stream`."""
        used = control or TransferControl()
        opened = self.engine.stream(key, storage_type, control=used)
        chunks = opened.__enter__()

        async def iterate() -> AsyncIterator[bytes]:
            while (chunk := await self._in_thread(used, lambda _: next(chunks, None))) is not None:
                yield chunk

        try:
            yield iterate()
        finally:
            opened.__exit__(None, None, None)

    async def image_of(self, key: str) -> "CatalogImage | None":
        """The image of the catalog that a blob of `products` is a file of. See `Storage.image_of`."""
        from storage_tui.client import catalog_calls as catalog

        return await self._run(catalog.image_of(self.engine.service, key))

    async def find_image(self, image_id: "ImageId") -> "CatalogImage | None":
        """The image of that id in the catalog. See `Storage.find_image`."""
        from storage_tui.client import catalog_calls as catalog

        return await self._run(catalog.find_image(self.engine.service, image_id))

    async def delete_image(self, image_id: "ImageId") -> None:
        """Delete an image from the catalog with all its files. See `Storage.delete_image`."""
        from storage_tui.client import catalog_calls as catalog

        await self._run(catalog.delete_image(image_id))

    async def describe(self) -> ServiceInfo:
        """What the server is, its features and limits; asked once."""
        return await self._run(calls.describe(self.engine.service))

    async def _run(self, call: Call[T]) -> T:
        if self._made is None:
            from storage_tui.client.http.async_session import AsyncSession

            self._made = AsyncSession(self.engine.server, self.engine.policy, self.engine.timeout_s)
        return await self._made.run(call)

    async def _in_thread(self, control: TransferControl, work: Callable[[TransferControl], T]) -> T:
        """Run blocking work; when the awaiting task is cancelled, cancel the transfer and wait until it has ended."""
        if self._threads is None:
            self._threads = ThreadPoolExecutor(TRANSFERS, thread_name_prefix="storage-tui-transfer")
        self._controls.add(control)
        future = asyncio.get_running_loop().run_in_executor(self._threads, work, control)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            control.cancel()
            future.cancel()
            with suppress(Exception, asyncio.CancelledError):
                await future
            raise
        finally:
            self._controls.discard(control)
