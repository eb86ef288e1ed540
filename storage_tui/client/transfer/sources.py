"""The sources of an upload: a local file, an open file object, bytes, or a stream of unknown length."""

import io
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Protocol

from storage_tui.client.transfer.local_tree import open_file_below
from storage_tui.contract.errors import LocalFileError
from storage_tui.contract.wire import UPLOAD_QUANTUM, Span

READ_BYTES = 1024 * 1024  # one read and one write to the socket: larger ones are not faster
LAST_BYTES = 4 * 1024 * 1024  # a source up to this size is sent as one last piece, with its checksum before it
STREAM_BYTES = 8 * 1024 * 1024  # bytes of a stream held in memory, to send again after a cut; a multiple of the quantum

Buffer = bytes | bytearray | memoryview


class Source(Protocol):
    """Bytes to upload, in pieces that can be read again until the server keeps them."""

    @property
    def size_bytes(self) -> int | None:
        """Return the length in bytes; None until it is known."""

    def next_piece(self, offset: int) -> tuple[Span, bool]:
        """Return the span to send in one request from `offset`, and whether it is the last piece.

        The bytes before `offset` may be forgotten. The size of every piece but the last is a multiple of the quantum.
        """

    def chunks(self, span: Span) -> Iterator[Buffer]:
        """Yield the bytes of a piece, or of a part of it; each chunk is valid until the next is taken."""

    def check_unchanged(self) -> None:
        """Raise LocalFileError when the source has changed since the start."""

    def close(self) -> None:
        """Close the file that the source opened."""


def file_source(descriptor: int, name: str) -> Source:
    """Return the source of an open regular file, which the source closes; raise LocalFileError for anything else.

    A file whose size is not that of its content, such as one of /proc, is read to its end as a stream.
    """
    try:
        source = FileSource(descriptor, name)
        if _has_false_size(descriptor):
            return StreamSource(os.fdopen(descriptor, "rb", buffering=0), name=name, is_owned=True)
        return source
    except BaseException:
        os.close(descriptor)
        raise


def _has_false_size(descriptor: int) -> bool:
    """Return whether a regular file reports a size that is not that of its content. Files of /proc report 0, files of
    /sys 4096, and some file systems of FUSE do not know the size before the end. A file that grows now is none of
    them."""
    size_bytes = os.fstat(descriptor).st_size
    try:
        is_longer = bool(os.pread(descriptor, 1, size_bytes))
        is_shorter = size_bytes > 0 and not os.pread(descriptor, 1, size_bytes - 1)
    except OSError:  # not readable at this place, or at any: a read from the start finds out
        return True
    return (is_longer or is_shorter) and os.fstat(descriptor).st_size == size_bytes


def source_below(root: Path, path: Path) -> Source:
    """Return the source of a file below the folder `root`, where no symbolic link is followed."""
    return file_source(open_file_below(root, path.relative_to(root)), str(path))


def open_source(file: Any) -> Source:
    """Return the source for a value that `set_file` or `set` takes; raise LocalFileError for any other value."""
    if isinstance(file, str | os.PathLike):
        return _open_path(Path(file))
    if isinstance(file, io.TextIOBase) or hasattr(file, "encoding"):
        buffer = getattr(file, "buffer", None)
        if buffer is None:
            raise LocalFileError("a text file object has no bytes to upload; open the file in binary mode ('rb')")
        file = buffer
    if hasattr(file, "read"):
        return _open_object(file)
    with suppress(TypeError, ValueError):  # NumPy arrays of times have no buffer
        return MemorySource(memoryview(file))
    if isinstance(file, Iterable) and not isinstance(file, dict):
        return StreamSource(_Joined(iter(file)))
    raise LocalFileError(f"give a file name, a binary file object or bytes to upload, not {type(file).__name__}")


def _open_path(path: Path) -> Source:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else str(exc)
        raise LocalFileError(f"cannot read {str(path)!r}: {reason}") from exc
    return file_source(descriptor, str(path))


def _open_object(file: IO[bytes]) -> Source:
    raw = getattr(file, "raw", file)
    if isinstance(file, io.BufferedReader | io.BufferedRandom | io.FileIO) and isinstance(raw, io.FileIO):
        if not file.readable():
            raise LocalFileError("the file object is not open for reading; open it with 'rb'")
        if stat.S_ISREG(os.fstat(raw.fileno()).st_mode):
            with suppress(OSError, ValueError):
                file.flush()
            if _has_false_size(raw.fileno()):
                return StreamSource(file)
            return FileSource(raw.fileno(), str(getattr(file, "name", "the file")), start=file.tell(), file=file)
    return StreamSource(file)


