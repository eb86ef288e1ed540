"""Records: the small documents a server keeps beside its blobs, such as signing keys, revoked tokens and products.

An engine that holds blobs also holds records, so that every server on one engine knows the same ones. A record is read
and replaced whole; replacing or removing one may ask that nobody else did so since it was read, which is how two
servers, or a server and a command line beside it, change one record without losing a change.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from storage_tui.contract.errors import BadRequestError

MAX_RECORD_BYTES = 4 * 1024 * 1024  # read and written whole, so a bound on what one may hold
MAX_NAME_CHARACTERS = 1024
ABSENT = ""  # the version of a record that does not exist


@dataclass(frozen=True, slots=True)
class Record:
    """The content of one record, and the version that names exactly this content at this name."""

    content: bytes
    version: str


class Records(Protocol):
    """Blocking calls: on an event loop, run them in a thread. All may be used by many threads and processes at once.

    A name is 1 to 1024 printable ASCII characters in segments parted by `/`, none of them empty, `.` or `..`.
    A change is durable when the call returns; a reader sees the old content or the new one, whole.

    Raises UnavailableError when the engine cannot be reached or read, StoreFullError when it has no room,
    BadRequestError for a name or content that no record can have.
    """

    def read(self, name: str) -> Record | None:
        """The record, or None when there is none."""

    def write(
        self, name: str, content: bytes, *, expected: str | None = None, may_use_reserve: bool = False
    ) -> str:  # fmt: skip
        """Create or replace the record and return its version.

        With `expected`, a version that `read` gave or ABSENT, it is written only while the record still is at that
        version; else ConflictError is raised and nothing changed. `may_use_reserve` is for what must go on when the
        disk is full, such as a revocation or a delete: it may use the room that is kept free of everything else.
        """

    def remove(self, name: str, *, expected: str | None = None) -> bool:
        """Remove the record; whether there was one. `expected` as for `write`."""

    def names(self, prefix: str = "") -> Iterator[str]:
        """The names that start with the prefix, in byte order; one that exists throughout is found exactly once."""

    def sizes(self, prefix: str) -> Iterator[tuple[str, int]]:
        """The same names, in any order, each with the bytes of its content; no record is read for it."""


def check_record(name: str, content: bytes = b"") -> None:
    """Raise BadRequestError for a name or content that no record can have."""
    segments = name.split("/")
    if not name.isascii() or not name.isprintable() or len(name) > MAX_NAME_CHARACTERS:
        raise BadRequestError(f"the name of a record is 1 to {MAX_NAME_CHARACTERS} printable ASCII characters")
    if any(segment in ("", ".", "..") for segment in segments):
        raise BadRequestError("a segment of a record's name is neither empty, '.' nor '..'")
    if len(content) > MAX_RECORD_BYTES:
        raise BadRequestError(f"a record holds at most {MAX_RECORD_BYTES:,} bytes, not {len(content):,}")
