"""The blob as the only file that GDAL can open, each time with a position of its own."""

import io
from typing import Any

from storage_tui.previews.decoding.ranged_file import RangedFile


class OneFile:
    """Opens the blob by its name, and nothing else: what GDAL looks for beside the file is not there."""

    def __init__(self, file: RangedFile, name: str) -> None:
        self._file = file
        self._name = name

    def __call__(self, path: str, mode: str = "r", **options: Any) -> "View":
        """Return the blob to be read; raise FileNotFoundError for any other name, and for writing."""
        if path != self._name or "w" in mode or "+" in mode or "a" in mode:
            raise FileNotFoundError(path)
        return View(self._file)


class View(io.RawIOBase):
    """The file with a position of its own."""

    def __init__(self, file: RangedFile) -> None:
        super().__init__()
        self._file = file
        self._at = 0

    def readable(self) -> bool:
        """Return true: the file can be read."""
        return True

    def seekable(self) -> bool:
        """Return true: the file can be searched by position."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a position and return it."""
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._file.size}[whence]
        return self._at

    def tell(self) -> int:
        """Return the position of the next read."""
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer as far as the file reaches."""
        self._file.seek(max(0, self._at))
        count = self._file.readinto(buffer)
        self._at += count
        return count
