"""The record of a transfer that was cut off: what a later process needs to go on with it, and nothing secret.

There is one record for all transfers, whoever asked for them. `journal.py` keeps one of each large transfer that has
begun, `waiting.py` one of each that has not, both in the form that stands here.
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
    """A transfer between `path`, absolute, and a key that was asked for and has not ended.

    `server` is the `display_url` of the client it belongs to: only a client with the same one can continue it. `root`
    is the folder chosen for many, below which no symbolic link is followed. `size_bytes` is that of the source;
    `mtime_ns`, `inode` (of the local file) or `etag` (of the blob) tell whether it is still the same.
    `repeat_key` names the upload to the server; without the user's token it gives access to nothing. `user` is the
    `Server.user` that began it, and nobody else goes on with it; None where that is not known. Unless it `replaces`,
    what came to be at its end meanwhile is left as it is.

    A transfer that has not begun has a `conflict`: what to do about a file or key that is there when its turn comes.
    Its `server` is the `account` of the client, and its size may not be known.
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
        """Whether a process has begun to move it."""
        return self.conflict is None

    @property
    def transfer_id(self) -> str:
        """The name of its entry: the same for the same transfer."""
        raw = "\0".join((self.direction, self.server, self.storage_type, self.key, self.path))
        return hashlib.sha256(raw.encode("utf-8", "surrogateescape")).hexdigest()[:24]

    @property
    def part(self) -> Path:
        """Where the bytes of a download gather."""
        path = Path(self.path)
        purpose = Purpose(path.name, self.server, self.storage_type, self.key)
        return path.with_name(purpose.part_name(purpose.digest()))

    def done_bytes(self) -> int | None:
        """What is there of a download; None of an upload, which only its server can tell."""
        if self.direction == "upload":
            return None
        try:
            there = self.part.lstat().st_size
        except (OSError, ValueError):
            return 0
        return there if self.size_bytes is None else min(there, self.size_bytes)


_FIELDS = tuple(UnfinishedTransfer.__dataclass_fields__)
_values = attrgetter(*_FIELDS)  # a tenth of what `dataclasses.asdict` takes, which a queue of many files feels


def format_record(transfer: UnfinishedTransfer) -> dict[str, Any]:
    """The fields of the record, for JSON; what is not known is left out."""
    found = zip(_FIELDS, _values(transfer), strict=True)
    return {name: value for name, value in found if value is not None}


def parse_record(fields: dict[str, Any], **more: Any) -> UnfinishedTransfer:
    """The transfer that a record tells of, with the fields `more`. Raises ValueError when it is none."""
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
    """This moment, as records have it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
