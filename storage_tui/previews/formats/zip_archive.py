"""zip and npz: the tree of members from the central directory, one read at the end (APPNOTE 6.3.10)."""

import asyncio
import stat
import struct
import zlib
from collections.abc import Sequence

from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.previews.base import (
    HEADER_BUDGET,
    KIB,
    MIB,
    Budget,
    LimitError,
    OtherFormatError,
    Part,
    Preview,
    PreviewError,
    Source,
    View,
)
from storage_tui.previews.containers.tree import FULL_LINES, TREE_LINES, Member, tree_lines
from storage_tui.previews.containers.zip_directory import END, LOCAL, Directory, Entry, read_directory
from storage_tui.previews.formats.npy import read_header, shape_text
from storage_tui.previews.heads.zip_members import Members, ZipKind
from storage_tui.previews.pick import DAMAGE, REASON_CHARS
from storage_tui.previews.reasons import reason_of

METHODS = {0: "stored", 1: "shrink", 2: "reduce", 3: "reduce", 4: "reduce", 5: "reduce", 6: "implode", 8: "deflate",
           9: "deflate64", 10: "PKWARE implode", 12: "bzip2", 14: "lzma", 16: "IBM CMPSC", 18: "IBM TERSE",
           19: "IBM LZ77", 20: "old zstd", 93: "zstd", 94: "MP3", 95: "xz", 96: "JPEG", 97: "WavPack", 98: "PPMd",
           99: "AES"}  # fmt: skip
NPY_HEADER_BYTES = 10_240  # unpacked at most from a member that is an array
SPANNED = (b"PK\x07\x08" + LOCAL, b"PK00" + LOCAL)  # the first of several volumes, and one that became the only one
NAMES = (".zip", ".jar", ".war", ".ear", ".whl", ".pyz", ".pex", ".apk", ".ipa", ".docx", ".xlsx", ".pptx", ".odt",
         ".ods", ".odp", ".kmz", ".npz", ".epub", ".cbz", ".nupkg", ".vsix", ".xpi", ".crx", ".qgz")  # fmt: skip
PROGRAMS = (b"MZ", b"\x7fELF")  # perhaps with an archive after the program, which only the last bytes show
ENDING_BYTES = 66 * KIB  # an end record with the longest comment; most programs have no archive

FULL_BUDGET = Budget(requests=12, size_bytes=4 * MIB)  # of a format inside, on the whole screen

_LOCAL = struct.Struct("<4s5H3I2H")


class ZipArchive:
    """zip: members with sizes; arrays with shape and type when the first read has their headers.

    A zip that is a file of another format is shown as that format.
    """

    kind = "zip"
    budget = HEADER_BUDGET

    def __init__(self, kinds: Sequence[ZipKind] = ()) -> None:
        """Keep the formats whose files are zips, in the order of the tries."""
        self._kinds = kinds

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether an archive begins here, or may begin after something else."""
        is_script = head.startswith(b"#!") and LOCAL in head
        return self.begins(head) or head.startswith(PROGRAMS) or name.endswith(NAMES) or is_script

    @staticmethod
    def begins(head: bytes) -> bool:
        """Return whether the first bytes are of an archive, and not of something before it."""
        return head.startswith((LOCAL, END, *SPANNED))

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the preview with one more read, of the last bytes."""
        size = source.size_bytes or len(head)
        want = min(size, source.bytes_left) if len(head) < size else size
        if head.startswith(PROGRAMS):
            want = min(want, ENDING_BYTES)
        is_sure = self.begins(head)
        try:
            tail = await source.tail(want)
            directory = read_directory(tail, size - len(tail))
        except PreviewError as exc:
            if not is_sure:
                raise OtherFormatError("it is no zip") from exc
            if head.startswith(SPANNED[0]):
                raise LimitError("it is the first of several volumes; the last one lists the members") from exc
            raise
        inner = await self._inner(Members(source, directory), view)
        if inner.lines:
            return inner
        entries = directory.entries
        members = [_member(entry, directory, head) for entry in entries]
        arrays = sum(entry.name.endswith(".npy") for entry in entries)
        is_array = bool(arrays) and arrays == len(entries)
        facts = [*inner.facts, ("arrays" if is_array else "members", _count(directory))]
        facts.append(("unpacked", _sizes(directory)))
        if any(entry.is_encrypted for entry in entries):
            facts.append(("encrypted", f"{sum(entry.is_encrypted for entry in entries):,} members"))
        methods = sorted({METHODS.get(entry.method, f"method {entry.method}") for entry in entries})
        if methods:
            facts.append(("compression", ", ".join(methods)))
        if directory.comment:
            facts.append(("comment", visible(directory.comment, limit=80)))
        if directory.volume:
            facts.append(("volumes", f"{directory.volume + 1:,}, of which this is the last"))
        lines, parts = await asyncio.to_thread(tree_lines, members, FULL_LINES if view.is_full else TREE_LINES)
        note = " · ".join(filter(None, (inner.note, *_remarks(directory, head))))
        kind = "NumPy archive" if is_array else inner.kind
        return Preview(kind, facts=tuple(facts), lines=lines, parts=parts, note=note)

    async def _inner(self, members: Members, view: View) -> Preview:
        """Return the preview of the format that this zip is a file of; one without lines where the tree is shown."""
        name = members.source.blob.key.rsplit("/", 1)[-1].lower()
        row = next((row for row in self._kinds if row.claims(members.directory, name)), None)
        if row is None:
            return Preview(self.kind)
        members.source.allow(FULL_BUDGET if view.is_full else row.budget)
        try:
            return await row.show(members, view)
        except DAMAGE as exc:
            reason = visible(reason_of(exc), limit=REASON_CHARS)
            return Preview(self.kind, facts=((f"not shown as {row.kind}", reason),))


