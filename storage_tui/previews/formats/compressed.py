"""gzip, bzip2, xz, LZMA and zstd (extra `preview` or Python 3.14): the first part, unpacked and previewed in turn."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from storage_tui.contract.models import Blob
from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.previews.base import FULL_BUDGET, HEAD_BYTES, HEADER_BUDGET, Format, LimitError, Preview, Source, View
from storage_tui.previews.containers import streams
from storage_tui.previews.containers.streams import STARTS, Unpacked, unpack
from storage_tui.previews.pick import show_as

NAMES = {".gz": "", ".tgz": ".tar", ".bz2": "", ".tbz": ".tar", ".tbz2": ".tar", ".xz": "", ".txz": ".tar", ".zst": "",
         ".zstd": "", ".tzst": ".tar", ".lzma": "", ".tlz": ".tar", ".bgz": ""}  # fmt: skip
"""The endings of packed names, and what the name inside has in their place."""
LZMA_NAMES = (".lzma", ".tlz")  # its header has no magic: the name decides with it


class Compressed:
    """One compression; the row of the table that matches the content shows it."""

    kind = "compressed"
    budget = HEADER_BUDGET

    def __init__(self, inside: Sequence[Format], whole: Sequence[Format]) -> None:
        """Keep the formats that are tried inside: those for a first part, and those for a content that is whole."""
        self._inside = inside
        self._whole = whole

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the first bytes are those of a compression."""
        return find_method(head, name) is not None

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the preview of the content, as far as the first bytes of the blob unpack."""
        method = find_method(head, source.blob.key.lower()) or "gzip"
        start = streams.skipped(head) if method == "zstd" else 0
        if start >= len(head) and start != source.size_bytes:  # a skippable frame that is longer than the first read
            head = await source.read(start, start + HEAD_BYTES)
            if head and not streams.is_zstd(head):
                raise LimitError("after the bytes that readers skip no zstd follows")
        else:
            start = 0
        if view.is_full:
            head += await source.read(start + len(head), start + len(head) + source.bytes_left)
        unpacked = await self._unpack(source, method, head, start)
        if not unpacked.content and not unpacked.is_complete and not _is_end(source, start + len(head)):
            source.allow(FULL_BUDGET)  # a block of bzip2 is up to 900 kB long
            head += await source.read(start + len(head), start + len(head) + source.bytes_left)
            unpacked = await self._unpack(source, method, head, start)
        if not unpacked.content and not unpacked.is_complete:
            raise LimitError(unpacked.note or f"its first block is longer than the {size_text(len(head))} read")
        name = inner_name(source.blob.key)
        held = Held(unpacked.content, unpacked.is_complete)
        inner = Source(held, Blob(name, source.blob.storage_type, held.size_bytes), is_alone=True)
        shown = await show_as(self._whole if held.is_complete else self._inside, inner, view)
        facts = [("inside", shown.kind)]
        if method == "gzip" and (told := gzip_name(head)):
            facts.append(("packed as", visible(told, limit=80)))
        if held.is_complete:
            facts.append(("unpacked", size_text(len(unpacked.content))))
        inner_note = shown.note if unpacked.content else ""  # the blob has bytes, its content has none
        note = " · ".join(filter(None, (inner_note, unpacked.note)))
        return replace(shown, kind=method, facts=(*facts, *shown.facts), note=note, pages=None, inside=inner)

    async def _unpack(self, source: Source, method: str, head: bytes, start: int) -> Unpacked:
        return await asyncio.to_thread(unpack, method, head, is_whole=_is_end(source, start + len(head)))


def _is_end(source: Source, at: int) -> bool:
    return source.size_bytes is not None and at >= source.size_bytes


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


def find_method(head: bytes, name: str = "") -> str | None:
    """Return the compression that the first bytes show, LZMA with the help of the lower-case name; None without one."""
    if streams.is_skippable(head):
        start = streams.skipped(head)
        return "zstd" if start >= len(head) or streams.is_zstd(head[start : start + 4]) else None
    found = next((method for method, (is_start, _) in STARTS.items() if is_start(head)), None)
    return found or ("lzma" if name.endswith(LZMA_NAMES) and streams.is_lzma(head) else None)


def inner_name(key: str) -> str:
    """Return the name without the ending of the compression; `.tgz` becomes `.tar`."""
    lower = key.lower()
    ending = next((ending for ending in NAMES if lower.endswith(ending)), "")
    return key[: len(key) - len(ending)] + NAMES.get(ending, "")


def gzip_name(head: bytes) -> str:
    """Return the file name in a gzip header (RFC 1952); empty without one."""
    flags = head[3] if len(head) > 3 else 0
    at = 10
    if flags & 0x04:
        at += 2 + int.from_bytes(head[at : at + 2], "little")
    return head[at : at + 256].split(b"\x00")[0].decode("latin-1") if flags & 0x08 else ""
