"""The local paths of keys that a download brings for the first time, in the order of the keys.

Each key gets its own path, by the rules of folders.py: the key's own name where the file system keeps it and nothing
else has it. Keys come in byte order, so those of one folder follow each other, and only the folders from the top to the
key are in memory.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Literal

from storage_tui.client.batch.folders import segments_of
from storage_tui.client.batch.kept_names import NAMES_FILE, Renaming, read_names
from storage_tui.client.batch.name_rules import STRICT, probe
from storage_tui.contract.keys import DELIMITER

Kind = Literal["file", "folder", "other"]


@dataclass(frozen=True, slots=True)
class NewName:
    """The path of a key, relative to the target folder.

    `note` says when the path is not the key's own, and `renamings` are the new names to keep. `is_late` says that a
    file or folder which the sync deletes is in the way: the path is chosen after the deletes.
    """

    path: PurePosixPath
    renamings: tuple[Renaming, ...] = ()
    note: str = ""
    is_late: bool = False


@dataclass(slots=True)
class _Folder:
    """A folder of the target: the names in it, each with its kind and the segment that it stands for.

    `taken` has them by their folded names. Under rules that fold more than the file system does, one of two names is
    missing there; `rows` has all.
    """

    prefix: str  # the relative keys below it begin with this text
    path: PurePosixPath
    rows: list[tuple[str, Kind, str]] = field(default_factory=list)
    taken: dict[str, tuple[str, Kind, str]] = field(default_factory=dict)
    names: dict[tuple[str, Kind], str] = field(default_factory=dict)  # by segment and kind
    noted: Mapping[str, str] = field(default_factory=dict)  # by earlier downloads, also for names that are gone
    is_late: bool = False

    def take(self, folded: str, name: str, kind: Kind, segment: str) -> None:
        self.rows.append((name, kind, segment))
        self.taken[folded] = name, kind, segment
        self.names.setdefault((segment, kind), name)


class NewNames:
    """Chooses paths below `root` for keys below `prefix`. With `clears_way`, other files and folders in the way will be
    deleted."""

    def __init__(self, root: Path, prefix: str, *, clears_way: bool) -> None:
        self._root, self._clears_way = root, clears_way
        self._otherwise = PurePosixPath(prefix).name
        self._rules, self._has_asked = STRICT, False
        self._stack: list[_Folder] = []

    def choose(self, relative: str) -> NewName:
        """Return the path for a key, which is after the keys of all calls before."""
        renamings: list[Renaming] = []
        if not self._stack:
            self._stack.append(self._read("", PurePosixPath()))
        while not relative.startswith(self._stack[-1].prefix):
            self._stack.pop()
        *folders, last = relative[len(self._stack[-1].prefix) :].split(DELIMITER)
        for segment in folders:
            folder = self._stack[-1]
            name = None if folder.is_late else self._name_in(folder, segment, "folder", renamings)
            inner = self._read(
                f"{folder.prefix}{segment}/", folder.path / (name or self._rules.segment(segment)), is_late=name is None
            )
            self._stack.append(inner)
        folder = self._stack[-1]
        name = None if folder.is_late else self._name_in(folder, last, "file", renamings)
        if name is None:
            return NewName(PurePosixPath(relative), is_late=True)
        path = folder.path / name
        return NewName(path, tuple(renamings), self._note(relative, path))

    def _name_in(self, folder: _Folder, segment: str, kind: Kind, renamings: list[Renaming]) -> str | None:
        """Return the name for a segment, or None while something that will be deleted has the name."""
        known = folder.names.get((segment, kind))
        if known is not None:
            return known
        wanted = segment or (self._otherwise if kind == "file" and not folder.prefix else "")
        if not self._has_asked and STRICT.segment(wanted) != wanted:
            self._ask()
        name = self._rules.segment(wanted)
        there = folder.taken.get(self._rules.folded(name))
        if there is not None and not self._has_asked and there[0] != name:
            self._ask()  # whether the two names are one here
            name = self._rules.segment(wanted)
            there = folder.taken.get(self._rules.folded(name))
        if there is not None and there[1] == "other":
            return name  # a link, say: the download refuses it with the reason
        if there is not None and self._clears_way and there[0] == name and there[1] != kind:
            return None
        plain, attempt = name, 1
        while (folded := self._rules.folded(name)) in folder.taken:
            attempt += 1
            name = f"{plain}%~{attempt}"
        folder.take(folded, name, kind, segment)
        if name != segment or folder.noted.get(name, segment) != segment:
            renamings.append(Renaming(folder.path, name, segment))
        return name

    def _read(self, prefix: str, path: PurePosixPath, *, is_late: bool = False) -> _Folder:
        folder = _Folder(prefix, path, is_late=is_late)
        place = self._root / path
        try:
            with os.scandir(place) as rows:
                kinds: dict[str, Kind] = {row.name: _kind(row) for row in rows}
        except OSError:
            return folder  # not there yet; another fault is the download's to report
        is_folder = {name: kind == "folder" for name, kind in kinds.items()}
        if NAMES_FILE in kinds:
            folder.noted = read_names(place)
        noted = segments_of(place, is_folder)
        for name, kind in kinds.items():
            folder.take(self._rules.folded(name), name, kind, (noted or {}).get(name, name))
        return folder

    def _ask(self) -> None:
        """Ask the file system which names it keeps, and take the names of the open folders by its answer."""
        self._rules, self._has_asked = probe(self._root), True
        for folder in self._stack:
            folder.taken = {self._rules.folded(row[0]): row for row in folder.rows}

    def _note(self, relative: str, path: PurePosixPath) -> str:
        if str(path) == relative:
            return ""
        parts = [self._rules.segment(part) for part in relative.split(DELIMITER)]
        why = "this name cannot be kept here" if list(path.parts) == parts else "the plain name is taken"
        return f"{relative!a} becomes {str(path)!a}: {why}"


def _kind(row: "os.DirEntry[str]") -> Kind:
    if row.is_dir(follow_symlinks=False):
        return "folder"
    return "file" if row.is_file(follow_symlinks=False) else "other"
