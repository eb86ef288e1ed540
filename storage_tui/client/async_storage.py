"""`AsyncStorage`: the same calls as coroutines. Short calls run on the event loop; blobs move in threads."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Self, TypeVar

from storage_tui.client import calls, folding
from storage_tui.client import moves as moving
from storage_tui.client.access.server_choice import PLAIN
from storage_tui.client.calls import Call, RangeRead
from storage_tui.client.control import TransferControl
from storage_tui.client.default_client import default_of, set_default
from storage_tui.client.moves import Moves
from storage_tui.client.transfer.engine import TransferEngine
from storage_tui.contract.columns import ColumnPage
from storage_tui.contract.models import Blob, DeleteResult, Page, ServiceInfo, Usage
from storage_tui.contract.moves import Move, MoveResult
from storage_tui.contract.places import OpenPlace, PlaceOptions
from storage_tui.contract.storage_types import DEFAULT

if TYPE_CHECKING:
    from storage_tui.client.batch.plan import BatchPlan
    from storage_tui.client.batch.results import BatchResult
    from storage_tui.client.batch.scheduler import Batch, Begun, Ended
    from storage_tui.client.buckets import AsyncBucket
    from storage_tui.client.http.async_session import AsyncSession
    from storage_tui.client.transfer.conflict import Conflict
    from storage_tui.client.transfer.records import UnfinishedTransfer
    from storage_tui.client.undoing.trash import AsyncTrash
    from storage_tui.contract.catalog import CatalogImage, ImageId

T = TypeVar("T")
TRANSFERS = 16  # threads that move bytes at once; further transfers wait


class AsyncStorage:
    """The asynchronous client of the Storage API; arguments, meanings and errors are those of `Storage`.

    The class `Storage` documents the arguments that many methods share: `key`, `storage_type`, `control` and
    `content_type`, with the errors that every call can raise. In particular, a blob with a content type outside the
    list of allowed types is served as `application/octet-stream`.

    Calls may be cancelled like any awaitable; a cancelled transfer stops at once. Use a client from one event loop, and
    close it with `await close()` or `async with`. `engine` moves the blobs, blocking, in threads.
    """

    def __init__(
        self,
        url: str | None = None,
        auth: Any = None,
        retries: Any = None,
        *,
        token: str | None = None,
        token_file: str | Path | None = None,
        data_dir: str | Path | None = None,
        timeout_s: float = 60.0,
        patience_s: float | None = None,
        opening: PlaceOptions | Mapping[str, Any] = PLAIN,
        profile: str | None = None,
    ) -> None:
        self.engine = TransferEngine(
            url, token=token, token_file=token_file, data_dir=data_dir, retries=retries, timeout_s=timeout_s, auth=auth,
            patience_s=patience_s, opening=opening, profile=profile,
        )  # fmt: skip
        self._made: AsyncSession | None = None
        self._threads: ThreadPoolExecutor | None = None
        self._controls: set[TransferControl] = set()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.display_url!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the client as `Storage` does: unpickled, it is a new client of the same server."""
        return partial(type(self), **self.engine.arguments()), ()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Cancel running transfers, close the connections and stop using the embedded server.

        The received bytes of large transfers are kept; `resume` continues them.
        """
        for control in tuple(self._controls):
            control.cancel(keep=True)
        if self._made is not None:
            await self._made.aclose()
        if self._threads is not None:
            threads, self._threads = self._threads, None
            await asyncio.to_thread(threads.shutdown, cancel_futures=True)
        await asyncio.to_thread(self.engine.close)

    @property
    def place(self) -> OpenPlace | None:
        """Return the bucket or folder that the client was opened on, as far as it is known without asking its server;
        None for a server of the Storage API."""
        return self.engine.place

    @property
    def is_embedded(self) -> bool:
        """Return whether this is the embedded store of this machine."""
        return self.engine.server.is_embedded

    @property
    def display_url(self) -> str:
        """Return the name of the server for people; it holds no secret."""
        return self.engine.display_url

    def account(self) -> str:
        """Return one text for the server and the owner of the token; see `Storage.account`. It blocks: use a thread."""
        return self.engine.account()

    @property
    def trash(self) -> "AsyncTrash":
        """Return the trash: lists what was deleted or overwritten, brings it back, or removes it for good."""
        from storage_tui.client.undoing.trash import AsyncTrash

        return AsyncTrash(self._run, self.engine.service)

    @property
    def bucket(self) -> "AsyncBucket":
        """Return what only buckets have: facts of objects, and archives."""
        from storage_tui.client.buckets import AsyncBucket

        return AsyncBucket(self._run, self.engine.service)

    # The published calls.

    @classmethod
    def get_default_client(cls) -> Self:
        """Return the default client of this class, made on first use; see `Storage.get_default_client`."""
        return default_of(cls)

    @classmethod
    def set_default_client(cls, client: Self) -> None:
        """Make `client` the default client of this class; raise BadRequestError for a client of another class."""
        set_default(cls, client)

    async def set(self, key: str, value: Any, storage_type: str = DEFAULT, *, content_type: str | None = None) -> None:
        """Store a value, replacing an existing blob; see `Storage.set`.

        `value` is a str (stored as UTF-8), a bytes-like object, a file object or an iterable of bytes.
        `content_type` is the media type of the blob.
        """
        await self._in_thread(
            TransferControl(),
            lambda used: self.engine.set(key, value, storage_type, control=used, content_type=content_type),
        )

    async def get(self, key: str, storage_type: str = DEFAULT) -> bytes:
        """Return the whole value, held in memory; see `Storage.get`. Raise NotFoundError when there is none.

        This call has no patience with a server that is away; `get_file` and `stream` have.
        """
        return await self._run(calls.get(key, storage_type))

    async def set_file(
        self, key: str, file_obj: Any, storage_type: str = DEFAULT, *,
        control: TransferControl | None = None, content_type: str | None = None, resume: bool = True,
    ) -> Blob:  # fmt: skip
        """Upload a file, replacing an existing blob; return the stored blob. See `Storage.set_file`.

        `file_obj` is the name of a file or an open file object. `control` shows, pauses and cancels the
        transfer. `content_type` is the media type of the blob. With `resume`, a later call continues an unfinished
        large upload.
        """
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
        """Download a blob; return the blob. See `Storage.get_file`.

        `file_obj` is the name of a file or an open binary file object. `control` shows, pauses and cancels the
        transfer. With `resume`, a later call continues an unfinished large download.
        """

        def work(used: TransferControl) -> Blob:
            if isinstance(file_obj, str | os.PathLike):
                return self.engine.download(key, Path(file_obj), storage_type, control=used, resume=resume)
            return self.engine.download_to(key, file_obj, storage_type, control=used)

        return await self._in_thread(control or TransferControl(), work)

    def batch(
        self, plan: "BatchPlan | None" = None, *, conflict: "Conflict | None" = None, jobs: int | None = None,
        resume: bool = True, on_begin: "Begun | None" = None, on_end: "Ended | None" = None,
    ) -> "Batch":  # fmt: skip
        """Return a Batch of this client; `run` carries it out. While it runs, steer it and poll its `progress`.

        Without a `plan` the batch takes items while it runs. `conflict` is for items that name none; None means
        REFUSE. `jobs` is how many files move at once, 4 by default and at most 32. With `resume`, large files that an
        earlier process began are continued. `on_begin` and `on_end` are called from other threads; see `Batch`.
        """
        from storage_tui.client.batch.scheduler import JOBS, Batch
        from storage_tui.client.transfer.conflict import Conflict

        return Batch(
            self.engine, plan, conflict=conflict or Conflict.REFUSE, jobs=jobs or JOBS, resume=resume,
            on_begin=on_begin, on_end=on_end,
        )  # fmt: skip

    async def run(self, batch: "Batch") -> "Sequence[BatchResult]":
        """Carry out a batch in its own threads; return one result for each item that ended. See `Batch.run`.

        Cancelling the awaiting task cancels the batch.
        """
        future = asyncio.ensure_future(asyncio.to_thread(batch.run))
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            batch.cancel()
            with suppress(Exception, asyncio.CancelledError):
                await future
            raise

    async def unfinished(self) -> Sequence["UnfinishedTransfer"]:
        """Return the unfinished transfers with this server, oldest first; a program can offer to resume or forget them.

        Each row has `direction`, `storage_type`, `key`, `path`, `size_bytes`, `created` (RFC 3339) and `done_bytes()`.
        The files are read in a thread. See `Storage.unfinished`.
        """
        return await asyncio.to_thread(self.engine.unfinished)

    async def resume(self, transfer: "UnfinishedTransfer", *, control: TransferControl | None = None) -> Blob:
        """Continue an unfinished transfer to its end; return the blob. See `Storage.resume`.

        `control` shows, pauses and cancels the transfer; `control.note` says whether the transfer continued or started
        over.
        """
        return await self._in_thread(
            control or TransferControl(), lambda used: self.engine.resume(transfer, control=used)
        )

    async def forget(self, transfer: "UnfinishedTransfer") -> bool:
        """Give up an unfinished transfer, here and on the server; return False when another process works on it.

        See `Storage.forget`.
        """
        return await self._in_thread(TransferControl(), lambda _: self.engine.forget(transfer))

    async def exists(self, key: str, storage_type: str = DEFAULT) -> bool:
        """Return whether there is such a blob."""
        return await self._run(calls.exists(key, storage_type))

    async def list(self, prefix: str | None = None, storage_type: str = DEFAULT) -> list[str]:
        """Return the first keys that begin with `prefix`, up to 1000; a prefix of None stands for every key."""
        return (await self._run(calls.keys_page(prefix, storage_type)))[0]

    async def iter_list(self, prefix: str | None = None, storage_type: str = DEFAULT) -> AsyncIterator[str]:
        """Yield all keys that begin with `prefix`, fetched page by page; a prefix of None stands for every key."""
        token = None
        while True:
            keys, token = await self._run(calls.keys_page(prefix, storage_type, token))
            for key in keys:
                yield key
            if token is None:
                return

    async def delete(self, key: str, storage_type: str = DEFAULT, *, etag: str | None = None) -> None:
        """Delete a blob; with an `etag`, only if the blob still has this ETag. See `Storage.delete`.

        Raise NotFoundError when there is no such blob, PreconditionFailedError when its ETag is another one.
        """
        await self._run(calls.delete(key, storage_type, etag))

    async def get_signed_url(
        self, key: str, storage_type: str = DEFAULT, *, expires_in: timedelta | None = None
    ) -> str:
        """Return a URL that downloads the blob without a token; see `Storage.get_signed_url`.

        `expires_in` is how long the URL is valid; on our server at most 7 days, and one hour without this argument.
        """
        if not self.engine.has_signed_urls:
            self.engine.check_is_reachable("a signed URL")
        return await self._run(calls.signed_url(key, storage_type, expires_in))

    async def get_upload_url(self, key: str, storage_type: str = DEFAULT, **query: Any) -> str:
        """Return a URL that takes one upload of this blob without a token; see `Storage.get_upload_url`.

        `query` is sent to the server unchanged, as query parameters.
        """
        self.engine.check_is_reachable("an upload URL")
        return await self._run(calls.new_upload(key, storage_type, query=query))

    # Our additional calls.

    async def stat(self, key: str, storage_type: str = DEFAULT) -> Blob:
        """Return the description of one blob; see `Storage.stat`. Raise NotFoundError when there is none."""
        return await self._run(calls.stat(key, storage_type))

    async def list_page(
        self, prefix: str = "", *, storage_type: str = DEFAULT, delimiter: str = "/", token: str | None = None,
        limit: int = 1000,
    ) -> Page:  # fmt: skip
        """Return one page of the blobs and folders below `prefix`, in byte order. See `Storage.list_page`.

        The `delimiter` is `/`, or `""` for all blobs below the prefix. `limit` is the largest number of entries.
        `token` is the `next_token` of the page before; None is the first page.
        """
        return await self._run(folding.list_page(self.engine.service, prefix, storage_type, delimiter, token, limit))

    async def list_columns(
        self, prefix: str = "", *, storage_type: str = DEFAULT, delimiter: str = "/", token: str | None = None,
        limit: int | None = None,
    ) -> Sequence[ColumnPage]:  # fmt: skip
        """Return the next pages of a list as columns: names, sizes in bytes, times. See `Storage.list_columns`.

        The arguments are those of `list_page`; a `limit` of None takes as many entries as the server sends at once.
        """
        return await self._run(folding.list_columns(self.engine.service, prefix, storage_type, delimiter, token, limit))

    async def usage(self, prefix: str = "", *, storage_type: str = DEFAULT, delimiter: str = "") -> Usage:
        """Return the number of blobs and their bytes below `prefix`; with the `delimiter` `/`, also for each folder.

        See `Storage.usage`.
        """
        return await self._run(folding.usage(self.engine.service, prefix, storage_type, delimiter))

    async def copy(
        self, key: str, to_key: str, *, storage_type: str = DEFAULT, to_storage_type: str | None = None,
        overwrite: bool = True,
    ) -> Blob:  # fmt: skip
        """Copy the blob `key` to `to_key`; return the new blob. See `Storage.copy`.

        `to_storage_type` is the storage type of the copy; None means `storage_type`. With `overwrite=False`, raise
        ConflictError or PreconditionFailedError when there is a blob at `to_key`.
        """
        wanted = moving.checked_move(Move(key, to_key, storage_type, to_storage_type, overwrite=overwrite))
        if moving.COPY_FEATURE in (await self.describe()).features:
            return await self._run(moving.copy(self.engine.service, wanted))
        return await self._in_thread(TransferControl(), lambda used: Moves(self.engine, used).copy(wanted))

    async def set_content_type(
        self, key: str, content_type: str, storage_type: str = DEFAULT, *, etag: str | None = None
    ) -> Blob:
        """Give a stored blob another content type; return the blob. See `Storage.set_content_type`.

        `content_type` is a media type such as `text/csv`. With an `etag` only this version is changed.
        """
        return await self._run(moving.set_content_type(self.engine.service, key, content_type, storage_type, etag))

    async def move(
        self, key: str, to_key: str, storage_type: str = DEFAULT, *, to_storage_type: str | None = None,
        overwrite: bool = True, etag: str | None = None,
    ) -> Blob:  # fmt: skip
        """Move or rename the blob `key` to `to_key`; return the blob where it is now. See `Storage.move`.

        `to_storage_type` is its new storage type; None means `storage_type`. With an `etag` only this version is moved.
        """
        wanted = moving.checked_move(Move(key, to_key, storage_type, to_storage_type, etag, overwrite))
        if moving.COPY_FEATURE in (await self.describe()).features:
            return await self._run(moving.move(self.engine.service, wanted))
        return await self._in_thread(TransferControl(), lambda used: Moves(self.engine, used).move(wanted))

    async def move_many(self, moves: Iterable[Move]) -> Sequence[MoveResult]:
        """Move many blobs, one after the other; return one result for each, in order. See `Storage.move_many`."""
        wanted = moving.checked_moves(moves)
        if moving.COPY_FEATURE in (await self.describe()).features:
            return await self._run(moving.move_many(self.engine.service, wanted))
        return await self._in_thread(TransferControl(), lambda used: Moves(self.engine, used).move_many(wanted))

    async def copy_many(self, moves: Iterable[Move]) -> Sequence[MoveResult]:
        """Copy many blobs on the server, as `move_many` moves them. See `Storage.copy_many`."""
        wanted = moving.checked_moves(moves)
        if moving.COPY_FEATURE in (await self.describe()).features:
            return await self._run(moving.copy_many(self.engine.service, wanted))
        return await self._in_thread(TransferControl(), lambda used: Moves(self.engine, used).copy_many(wanted))

    async def delete_many(
        self, targets: Iterable[Blob | str | tuple[str, str | None]], *, storage_type: str = DEFAULT
    ) -> Sequence[DeleteResult]:
        """Delete many blobs; return one result for each target, in the order of the targets. See `Storage.delete_many`.

        A target is a key, a Blob, or a pair of key and ETag.
        """
        return await self._run(calls.delete_batch(self.engine.service, calls.checked_targets(targets), storage_type))

    async def read_range(
        self, key: str, storage_type: str = DEFAULT, *, start: int = 0, stop: int | None = None,
        etag: str | None = None,
    ) -> RangeRead:  # fmt: skip
        """Return the bytes from `start` to `stop`, `stop` excluded, with their span and the blob.

        A negative `start` means the last `-start` bytes. With an `etag` only this version of the blob is read. See
        `Storage.read_range`.
        """
        return await self._run(calls.read_range(key, storage_type, start, stop, etag))

    @asynccontextmanager
    async def stream(
        self, key: str, storage_type: str = DEFAULT, *, control: TransferControl | None = None
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """Return an asynchronous context manager; it gives the chunks of a blob in order. See `Storage.stream`.

        `control` shows, pauses and cancels the transfer.
        """
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
        """Return the catalog's image to which the blob `key` of `products` belongs, or None. See `Storage.image_of`."""
        from storage_tui.client import catalog_calls as catalog

        return await self._run(catalog.image_of(self.engine.service, key))

    async def find_image(self, image_id: "ImageId") -> "CatalogImage | None":
        """Return the image with this id from the catalog, or None. See `Storage.find_image`."""
        from storage_tui.client import catalog_calls as catalog

        return await self._run(catalog.find_image(self.engine.service, image_id))

    async def delete_image(self, image_id: "ImageId") -> None:
        """Delete an image from the catalog with all its files; raise NotFoundError when there is none.

        See `Storage.delete_image`.
        """
        from storage_tui.client import catalog_calls as catalog

        await self._run(catalog.delete_image(image_id))

    async def delete_stray(self, key: str, etag: str | None = None) -> None:
        """Delete a blob of `products` that belongs to no image. See `Storage.delete_stray`."""
        from storage_tui.client import catalog_calls as catalog

        await self._run(catalog.delete_stray(key, etag))

    async def describe(self) -> ServiceInfo:
        """Return the description of the server: its features and limits. The server is asked once."""
        return await self._run(calls.describe(self.engine.service))

    async def _run(self, call: Call[T]) -> T:
        if self._made is None:
            from storage_tui.client.http.async_session import AsyncSession

            self._made = AsyncSession(
                self.engine.server, self.engine.policy, self.engine.timeout_s, outage=self.engine.outage,
                pace=self.engine.pace, check_names=self.engine.check_names,
            )  # fmt: skip
        return await self._made.run(call)

    async def _in_thread(self, control: TransferControl, work: Callable[[TransferControl], T]) -> T:
        """Run blocking work in a thread; when the awaiting task is cancelled, cancel the transfer and wait for it."""
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
