"""Which paths a call of fsspec means: a path is the blob or folder of that name. It is a pattern if there is neither.

fsspec takes `[`, `]`, `*` and `?` in a path for a pattern, though keys may contain all of them. With fsspec's own rule
the path `data/file[1].txt` would mean the blob `file1.txt`.
"""

import errno
import os
from typing import Any

from fsspec.implementations.local import LocalFileSystem, make_path_posix, trailing_sep
from fsspec.spec import AbstractFileSystem
from fsspec.utils import other_paths, stringify_path

from storage_tui.client.patterns import globs


def is_pattern(fs: AbstractFileSystem, path: Any) -> bool:
    """Return whether a path stands for the paths that it matches: it contains magic characters, and there is neither
    a file nor a folder of exactly this name."""
    return globs.is_pattern(fs._strip_protocol(stringify_path(path)), lambda: bool(fs.exists(path)))


def needs_pairs(fs: AbstractFileSystem, source: Any, target: Any) -> bool:
    """Return whether fsspec would take the path of an existing file or folder for a pattern."""
    if isinstance(source, list) or isinstance(target, list):
        return False
    return globs.has_magic(stringify_path(source)) and bool(fs.exists(source))


def pairs(
    fs: AbstractFileSystem, source: Any, to_fs: AbstractFileSystem, target: Any, *, recursive: bool,
    maxdepth: int | None,
) -> tuple[list[str], list[str]]:  # fmt: skip
    """Return the paths to copy from and the path for each to copy to, by the rules of fsspec for a source without
    magic characters: below the target if the target is a folder and the source has no slash at its end.

    Without `recursive` a folder has no pairs.
    """
    text, target = stringify_path(source), stringify_path(target)
    if isinstance(fs, LocalFileSystem):
        text = make_path_posix(text)
    if isinstance(to_fs, LocalFileSystem):
        target = make_path_posix(target)
    found = [fs._strip_protocol(text)]
    if recursive:
        found = sorted({*found, *fs.find(text, maxdepth=maxdepth, withdirs=True)})
    is_folder = trailing_sep(target) or to_fs.isdir(target)
    has_slash = text.endswith(("/", os.sep))
    targets = other_paths(found, target, exists=is_folder and not has_slash)
    if not recursive or maxdepth is not None:
        rows = [(old, new) for old, new in zip(found, targets, strict=True) if not fs.isdir(old)]
        found, targets = [old for old, _ in rows], [new for _, new in rows]
    return found, targets


def move_pairs(
    fs: AbstractFileSystem, source: Any, target: Any, *, recursive: bool, maxdepth: int | None
) -> tuple[list[str], list[str]]:
    """Return the blobs to move and the new path of each, without those that have it already.

    Raise OSError (EINVAL) when a new path is that of another blob to move.
    """
    if isinstance(source, list):
        if not isinstance(target, list):
            raise ValueError("give as many targets as sources, or move one path")
        found, targets = [fs._strip_protocol(path) for path in source], [fs._strip_protocol(path) for path in target]
    else:
        path = fs._strip_protocol(stringify_path(source))
        kind = fs.info(path)["type"]
        if kind == "directory" and not recursive:
            raise IsADirectoryError(errno.EISDIR, "set recursive=True to move a folder", path)
        found, targets = pairs(fs, source, fs, target, recursive=recursive, maxdepth=maxdepth)
        targets = [fs._strip_protocol(path) for path in targets]
    is_given = isinstance(source, list)
    moved = [(old, new) for old, new in zip(found, targets, strict=True) if old != new and (is_given or fs.isfile(old))]
    both = {old for old, _ in moved} & {new for _, new in moved}
    if both:
        raise OSError(errno.EINVAL, "a folder cannot move into itself", min(both))
    return [old for old, _ in moved], [new for _, new in moved]
