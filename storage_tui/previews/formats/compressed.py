"""gzip, bzip2, xz and zstd (the extra `preview` or Python 3.14): the first part, unpacked and previewed in turn."""

import asyncio
import bz2
import contextlib
import importlib
import lzma
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from storage_tui.contract.models import Blob
from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.previews.base import HEADER_BUDGET, Format, Preview, PreviewError, Source, View
from storage_tui.previews.pick import show_as

UNPACKED_BYTES = 1024 * 1024  # shown at most: a bomb costs no more than a megabyte
ZSTD_MODULES = ("compression.zstd", "backports.zstd")  # of Python 3.14, and the same module for older versions
ZSTD_WINDOW = 27  # 128 MiB, the limit of the command zstd; a frame may claim far more
MISSING_ZSTD = "pip install 'storage-tui[preview]' unpacks zstd"
XZ_MEMORY_BYTES = 64 * 1024 * 1024  # the largest dictionary of xz -9

MAGICS = {"gzip": b"\x1f\x8b\x08", "bzip2": b"BZh", "xz": b"\xfd7zXZ\x00", "zstd": b"\x28\xb5\x2f\xfd"}
NAMES = (".gz", ".tgz", ".bz2", ".xz", ".zst", ".zstd")


class Unpacker(Protocol):
    """The methods that are used of the standard library's decompressors."""

    def decompress(self, packed: bytes, max_length: int, /) -> bytes:
        """Return at most `max_length` unpacked bytes."""

    @property
    def eof(self) -> bool:
        """Whether the stream ended."""


class Compressed:
    """One compression; the row of the table that matches the content shows it."""

    kind = "compressed"
    budget = HEADER_BUDGET

    def __init__(self, inside: Sequence[Format]) -> None:
        self._inside = inside

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the first bytes are those of this compression."""
        return find_method(head) is not None

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the preview of the content, as far as the first bytes of the blob unpack."""
        method = find_method(head) or "gzip"
        if view.is_full:
            head += await source.read(len(head), len(head) + source.bytes_left)
        is_whole = len(head) == source.size_bytes
        unpacked, is_complete = await asyncio.to_thread(unpack, method, head)
        if not unpacked and not is_complete:
            raise PreviewError("no part of it can be unpacked")
        name = inner_name(source.blob.key)
        held = Held(unpacked, is_complete and is_whole)
        inner = Source(held, Blob(name, source.blob.storage_type, held.size_bytes))
        shown = await show_as(self._inside, inner, view)
        facts = [("inside", shown.kind)]
        if method == "gzip" and (told := gzip_name(head)):
            facts.append(("packed as", visible(told, limit=80)))
        if held.is_complete:
            facts.append(("unpacked", size_text(len(unpacked))))
        return replace(shown, kind=method, facts=(*facts, *shown.facts), pages=None, inside=inner)


@dataclass(frozen=True, slots=True)
class Piece:
    """The answer of Held to a read."""

    data: bytes
    blob: Blob


class Held:
    """Unpacked bytes as a storage of one blob; the size is unknown when they are only the first part."""

    def __init__(self, content: bytes, is_complete: bool) -> None:
        self.is_complete = is_complete
        self.size_bytes = len(content) if is_complete else None
        self._content = content

    async def read_range(
        self, key: str, storage_type: str = "data", *, start: int = 0, stop: int | None = None, etag: str | None = None
    ) -> Piece:
        """Return the range, cut where the bytes end."""
        return Piece(self._content[start:stop], Blob(key, storage_type, self.size_bytes))


def find_method(head: bytes) -> str | None:
    """Return the compression that the first bytes show; None when they show none."""
    return next((method for method, magic in MAGICS.items() if head.startswith(magic)), None)


def unpack(method: str, head: bytes) -> tuple[bytes, bool]:
    """Return the first unpacked bytes, at most UNPACKED_BYTES, and whether they are the whole content."""
    unpacker, failures = _unpacker(method)
    try:
        first = unpacker.decompress(head, UNPACKED_BYTES)
    except failures as exc:
        raise PreviewError(f"its {method} stream is damaged") from exc
    return first, unpacker.eof


def inner_name(key: str) -> str:
    """Return the name without the ending of the compression; `.tgz` becomes `.tar`."""
    lower = key.lower()
    ending = next((ending for ending in NAMES if lower.endswith(ending)), "")
    return key[: len(key) - len(ending)] + (".tar" if ending == ".tgz" else "")


def gzip_name(head: bytes) -> str:
    """Return the file name in a gzip header (RFC 1952); empty without one, or after an extra field."""
    flags = head[3] if len(head) > 3 else 0
    if not flags & 0x08 or flags & 0x04:
        return ""
    return head[10:266].split(b"\x00")[0].decode("latin-1")


def _unpacker(method: str) -> tuple[Unpacker, tuple[type[Exception], ...]]:
    """Return the decompressor, and the errors that it raises on damage."""
    if method == "gzip":
        return zlib.decompressobj(31), (zlib.error,)
    if method == "bzip2":
        return bz2.BZ2Decompressor(), (OSError, EOFError, ValueError)
    if method == "xz":
        return lzma.LZMADecompressor(memlimit=XZ_MEMORY_BYTES), (lzma.LZMAError,)
    for name in ZSTD_MODULES:
        with contextlib.suppress(ImportError):
            zstd = importlib.import_module(name)
            limits = {zstd.DecompressionParameter.window_log_max: ZSTD_WINDOW}
            return zstd.ZstdDecompressor(options=limits), (zstd.ZstdError,)
    raise PreviewError(MISSING_ZSTD)
