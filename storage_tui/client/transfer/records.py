"""The record of an unfinished transfer: all that a later process needs to continue it, and nothing secret.

All transfers have the same kind of record. `journal.py` keeps one for each large transfer that has begun,
`queue_file.py` one for each transfer that has not, both in the form defined here.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from pathlib import Path
from typing import Any, Literal

from storage_tui.client.transfer.conflict import Conflict
from storage_tui.client.transfer.part_file import Purpose

Direction = Literal["upload", "download"]

_EARLIER_NAMES = {"type": "storage_type", "size": "size_bytes"}  # in queues that version 0.1.0 wrote


@dataclass(frozen=True, slots=True)
class UnfinishedTransfer:
    """A transfer between the absolute `path` and a key that has not ended.

    `server` is the `display_url` of its client: only a client with the same one can continue the transfer. `root` is
    the folder chosen for many transfers; below it no symbolic link is followed. `size_bytes` is the size of the source;
    `mtime_ns` and `inode` (of a local file) or `etag` (of a blob) show whether the source has changed. `created` is a
    time in RFC 3339. `repeat_key` names the upload to the server; without the user's token it gives access to nothing.
    `user` is the `Server.user` that began the transfer, None if unknown; no other user continues it. Without
    `replaces`, a file or key that appears at the target meanwhile is kept.

    A transfer that has not begun has a `conflict`: what to do about a file or key that exists at its turn. Its `server`
    is the `account` of the client, and its size may be unknown.
    """

    direction: Direction
    server: str
    storage_type: str
    key: str
    path: str
    size_bytes: int | None
    created: str = ""
    root: str | None = None
    mtime_ns: int | None = None
    inode: int | None = None
    etag: str | None = None
    repeat_key: str | None = None
    content_type: str | None = None
    user: str | None = None
    replaces: bool = True
    conflict: Conflict | None = None

    @property
    def has_begun(self) -> bool:
        """Return whether a process has begun the transfer."""
        return self.conflict is None

    @property
    def transfer_id(self) -> str:
        """Return the name of the journal entry; it is the same for the same transfer."""
        raw = "\0".join((self.direction, self.server, self.storage_type, self.key, self.path))
        return hashlib.sha256(raw.encode("utf-8", "surrogateescape")).hexdigest()[:24]

    @property
    def part(self) -> Path:
        """Return the path of the part file in which a download grows."""
        path = Path(self.path)
        purpose = Purpose(path.name, self.server, self.storage_type, self.key)
        return path.with_name(purpose.part_name(purpose.digest()))

    def done_bytes(self) -> int | None:
        """Return the received bytes of a download; None for an upload, whose progress only the server knows."""
        if self.direction == "upload":
            return None
        try:
            found = self.part.lstat()
            there = min(found.st_size, found.st_blocks * 512)  # a part of its final size has holes
        except (OSError, ValueError):
            return 0
        return there if self.size_bytes is None else min(there, self.size_bytes)


_FIELDS = tuple(UnfinishedTransfer.__dataclass_fields__)
_values = attrgetter(*_FIELDS)  # ten times as fast as `dataclasses.asdict`, which matters for a long queue


def format_record(transfer: UnfinishedTransfer) -> dict[str, Any]:
    """Return the fields of the record, for JSON, without the unknown ones."""
    found = zip(_FIELDS, _values(transfer), strict=True)
    return {name: value for name, value in found if value is not None}


def parse_record(fields: dict[str, Any], **more: Any) -> UnfinishedTransfer:
    """Return the transfer of a record, with the further fields `more`. Raise ValueError for anything else."""
    known = {"size_bytes": None} | more | {_EARLIER_NAMES.get(name, name): value for name, value in fields.items()}
    try:
        found = UnfinishedTransfer(**known)
        conflict = None if found.conflict is None else Conflict(found.conflict)
    except TypeError as exc:
        raise ValueError("not a record of a transfer") from exc
    texts = (found.server, found.storage_type, found.key, found.path, found.created)
    is_size = isinstance(found.size_bytes, int) or (found.size_bytes is None and conflict is not None)
    if found.direction not in ("upload", "download") or not is_size or not all(isinstance(row, str) for row in texts):
        raise ValueError("not a record of a transfer")
    return found if conflict is None else UnfinishedTransfer(**known | {"conflict": conflict})


def now_text() -> str:
    """Return this moment in the form of records: RFC 3339 in UTC with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