def _count(directory: Directory) -> str:
    count = len(directory.entries)
    if directory.total is None:
        return f"more than {count:,} (the last {count:,} shown)"
    if count >= directory.total:
        return f"{count:,}"
    return f"{directory.total:,} (the {'first' if directory.is_whole else 'last'} {count:,} shown)"


def _sizes(directory: Directory) -> str:
    """Return the sizes of the members, which the directory claims."""
    entries = directory.entries
    unpacked, packed = sum(e.size_bytes for e in entries), sum(e.packed_bytes for e in entries)
    is_all = directory.total is not None and len(entries) >= directory.total
    told = f"{size_text(unpacked)} from {size_text(packed)}{', as it claims' if packed else ''}"
    return told if is_all else f"at least {told}"


def _remarks(directory: Directory, head: bytes) -> list[str]:
    remarks = []
    if directory.prefix < 0:
        remarks.append(f"{size_text(-directory.prefix)} are missing before it")
    elif directory.prefix and not head.startswith(SPANNED):
        other = " of another archive" if head.startswith(LOCAL) else ""
        remarks.append(f"after {size_text(directory.prefix)}{other}")
    if directory.rest_bytes:
        remarks.append(f"followed by {size_text(directory.rest_bytes)} that are no zip")
    if directory.ends_early:
        remarks.append("its central directory is damaged after these members")
    return remarks


def _member(entry: Entry, directory: Directory, head: bytes) -> Member:
    """Return a member with its place, for the viewer to open it."""
    method = "encrypted" if entry.is_encrypted else METHODS.get(entry.method, f"method {entry.method}")
    start = entry.local_start + directory.prefix
    is_here = entry.volume == directory.volume and start >= 0
    if not is_here:
        method = "a member of another volume" if start >= 0 else "a member before the first byte"
    part = Part(entry.name, max(0, start), entry.packed_bytes, entry.size_bytes, method, has_header=True)
    remarks = (_array(entry, start, head), "link" if stat.S_ISLNK(entry.mode) else "", entry.comment)
    return Member(entry.name, entry.size_bytes, "  ".join(filter(None, remarks)), part)


def _array(entry: Entry, at: int, head: bytes) -> str:
    """Return shape and type of an array when the head of the archive holds its beginning."""
    if (
        not entry.name.endswith(".npy")
        or not 0 <= at <= len(head) - _LOCAL.size - 128
        or not head.startswith(LOCAL, at)
    ):
        return ""
    fields = _LOCAL.unpack_from(head, at)
    start = at + _LOCAL.size + fields[9] + fields[10]
    packed = head[start : start + min(entry.packed_bytes, NPY_HEADER_BYTES)]
    try:
        raw = zlib.decompressobj(-15).decompress(packed, NPY_HEADER_BYTES) if entry.method == 8 else packed
        header = read_header(raw)
    except (zlib.error, PreviewError):
        return ""
    return f"{header.dtype}, {shape_text(header.shape)}"
