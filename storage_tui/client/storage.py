"""`Storage`: the blocking client. The published calls under their names and meanings, and ours beside them."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Self

from storage_tui.client import calls, folding
from storage_tui.client.calls import RangeRead
from storage_tui.client.control import TransferControl
from storage_tui.client.transfer.engine import TransferEngine
from storage_tui.contract.columns import ColumnPage
from storage_tui.contract.errors import ConflictError
from storage_tui.contract.models import Blob, DeleteResult, Page, ServiceInfo, Usage
from storage_tui.contract.storage_types import DEFAULT, find_storage_type

if TYPE_CHECKING:
    from storage_tui.client.transfer.records import UnfinishedTransfer
    from storage_tui.contract.catalog import CatalogImage, ImageId

__all__ = ["RangeRead", "Storage", "TransferControl"]


class Storage:
    """A client of the Storage API.

    Without arguments it is the store of this machine, started when it is not running, or the server that
    STORAGE_TUI_URL or DESCARTESLABS_STORAGE_URL names. `url` is the base of a service, such as
    `https://host/storage/v1`; its token comes from `token`, `token_file`, or where the published client finds it.
    `retries` counts the tries after the first of anything that may be repeated; `timeout_s` is the longest wait
    without a byte, never a limit for a whole transfer.

    Nothing is read or called before the first call. All methods may be called from several threads at once, and after
    a fork, and a client may be pickled unless it was given a `token` itself. Every refusal is a StorageError that says
    what to do; see `storage_tui.errors`. `engine` is what moves the blobs: a `Batch` of many is made from it.
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

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.display_url!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        """Unpickled, as in the workers of a pool, it is a client of the same server that finds its token there."""
        return partial(type(self), **self.engine.arguments()), ()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections and leave the embedded server; a later call opens them again."""
        self.engine.close()

    @property
    def is_embedded(self) -> bool:
        """Whether this is the store of this machine."""
        return self.engine.server.is_embedded

    @property
    def display_url(self) -> str:
        """How to name the server to people; holds no secret."""
        return self.engine.display_url

    def account(self) -> str:
        """The server and whose token it is as one text, by which what is kept for later on this machine is found
        again; holds no secret. Blocks where the token must be read first."""
        return self.engine.account()

    # The published calls.

    def set(self, key: str, value: Any, storage_type: str = DEFAULT, *, content_type: str | None = None) -> None:
        """Store a value: a str (as UTF-8), anything bytes-like, a binary file object or an iterable of bytes.

        A value in memory is sent as it is; a file object or iterable is streamed from where it stands. TypeRuleError
        where the storage type lets nothing be overwritten, StoreFullError where there is no room.
        """
        self.engine.set(key, value, storage_type, control=TransferControl(), content_type=content_type)

    def get(self, key: str, storage_type: str = DEFAULT) -> bytes:
        """The whole value, held in memory; `get_file` and `stream` are for what is large. NotFoundError when there is
        none, ChecksumError when it arrived damaged."""
        return self.engine.run(calls.get(key, storage_type))

    def set_file(
        self, key: str, file_obj: Any, storage_type: str = DEFAULT, *,
        control: TransferControl | None = None, content_type: str | None = None, resume: bool = True,
    ) -> Blob:  # fmt: skip
        """Upload a file by name, or an open binary file object from where it stands; returns the stored blob.

        Bounded memory whatever the size. A broken connection is gone on with where the server left off, a file that
        changes meanwhile is a LocalFileError, and the crc32c of what was read is compared before the blob appears.
        Of a large file by name that could not be finished, be it by `kill -9`, the next `set_file` of the same file to
        the same key goes on with it (see `unfinished`); `resume=False` does neither.
        """
        return self.engine.upload(
            key, file_obj, storage_type, control=control or TransferControl(), content_type=content_type, resume=resume
        )

    def get_file(
        self, key: str, file_obj: str | Path | IO[bytes] | Any, storage_type: str = DEFAULT, *,
        control: TransferControl | None = None, resume: bool = True,
    ) -> Blob:  # fmt: skip
        """Download into a file by name, or into an open binary file object; returns the blob.

        A file appears under its name only whole, compared and synced; an existing one is replaced at that moment and
        keeps its permissions. Of a large blob that could not be finished a hidden `.NAME.….part` stays, and the next
        `get_file` to the same place goes on with it if the blob is still the same; `resume=False` does neither.
        """
        control = control or TransferControl()
        if isinstance(file_obj, str | os.PathLike):
            return self.engine.download(key, Path(file_obj), storage_type, control=control, resume=resume)
        return self.engine.download_to(key, file_obj, storage_type, control=control)

    def unfinished(self) -> Sequence["UnfinishedTransfer"]:
        """The large transfers of files with this server that were begun, by any process of this user, and that nobody
        works on now: what was killed, or cancelled with `keep`, or could not reach the server any more. Oldest first.
        """
        return self.engine.unfinished()

    def resume(self, transfer: "UnfinishedTransfer", *, control: TransferControl | None = None) -> Blob:
        """Continue an unfinished transfer to its end; returns the blob.

        Where the other side is not what it was (the file or the blob changed, the server kept nothing or cannot go on)
        it starts over and `control.note` says so, else that reads `resumed at N bytes`. Raises ConflictError for a
        transfer with another server, and LocalFileError for a file that has gone.
        """
        return self.engine.resume(transfer, control=control or TransferControl())

    def forget(self, transfer: "UnfinishedTransfer") -> bool:
        """Give up an unfinished transfer: what a download has gathered goes, and what the server keeps of an upload
        where it can be asked now. False when another process has taken it up meanwhile."""
        return self.engine.forget(transfer)

    def exists(self, key: str, storage_type: str = DEFAULT) -> bool:
        """Whether there is such a blob."""
        return self.engine.run(calls.exists(key, storage_type))

    def list(self, prefix: str | None = None, storage_type: str = DEFAULT) -> list[str]:
        """Up to 1000 keys, those that begin with the prefix; `iter_list` has no bound."""
        return self.engine.run(calls.keys_page(prefix, storage_type))[0]

    def iter_list(self, prefix: str | None = None, storage_type: str = DEFAULT) -> Iterator[str]:
        """All keys that begin with the prefix, fetched page by page."""
        token = None
        while True:
            keys, token = self.engine.run(calls.keys_page(prefix, storage_type, token))
            yield from keys
            if token is None:
                return

    def delete(self, key: str, storage_type: str = DEFAULT, *, etag: str | None = None) -> None:
        """Delete a blob, with an `etag` only if it is still that one; NotFoundError when there is none."""
        self.engine.run(calls.delete(key, storage_type, etag))

    def get_signed_url(self, key: str, storage_type: str = DEFAULT, *, expires_in: timedelta | None = None) -> str:
        """A URL that downloads the blob without a token, on our server for an hour or for `expires_in`, up to 7 days;
        NotFoundError when there is none. Pass it on with care."""
        return self.engine.run(calls.signed_url(key, storage_type, expires_in))

    def get_upload_url(self, key: str, storage_type: str = DEFAULT, **query: Any) -> str:
        """A URL that takes one upload of this blob without a token, by one PUT or in resumable pieces; our server keeps
        it for a week. `query` goes to the server as it is; ours knows no parameters and refuses them."""
        return self.engine.run(calls.new_upload(key, storage_type, query=query))

    # Ours.

    def stat(self, key: str, storage_type: str = DEFAULT) -> Blob:
        """What the server tells of one blob; NotFoundError when there is none."""
        return self.engine.run(calls.stat(key, storage_type))

    def list_page(
        self, prefix: str = "", *, storage_type: str = DEFAULT, delimiter: str = "/", token: str | None = None,
        limit: int = 1000,
    ) -> Page:  # fmt: skip
        """One page of blobs and, with the delimiter `/`, of folders; go on with `token=page.next_token`.

        A plain published server tells keys only, and a page of it may be short or empty though more follow.
        """
        return self.engine.run(folding.list_page(self.engine.service, prefix, storage_type, delimiter, token, limit))

    def list_columns(
        self, prefix: str = "", *, storage_type: str = DEFAULT, delimiter: str = "/", token: str | None = None,
        limit: int | None = None,
    ) -> Sequence[ColumnPage]:  # fmt: skip
        """The next pages of a list in columns, names, sizes and times, in a quarter of the bytes of `list_page`: for
        lists of millions. Up to `limit` entries or what the server gives at once; go on with the last page's
        `next_token`, which `list_page` takes too.

        A plain published server tells keys only: the sizes and times are 0.
        """
        return self.engine.run(folding.list_columns(self.engine.service, prefix, storage_type, delimiter, token, limit))

    def usage(self, prefix: str = "", *, storage_type: str = DEFAULT, delimiter: str = "") -> Usage:
        """Count and bytes under the prefix, and with a delimiter of each folder in it.

        A plain published server (no feature `usage` in `describe`) is asked for every blob by itself, which takes long.
        """
        return self.engine.run(folding.usage(self.engine.service, prefix, storage_type, delimiter))

    def copy(
        self, key: str, to_key: str, *, storage_type: str = DEFAULT, to_storage_type: str | None = None,
        overwrite: bool = True,
    ) -> Blob:  # fmt: skip
        """Copy a blob, also into another storage type; through this machine where the server cannot do it itself.
        NotFoundError when there is none; without `overwrite`, ConflictError or PreconditionFailedError when there is
        one at `to_key` already."""
        target = find_storage_type(to_storage_type or storage_type).name
        if "copy" in self.describe().features:
            return self.engine.run(calls.copy(key, storage_type, to_key, target, overwrite))
        if not overwrite and self.exists(to_key, target):
            raise ConflictError(f"{to_key!r} exists already in {target}; choose another key", key=to_key)
        return self.engine.copy_through(key, storage_type, to_key, target, control=TransferControl())

    def delete_many(
        self, targets: Iterable[Blob | str | tuple[str, str | None]], *, storage_type: str = DEFAULT
    ) -> Sequence[DeleteResult]:
        """Delete many keys and tell of each what became of it. A Blob, or a pair of key and ETag, is deleted only if
        it is still the one that was listed."""
        pairs = calls.checked_targets(targets)
        return self.engine.run(calls.delete_batch(self.engine.service, pairs, storage_type))

    def read_range(
        self, key: str, storage_type: str = DEFAULT, *, start: int = 0, stop: int | None = None,
        etag: str | None = None,
    ) -> RangeRead:  # fmt: skip
        """Bytes `start` up to and without `stop`; a negative `start` is the last bytes. With an `etag` it is of that
        blob or PreconditionFailedError; past the end RangeNotSatisfiableError with the size."""
        return self.engine.run(calls.read_range(key, storage_type, start, stop, etag))

    def stream(
        self, key: str, storage_type: str = DEFAULT, *, control: TransferControl | None = None
    ) -> AbstractContextManager[Iterator[bytes]]:
        """Within the block: the chunks of a blob in order, bounded memory, going on after cuts. After the last chunk
        the crc32c is compared: a ChecksumError there means that what was given before is damaged."""
        return self.engine.stream(key, storage_type, control=control or TransferControl())

    def image_of(self, key: str) -> "CatalogImage | None":
        """The image of the catalog that a blob of `products` is a file of; None where it is of none, or the server has
        no catalog (no feature `catalog` in `describe`)."""
        from storage_tui.client import catalog_calls as catalog

        return self.engine.run(catalog.image_of(self.engine.service, key))

    def find_image(self, image_id: "ImageId") -> "CatalogImage | None":
        """The image of that id in the catalog; None where there is none, or the server has no catalog."""
        from storage_tui.client import catalog_calls as catalog

        return self.engine.run(catalog.find_image(self.engine.service, image_id))

    def delete_image(self, image_id: "ImageId") -> None:
        """Delete an image from the catalog with all its files in `products`, which is the only way to delete those;
        NotFoundError when there is none."""
        from storage_tui.client import catalog_calls as catalog

        self.engine.run(catalog.delete_image(image_id))

    def describe(self) -> ServiceInfo:
        """What the server is, its features and limits; asked once."""
        return self.engine.describe()
