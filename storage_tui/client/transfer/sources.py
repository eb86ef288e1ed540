"""The sources of an upload: a local file, an open file object, bytes, or a stream of unknown length.

A file object gives what its `read()` would give from where it stands. A text file from which nothing was read ahead
gives the bytes of the file below it as they are; else its text is encoded again, with the line ends of the file.
"""

import codecs
import inspect
import io
import os
import re
import stat
import tempfile
import zlib
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
_PLAIN_PLACES = (1 << 64) - 1  # a larger place of a text file holds the state of its decoder too

_FIELD_NAMES = re.compile(":[^:]*:")  # in the format of a buffer with fields (PEP 3118)
_ADDRESSES = re.compile("[O&X]")  # a Python object, a pointer, a function: places in memory

Buffer = bytes | bytearray | memoryview


class Source(Protocol):
    """Bytes to upload, in pieces that can be read again until the server keeps them. `in_order`: the bytes are best
    read from the first to the last, and not by several threads at once."""

    in_order: bool

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
    try:
        return _open_value(file)
    except (OSError, ValueError, BufferError) as exc:  # closed, detached, released, or not made for reading
        raise LocalFileError(f"cannot read the {type(file).__name__} given: {exc}") from exc


def _open_path(path: Path) -> Source:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else str(exc)
        raise LocalFileError(f"cannot read {str(path)!r}: {reason}") from exc
    return file_source(descriptor, str(path))


def _open_value(value: Any) -> Source:
    if hasattr(value, "read"):
        return _open_object(value)
    if isinstance(value, dict | str):
        raise _no_source(value)
    try:
        view = memoryview(value)
    except (TypeError, ValueError, BufferError):  # NumPy arrays of times have no buffer
        if isinstance(value, memoryview):
            raise
        view = None
    if view is not None:
        return MemorySource(_flat(view))
    if isinstance(value, Iterable):
        return StreamSource(_Joined(iter(value)))
    raise _no_source(value)


def _no_source(value: Any) -> LocalFileError:
    return LocalFileError(f"give a file name, a file object or bytes to upload, not {type(value).__name__}")


def _open_object(file: Any) -> Source:
    if isinstance(file, tempfile.SpooledTemporaryFile):
        return _open_object(file._file)
    if isinstance(file, tempfile._TemporaryFileWrapper):
        return _open_object(file.file)
    if type(file) is io.TextIOWrapper:
        if not file.readable():
            raise _write_only()
        return _open_object(file.buffer) if is_level(file) else StreamSource(file)
    # A subclass, or a buffer over a subclass, may give other bytes than the file below it has.
    raw = file.raw if type(file) in (io.BufferedReader, io.BufferedRandom) else file
    if type(raw) is not io.FileIO or not stat.S_ISREG(os.fstat(raw.fileno()).st_mode):
        return StreamSource(file)
    if not file.readable():
        raise _write_only()
    file.flush()
    if _has_false_size(raw.fileno()):
        return StreamSource(file)
    return FileSource(raw.fileno(), str(getattr(file, "name", "the file")), start=file.tell(), file=file)


def _write_only() -> LocalFileError:
    return LocalFileError("the file object is not open for reading; open it with 'rb'")


def is_level(file: io.TextIOWrapper) -> bool:
    """Return whether the binary file below a text file stands at the place of the text file.

    It does not once the text file has read ahead, nor within a sequence of an encoding whose further bytes mean nothing
    by themselves. Written text is brought to the binary file.
    """
    try:
        place = file.tell() if file.seekable() else 0
        if place > _PLAIN_PLACES:
            return False
        file.reconfigure(errors=file.errors)  # refused while text that was read ahead waits
    except OSError:  # after `next()` a text file does not name its place
        return False
    return True


