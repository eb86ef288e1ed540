"""The engine that moves blobs, one blob for each call. Both clients, the mover and the batch use it.

It holds all that a transfer needs: the server, the connections to it, the settings, and the journal of this user. The
first call that moves bytes loads the modules for this, so that a client that only lists starts fast.
"""

import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from storage_tui.client import calls
from storage_tui.client.access.embedded import EmbeddedServer
from storage_tui.client.access.server_choice import PLAIN, find_server
from storage_tui.client.calls import Call, Service
from storage_tui.client.control import TransferControl
from storage_tui.client.http.outage import Outage
from storage_tui.client.http.pace import Pace
from storage_tui.client.http.retry import Patience, RetryPolicy, policy_of
from storage_tui.contract.errors import BadRequestError, ConflictError, InvalidKeyError, StorageError
from storage_tui.contract.keys import key_refusal, prefix_refusal
from storage_tui.contract.models import Blob, ServiceInfo
from storage_tui.contract.places import OpenPlace, PlaceOptions
from storage_tui.contract.storage_types import find_storage_type
from storage_tui.machine import directories

if TYPE_CHECKING:
    from storage_tui.client.http.session import Session
    from storage_tui.client.transfer.journal import Journal
    from storage_tui.client.transfer.part_file import PartFile
    from storage_tui.client.transfer.records import UnfinishedTransfer

T = TypeVar("T")
SPOOL_BYTES = 4 * 1024 * 1024  # bytes of a copy through this machine that stay in memory; a larger one uses a file


