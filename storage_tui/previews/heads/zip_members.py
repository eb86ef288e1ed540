"""Members of a zip by name: from the bytes that hold them, unpacked up to a limit."""

import asyncio
from dataclasses import dataclass
from typing import Protocol

from storage_tui.previews.base import KIB, Budget, LimitError, Preview, PreviewError, Source, View
from storage_tui.previews.containers.streams import unpack
from storage_tui.previews.containers.zip_directory import LOCAL, Directory, Entry

LOCAL_BYTES = 30  # of a local header before its name (APPNOTE 4.3.7)
NAMES_BYTES = 512  # of name and extra fields, fetched with the header
MEMBER_BYTES = 256 * KIB  # packed, read at most of one member
STORED, DEFLATED = 0, 8


@dataclass(frozen=True, slots=True)
class Content:
    """The first bytes of a member; `is_whole` when they are all."""

    raw: bytes
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Members:
    """The members that the last bytes of a zip list."""

    source: Source
    directory: Directory

    @property
    def is_all(self) -> bool:
        """Whether every member is listed."""
        return self.directory.total is not None and len(self.directory.entries) >= self.directory.total

    def find(self, name: str) -> Entry | None:
        """Return the member with this name; None without one."""
        return next((entry for entry in self.directory.entries if entry.name == name), None)

    async def read(self, entry: Entry, most_bytes: int = MEMBER_BYTES) -> Content:
        """Return a member from its first packed bytes, with at most one request for a usual header.

        Raises LimitError for a member that is not unpacked here, PreviewError for one that is not where it should be.
        """
        if entry.is_encrypted or entry.method not in (STORED, DEFLATED):
            raise LimitError(f"{entry.name[:60]!a} is encrypted, or packed in a way that is not unpacked here")
        start = entry.local_start + self.directory.prefix
        wanted = min(entry.packed_bytes, most_bytes)
        stop = start + LOCAL_BYTES + NAMES_BYTES + wanted
        kept = len(self.source.kept(start, stop))
        stop = min(stop, start + kept + self.source.bytes_left)
        head = await self.source.read(start, stop)
        if len(head) < LOCAL_BYTES or not head.startswith(LOCAL):
            if stop < start + LOCAL_BYTES:
                raise LimitError("its parts lie past what a preview reads")
            raise PreviewError(f"{entry.name[:60]!a} is not where the directory says")
        begin = LOCAL_BYTES + int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
        packed = head[begin : begin + wanted]
        is_whole = len(packed) == entry.packed_bytes
        if entry.method == STORED:
            return Content(packed, is_whole)
        unpacked = await asyncio.to_thread(unpack, "deflate", packed, is_whole=is_whole)
        return Content(unpacked.content, is_whole and len(unpacked.content) == entry.size_bytes)


class ZipKind(Protocol):
    """A format whose files are zips with certain members."""

    @property
    def kind(self) -> str:
        """The name of the format for people."""

    @property
    def budget(self) -> Budget:
        """The most that its preview may cost, the directory included."""

    def claims(self, directory: Directory, name: str) -> bool:
        """Return whether a zip with these members and this lower-case name is of this format."""

    async def show(self, members: Members, view: View) -> Preview:
        """Return the preview; without lines the members are listed under its facts."""