class FileSource:
    """A regular file, read by position through one descriptor."""

    in_order = False

    def __init__(self, descriptor: int, name: str, *, start: int = 0, file: IO[bytes] | None = None) -> None:
        self._descriptor, self._name, self._start, self._file = descriptor, name, start, file
        self._before = os.fstat(descriptor)
        if not stat.S_ISREG(self._before.st_mode):
            kind = "a folder" if stat.S_ISDIR(self._before.st_mode) else "not a regular file"
            raise LocalFileError(f"cannot upload {name!r}: it is {kind}")
        self._size = max(0, self._before.st_size - start)

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
        return known_piece(offset, self._size)

    def chunks(self, span: Span) -> Iterator[Buffer]:
        """Yield the bytes of the span, through one buffer. Several threads may read at once."""
        position = span.start
        buffer = memoryview(bytearray(min(READ_BYTES, span.size_bytes)))
        while position < span.stop:
            view = buffer[: span.stop - position]
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
    """Bytes in memory, as `_flat` gives them."""

    in_order = False

    def __init__(self, view: memoryview) -> None:
        self._view = view

    @property
    def size_bytes(self) -> int:
        """Return the length."""
        return len(self._view)

    def next_piece(self, offset: int) -> tuple[Span, bool]:
        """Return the pieces as for a file."""
        return known_piece(offset, len(self._view))

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

    in_order = True

    def __init__(self, file: Any, *, name: str = "", is_owned: bool = False) -> None:
        self._file = file
        self._name, self._is_owned = name, is_owned
        self._held = bytearray()
        self._held_from = 0
        self._is_ended = False
        self._text: _Text | None = None

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
        count = min(size_bytes, READ_BYTES)
        try:
            if isinstance(self._file, codecs.StreamReaderWriter):
                return self._file.reader.read(count, count)  # with one count it reads to the end
            return self._file.read(count)
        except UnicodeDecodeError as exc:
            raise LocalFileError("the file object decodes text; open the file in binary mode ('rb')") from exc
        except io.UnsupportedOperation as exc:
            raise _write_only() from exc
        except (OSError, ValueError, TypeError, EOFError, zlib.error) as exc:
            what = repr(self._name) if self._name else "the file object"
            raise LocalFileError(f"cannot read {what}: {exc}") from exc

    def _take(self, chunk: Any) -> None:
        if isinstance(chunk, str):
            if self._text is None:
                self._text = _Text(self._file)
            chunk = self._text.encoded(chunk)
        if chunk is None:
            raise LocalFileError("the file object does not block; give one that waits for its bytes")
        if inspect.iscoroutine(chunk):
            chunk.close()
        if not isinstance(chunk, bytes | bytearray | memoryview):
            raise LocalFileError(f"the file object gives {type(chunk).__name__} instead of bytes")
        view = _flat(memoryview(chunk))
        self._held += view
        self._is_ended = not view


class _Text:
    """The text of a file object, in the encoding of the file object; a StringIO, which has none, is UTF-8 as a str is.

    Line ends that reading has changed become again what they are in the file. Raise LocalFileError for text whose
    encoding the object does not name, and for changed line ends of several kinds: nobody knows which was which.
    """

    def __init__(self, file: Any) -> None:
        encoding = "utf-8" if isinstance(file, io.StringIO) else getattr(file, "encoding", None)
        if not isinstance(encoding, str):
            raise LocalFileError("the file object gives text of no known encoding; open the file in binary mode ('rb')")
        errors = getattr(file, "errors", None)
        if errors not in ("surrogateescape", "surrogatepass"):
            errors = "strict"  # other handlers put signs of damage in the place of text
        try:
            self._encoder = codecs.getincrementalencoder(encoding)(errors)
        except LookupError as exc:
            raise LocalFileError(f"the file object gives text in {encoding!a}, which has no encoder") from exc
        self._file, self._encoding, self._has_returns = file, encoding, False

    def encoded(self, text: str) -> bytes:
        """Return the bytes of the next text; an empty text is the end."""
        self._has_returns = self._has_returns or "\r" in text  # then reading changes no line ends
        if "\n" in text and not self._has_returns and not isinstance(self._file, io.StringIO):
            text = text.replace("\n", self._line_end())
        try:
            return self._encoder.encode(text, not text)
        except UnicodeError as exc:
            raise LocalFileError(f"the file object gives text that {self._encoding} cannot hold: {exc}") from exc

    def _line_end(self) -> str:
        seen = getattr(self._file, "newlines", None)  # in all that was read until now
        if isinstance(seen, str):
            return seen
        if seen:
            raise LocalFileError("the text file has line ends of several kinds; open it in binary mode ('rb')")
        return "\n"


class _Joined:
    """A file object that reads from an iterator of bytes."""

    def __init__(self, pieces: Iterator[Any]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")

    def read(self, size_bytes: int) -> Any:
        while not self._rest:
            try:
                piece = next(self._pieces)
            except StopIteration:
                return b""
            if not isinstance(piece, bytes | bytearray | memoryview):
                raise LocalFileError(f"the iterable gives {type(piece).__name__} to upload; let it give bytes only")
            self._rest = _flat(memoryview(piece))
        taken, self._rest = self._rest[:size_bytes], self._rest[size_bytes:]
        return taken


def _flat(view: memoryview) -> memoryview:
    """Return the bytes of a buffer of any form, as `tobytes()` orders them; raise LocalFileError for addresses."""
    if _ADDRESSES.search(_FIELD_NAMES.sub("", view.format)):
        raise LocalFileError("an array of Python objects has no bytes to upload; convert it to numbers or bytes")
    if view.nbytes and view.c_contiguous:
        with suppress(ValueError):  # a format of another byte order, or of records, is copied
            return view.cast("B")
    return memoryview(view.tobytes())


def known_piece(offset: int, size_bytes: int) -> tuple[Span, bool]:
    """Return the piece from `offset` of a source whose length is known: all but the last quantum, then the rest."""
    last = 0 if size_bytes <= LAST_BYTES else (size_bytes - 1) // UPLOAD_QUANTUM * UPLOAD_QUANTUM
    return (Span(offset, last), False) if offset < last else (Span(offset, size_bytes), True)
