"""An open file of the file system: reads ranges of one version of the blob, writes one stream."""

import errno
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

from fsspec.spec import AbstractBufferedFile

from storage_tui.client.push_upload import Feed
from storage_tui.fs.failures import os_errors
from storage_tui.fs.names import blob_of

if TYPE_CHECKING:
    from storage_tui.client.storage import Storage


class HasStorage(Protocol):
    """The part of its file system that a file needs."""

    storage: "Storage"


class StorageFile(AbstractBufferedFile):
    """A blob opened with `rb`, `wb`, `xb` or `ab`.

    A reader reads the version that it opened: when the blob is overwritten meanwhile, the next read raises an OSError
    (ESTALE) instead of returning bytes of another version. The written blob becomes visible, whole, at `close`, or at
    the end of the transaction; not at all when the `with` block of the file fails. `ab` writes the whole blob again,
    beginning with its present content.
    """

    fs: HasStorage

    def __init__(self, fs: HasStorage, path: str, mode: str = "rb", **options: Any) -> None:
        self._name = blob_of(path)
        self._content_type: str | None = options.pop("content_type", None)
        self._feed: Feed | None = None
        self._small: bytes | None = None  # the whole content of a file smaller than one block
        super().__init__(fs, path, mode, **options)
        if mode == "rb" and self.details["type"] == "directory":
            self.closed = True
            raise IsADirectoryError(errno.EISDIR, "this is a folder, not a blob", path)
        if mode == "ab":
            self._take_over()

    def commit(self) -> None:
        """Make the written blob visible. The end of a transaction calls this method too."""
        with os_errors(self.path):
            if self._feed is not None:
                self._feed.finish()
            elif self._small is not None:
                small, self._small = self._small, None
                self.fs.storage.set(self._name.key, small, self._name.storage_type, content_type=self._content_type)

    def discard(self) -> None:
        """Drop the written bytes; the stored blob is unchanged."""
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
        """Write the present content of the blob first; nothing when there is no blob."""
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
        """Pass a block to the upload; keep a block that is the first and the last one for `commit`."""
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
        """Return the bytes from `start` to `end`, `end` excluded, of the version that was opened."""
        if start >= end:
            return b""
        with os_errors(self.path):
            return self.fs.storage.read_range(
                self._name.key, self._name.storage_type, start=start, stop=end, etag=self.details.get("etag")
            ).data
