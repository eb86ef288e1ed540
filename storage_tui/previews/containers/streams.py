"""Compressed streams unpacked up to a limit: all members of gzip, all streams of bzip2 and xz, all frames of zstd."""

import bz2
import contextlib
import importlib
import lzma
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.previews.base import LimitError, PreviewError

UNPACKED_BYTES = 1024 * 1024  # shown at most: a bomb costs no more than a megabyte
PIECE_BYTES = 256 * 1024  # unpacked at a time when a blob is read through
FED_BYTES = 4096  # at a time: what follows the end of a stream is copied, which a megabyte of tiny streams would feel
MOST_STREAMS = 20_000  # begun at most: 0.3 s of zstd, whose streams take longest to begin
ZSTD_MODULES = ("compression.zstd", "backports.zstd")  # of Python 3.14, and the same module for older versions
ZSTD_WINDOW = 27  # 128 MiB, the limit of the command zstd; a frame may claim far more
MISSING_ZSTD = "pip install 'storage-tui[preview]' unpacks zstd"
XZ_MEMORY_BYTES = 80 * 1024 * 1024  # `xz -9` has a dictionary of 64 MiB and needs 65 MiB to be unpacked

SKIPPED_BYTES = 8  # of the header of a skippable frame: a magic and a length (RFC 8878, 3.1.2)
ENDS = {b"\x31\x41\x59\x26\x53\x59", b"\x17\x72\x45\x38\x50\x90"}  # of a bzip2 header: a block, or the end, follows
UNREADABLE = ("memory", "dictionary mismatch", "unsupported", "too much")
"""Words in the errors of libraries about streams that are whole, and need more than is given here."""


class Unpacker(Protocol):
    """The methods that are used of the standard library's decompressors."""

    def decompress(self, packed: bytes, max_length: int, /) -> bytes:
        """Return at most `max_length` unpacked bytes."""

    @property
    def eof(self) -> bool:
        """Whether the stream ended."""

    @property
    def unused_data(self) -> bytes:
        """The bytes fed after the end of the stream."""


@dataclass(frozen=True, slots=True)
class Unpacked:
    """The first unpacked bytes; `is_complete` when they are all. `note` says what ended them before the end."""

    content: bytes
    is_complete: bool
    note: str = ""


def is_gzip(head: bytes) -> bool:
    """Return whether a gzip member begins here (RFC 1952)."""
    return head.startswith(b"\x1f\x8b\x08")


def is_bzip2(head: bytes) -> bool:
    """Return whether a bzip2 stream begins here."""
    return len(head) >= 4 and head[:3] == b"BZh" and head[3] in b"123456789" and (head[4:10] in ENDS or len(head) < 10)


def is_xz(head: bytes) -> bool:
    """Return whether an xz stream begins here."""
    return head.startswith(b"\xfd7zXZ\x00")


def is_skippable(head: bytes) -> bool:
    """Return whether a frame begins here that readers of zstd and lz4 pass over (RFC 8878, 3.1.2)."""
    return head[1:4] == b"\x2a\x4d\x18" and head[0] >> 4 == 5


def is_zstd(head: bytes) -> bool:
    """Return whether a zstd frame begins here, a skippable one included."""
    return head.startswith(b"\x28\xb5\x2f\xfd") or is_skippable(head)


def is_lzma(head: bytes) -> bool:
    """Return whether the header of an LZMA file without a magic can begin here."""
    size = int.from_bytes(head[5:13], "little")
    return len(head) > 13 and head[0] < 225 and (size == (1 << 64) - 1 or size < 1 << 38)


STARTS: dict[str, tuple[Callable[[bytes], bool], int]] = {
    "gzip": (is_gzip, 3), "bzip2": (is_bzip2, 10), "xz": (is_xz, 6), "zstd": (is_zstd, 4),
}  # fmt: skip
"""By compression: whether a stream begins here, and the number of bytes that show this."""


def unpack(method: str, packed: bytes, *, is_whole: bool) -> Unpacked:
    """Return at most UNPACKED_BYTES of all the streams; `is_whole` when no more bytes follow the packed ones.

    Zeros between the streams are passed over, and bytes after the last one are told. Damage after the first unpacked
    bytes is told beside them. Raises PreviewError for damage before them, and LimitError for a stream that needs more
    than is given here. The content is empty and not complete when the packed bytes hold no whole block.
    """
    pieces: list[bytes] = []
    at, left = 0, UNPACKED_BYTES + 1  # one more tells whether the content ends at the limit
    note, has_end = "", False
    for _ in range(MOST_STREAMS):
        unpacker, failures = _begin(method)
        try:
            while not unpacker.eof and left and at < len(packed):
                fed = packed[at : at + FED_BYTES]
                piece = unpacker.decompress(fed, left)
                at += len(fed) - len(unpacker.unused_data)
                left -= len(piece)
                pieces.append(piece)
        except failures as exc:
            reason = _reason(method, exc)
            if left > UNPACKED_BYTES:
                raise reason from exc
            note = f"after {size_text(UNPACKED_BYTES + 1 - left)} {reason}"
            break
        if not unpacker.eof:
            note = f"its {method} stream is cut: it has no end" if is_whole and left else ""
            break
        at = _next_start(method, packed, at)
        rest = packed[at : at + 10]
        if not rest or method not in STARTS:
            has_end = is_whole or method not in STARTS
            break
        is_start, start_bytes = STARTS[method]
        if not is_start(rest):
            has_end = is_whole or len(rest) >= start_bytes
            note = f"followed by {_amount(packed, at, is_whole=is_whole)} that are no {method}" if has_end else ""
            break
    content = b"".join(pieces)
    return Unpacked(content[:UNPACKED_BYTES], has_end and len(content) <= UNPACKED_BYTES, note)


