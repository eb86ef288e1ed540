"""The ballast: a file that only takes up room, removed when the disk is full.

The reserve of room.py is room that this program leaves free, but another program may fill it. The ballast is room that
no other program can take. A call that must work on a full disk, a delete or a revocation, removes the ballast and tries
once more. The sweep makes a new ballast when there is room again.
"""

import logging
import os
from contextlib import suppress
from pathlib import Path

from storage_tui.machine.private_files import open_private

BALLAST_NAME = "ballast"
BALLAST_BYTES = 4 * 1024 * 1024  # a delete of 1,000 keys writes about 1 MiB to the log of the database

_log = logging.getLogger(__name__)


class Ballast:
    """The ballast of one data directory, for any process that may change something there. Its calls block."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / BALLAST_NAME

    def keep(self, most_bytes: int = BALLAST_BYTES) -> None:
        """Make the ballast if there is none, with `most_bytes` or less. A disk without room for it stays without
        ballast."""
        try:
            descriptor = open_private(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        except OSError:
            return  # the ballast exists, or nothing can be written
        try:
            _take_up(descriptor, min(most_bytes, BALLAST_BYTES))
        except OSError as exc:
            _log.info("the store keeps no space for deletes on a full disk: %s", exc)
            with suppress(OSError):
                self._path.unlink()
        finally:
            os.close(descriptor)

    def give(self) -> bool:
        """Remove the ballast, and return whether there was one."""
        try:
            self._path.unlink()
        except OSError:
            return False
        _log.warning("the disk is full: deletes now use the space kept for them; free space on the disk")
        return True


def _take_up(descriptor: int, size_bytes: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, size_bytes)
        return
    while size_bytes > 0:
        size_bytes -= os.write(descriptor, bytes(min(size_bytes, 1 << 20)))
