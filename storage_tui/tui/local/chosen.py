"""Local paths that were chosen for an upload: their files, and the keys of these below a prefix.

A file goes to its own name below the prefix, a folder to its name and what is in it. Links, pipes and names that cannot
be keys are left out and named, as `put -r` leaves them out.
"""

import os
import stat
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from storage_tui.client.batch.folders import LeftOut, LocalFile, find_files
from storage_tui.client.transfer.conflict import Conflict
from storage_tui.contract.errors import InvalidKeyError, LocalFileError
from storage_tui.contract.keys import DELIMITER, STRICT, KeyRules
from storage_tui.previews.local_files import identity
from storage_tui.tui.state.transfers import Transfer

FILES_AT_MOST = 200_000  # about 60 MB; more files are uploaded in parts


@dataclass(frozen=True, slots=True)
class ChosenFile:
    """A file for an upload: `root` is the chosen folder above it, or None when the file itself was chosen."""

    file: LocalFile
    root: Path | None
    etag: str  # what the file was when it was chosen


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was chosen: the paths, their files with their keys, and what is left out."""

    paths: Sequence[Path]
    files: Sequence[ChosenFile]
    left_out: Sequence[LeftOut] = ()
    folders: frozenset[Path] = field(default_factory=frozenset)  # those of the paths that are folders

    @property
    def size_bytes(self) -> int:
        """The bytes of all files."""
        return sum(row.file.size_bytes for row in self.files)

    def transfers(self, storage_type: str, conflict: Conflict) -> list[Transfer]:
        """Return the upload of each file."""
        return [
            Transfer("upload", storage_type, row.file.key, row.file.path, row.file.size_bytes, conflict, row.root)
            for row in self.files
        ]


def find_chosen(
    paths: Iterable[Path], prefix: str, *, follow: bool = False, is_over: Callable[[], bool] = lambda: False,
    rules: KeyRules = STRICT,
) -> Chosen:  # fmt: skip
    """Return the files of the paths with their keys below `prefix`. Blocks; `is_over` is asked on the way.

    `follow` takes a chosen path that is a link for what it leads to: right for a path that somebody typed. Raises
    InvalidKeyError for the prefix, LocalFileError when a path is not there, when two files would get one key, or when
    there are more than FILES_AT_MOST.
    """
    base = rules.check_prefix(prefix)
    files: list[ChosenFile] = []
    left_out: list[LeftOut] = []
    folders: list[Path] = []
    taken: dict[str, Path] = {}
    chosen = list(dict.fromkeys(paths))
    for path in chosen:
        info = _info(path, follow=follow)
        if stat.S_ISDIR(info.st_mode):
            folders.append(path)
            found: Iterable[LocalFile] = find_files(
                path, f"{base}{path.name}{DELIMITER}", left_out.append, rules.check_key
            )
        else:
            found = _alone(path, base, info, left_out, rules)
        root = path if stat.S_ISDIR(info.st_mode) else None
        for file in found:
            if is_over():
                raise LocalFileError("not wanted any more")
            if (other := taken.setdefault(file.key, file.path)) is not file.path:
                raise LocalFileError(f"{str(other)!r} and {str(file.path)!r} would both become {file.key!r}")
            files.append(ChosenFile(file, root, _etag(file.path, follow=follow and root is None)))
            if len(files) > FILES_AT_MOST:
                raise LocalFileError(f"more than {FILES_AT_MOST:,} files; upload the folders one by one")
    return Chosen(chosen, files, left_out, frozenset(folders))


def _info(path: Path, *, follow: bool) -> os.stat_result:
    try:
        return os.stat(path, follow_symlinks=follow)  # noqa: PTH116 - with or without links
    except FileNotFoundError as exc:
        raise LocalFileError(f"{str(path)!r} is not there") from exc
    except (OSError, ValueError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else str(exc)
        raise LocalFileError(f"cannot read {str(path)!r}: {reason}") from exc


def _alone(path: Path, base: str, info: os.stat_result, left_out: list[LeftOut], rules: KeyRules) -> list[LocalFile]:
    """Return a file that was chosen by itself, or nothing and the reason."""
    if not stat.S_ISREG(info.st_mode):
        what = "a symbolic link" if stat.S_ISLNK(info.st_mode) else "neither a file nor a folder"
        left_out.append(LeftOut(path, f"{str(path)!a} is {what}", is_failure=False))
        return []
    try:
        return [LocalFile(path, rules.check_key(base + path.name), info.st_size)]
    except (InvalidKeyError, UnicodeEncodeError) as exc:
        left_out.append(LeftOut(path, f"the name of {str(path)!a} cannot be a key: {exc}", is_failure=True))
        return []


def _etag(path: Path, *, follow: bool) -> str:
    try:
        return identity(os.stat(path, follow_symlinks=follow))  # noqa: PTH116 - with or without links
    except OSError:
        return ""  # gone since: its upload says so
