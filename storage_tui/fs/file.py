"""An open file of the file system: reads by ranges of one version of the blob, writes as one stream."""

from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

from fsspec.spec import AbstractBufferedFile

from storage_tui.client.push_upload import Feed
from storage_tui.fs.failures import os_errors
from storage_tui.fs.names import blob_of

if TYPE_CHECKING:
    from storage_tui.client.storage import Storage


class HasStorage(Protocol):
    """What a file needs of its file system."""

    storage: "Storage"


class StorageFile(AbstractBufferedFile):
    """A blob opened with `rb`, `wb`, `xb` or `ab`.

    A reader stays with the version that it opened: when the blob is overwritten meanwhile, reading goes on with an
    OSError (ESTALE), not with the bytes of another. A writer becomes visible at `close`, whole; within a transaction
    at its end; not at all when the `with` block of the file fails. `ab` writes the blob anew, its content first.
    """

    fs: HasStorage

    def __init__(self, fs: HasStorage, path: str, mode: str = "rb", **options: Any) -> None:
        self._name = blob_of(path)
        self._content_type: str | None = options.pop("content_type", None)
        self._feed: Feed | None = None
        self._small: bytes | None = None  # all of a file that never filled one block
        super().__init__(fs, path, mode, **options)
        if mode == "ab":
            self._take_over()

    def commit(self) -> None:
        """Make what was written visible; called by the end of a transaction."""
        with os_errors(self.path):
            if self._feed is not None:
                self._feed.finish()
            elif self._small is not None:
                small, self._small = self._small, None
                self.fs.storage.set(self._name.key, small, self._name.storage_type, content_type=self._content_type)

    def discard(self) -> None:
        """Drop what was written."""
        self._small = None
        if self._feed is not None:
            self._feed.cancel()

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        if error is not None and self.writable():
            self.closed = True
            self.discard()
        self.close()

    def _take_over(self) -> None:
        """Begin with what the blob holds."""
        try:
            with (
                os_errors(self.path),
                self.fs.storage.stream(self._name.key, self._name.storage_type) as chunks,
            ):
                for chunk in chunks:
                    self.write(chunk)
        except FileNotFoundError:
            return
        except BaseException:
            self.closed = True
            self.discard()
            raise

    def _upload_chunk(self, final: bool = False) -> bool:
        """Pass a block on: to the upload, or, being the first and last one, to `commit`."""
        block = self.buffer.getvalue()
        if final and self._feed is None:
            self._small = block
        else:
            if self._feed is None:
                self._feed = Feed(self.fs.storage, self._name.key, self._name.storage_type, self._content_type)
            with os_errors(self.path):
                self._feed.push(block)
        if final and self.autocommit:
            self.commit()
        return True

    def _fetch_range(self, start: int, end: int) -> bytes:
        """The bytes from `start` up to and without `end`, of the version that was opened."""
        if start >= end:
            return b""
        with os_errors(self.path):
            return self.fs.storage.read_range(
                self._name.key, self._name.storage_type, start=start, stop=end, etag=self.details.get("etag")
            ).data
