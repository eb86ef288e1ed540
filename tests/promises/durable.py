"""What a power cut would leave of some folders, by the rules of POSIX alone: the bytes of a file as they were at its
last sync, and a name as its folder was at its own."""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

State = tuple[int, int]  # of a file: its size, and when it was last written to
Inode = tuple[int, int]


class Durable:
    """Follows the syncs of this process while it is `followed`."""

    def __init__(self) -> None:
        self._files: dict[Inode, State] = {}
        self._folders: dict[Inode, dict[str, int]] = {}
        self.too_early: list[str] = []  # names given to files whose bytes were not on the disk

    @contextmanager
    def followed(self, patch: pytest.MonkeyPatch) -> Iterator[None]:
        """All syncs and renames until the end of the block are seen."""
        with patch.context() as within:
            for name in ("fsync", "fdatasync"):
                within.setattr(os, name, self._syncing(getattr(os, name)))
            for name in ("replace", "rename", "link"):
                within.setattr(os, name, self._naming(getattr(os, name)))
            yield

    def missing(self, *roots: Path, but: tuple[str, ...] = ()) -> list[str]:
        """What is there below the folders now and would not be after a power cut, or with other bytes; `but` are names
        that need not last."""
        found = []
        for root in roots:
            for path in sorted(root.rglob("*")):
                if any(part in but for part in path.relative_to(root).parts):
                    continue
                status, folder = path.stat(follow_symlinks=False), path.parent.stat()
                if self._folders.get(_inode(folder), {}).get(path.name) != status.st_ino:
                    found.append(f"the name {path.relative_to(root)}")
                is_bytes = stat.S_ISREG(status.st_mode) and status.st_size > 0
                if is_bytes and self._files.get(_inode(status)) != _state(status):
                    found.append(f"the bytes of {path.relative_to(root)}")
        return found

    def _syncing(self, real: Callable[[int], None]) -> Callable[[int], None]:
        def sync(descriptor: int) -> None:
            status = os.fstat(descriptor)
            if stat.S_ISDIR(status.st_mode):
                with os.scandir(descriptor) as entries:
                    self._folders[_inode(status)] = {entry.name: entry.inode() for entry in entries}
            else:
                self._files[_inode(status)] = _state(status)
            real(descriptor)

        return sync

    def _naming(self, real: Callable[..., None]) -> Callable[..., None]:
        def give(source: Any, target: Any, **options: Any) -> None:
            status = os.stat(source, dir_fd=options.get("src_dir_fd"), follow_symlinks=False)
            if stat.S_ISREG(status.st_mode) and self._files.get(_inode(status)) != _state(status):
                self.too_early.append(os.fspath(target))
            real(source, target, **options)

        return give


def _inode(status: os.stat_result) -> Inode:
    return status.st_dev, status.st_ino


def _state(status: os.stat_result) -> State:
    return status.st_size, status.st_mtime_ns
