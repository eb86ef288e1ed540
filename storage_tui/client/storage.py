"""`Storage`: the blocking client. The published calls under their names and meanings, and ours beside them."""

import os
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Self

from storage_tui import places
from storage_tui.client import calls, folding
from storage_tui.client.calls import RangeRead, Service
from storage_tui.client.control import TransferControl
from storage_tui.client.embedded import EmbeddedServer
from storage_tui.client.retry import RetryPolicy
from storage_tui.client.server_choice import find_server
from storage_tui.contract.columns import ColumnPage
from storage_tui.contract.errors import BadRequestError, ConflictError
from storage_tui.contract.keys import check_key
from storage_tui.contract.models import Blob, DeleteResult, Page, ServiceInfo, Usage
from storage_tui.contract.storage_types import DEFAULT, find_storage_type

if TYPE_CHECKING:
    from storage_tui.client.journal import UnfinishedTransfer
    from storage_tui.client.part_file import PartFile
    from storage_tui.client.session import Session
    from storage_tui.contract.catalog import CatalogImage, ImageId

__all__ = ["RangeRead", "Storage", "TransferControl"]

SPOOL_BYTES = 4 * 1024 * 1024  # of a copy through this machine, what is held before it goes to a file


class Storage:
    """A client of the Storage API.

    Without arguments it is the store of this machine, started when it is not running, or the server that
    STORAGE_TUI_URL or DESCARTESLABS_STORAGE_URL names. `url` is the base of a service, such as
    `https://host/storage/v1`; its token comes from `token`, `token_file`, or where the published client finds it.
    `retries` counts the tries after the first of anything that may be repeated; `timeout_s` is the longest wait
    without a byte, never a limit for a whole transfer.

    Nothing is read or called before the first call. All methods may be called from several threads at once, and after
    a fork, and a client may be pickled unless it was given a `token` itself. Every refusal is a StorageError that says
    what to do; see `storage_tui.errors`.
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
        if not isinstance(timeout_s, int | float) or timeout_s <= 0:
            raise BadRequestError(f"timeout_s is a number of seconds, more than 0, not {timeout_s!a:.40}")
        self._server = find_server(url, token, token_file, data_dir)
        self._token_file, self._holds_token = token_file, token is not None
        self._policy = RetryPolicy(retries)
        self._timeout_s = timeout_s
        self._service = Service()
        self._made: Session | None = None
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.display_url!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        """Unpickled, as in the workers of a pool, it is a client of the same server that finds its token there."""
        if self._holds_token:
            raise TypeError("a client that was given a token is not pickled or copied; give it a token_file instead")
        server = self._server
        if isinstance(server, EmbeddedServer):
            where: dict[str, Any] = {"data_dir": server.data_dir}
        else:
            file = self._token_file
            where = {"url": server.display_url, "token_file": file and Path(file).expanduser().absolute()}
        return partial(type(self), **where, retries=self._policy.retries, timeout_s=self._timeout_s), ()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections and leave the embedded server; a later call opens them again."""
        if self._made is not None:
            self._made.close()
        self._server.close()

    @property
    def is_embedded(self) -> bool:
        """Whether this is the store of this machine."""
        return self._server.is_embedded

    @property
    def display_url(self) -> str:
        """How to name the server to people; holds no secret."""
        return self._server.display_url

    def account(self) -> str:
        """The server and whose token it is as one text, by which what is kept for later on this machine is found
        again; holds no secret. Blocks where the token must be read first."""
        user = self._server.user()
        return self.display_url if user is None else f"{self.display_url} {user}"

    # The published calls.

    def set(self, key: str, value: Any, storage_type: str = DEFAULT, *, content_type: str | None = None) -> None:
        """Store a value: a str (as UTF-8), anything bytes-like, a binary file object or an iterable of bytes.

        A value in memory is sent as it is; a file object or iterable is streamed from where it stands. TypeRuleError
        where the storage type lets nothing be overwritten, StoreFullError where there is no room.
        """
        self._set(key, value, storage_type, TransferControl(), content_type)

    def get(self, key: str, storage_type: str = DEFAULT) -> bytes:
        """The whole value, held in memory; `get_file` and `stream` are for what is large. NotFoundError when there is
        none, ChecksumError when it arrived damaged."""
        return self._session.run(calls.get(key, storage_type))

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
        return self._upload(key, file_obj, storage_type, control or TransferControl(), content_type, resume=resume)

    def get_file(
        self, key: str, file_obj: str | Path | IO[bytes] | Any, storage_type: str = DEFAULT, *,
        control: TransferControl | None = None, resume: bool = True,
    ) -> Blob:  # fmt: skip
        """Download into a file by name, or into an open binary file object; returns the blob.

        A file appears under its name only whole, compared and synced; an existing one is replaced at that moment and
        keeps its permissions. Of a large blob that could not be finished a hidden `.NAME.….part` stays, and the next
        `get_file` to the same place goes on with it if the blob is still the same; `resume=False` does neither.
        """
        if isinstance(file_obj, str | os.PathLike):
            return self._download(key, Path(file_obj), storage_type, control or TransferControl(), resume=resume)
        from storage_tui.client import downloads

        return downloads.to_object(self._session, key, storage_type, file_obj, control or TransferControl())

    def unfinished(self) -> Sequence["UnfinishedTransfer"]:
        """The large transfers of files with this server that were begun, by any process of this user, and that nobody
        works on now: what was killed, or cancelled with `keep`, or could not reach the server any more. Oldest first.
        """
        from storage_tui.client import journal

        found = [row for row in journal.unfinished(places.state_dir()) if row.server == self.display_url]
        return [row for row in found if row.user is None or row.user == self._server.user()]

    def resume(self, transfer: "UnfinishedTransfer", *, control: TransferControl | None = None) -> Blob:
        """Continue an unfinished transfer to its end; returns the blob.

        Where the other side is not what it was (the file or the blob changed, the server kept nothing or cannot go on)
        it starts over and `control.note` says so, else that reads `resumed at N bytes`. Raises ConflictError for a
        transfer with another server, and LocalFileError for a file that has gone.
        """
        if transfer.server != self.display_url:
            raise ConflictError(f"this transfer is with {transfer.server}; connect to that first", key=transfer.key)
        if transfer.user is not None and transfer.user != self._server.user():
            raise ConflictError("another user began this transfer; go on with a token of that user", key=transfer.key)
        control = control or TransferControl()
        path, root = Path(transfer.path), None if transfer.root is None else Path(transfer.root)
        if transfer.direction == "upload":
            return self._upload(
                transfer.key, path, transfer.storage_type, control, transfer.content_type, resume=True,
                replaces=transfer.replaces, root=root,
            )  # fmt: skip
        if not transfer.part.exists():
            control.note = "what was there of it has gone, started over"
        return self._download(transfer.key, path, transfer.storage_type, control, root=root, replaces=transfer.replaces)

    def forget(self, transfer: "UnfinishedTransfer") -> bool:
        """Give up an unfinished transfer: what a download has gathered goes, and what the server keeps of an upload
        where it can be asked now. False when another process has taken it up meanwhile."""
        from storage_tui.client import journal

        if not journal.forget(places.state_dir(), transfer):
            return False
        if transfer.direction == "upload" and transfer.server == self.display_url:
            from storage_tui.client.file_upload import drop_upload

            drop_upload(self._session, self._service, transfer)
        return True

    def exists(self, key: str, storage_type: str = DEFAULT) -> bool:
        """Whether there is such a blob."""
        return self._session.run(calls.exists(key, storage_type))

    def list(self, prefix: str | None = None, storage_type: str = DEFAULT) -> list[str]:
        """Up to 1000 keys, those that begin with the prefix; `iter_list` has no bound."""
        return self._session.run(calls.keys_page(prefix, storage_type))[0]

    def iter_list(self, prefix: str | None = None, storage_type: str = DEFAULT) -> Iterator[str]:
        """All keys that begin with the prefix, fetched page by page."""
        token = None
        while True:
            keys, token = self._session.run(calls.keys_page(prefix, storage_type, token))
            yield from keys
            if token is None:
                return

    def delete(self, key: str, storage_type: str = DEFAULT, *, etag: str | None = None) -> None:
        """Delete a blob, with an `etag` only if it is still that one; NotFoundError when there is none."""
        self._session.run(calls.delete(key, storage_type, etag))

    def get_signed_url(self, key: str, storage_type: str = DEFAULT, *, expires_in: timedelta | None = None) -> str:
        """A URL that downloads the blob without a token, on our server for an hour or for `expires_in`, up to 7 days;
        NotFoundError when there is none. Pass it on with care."""
        return self._session.run(calls.signed_url(key, storage_type, expires_in))

    def get_upload_url(self, key: str, storage_type: str = DEFAULT, **query: Any) -> str:
        """A URL that takes one upload of this blob without a token, by one PUT or in resumable pieces; our server keeps
        it for a week. `query` goes to the server as it is; ours knows no parameters and refuses them."""
        return self._session.run(calls.new_upload(key, storage_type, query=query))

    # Ours.

    def stat(self, key: str, storage_type: str = DEFAULT) -> Blob:
        """What the server tells of one blob; NotFoundError when there is none."""
        return self._session.run(calls.stat(key, storage_type))

    def list_page(
        self, prefix: str = "", *, storage_type: str = DEFAULT, delimiter: str = "/", token: str | None = None,
        limit: int = 1000,
    ) -> Page:  # fmt: skip
        """One page of blobs and, with the delimiter `/`, of folders; go on with `token=page.next_token`.

        A plain published server tells keys only, and a page of it may be short or empty though more follow.
        """
        return self._session.run(folding.list_page(self._service, prefix, storage_type, delimiter, token, limit))

    def list_columns(
        self, prefix: str = "", *, storage_type: str = DEFAULT, delimiter: str = "/", token: str | None = None,
        limit: int | None = None,
    ) -> Sequence[ColumnPage]:  # fmt: skip
        """The next pages of a list in columns, names, sizes and times, in a quarter of the bytes of `list_page`: for
        lists of millions. Up to `limit` entries or what the server gives at once; go on with the last page's
        `next_token`, which `list_page` takes too.

        A plain published server tells keys only: the sizes and times are 0.
        """
        return self._session.run(folding.list_columns(self._service, prefix, storage_type, delimiter, token, limit))

    def usage(self, prefix: str = "", *, storage_type: str = DEFAULT, delimiter: str = "") -> Usage:
        """Count and bytes under the prefix, and with a delimiter of each folder in it.

        A plain published server (no feature `usage` in `describe`) is asked for every blob by itself, which takes long.
        """
        return self._session.run(folding.usage(self._service, prefix, storage_type, delimiter))

    def copy(
        self, key: str, to_key: str, *, storage_type: str = DEFAULT, to_storage_type: str | None = None,
        overwrite: bool = True,
    ) -> Blob:  # fmt: skip
        """Copy a blob, also into another storage type; through this machine where the server cannot do it itself.
        NotFoundError when there is none; without `overwrite`, ConflictError or PreconditionFailedError when there is
        one at `to_key` already."""
        target = find_storage_type(to_storage_type or storage_type).name
        if "copy" in self.describe().features:
            return self._session.run(calls.copy(key, storage_type, to_key, target, overwrite))
        if not overwrite and self.exists(to_key, target):
            raise ConflictError(f"{to_key!r} exists already in {target}; choose another key", key=to_key)
        return self._copy_through(key, storage_type, to_key, target, TransferControl())

    def delete_many(
        self, targets: Iterable[Blob | str | tuple[str, str | None]], *, storage_type: str = DEFAULT
    ) -> Sequence[DeleteResult]:
        """Delete many keys and tell of each what became of it. A Blob, or a pair of key and ETag, is deleted only if
        it is still the one that was listed."""
        pairs = calls.checked_targets(targets)
        return self._session.run(calls.delete_batch(self._service, pairs, storage_type))

    def read_range(
        self, key: str, storage_type: str = DEFAULT, *, start: int = 0, stop: int | None = None,
        etag: str | None = None,
    ) -> RangeRead:  # fmt: skip
        """Bytes `start` up to and without `stop`; a negative `start` is the last bytes. With an `etag` it is of that
        blob or PreconditionFailedError; past the end RangeNotSatisfiableError with the size."""
        return self._session.run(calls.read_range(key, storage_type, start, stop, etag))

    def stream(
        self, key: str, storage_type: str = DEFAULT, *, control: TransferControl | None = None
    ) -> AbstractContextManager[Iterator[bytes]]:
        """Within the block: the chunks of a blob in order, bounded memory, going on after cuts. After the last chunk
        the crc32c is compared: a ChecksumError there means that what was given before is damaged."""
        from storage_tui.client import downloads

        return downloads.streamed(self._session, key, storage_type, control or TransferControl())

    def image_of(self, key: str) -> "CatalogImage | None":
        """The image of the catalog that a blob of `products` is a file of; None where it is of none, or the server has
        no catalog (no feature `catalog` in `describe`)."""
        from storage_tui.client import catalog

        return self._session.run(catalog.image_of(self._service, key))

    def find_image(self, image_id: "ImageId") -> "CatalogImage | None":
        """The image of that id in the catalog; None where there is none, or the server has no catalog."""
        from storage_tui.client import catalog

        return self._session.run(catalog.find_image(self._service, image_id))

    def delete_image(self, image_id: "ImageId") -> None:
        """Delete an image from the catalog with all its files in `products`, which is the only way to delete those;
        NotFoundError when there is none."""
        from storage_tui.client import catalog

        self._session.run(catalog.delete_image(image_id))

    def describe(self) -> ServiceInfo:
        """What the server is, its features and limits; asked once."""
        return self._session.run(calls.describe(self._service))

    @property
    def _session(self) -> "Session":
        if self._made is None:
            from storage_tui.client.session import Session

            with self._lock:
                if self._made is None:
                    self._made = Session(self._server, self._policy, self._timeout_s)
        return self._made

    def _set(self, key: str, value: Any, storage_type: str, control: TransferControl, content_type: str | None) -> None:
        if isinstance(value, str):
            value = calls.encoded(value)
        if isinstance(value, os.PathLike) or value is None:
            raise BadRequestError(f"set takes a str, bytes or a file object, not a {type(value).__name__}", key=key)
        self._upload(key, value, storage_type, control, content_type)

    def _copy_through(
        self, key: str, storage_type: str, to_key: str, to_storage_type: str, control: TransferControl
    ) -> Blob:
        with tempfile.SpooledTemporaryFile(SPOOL_BYTES) as spool:
            blob = self.get_file(key, spool, storage_type, control=control)
            spool.seek(0)
            return self.set_file(to_key, spool, to_storage_type, control=control, content_type=blob.content_type)

    def _upload(
        self, key: str, file: Any, storage_type: str, control: TransferControl, content_type: str | None, *,
        resume: bool = False, replaces: bool = True, root: Path | None = None,
    ) -> Blob:  # fmt: skip
        from storage_tui.client.file_upload import FileUpload
        from storage_tui.client.part_file import JOURNAL_FROM_BYTES
        from storage_tui.client.sources import FileSource, open_source, source_below
        from storage_tui.client.uploads import Upload

        check_key(key)
        name = find_storage_type(storage_type).name
        with closing(open_source(file) if root is None else source_below(root, Path(file))) as source:
            is_named = resume and isinstance(file, str | os.PathLike)
            if is_named and isinstance(source, FileSource) and source.size_bytes >= JOURNAL_FROM_BYTES:
                return FileUpload(
                    self._session, self._service, key, name, source, Path(file), control=control,
                    content_type=content_type, state_dir=places.state_dir(), replaces=replaces, root=root,
                ).run()  # fmt: skip
            return Upload(
                self._session, self._service, key, name, source, control=control, content_type=content_type,
                replaces=replaces,
            ).run()  # fmt: skip

    def _download(
        self, key: str, path: Path, storage_type: str, control: TransferControl, *, resume: bool = True,
        root: Path | None = None, syncs_folder: bool = True, replaces: bool = True,
        hand_over: "Callable[[PartFile], None] | None" = None, listed: Blob | None = None,
    ) -> Blob:  # fmt: skip
        from storage_tui.client.downloads import FileDownload

        check_key(key)
        return FileDownload(
            self._session, key, storage_type, path, control=control, resume=resume, state_dir=places.state_dir(),
            root=root, syncs_folder=syncs_folder, replaces=replaces, hand_over=hand_over,
            listed=listed,
        ).run()  # fmt: skip
