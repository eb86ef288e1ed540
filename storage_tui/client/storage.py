"""`Storage`: the blocking client, with the published calls under their names and meanings, and our additional calls."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Self

from storage_tui.client import calls, folding
from storage_tui.client.access.server_choice import PLAIN
from storage_tui.client.calls import RangeRead
from storage_tui.client.control import TransferControl
from storage_tui.client.default_client import default_of, set_default
from storage_tui.client.moves import Moves, set_content_type
from storage_tui.client.transfer.engine import TransferEngine
from storage_tui.contract.columns import ColumnPage
from storage_tui.contract.models import Blob, DeleteResult, Page, ServiceInfo, Usage
from storage_tui.contract.moves import Move, MoveResult
from storage_tui.contract.places import OpenPlace, PlaceOptions
from storage_tui.contract.storage_types import DEFAULT

if TYPE_CHECKING:
    from storage_tui.client.transfer.records import UnfinishedTransfer
    from storage_tui.client.undoing.trash import StorageTrash
    from storage_tui.contract.catalog import CatalogImage, ImageId

__all__ = ["RangeRead", "Storage", "TransferControl"]


class Storage:
    """A client of the Storage API.

    `url` is the base URL of a service, such as `https://host/storage/v1`. `token` is its token, `token_file` a file
    with the token; without both the token comes from the places that the published client searches. `data_dir` is the
    data directory of an embedded store and excludes `url`. Without `url` and `data_dir`, the client uses the server
    that STORAGE_TUI_URL or DESCARTESLABS_STORAGE_URL names, else the store of this machine, which is started when it
    is not running. A `url` such as `s3://bucket/prefix`, `./folder` or `https://host/folder/` opens a bucket, a folder
    or an index of links as it is; `opening` says how, also as a dict, and only with `is_writable` it is changed.
    `profile` is the profile of AWS's shared files that opens a bucket, in the place of AWS_PROFILE.
    `timeout_s` is the longest wait without a byte, in seconds; it does not limit a whole transfer.

    `auth` is an object whose `token` is read instead, such as an `Auth` of the published client. `retries` is the
    number of further tries for every request that may be repeated, three without it. A `Retry` of urllib3 is taken too:
    its counts, its `status_forcelist` and its backoff are used.

    `patience_s` is how many seconds a transfer waits, after these tries, for a server that is away: that refuses or
    breaks connections, is silent, or answers 429, 502, 503 or 504. The transfer then continues from the bytes that are
    kept. 0 is no wait. Without a number a transfer waits five minutes once the server has answered, and not at all with
    `retries=0`.

    The constructor raises BadRequestError or CredentialsError for bad arguments; it reads no file and sends no request.
    Several threads may call all methods at once, also after a fork. A client can be pickled unless it was given a
    `token` or `auth`. Every failure is a StorageError that says what to do; see `storage_tui.errors`. Every call can
    raise ConnectError, DeadlineError, TransferInterruptedError, CredentialsError, UnauthorizedError, ForbiddenError,
    RateLimitError, ServerError, UnavailableError and ProtocolError; the methods name further errors only.

    These arguments mean the same in every method: `key` is 1 to 1024 bytes of UTF-8 (InvalidKeyError otherwise), and
    `storage_type` one of `data`, `tmp`, `products`, `result` and `logs` (UnknownStorageTypeError otherwise). `control`
    is a TransferControl: it shows the progress of the transfer, and another thread can pause or cancel the transfer
    with it; the cancelled call raises CancelledError. `content_type` is the media type of the blob, such as
    `text/csv`. Our server stores a media type without its parameters, and only a type in its list of allowed types
    (`SAFE_TYPES` in `server/http/responses.py`); a blob of another type, or without a type, is served as
    `application/octet-stream`.

    `engine` moves the blobs; a `Batch` of many transfers is made from it.
    """

    def __init__(
        self, url: str | None = None, auth: Any = None, retries: Any = None, *, token: str | None = None,
        token_file: str | Path | None = None, data_dir: str | Path | None = None, timeout_s: float = 60.0,
        patience_s: float | None = None, opening: PlaceOptions | Mapping[str, Any] = PLAIN, profile: str | None = None,
    ) -> None:  # fmt: skip
        self.engine = TransferEngine(
            url, token=token, token_file=token_file, data_dir=data_dir, retries=retries, timeout_s=timeout_s, auth=auth,
            patience_s=patience_s, opening=opening, profile=profile,
        )  # fmt: skip

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.display_url!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the client: unpickled, as in the workers of a pool, it uses the same server and finds its token there.

        Raise TypeError when the client was given a `token` or `auth`.
        """
        return partial(type(self), **self.engine.arguments()), ()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections and stop using the embedded server; a later call opens them again."""
        self.engine.close()

    @property
    def place(self) -> OpenPlace | None:
        """Return the bucket or folder that was opened, as known without asking its server; None for a Storage API."""
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
        """Return one text for the server and the owner of the token.

        Waiting transfers of this user on this machine are found by it. The text holds no secret. This call blocks when
        the token must be read first.
        """
        return self.engine.account()

    @property
    def trash(self) -> "StorageTrash":
        """Return the trash: lists what was deleted or overwritten, brings it back, or removes it for good."""
        from storage_tui.client.undoing.trash import StorageTrash

        return StorageTrash(self.engine.run, self.engine.service)

    # The published calls.

    @classmethod
    def get_default_client(cls) -> Self:
        """Return the default client of this class: the same one for every caller.

        The first call makes it without arguments, unless `set_default_client` gave one.
        """
        return default_of(cls)

    @classmethod
    def set_default_client(cls, client: Self) -> None:
        """Make `client` the default client of this class; raise BadRequestError for a client of another class."""
        set_default(cls, client)

    def set(self, key: str, value: Any, storage_type: str = DEFAULT, *, content_type: str | None = None) -> None:
        """Store a value under `key`, replacing an existing blob.

        `value` is a str (stored as UTF-8), a bytes-like object, a file object or an iterable of bytes. A value in
        memory is sent as it is; a file object or an iterable is streamed in bounded memory. See the class for
        `content_type`.

        A file object is stored from its current place: what its `read()` would give there. An open text file gives the
        bytes that the file has, line ends included. Once text was read from it, the rest is encoded in the encoding of
        the file, with the line ends of the file. An io.StringIO is stored as UTF-8.

        Raise TypeRuleError when the blob exists and its storage type allows no overwriting, StoreFullError when the
        server has no room, LocalFileError for a value that cannot be read or has another type, BadRequestError for
        None and for a path, and ChecksumError when the value arrived damaged. Text without a known encoding, and text
        whose line ends can no longer be told, is a LocalFileError.
        """
        self.engine.set(key, value, storage_type, control=TransferControl(), content_type=content_type)

    def get(self, key: str, storage_type: str = DEFAULT) -> bytes:
        """Return the whole value, held in memory; use `get_file` or `stream` for a large value.

        Raise NotFoundError when there is no such blob, ChecksumError when the value arrived damaged.
        """
        return self.engine.patiently(lambda: self.engine.run(calls.get(key, storage_type)), TransferControl())

    def set_file(
        self, key: str, file_obj: Any, storage_type: str = DEFAULT, *,
        control: TransferControl | None = None, content_type: str | None = None, resume: bool = True,
    ) -> Blob:  # fmt: skip
        """Upload a file, replacing an existing blob; return the stored blob.

        `file_obj` is the name of a file (str or Path) or an open file object, which is read from its current place as
        `set` says; the other values that `set` takes work too, except a str. Memory stays bounded for every size. See
        the class for `control` and `content_type`. After a broken connection the upload continues from the bytes that
        the server has. The crc32c of the bytes that were read is compared before the blob appears.

        With `resume`, an unfinished upload of a file by name of at least 8 MiB is recorded, also when the process is
        killed (see `unfinished`). The next `set_file` of the same file to the same key then continues the upload. With
        `resume=False` nothing is recorded or continued.

        Raise LocalFileError when the file cannot be read or changes during the upload, TypeRuleError when the blob
        exists and its storage type allows no overwriting, StoreFullError when the server has no room, CancelledError
        after `control.cancel()`, and ChecksumError when the bytes arrived damaged.
        """
        return self.engine.upload(
            key, file_obj, storage_type, control=control or TransferControl(), content_type=content_type, resume=resume
        )

    def get_file(
        self, key: str, file_obj: str | Path | IO[bytes] | Any, storage_type: str = DEFAULT, *,
        control: TransferControl | None = None, resume: bool = True,
    ) -> Blob:  # fmt: skip
        """Download a blob; return the blob.

        `file_obj` is the name of a file (str or Path) or a file object opened for writing bytes. A file appears under
        its name only when it is whole, its checksum was compared, and its bytes are on the disk. An existing file is
        replaced at this moment and its permissions are kept. A file object receives the bytes as they arrive, before
        the checksum is compared. See the class for `control`.

        With `resume`, an unfinished download of at least 8 MiB to a file by name leaves a hidden file `.NAME.….part`
        beside it. The next `get_file` to the same place then continues the download if the blob has not changed. With
        `resume=False` no such file is left or continued.

        Raise NotFoundError when there is no such blob, LocalFileError when the file cannot be written,
        PreconditionFailedError when the blob keeps changing during the download, CancelledError after
        `control.cancel()`, and ChecksumError when the bytes arrived damaged.
        """
        control = control or TransferControl()
        if isinstance(file_obj, str | os.PathLike):
            return self.engine.download(key, Path(file_obj), storage_type, control=control, resume=resume)
        return self.engine.download_to(key, file_obj, storage_type, control=control)

    def unfinished(self) -> Sequence["UnfinishedTransfer"]:
        """Return the unfinished transfers of large files (at least 8 MiB) with this server, oldest first.

        Any process of this user may have begun them; no process works on them now. Such a transfer was killed, was
        cancelled with `keep`, or lost the server.
        """
        return self.engine.unfinished()

    def resume(self, transfer: "UnfinishedTransfer", *, control: TransferControl | None = None) -> Blob:
        """Continue an unfinished transfer to its end; return the blob.

        `transfer` is a row of `unfinished`. See the class for `control`. The transfer starts over when the file or the
        blob changed, or when the server kept nothing or cannot continue; `control.note` then gives the reason. Else
        `control.note` reads `resumed at N bytes`.

        Raise ConflictError for a transfer with another server or of another user, LocalFileError for a file that no
        longer exists, and the errors of `set_file` and `get_file`.
        """
        return self.engine.resume(transfer, control=control or TransferControl())

    def forget(self, transfer: "UnfinishedTransfer") -> bool:
        """Give up an unfinished transfer: remove the received bytes of a download, or the server's bytes of an upload.

        A server that cannot be reached now drops its bytes after a week. Return False, and do nothing, when another
        process works on the transfer now.
        """
        return self.engine.forget(transfer)

    def exists(self, key: str, storage_type: str = DEFAULT) -> bool:
        """Return whether there is such a blob."""
        return self.engine.run(calls.exists(key, storage_type))

    def list(self, prefix: str | None = None, storage_type: str = DEFAULT) -> list[str]:
        """Return the first keys that begin with `prefix`, up to 1000; a prefix of None stands for every key.

        `iter_list` has no limit.
        """
        return self.engine.run(calls.keys_page(prefix, storage_type))[0]

    def iter_list(self, prefix: str | None = None, storage_type: str = DEFAULT) -> Iterator[str]:
        """Yield all keys that begin with `prefix`, fetched page by page; a prefix of None stands for every key."""
        token = None
        while True:
            keys, token = self.engine.run(calls.keys_page(prefix, storage_type, token))
            yield from keys
            if token is None:
                return

    def delete(self, key: str, storage_type: str = DEFAULT, *, etag: str | None = None) -> None:
        """Delete a blob; with an `etag`, only if the blob still has this ETag.

        Raise NotFoundError when there is no such blob, PreconditionFailedError when its ETag is another one, and
        TypeRuleError when the storage type allows no deleting. A plain published server ignores `etag`.
        """
        self.engine.run(calls.delete(key, storage_type, etag))

    def get_signed_url(self, key: str, storage_type: str = DEFAULT, *, expires_in: timedelta | None = None) -> str:
        """Return a URL that downloads the blob without a token; whoever has the URL can read the blob.

        `expires_in` is how long the URL is valid; on our server at most 7 days, and one hour without this argument.
        Raise NotFoundError when there is no such blob, BadRequestError when `expires_in` is not a timedelta, and
        StorageError for the embedded store, which others cannot reach.
        """
        if not self.engine.has_signed_urls:
            self.engine.check_is_reachable("a signed URL")
        return self.engine.run(calls.signed_url(key, storage_type, expires_in))

    def get_upload_url(self, key: str, storage_type: str = DEFAULT, **query: Any) -> str:
        """Return a URL that takes one upload of this blob without a token, by one PUT or in resumable pieces.

        Our server keeps the URL for a week. `query` is sent to the server unchanged, as query parameters; our server
        knows no parameters and refuses them. Raise TypeRuleError when the storage type allows no overwriting and the
        blob exists, and StorageError for the embedded store, which others cannot reach.
        """
        self.engine.check_is_reachable("an upload URL")
        return self.engine.run(calls.new_upload(key, storage_type, query=query))

    # Our additional calls.

    def stat(self, key: str, storage_type: str = DEFAULT) -> Blob:
        """Return the description of one blob: size in bytes, times (UTC), ETag, crc32c and content type.

        A field that the server does not send is None. Raise NotFoundError when there is no such blob.
        """
        return self.engine.run(calls.stat(key, storage_type))

    def list_page(
        self, prefix: str = "", *, storage_type: str = DEFAULT, delimiter: str = "/", token: str | None = None,
        limit: int = 1000,
    ) -> Page:  # fmt: skip
        """Return one page of the blobs and folders below `prefix`, in byte order.

        With the `delimiter` `/` the page holds the blobs directly in the prefix and the folders (`page.prefixes`); with
        the delimiter `""` it holds all blobs below the prefix. `limit` is the largest number of entries, from 1; a
        server has its own limit, ours 1000. `token` is the `next_token` of the page before; None is the first page.

        A plain published server sends keys only, and its page may be short or empty although more pages follow. Raise
        BadRequestError for another limit, delimiter or token.
        """
        return self.engine.run(folding.list_page(self.engine.service, prefix, storage_type, delimiter, token, limit))

    def list_columns(
        self, prefix: str = "", *, storage_type: str = DEFAULT, delimiter: str = "/", token: str | None = None,
        limit: int | None = None,
    ) -> Sequence[ColumnPage]:  # fmt: skip
        """Return the next pages of a list as columns (names, sizes in bytes, times), for lists of millions of keys.

        The columns take a quarter of the bytes of `list_page`. The arguments are those of `list_page`. A `limit` of
        None takes as many entries as the server sends at once. Continue with the `next_token` of the last page;
        `list_page` takes this token too.

        A plain published server sends keys only: sizes and times are 0. Raise BadRequestError for another limit,
        delimiter or token.
        """
        return self.engine.run(folding.list_columns(self.engine.service, prefix, storage_type, delimiter, token, limit))

    def usage(self, prefix: str = "", *, storage_type: str = DEFAULT, delimiter: str = "") -> Usage:
        """Return the number of blobs and their bytes below `prefix`; with the `delimiter` `/`, also for each folder.

        A plain published server (no feature `usage` in `describe`) takes one request for each blob, which is slow.
        """
        return self.engine.run(folding.usage(self.engine.service, prefix, storage_type, delimiter))

    def copy(
        self, key: str, to_key: str, *, storage_type: str = DEFAULT, to_storage_type: str | None = None,
        overwrite: bool = True,
    ) -> Blob:  # fmt: skip
        """Copy the blob `key` to `to_key`; return the new blob.

        `to_storage_type` is the storage type of the copy; None means `storage_type`. The bytes go through this machine
        when the server cannot copy.

        Raise NotFoundError when there is no blob `key`, TypeRuleError when the storage type of the copy allows no
        overwriting, StoreFullError when the server has no room; with `overwrite=False`, raise ConflictError or
        PreconditionFailedError when there is a blob at `to_key`.
        """
        return Moves(self.engine).copy(Move(key, to_key, storage_type, to_storage_type, overwrite=overwrite))

    def set_content_type(
        self, key: str, content_type: str, storage_type: str = DEFAULT, *, etag: str | None = None
    ) -> Blob:
        """Give a stored blob another content type, such as `text/csv`; return the blob. The bytes stay as they are.

        Times and ETag may change; a blob of `tmp` is kept for seven days from now. With an `etag` only this version is
        changed. Raise NotFoundError, PreconditionFailedError when the blob has changed, TypeRuleError when its storage
        type allows no overwriting, BadRequestError for a type that the server does not serve, and
        MethodNotAllowedError for a plain published server, which has no such call.
        """
        return self.engine.run(set_content_type(self.engine.service, key, content_type, storage_type, etag))

    def move(
        self, key: str, to_key: str, storage_type: str = DEFAULT, *, to_storage_type: str | None = None,
        overwrite: bool = True, etag: str | None = None,
    ) -> Blob:  # fmt: skip
        """Move or rename the blob `key` to `to_key`; return the blob where it is now.

        `to_storage_type` is its new storage type; None means `storage_type`. With an `etag` only this version is moved.
        Within `tmp` the blob keeps its expiry. A server of ours moves in one step; on others the blob is copied, and
        what was copied is then deleted.

        Raise NotFoundError when there is no blob `key`, PreconditionFailedError when it has changed, ConflictError
        when there is a blob at `to_key` with `overwrite=False`, TypeRuleError when a storage type does not allow it.
        """
        return Moves(self.engine).move(Move(key, to_key, storage_type, to_storage_type, etag, overwrite))

    def move_many(self, moves: Iterable[Move]) -> Sequence[MoveResult]:
        """Move many blobs, one after the other; return one result for each, in order. See `storage_tui.Move`.

        The failure of one is in its result and does not stop the others.
        """
        return Moves(self.engine).move_many(moves)

    def copy_many(self, moves: Iterable[Move]) -> Sequence[MoveResult]:
        """Copy many blobs on the server, as `move_many` moves them."""
        return Moves(self.engine).copy_many(moves)

    def delete_many(
        self, targets: Iterable[Blob | str | tuple[str, str | None]], *, storage_type: str = DEFAULT
    ) -> Sequence[DeleteResult]:
        """Delete many blobs; return one result for each target, in the order of the targets.

        A target is a key, a Blob, or a pair of key and ETag. A Blob or a pair with an ETag is deleted only if the
        stored blob still has this ETag. The failure of one target is in its result and does not stop the others. Raise
        BadRequestError when `targets` is a single key or Blob.
        """
        pairs = calls.checked_targets(targets)
        return self.engine.run(calls.delete_batch(self.engine.service, pairs, storage_type))

    def read_range(
        self, key: str, storage_type: str = DEFAULT, *, start: int = 0, stop: int | None = None,
        etag: str | None = None,
    ) -> RangeRead:  # fmt: skip
        """Return the bytes from `start` to `stop`, `stop` excluded, with their span and the blob.

        Both are byte offsets from 0; a `stop` of None means the end of the blob. A negative `start` means the last
        `-start` bytes, and takes no `stop`. With an `etag` only this version of the blob is read.

        Raise NotFoundError when there is no such blob, PreconditionFailedError when its ETag is another one,
        RangeNotSatisfiableError, which holds the blob's size, when `start` is past the end, and BadRequestError when
        `stop` is not above `start`. Source of the ranges: RFC 9110 section 14.
        """
        return self.engine.run(calls.read_range(key, storage_type, start, stop, etag))

    def stream(
        self, key: str, storage_type: str = DEFAULT, *, control: TransferControl | None = None
    ) -> AbstractContextManager[Iterator[bytes]]:
        """Return a context manager; it gives the chunks of a blob in order, in bounded memory.

        After a broken connection the stream continues from the last byte. See the class for `control`. Take the chunks
        within the block. After the last chunk the crc32c is compared: a ChecksumError there means that earlier chunks
        are damaged. Raise NotFoundError when there is no such blob, PreconditionFailedError when the blob changes
        during the stream.
        """
        return self.engine.stream(key, storage_type, control=control or TransferControl())

    def image_of(self, key: str) -> "CatalogImage | None":
        """Return the catalog's image to which the blob `key` of `products` belongs.

        Return None when the blob belongs to no image, or the server has no catalog (no feature `catalog` in
        `describe`).
        """
        from storage_tui.client import catalog_calls as catalog

        return self.engine.run(catalog.image_of(self.engine.service, key))

    def find_image(self, image_id: "ImageId") -> "CatalogImage | None":
        """Return the image with this id from the catalog; None when there is none, or the server has no catalog."""
        from storage_tui.client import catalog_calls as catalog

        return self.engine.run(catalog.find_image(self.engine.service, image_id))

    def delete_image(self, image_id: "ImageId") -> None:
        """Delete an image from the catalog with all its files in `products`; no other call deletes such files.

        Raise NotFoundError when there is no such image.
        """
        from storage_tui.client import catalog_calls as catalog

        self.engine.run(catalog.delete_image(image_id))

    def delete_stray(self, key: str, etag: str | None = None) -> None:
        """Delete a blob of `products` that belongs to no image of the catalog; with an ETag, only this version of it.

        The server must have the feature `stray-files` in `describe`. Raise NotFoundError when there is no such blob,
        ConflictError for a file of an image, which `delete_image` deletes.
        """
        from storage_tui.client import catalog_calls as catalog

        self.engine.run(catalog.delete_stray(key, etag))

    def describe(self) -> ServiceInfo:
        """Return the description of the server: its features and limits. The server is asked once.

        A plain published server has no features.
        """
        return self.engine.describe()