class Unstream:
    """Unpacks a blob that comes in pieces: all members of gzip, all streams of bzip2 and xz, all frames of zstd.

    What follows the last stream is left out. The constructor raises LimitError for a method that is not there.
    """

    def __init__(self, method: str) -> None:
        self._method = method
        self._unpacker, self._failures = _begin(method)
        self._rest = b""  # the beginning of a stream whose magic is not complete
        self._is_between = False
        self.is_over = False

    @property
    def has_end(self) -> bool:
        """Whether the last stream that was begun has ended."""
        return self.is_over or self._is_between

    def feed(self, packed: bytes) -> Iterator[bytes]:
        """Yield the unpacked bytes of some packed bytes, at most PIECE_BYTES at a time. Raise PreviewError for damage.

        An empty piece says that the work goes on.
        """
        packed = self._rest + packed
        at, self._rest = 0, b""
        while at < len(packed) and not self.is_over:
            if self._is_between:
                at += _zeros(packed, at)  # padding
                magic = packed[at : at + 10]
                if len(magic) < 10 and len(magic) < STARTS[self._method][1]:
                    self._rest = magic
                    return
                self.is_over = bool(magic) and not STARTS[self._method][0](magic)
                if self.is_over or not magic:
                    return
                self._unpacker, self._failures = _begin(self._method)
                self._is_between = False
            fed = packed[at : at + FED_BYTES]
            try:
                yield from _unpacked(self._unpacker, fed)
            except self._failures as exc:
                raise _reason(self._method, exc) from exc
            at += len(fed) - len(self._unpacker.unused_data)
            if self._unpacker.eof:
                self._is_between = self._method in STARTS
                self.is_over = not self._is_between


def _unpacked(unpacker: Any, fed: bytes) -> Iterator[bytes]:
    """Yield what some bytes unpack to, in pieces. zlib gives back what it has not used, the others keep it."""
    piece = unpacker.decompress(fed, PIECE_BYTES)
    yield piece
    while not unpacker.eof:
        if hasattr(unpacker, "unconsumed_tail"):
            if not unpacker.unconsumed_tail:
                return
            yield unpacker.decompress(unpacker.unconsumed_tail, PIECE_BYTES)
        elif unpacker.needs_input:
            return
        else:
            yield unpacker.decompress(b"", PIECE_BYTES)


def _zeros(packed: bytes, at: int) -> int:
    return len(packed) - at - len(packed[at:].lstrip(b"\0"))


def skipped(head: bytes) -> int:
    """Return where the first frame is that is not passed over; the place may lie after these bytes."""
    at = 0
    while is_skippable(head[at : at + 4]) and len(head) >= at + SKIPPED_BYTES:
        at += SKIPPED_BYTES + int.from_bytes(head[at + 4 : at + SKIPPED_BYTES], "little")
    return at


def _next_start(method: str, packed: bytes, at: int) -> int:
    """Return the place after the zeros at `at`: padding to whole sectors, which xz (its format, 2.2) and tapes have."""
    if method not in ("gzip", "xz"):
        return at
    stop = len(packed) - len(packed[at:].lstrip(b"\0"))
    return stop if method == "gzip" or (stop - at) % 4 == 0 else at


def _amount(packed: bytes, at: int, *, is_whole: bool) -> str:
    count = len(packed) - at
    return size_text(count) if is_whole else f"at least {size_text(count)}"


def _reason(method: str, exc: Exception) -> PreviewError:
    told = str(exc).removeprefix("Unable to decompress Zstandard data: ")
    if any(word in told.lower() for word in UNREADABLE):
        return LimitError(f"its {method} stream is not unpacked here: {visible(told, limit=60)}")
    return PreviewError(f"its {method} stream is damaged")


def _begin(method: str) -> tuple[Unpacker, tuple[type[Exception], ...]]:
    """Return a decompressor of one stream, and the errors that it raises."""
    if method == "gzip":
        return zlib.decompressobj(31), (zlib.error,)
    if method == "deflate":  # as in a zip: without header and checksum
        return zlib.decompressobj(-15), (zlib.error,)
    if method == "bzip2":
        return bz2.BZ2Decompressor(), (OSError, EOFError, ValueError)
    if method == "xz":
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, XZ_MEMORY_BYTES), (lzma.LZMAError,)
    if method == "lzma":
        return lzma.LZMADecompressor(lzma.FORMAT_ALONE, XZ_MEMORY_BYTES), (lzma.LZMAError,)
    for name in ZSTD_MODULES:
        with contextlib.suppress(ImportError):
            zstd = importlib.import_module(name)
            limits = {zstd.DecompressionParameter.window_log_max: ZSTD_WINDOW}
            return zstd.ZstdDecompressor(options=limits), (zstd.ZstdError,)
    raise LimitError(MISSING_ZSTD)
