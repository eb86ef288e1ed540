"""The files that belong to one file: beside it in the store, or in the same archive.

A Shapefile is four files or more, and a format asks for each by its suffix. Where the files are is nothing to it.
"""

from collections.abc import Sequence
from typing import Protocol

from storage_tui.previews.base import KIB, PreviewError, Source
from storage_tui.previews.containers.streams import unpack
from storage_tui.previews.containers.zip_directory import LOCAL, Entry

LOCAL_BYTES = 30
NAMES_BYTES = 2 * KIB  # the name and the extra fields of a local header, which are far shorter
METHODS = {0: "stored", 8: "deflate"}  # of a zip with data; the others are not unpacked here


class Siblings(Protocol):
    """The files whose names differ in the suffix only."""

    async def read(self, suffix: str, most_bytes: int) -> bytes | None:
        """Return the first bytes of the file with this suffix, such as `.dbf`; None when there is none or it cannot be
        unpacked. Raises BudgetError, or an error of the client."""


class Beside:
    """The blobs beside a blob, or the files beside a file; none beside a member of an archive."""

    def __init__(self, source: Source) -> None:
        self._source = source
        folder, slash, name = source.blob.key.rpartition("/")
        stem, dot, own = name.rpartition(".")
        self._stem = f"{folder}{slash}{stem if dot else name}"
        self._is_upper = own.isupper()

    async def read(self, suffix: str, most_bytes: int) -> bytes | None:
        """Return the first bytes of the blob with this suffix, in capitals where that of the blob is; None without."""
        return await self._source.read_sibling(self._key(suffix), most_bytes)

    def source(self, suffix: str) -> Source | None:
        """Return the blob with this suffix, which may not exist; None for a blob without siblings."""
        return self._source.beside(self._key(suffix))

    def _key(self, suffix: str) -> str:
        return f"{self._stem}{suffix.upper() if self._is_upper else suffix}"


class InZip:
    """The members of a zip that have the name of one member, but for its suffix."""

    def __init__(self, archive: Source, entries: Sequence[Entry], prefix: int, name: str) -> None:
        """Take the entries of the directory, and the bytes before the archive, from which places count."""
        self._archive = archive
        self._prefix = prefix
        stem = name.rpartition(".")[0].lower()
        self._entries = {
            entry.name.lower().removeprefix(stem): entry for entry in entries if entry.name.lower().startswith(stem)
        }

    async def read(self, suffix: str, most_bytes: int) -> bytes | None:
        """Return the first bytes of the member with this suffix; None without one that can be unpacked."""
        entry = self._entries.get(suffix)
        if entry is None or entry.is_encrypted or entry.method not in METHODS:
            return None
        start = entry.local_start + self._prefix
        stop = start + LOCAL_BYTES + NAMES_BYTES + min(entry.packed_bytes, most_bytes)
        raw = await self._archive.read(start, stop)
        if not raw.startswith(LOCAL) or len(raw) < LOCAL_BYTES:
            return None
        at = LOCAL_BYTES + int.from_bytes(raw[26:28], "little") + int.from_bytes(raw[28:30], "little")
        packed = raw[at : at + entry.packed_bytes]
        if METHODS[entry.method] == "stored":
            return packed[:most_bytes]
        try:
            return unpack(METHODS[entry.method], packed, is_whole=len(packed) == entry.packed_bytes).content[
                :most_bytes
            ]
        except PreviewError:
            return None