class TransferEngine:
    """Moves blobs between this machine and one server, from any number of threads.

    `server`, `policy` and `timeout_s` come from the arguments, see `Storage`; `service` holds the description of the
    server, once it was asked, `outage` whether it answers, and `pace` the limits of the rate. The constructor reads no
    file and sends no request.
    """

    def __init__(
        self, url: str | None = None, *, token: str | None = None, token_file: str | Path | None = None,
        data_dir: str | Path | None = None, retries: Any = None, timeout_s: float = 60.0, auth: Any = None,
        patience_s: float | None = None, opening: PlaceOptions | Mapping[str, Any] = PLAIN, profile: str | None = None,
    ) -> None:  # fmt: skip
        if not isinstance(timeout_s, int | float) or timeout_s <= 0:
            raise BadRequestError(f"timeout_s is a number of seconds, more than 0, not {timeout_s!a:.40}")
        how = opening if isinstance(opening, PlaceOptions) else PlaceOptions.from_json(dict(opening))
        self.server = find_server(url, token, token_file, data_dir, auth, how.with_profile(profile))
        self.policy = replace(policy_of(retries), patience_s=patience_s)
        self.timeout_s = timeout_s
        self.outage = Outage()
        self.pace = Pace()
        self.service = Service()
        self._token_file, self._holds_token = token_file, token is not None or auth is not None
        self._session: Session | None = None
        self._lock = threading.Lock()

    def arguments(self) -> dict[str, Any]:
        """Return the arguments that make an engine of the same server, in another process too.

        Raise TypeError when the engine was given a token or auth: a token is never written to a pickle.
        """
        if self._holds_token:
            raise TypeError(
                "a client that was given a token or auth is not pickled or copied; give a token_file instead"
            )
        if isinstance(self.server, EmbeddedServer):
            place = self.server.place
            where: dict[str, Any] = {"data_dir": self.server.data_dir}
            if place is not None:
                where = {"url": place.url, "opening": place.options}
        else:
            file = self._token_file
            where = {"url": self.server.display_url, "token_file": file and Path(file).expanduser().absolute()}
        policy = self.policy
        is_number = policy == RetryPolicy(policy.retries, patience_s=policy.patience_s)
        return where | {
            "retries": policy.retries if is_number else replace(policy, patience_s=None),
            "timeout_s": self.timeout_s,
            "patience_s": policy.patience_s,
        }

    def close(self) -> None:
        """Close the connections and stop using the embedded server; a later call opens them again."""
        if self._session is not None:
            self._session.close()
        self.server.close()

    @property
    def display_url(self) -> str:
        """Return the name of the server for people; it holds no secret."""
        return self.server.display_url

    @property
    def place(self) -> OpenPlace | None:
        """Return the place that the engine was opened on, as far as it is known without asking; None for a server."""
        access = self.server.place if isinstance(self.server, EmbeddedServer) else None
        return None if access is None else access.described()

    @property
    def opening(self) -> PlaceOptions:
        """Return how the place is opened; plain for a server."""
        access = self.server.place if isinstance(self.server, EmbeddedServer) else None
        return PLAIN if access is None else access.options

    def account(self) -> str:
        """Return one text for the server and the owner of the token; see `Storage.account`. Blocks."""
        if isinstance(self.server, EmbeddedServer) and self.server.place is not None:
            return self.server.place.account
        user = self.server.user()
        return self.display_url if user is None else f"{self.display_url} {user}"

    @property
    def session(self) -> "Session":
        """Return the connections, which the first call makes: their modules are slow to load."""
        if self._session is None:
            from storage_tui.client.http.session import Session

            with self._lock:
                if self._session is None:
                    self._session = Session(
                        self.server, self.policy, self.timeout_s, outage=self.outage, pace=self.pace,
                        service=self.service,
                    )  # fmt: skip
        return self._session

    @property
    def journal(self) -> "Journal":
        """Return the journal of this user's unfinished transfers on this machine."""
        from storage_tui.client.transfer.journal import Journal

        return Journal(directories.state_dir())

    @property
    def has_signed_urls(self) -> bool:
        """Return whether others can use signed URLs: those of a bucket lead to the bucket itself."""
        place = self.place
        return not self.server.is_embedded or (place is not None and place.kind == "s3")

    def check_is_reachable(self, what: str) -> None:
        """Raise StorageError, which says what was wanted, for the embedded store: nobody can open a URL of it."""
        if self.server.is_embedded:
            raise StorageError(f"{what} needs a server that others can reach; start one with storage-tui serve")

    def run(self, call: Call[T]) -> T:
        """Run a call and return its result; blocks. Raise StorageError."""
        return self.session.run(call)

    def patiently(self, attempt: Callable[[], T], control: TransferControl) -> T:
        """Return the result of `attempt`. While the server is away, wait and make another attempt, as the policy says.

        Every attempt must be able to start from its beginning. Raise the StorageError of the last one.
        """
        patience = Patience(self.policy, self.outage, control)
        control.stalled_since = None
        while True:
            try:
                return attempt()
            except StorageError as exc:
                patience.wait_longer(exc)
                self.session.recover(exc)

    def describe(self) -> ServiceInfo:
        """Return the description of the server: its features and limits. The server is asked once."""
        return self.run(calls.describe(self.service))

    def check_key(self, key: str) -> str:
        """Return a key of the server unchanged; raise InvalidKeyError with the reason for any other value.

        The server is asked, once, when only some servers have such a key. Blocks.
        """
        self.check_names(key_refusal(key))
        return key

    def check_prefix(self, prefix: str) -> str:
        """Return the beginning of keys of the server unchanged; otherwise as `check_key`."""
        self.check_names(prefix_refusal(prefix))
        return prefix

    def check_names(self, refusal: InvalidKeyError | None) -> None:
        """Raise the refusal of a name, if any, unless the server has exact names. Blocks."""
        if refusal is not None:
            self.run(calls.check_names(self.service, refusal))

    def set(
        self, key: str, value: Any, storage_type: str, *, control: TransferControl, content_type: str | None
    ) -> None:
        """Store a value; see `Storage.set`."""
        if isinstance(value, str):
            value = calls.encoded(value)
        if isinstance(value, os.PathLike) or value is None:
            raise BadRequestError(f"set takes a str, bytes or a file object, not a {type(value).__name__}", key=key)
        self.upload(key, value, storage_type, control=control, content_type=content_type)

    def upload(
        self, key: str, file: Any, storage_type: str, *, control: TransferControl, content_type: str | None = None,
        resume: bool = False, replaces: bool = True, root: Path | None = None, etag: str | None = None,
        is_strict: bool = False,
    ) -> Blob:  # fmt: skip
        """Upload a file by name, a file object, bytes or an iterable of bytes; return the stored blob.

        With `resume` a large file by name (at least 8 MiB) has an entry in the journal, and continues where an earlier
        process stopped. Without `replaces` a large upload raises ConflictError when the blob exists. With an `etag`
        an upload raises PreconditionFailedError when the blob has another ETag or is gone. With `is_strict` both hold
        for a small upload too; a plain published server knows neither. Below `root` no symbolic link is followed. See
        `Storage.set_file` for the other arguments and the errors.
        """
        from storage_tui.client.transfer.file_upload import FileUpload
        from storage_tui.client.transfer.part_file import RESUMED_FROM_BYTES
        from storage_tui.client.transfer.sources import FileSource, StreamSource, open_source, source_below
        from storage_tui.client.transfer.uploads import Upload

        self.check_key(key)
        name = find_storage_type(storage_type).name
        with closing(open_source(file) if root is None else source_below(root, Path(file))) as source:
            is_named = resume and etag is None and isinstance(file, str | os.PathLike)
            if is_named and isinstance(source, FileSource) and source.size_bytes >= RESUMED_FROM_BYTES:
                return self.patiently(
                    lambda: FileUpload(
                        self.session, self.service, key, name, source, Path(file), control=control,
                        content_type=content_type, journal=self.journal, replaces=replaces, root=root,
                    ).run(), control,
                )  # fmt: skip
            upload = partial(
                Upload, self.session, self.service, key, name, source, control=control, content_type=content_type,
                replaces=replaces, etag=etag, is_strict=is_strict or etag is not None,
            )  # fmt: skip
            if isinstance(source, StreamSource):  # its bytes cannot be read again
                return upload().run()
            return self.patiently(lambda: upload().run(), control)

    def download(
        self, key: str, path: Path, storage_type: str, *, control: TransferControl, resume: bool = True,
        root: Path | None = None, syncs_folder: bool = True, replaces: bool = True,
        hand_over: "Callable[[PartFile], None] | None" = None, listed: Blob | None = None,
    ) -> Blob:  # fmt: skip
        """Download into a file that appears under its name only when it is whole; return the blob.

        With `resume` an earlier part is continued, and kept when the transfer is cut off again. Without `replaces`,
        raise ConflictError when the file exists. Below `root` no symbolic link is followed. Without `syncs_folder` the
        name is durable only after the caller has synced the folder. With `hand_over` a small download ends without its
        final name: `hand_over` receives its part. The download ends at the size of `listed`, the blob as a list
        described it. See `Storage.get_file` for the errors.
        """
        from storage_tui.client.transfer.downloads import FileDownload

        self.check_key(key)
        return self.patiently(
            lambda: FileDownload(
                self.session, key, storage_type, path, control=control, resume=resume, journal=self.journal, root=root,
                syncs_folder=syncs_folder, replaces=replaces, hand_over=hand_over, listed=listed,
            ).run(), control,
        )  # fmt: skip

    def download_to(self, key: str, file: Any, storage_type: str, *, control: TransferControl) -> Blob:
        """Download into an open binary file object; return the blob."""
        from storage_tui.client.transfer import downloads

        return downloads.to_object(self.session, key, storage_type, file, control)

    def stream(
        self, key: str, storage_type: str, *, control: TransferControl
    ) -> AbstractContextManager[Iterator[bytes]]:
        """Return a context manager that gives the chunks of a blob; see `Storage.stream`."""
        from storage_tui.client.transfer import downloads

        return downloads.streamed(self.session, key, storage_type, control)

    def copy_through(
        self, key: str, storage_type: str, to_key: str, to_storage_type: str, *, control: TransferControl,
        replaces: bool = True,
    ) -> Blob:  # fmt: skip
        """Copy a blob through this machine, for a server that cannot copy; return the new blob. `replaces` is that of
        `upload`."""
        with tempfile.SpooledTemporaryFile(SPOOL_BYTES) as spool:
            blob = self.download_to(key, spool, storage_type, control=control)
            spool.seek(0)
            return self.upload(
                to_key, spool, to_storage_type, control=control, content_type=blob.content_type, replaces=replaces
            )

    def unfinished(self) -> "list[UnfinishedTransfer]":
        """Return this user's transfers with this server that have begun and that no process works on, oldest first."""
        found = [row for row in self.journal.unfinished() if row.server == self.display_url]
        return [row for row in found if row.user is None or row.user == self.server.user()]

    def resume(self, transfer: "UnfinishedTransfer", *, control: TransferControl) -> Blob:
        """Continue an unfinished transfer to its end; return the blob. See `Storage.resume`."""
        if transfer.server != self.display_url:
            why = f"this transfer is with {transfer.server}; connect to that server first"
            raise ConflictError(why, key=transfer.key)
        if transfer.user is not None and transfer.user != self.server.user():
            raise ConflictError("another user began this transfer; use a token of that user", key=transfer.key)
        path, root = Path(transfer.path), None if transfer.root is None else Path(transfer.root)
        if transfer.direction == "upload":
            return self.upload(
                transfer.key, path, transfer.storage_type, control=control, content_type=transfer.content_type,
                resume=True, replaces=transfer.replaces, root=root,
            )  # fmt: skip
        if not transfer.part.exists():
            control.note = "the earlier part is gone, started over"
        return self.download(
            transfer.key, path, transfer.storage_type, control=control, root=root, replaces=transfer.replaces
        )

    def forget(self, transfer: "UnfinishedTransfer") -> bool:
        """Give up an unfinished transfer; return False when another process works on it. See `Storage.forget`."""
        if not self.journal.forget(transfer):
            return False
        if transfer.direction == "upload" and transfer.server == self.display_url:
            from storage_tui.client.transfer.file_upload import drop_upload

            drop_upload(self.session, self.service, transfer)
        return True
