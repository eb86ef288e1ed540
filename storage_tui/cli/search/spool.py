"""The blobs of one deletion: counted and summed before the question, and then deleted as they were seen.

A few megabytes of keys and ETags stay in memory, more go to a temporary file without a name: a deletion of a million
blobs needs no more memory than one of a thousand.
"""

import json
import tempfile
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from storage_tui.cli.output import human_time
from storage_tui.contract.models import Blob

MEMORY_BYTES = 8 * 1024 * 1024  # about 80,000 keys
BATCH = 1000  # targets of one request, the most that a server takes

Target = tuple[str, str | None]
"""A key and the ETag that was seen; None for a key that was named and not looked at."""


class Spool:
    """Keys with their ETags in the order in which they were added; `close` removes them.

    `count` and `size_bytes` are those of all targets, `is_sized` is false while no size is known. `oldest` and `newest`
    are the first and the last write.
    """

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(MEMORY_BYTES)  # noqa: SIM115  # closed by `close`
        self.count = 0
        self.size_bytes = 0
        self.is_sized = False
        self.oldest: datetime | None = None
        self.newest: datetime | None = None

    def add(self, target: Blob | str) -> None:
        """Add a blob that was seen, or a key that was named."""
        key, etag = (target, None) if isinstance(target, str) else (target.key, target.etag)
        self._file.write(json.dumps([key, etag]).encode() + b"\n")
        self.count += 1
        if isinstance(target, Blob):
            self.is_sized = True
            self.size_bytes += target.size_bytes or 0
            if target.modified is not None:
                self.oldest = min(self.oldest or target.modified, target.modified)
                self.newest = max(self.newest or target.modified, target.modified)

    def batches(self) -> Iterator[list[Target]]:
        """Yield all targets, as many as one request takes at once."""
        self._file.seek(0)
        batch: list[Target] = []
        for line in self._file:
            row: Any = json.loads(line)
            batch.append((row[0], row[1]))
            if len(batch) == BATCH:
                yield batch
                batch = []
        if batch:
            yield batch

    def written(self) -> str:
        """Return when the blobs were written, for a question; empty when that is not known."""
        if self.oldest is None or self.newest is None:
            return ""
        first, last = human_time(self.oldest), human_time(self.newest)
        return f", written {first}" if first == last else f", written {first} to {last}"

    def close(self) -> None:
        """Remove all targets."""
        self._file.close()
