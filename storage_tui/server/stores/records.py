"""Records: the small documents a server keeps beside its blobs, such as signing keys, revoked tokens and products.

An engine that holds blobs also holds records, so that every server on one engine sees the same records. A record is
read and replaced whole. A caller that replaces or removes a record can demand that nobody else did so since the caller
read it. So two servers, or a server and a command line, can change one record without losing a change.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from storage_tui.contract.errors import BadRequestError

MAX_RECORD_BYTES = 4 * 1024 * 1024  # records are read and written whole, so their size is bounded
MAX_NAME_CHARACTERS = 1024
ABSENT = ""  # the version of a record that does not exist


@dataclass(frozen=True, slots=True)
class Record:
    """The content of one record, and the version that stands for exactly this content under this name."""

    content: bytes
    version: str


class Records(Protocol):
    """The records of an engine. The calls block: on an event loop, run them in a thread. Many threads and processes may
    use them at once.

    A name is 1 to 1024 printable ASCII characters in segments separated by `/`. No segment is empty, `.` or `..`. A
    change is durable when the call returns. A reader sees the old content or the new content, whole.

    Raise UnavailableError when the engine cannot be reached or read, StoreFullError when it has no room, and
    BadRequestError for a name or content that no record can have.
    """

    def read(self, name: str) -> Record | None:
        """Return the record, or None when there is none."""

    def write(
        self, name: str, content: bytes, *, expected: str | None = None, may_use_reserve: bool = False
    ) -> str:  # fmt: skip
        """Create or replace the record and return its version.

        `expected` is a version from `read`, or ABSENT. With `expected`, the record is written only while it still has
        that version; otherwise ConflictError is raised and nothing has changed. `may_use_reserve` is for changes that
        must be possible on a full disk, such as a revocation or a delete: the record may use the room that is kept free
        of everything else.
        """

    def remove(self, name: str, *, expected: str | None = None) -> bool:
        """Remove the record and return whether there was one. `expected` as for `write`."""

    def names(self, prefix: str = "") -> Iterator[str]:
        """Yield the names that start with the prefix, in byte order. A name that exists throughout is yielded exactly
        once."""

    def sizes(self, prefix: str) -> Iterator[tuple[str, int]]:
        """Yield the same names, in any order, each with the size of its content in bytes. No record is read for
        this."""


def check_record(name: str, content: bytes = b"") -> None:
    """Raise BadRequestError for a name or content that no record can have."""
    segments = name.split("/")
    if not name.isascii() or not name.isprintable() or len(name) > MAX_NAME_CHARACTERS:
        raise BadRequestError(f"the name of a record is 1 to {MAX_NAME_CHARACTERS} printable ASCII characters")
    if any(segment in ("", ".", "..") for segment in segments):
        raise BadRequestError("a segment of a record's name is neither empty, '.' nor '..'")
    if len(content) > MAX_RECORD_BYTES:
        raise BadRequestError(f"a record holds at most {MAX_RECORD_BYTES:,} bytes, not {len(content):,}")
