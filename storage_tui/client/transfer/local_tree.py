"""Folders and files below a chosen root, opened segment by segment, so that no symbolic link is ever followed."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePath

from storage_tui.client.transfer.part_file import local_errors
from storage_tui.contract.errors import LocalFileError

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK  # a pipe must not block the opening


@contextmanager
def opened_below(root: Path, relative: PurePath, *, make: bool = False) -> Iterator[int]:
    """Give a descriptor of the folder `relative` to `root` within the block; with `make`, missing folders are made.

    `root` itself is the user's choice and may be a link. Raise LocalFileError for a link below it.
    """
    with local_errors(str(root)):
        try:
            descriptor = os.open(root, _FOLDER)
        except FileNotFoundError:
            if not make:
                raise
            root.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(root, _FOLDER)
    try:
        at = root
        for segment in relative.parts:
            at /= segment
            inner = _step(descriptor, segment, at, make=make)
            os.close(descriptor)
            descriptor = inner
        yield descriptor
    finally:
        os.close(descriptor)


def open_file_below(root: Path, relative: PurePath) -> int:
    """Return a descriptor of the file `relative` to `root` for reading.

    Raise LocalFileError when the file, or a folder between, is a link.
    """
    with opened_below(root, relative.parent) as folder:
        try:
            return os.open(relative.name, _FILE, dir_fd=folder)
        except OSError as exc:
            what = "it is now a symbolic link" if exc.errno == errno.ELOOP else exc.strerror
            raise LocalFileError(f"cannot read {str(root / relative)!r}: {what}") from exc


def _step(folder: int, segment: str, at: Path, *, make: bool) -> int:
    if segment in ("", ".", ".."):
        raise LocalFileError(f"{str(at)!r} is not below the folder that was chosen")
    with local_errors(str(at)):
        for may_make in (make, False):
            try:
                return os.open(segment, _FOLDER | os.O_NOFOLLOW, dir_fd=folder)
            except FileNotFoundError:
                if not may_make:
                    raise
                with suppress(FileExistsError):
                    os.mkdir(segment, dir_fd=folder)
            except OSError as exc:
                if exc.errno in (errno.ELOOP, errno.ENOTDIR):
                    what = "a link or a file, not a folder; nothing is read or written through it"
                    raise LocalFileError(f"{str(at)!r} is {what}") from exc
                raise
    raise AssertionError("unreachable")
