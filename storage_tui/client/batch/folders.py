"""Folders in both directions: the keys for the files of a local folder, and the local names for keys.

Each key gets its own local name, and no name leaves the chosen folder. A segment that the file system folds, reserves
or refuses is escaped with `%XX`. Names that would still collide get a suffix. Every name that is not the key's own is
reported, and noted beside the files (kept_names.py), so that an upload of the folder restores the keys.
"""

import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from storage_tui.client.batch.kept_names import NAMES_FILE, Renaming, read_names
from storage_tui.client.batch.name_rules import STRICT, NameRules
from storage_tui.contract.errors import InvalidKeyError, LocalFileError
from storage_tui.contract.keys import DELIMITER, check_key

_PART = re.compile(r"\..+\.[0-9a-f]{12}\.part(\.json(\.new)?)?", re.DOTALL)  # see transfer/part_file.py
_DRAFT = re.compile(re.escape(NAMES_FILE) + r"\.[0-9]+")  # see kept_names.py


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file found below a folder: its path, its key, and its size in bytes at that time."""

    path: Path
    key: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An entry below a folder that is left out; `why` is one line.

    `is_failure` is set for an entry that should be uploaded but cannot; it is not set for links, devices, pipes and
    unfinished downloads, which are never uploaded.
    """

    path: Path
    why: str
    is_failure: bool


@dataclass(frozen=True, slots=True)
class LocalName:
    """The local path of a key below the target folder.

    `note` says when the path is not the key's own. `renamings` are the names in the path that differ, each once for all
    keys, with the first key that has it.
    """

    key: str
    path: PurePosixPath
    note: str = ""
    renamings: tuple[Renaming, ...] = ()


def local_segment(segment: str) -> str:
    """Return the file name for one segment of a key that every system keeps: see `NameRules.segment`."""
    return STRICT.segment(segment)


def local_names(keys: Iterable[str], prefix: str, rules: NameRules = STRICT) -> Iterator[LocalName]:
    """Yield a local name for each key below `prefix`, in the order of the keys.

    All names are different under the rules of the file system; under the strict rules also on a file system that
    ignores case or Unicode forms. No name is a file where another key needs a folder.
    """
    used: set[str] = set()
    folders: dict[str, PurePosixPath] = {"": PurePosixPath()}
    for key in keys:
        relative, renamings = key[len(prefix) :], list[Renaming]()
        position, parent = relative.find(DELIMITER), folders[""]
        while position != -1:
            folder = relative[: position + 1]
            if folder not in folders:
                segment = folder[:-1].rpartition(DELIMITER)[2]
                folders[folder] = _free_path(parent, segment, rules, used, renamings)
            parent = folders[folder]
            position = relative.find(DELIMITER, position + 1)
        name = relative.rpartition(DELIMITER)[2]
        path = _free_path(
            parent, name, rules, used, renamings, otherwise="" if relative else PurePosixPath(prefix).name
        )
        yield LocalName(key, path, _note(key, relative, path, rules), tuple(renamings))


def _free_path(
    parent: PurePosixPath, segment: str, rules: NameRules, used: set[str], renamings: list[Renaming],
    otherwise: str = "",
) -> PurePosixPath:  # fmt: skip
    """Return a free path in the folder for the segment, or for the name `otherwise` of an empty segment, and note it
    when its name is another."""
    name = rules.segment(segment or otherwise)
    path, attempt = parent / name, 1
    while (folded := rules.folded(str(path))) in used:
        attempt += 1
        path = parent / f"{name}%~{attempt}"
    used.add(folded)
    if path.name != segment:
        renamings.append(Renaming(parent, path.name, segment))
    return path


def _note(key: str, relative: str, path: PurePosixPath, rules: NameRules) -> str:
    if str(path) == relative:
        return ""
    plain = PurePosixPath(*map(rules.segment, relative.split(DELIMITER))) if relative else path
    why = "this name cannot be kept here" if path == plain else "the plain name is taken"
    return f"{key!a} becomes {str(path)!a}: {why}"


def is_unfinished(name: str) -> bool:
    """Return whether the name is that of an unfinished download of this program, or of a draft beside it."""
    return name.startswith(".") and (_PART.fullmatch(name) or _DRAFT.fullmatch(name)) is not None


def refuse(row: LeftOut) -> None:
    """Raise LocalFileError for an entry that should be uploaded but cannot; ignore others."""
    if row.is_failure:
        raise LocalFileError(row.why)


def find_files(
    folder: Path, prefix: str, leave_out: Callable[[LeftOut], object] = refuse, check: Callable[[str], str] = check_key
) -> Iterator[LocalFile]:
    """Yield every regular file below `folder`, in name order, with the key `prefix` + its relative path. A name that an
    earlier download could not keep stands for its segment of the key again.

    `leave_out` is called for symbolic links, devices, sockets and FIFOs, for unfinished downloads, for folders that
    cannot be read, and for names that cannot be keys: those that `check` refuses. Raise LocalFileError when `folder`
    itself cannot be read.
    """
    try:
        with os.scandir(folder) as rows:
            entries = sorted(rows, key=lambda entry: entry.name)
    except OSError as exc:
        raise LocalFileError(f"cannot read the folder {str(folder)!a}: {exc.strerror}") from exc
    segments = segments_of(folder, {entry.name: entry.is_dir(follow_symlinks=False) for entry in entries})
    for entry in entries:
        path, segment = Path(entry.path), (segments or {}).get(entry.name, entry.name)
        if segments is not None and entry.name == NAMES_FILE:
            continue
        try:
            info = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            continue  # removed since the folder was read
        except OSError as exc:
            leave_out(LeftOut(path, f"cannot read {entry.path!a}: {exc.strerror}", is_failure=True))
            continue
        if stat.S_ISDIR(info.st_mode):
            found = find_files(path, f"{prefix}{segment}{DELIMITER}", leave_out, check)
            try:
                yield from found
            except LocalFileError as exc:
                leave_out(LeftOut(path, exc.message, is_failure=True))
        elif stat.S_ISREG(info.st_mode) and is_unfinished(entry.name):
            leave_out(LeftOut(path, f"{entry.path!a} is an unfinished download", is_failure=False))
        elif stat.S_ISREG(info.st_mode):
            try:
                key = check(prefix + segment)
            except (InvalidKeyError, UnicodeEncodeError) as exc:
                why = f"the name of {entry.path!a} cannot be a key: {exc}"
                leave_out(LeftOut(path, why, is_failure=True))
                continue
            yield LocalFile(path, key, info.st_size)
        else:
            what = "a symbolic link" if stat.S_ISLNK(info.st_mode) else "neither a file nor a folder"
            leave_out(LeftOut(path, f"{entry.path!a} is {what}", is_failure=False))


def segments_of(folder: Path, is_folder: Mapping[str, bool]) -> Mapping[str, str] | None:
    """Return the segments that the names of entries stand for, as an earlier download noted them; None without its
    note. `is_folder` has every name in the folder. An entry keeps its name where somebody has made another entry with
    the name of its key."""
    noted = dict(read_names(folder)) if NAMES_FILE in is_folder else {}
    if not noted:
        return None
    while clashes := [
        name for name, segment in noted.items()
        if segment not in noted and segment != NAMES_FILE and name in is_folder
        and is_folder.get(segment) == is_folder[name]
    ]:  # fmt: skip
        for name in clashes:
            del noted[name]
    return noted