class FileSource:
    """A regular file, read by position through one descriptor."""

    def __init__(self, descriptor: int, name: str, *, start: int = 0, file: IO[bytes] | None = None) -> None:
        self._descriptor, self._name, self._start, self._file = descriptor, name, start, file
        self._before = os.fstat(descriptor)
        if not stat.S_ISREG(self._before.st_mode):
            kind = "a folder" if stat.S_ISDIR(self._before.st_mode) else "not a regular file"
            raise LocalFileError(f"cannot upload {name!r}: it is {kind}")
        self._size = max(0, self._before.st_size - start)
        self._buffer = memoryview(bytearray(min(READ_BYTES, self._size)))

    @property
    def size_bytes(self) -> int:
        """Return the length when the file was opened; a change is an error later."""
        return self._size

    @property
    def identity(self) -> tuple[int, int, int]:
        """Return size, time of change (ns) and inode at the opening; with them a later process detects a change."""
        return self._before.st_size, self._before.st_mtime_ns, self._before.st_ino

    def next_piece(self, offset: int) -> tuple[Span, bool]:
        """Return all bytes but the last quantum as one piece; a small file is one piece."""
        return _known_piece(offset, self._size)

    def chunks(self, span: Span) -> Iterator[Buffer]:
        """Yield the bytes of the span, through one buffer."""
        position = span.start
        while position < span.stop:
            view = self._buffer[: span.stop - position]
            try:
                count = os.preadv(self._descriptor, [view], self._start + position)
            except OSError as exc:
                raise LocalFileError(f"cannot read {self._name!r}: {exc.strerror}") from exc
            if count == 0:
                raise LocalFileError(f"{self._name!r} became shorter while it was read; upload it again")
            position += count
            yield view[:count]

    def check_unchanged(self) -> None:
        """Raise LocalFileError when size or time of change differ from those at the start."""
        now = os.fstat(self._descriptor)
        if (now.st_size, now.st_mtime_ns) != (self._before.st_size, self._before.st_mtime_ns):
            raise LocalFileError(f"{self._name!r} changed while it was read; nothing was stored, upload it again")

    def close(self) -> None:
        """Close a file that was opened here; leave a file object of the caller open, at its end."""
        if self._file is None:
            os.close(self._descriptor)
        else:
            with suppress(OSError, ValueError):
                self._file.seek(self._start + self._size)


class MemorySource:
    """Bytes in memory."""

    def __init__(self, value: memoryview) -> None:
        self._view = value.cast("B") if value.c_contiguous else memoryview(value.tobytes())

    @property
    def size_bytes(self) -> int:
        """Return the length."""
        return len(self._view)

    def next_piece(self, offset: int) -> tuple[Span, bool]:
        """Return the pieces as for a file."""
        return _known_piece(offset, len(self._view))

    def chunks(self, span: Span) -> Iterator[Buffer]:
        """Yield the bytes of the span."""
        for position in range(span.start, span.stop, READ_BYTES):
            yield self._view[position : min(position + READ_BYTES, span.stop)]

    def check_unchanged(self) -> None:
        """Do nothing: there is no earlier state to compare with."""

    def close(self) -> None:
        """Do nothing: no file was opened."""


class StreamSource:
    """A stream that is read once; the bytes of one request are held in memory. An owned stream is closed at the end."""

    def __init__(self, file: Any, *, name: str = "", is_owned: bool = False) -> None:
        self._file = file
        self._name, self._is_owned = name, is_owned
        self._held = bytearray()
        self._held_from = 0
        self._is_ended = False

    @property
    def size_bytes(self) -> int | None:
        """Return the length once the stream has ended; None before."""
        return self._held_from + len(self._held) if self._is_ended else None

    def next_piece(self, offset: int) -> tuple[Span, bool]:
        """Return the span of the held bytes from `offset`, after reading more from the stream.

        Raise LocalFileError when the server has lost bytes that are no longer held.
        """
        if not self._held_from <= offset <= self._held_from + len(self._held):
            raise LocalFileError("the server lost a part of the stream, which cannot be read again; upload it again")
        del self._held[: offset - self._held_from]
        self._held_from = offset
        while len(self._held) < STREAM_BYTES and not self._is_ended:
            self._take(self._read(STREAM_BYTES - len(self._held)))
        whole = len(self._held) if self._is_ended else len(self._held) // UPLOAD_QUANTUM * UPLOAD_QUANTUM
        return Span(offset, offset + whole), self._is_ended

    def chunks(self, span: Span) -> Iterator[Buffer]:
        """Yield the bytes of the span."""
        for position in range(span.start, span.stop, READ_BYTES):
            stop = min(position + READ_BYTES, span.stop)
            yield bytes(self._held[position - self._held_from : stop - self._held_from])

    def check_unchanged(self) -> None:
        """Do nothing: a stream has no earlier state to compare with."""

    def close(self) -> None:
        """Close an owned stream; any other belongs to the caller."""
        if self._is_owned:
            self._file.close()

    def _read(self, size_bytes: int) -> Any:
        try:
            return self._file.read(min(size_bytes, READ_BYTES))
        except UnicodeDecodeError as exc:
            raise LocalFileError("the file object decodes text; open the file in binary mode ('rb')") from exc
        except (OSError, ValueError) as exc:
            what = repr(self._name) if self._name else "the file object"
            raise LocalFileError(f"cannot read {what}: {exc}") from exc

    def _take(self, chunk: Any) -> None:
        if chunk is None:
            raise LocalFileError("the file object does not block; give one that waits for its bytes")
        if isinstance(chunk, str):
            raise LocalFileError("the file object gives text; open the file in binary mode ('rb')")
        if not isinstance(chunk, bytes | bytearray | memoryview):
            raise LocalFileError(f"the file object gives {type(chunk).__name__} instead of bytes")
        self._held += chunk
        self._is_ended = not chunk


class _Joined:
    """A file object that reads from an iterator of bytes."""

    def __init__(self, pieces: Iterator[Any]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")

    def read(self, size_bytes: int) -> Any:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            if not isinstance(piece, bytes | bytearray | memoryview):
                return piece
            self._rest = memoryview(piece)
        taken, self._rest = self._rest[:size_bytes], self._rest[size_bytes:]
        return taken


def _known_piece(offset: int, size_bytes: int) -> tuple[Span, bool]:
    last = 0 if size_bytes <= LAST_BYTES else (size_bytes - 1) // UPLOAD_QUANTUM * UPLOAD_QUANTUM
    return (Span(offset, last), False) if offset < last else (Span(offset, size_bytes), True)
