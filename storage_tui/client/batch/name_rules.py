"""Which names a file system keeps as they are. A probe asks the file system itself, because neither the operating
system nor the type of the file system decides: Linux mounts FAT, and a folder of ext4 may ignore case."""

import os
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from storage_tui.client.batch.kept_names import NAMES_FILE

STRICT_BYTES = 200  # of a segment where nothing is known: most file systems allow 255
SEGMENT_BYTES = 255  # of a segment where a name of that length was kept
_RESERVED = {"con", "prn", "aux", "nul", *(f"{name}{digit}" for name in ("com", "lpt") for digit in range(1, 10))}
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_UNSAFE = re.compile(rf'[<>:"|?*\\%]|{_CONTROLS.pattern}')
_AWKWARD = ('a<>:"|?*\\b', "con", "aux.txt", "dot.", "blank ", "ü" * 127)  # names that some file system changes
_CASES = ("x-case", "X-CASE")
_FORMS = (unicodedata.normalize("NFC", "\u00e9"), unicodedata.normalize("NFD", "\u00e9"))


@dataclass(frozen=True, slots=True)
class NameRules:
    """What a file system does with names. The default is what no file system changes."""

    keeps_names: bool = False
    keeps_case: bool = False
    keeps_forms: bool = False

    def segment(self, segment: str) -> str:
        """Return the file name for one segment of a key.

        Different segments get different names, except that the empty segment and `%` may be the same. A name is never
        empty, `.` or `..`, and holds no control character, which terminals obey. Where names are not kept, a name is
        not reserved on any system.
        """
        if segment in ("", ".", "..") or segment == NAMES_FILE or not self.keeps_names or _CONTROLS.search(segment):
            return _strict(segment)
        return segment if len(segment.encode()) <= SEGMENT_BYTES else _strict(segment)

    def folded(self, path: str) -> str:
        """Return a text that is the same for all paths that are one file here."""
        path = path if self.keeps_forms else unicodedata.normalize("NFC", path)
        return path if self.keeps_case else path.casefold()


STRICT = NameRules()


def rules_at(folder: Path, segments: Iterable[str]) -> NameRules:
    """Return the rules for the segments of keys below the folder, which need not exist yet. The file system is asked
    only when a segment is unusual, or two of them are nearly the same."""
    seen: dict[str, str] = {}
    for segment in segments:
        if _strict(segment) != segment or seen.setdefault(STRICT.folded(segment), segment) != segment:
            return probe(folder)
    return STRICT


def probe(folder: Path) -> NameRules:
    """Return the rules of the file system at the folder, or at the nearest folder above that exists. The strict rules
    are returned when nothing can be written there."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        place = Path(tempfile.mkdtemp(prefix=".storage-tui-", dir=folder))
    except OSError:
        return STRICT
    try:
        return NameRules(_keeps(place, _AWKWARD), _differ(place, _CASES), _differ(place, _FORMS))
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _keeps(place: Path, names: Iterable[str]) -> bool:
    try:
        for name in names:
            (place / name).touch()
        there = set(os.listdir(place))  # noqa: PTH208 - the names, as the system returns them
    except OSError:
        return False
    return there.issuperset(names)


def _differ(place: Path, names: tuple[str, str]) -> bool:
    first, second = names
    try:
        (place / first).touch()
        return not (place / second).exists()
    except OSError:
        return False


def _strict(segment: str) -> str:
    out = _UNSAFE.sub(lambda found: _escape(found[0]), segment)
    if out.endswith((".", " ")):
        out = out[:-1] + _escape(out[-1])
    if segment.split(".", 1)[0].casefold() in _RESERVED or segment == NAMES_FILE:
        out = _escape(segment[0]) + out[1:]
    if not out:
        return "%"  # no other segment gets this name: a percent sign is escaped too
    if len(out.encode()) > STRICT_BYTES:
        digest = sha256(segment.encode()).hexdigest()[:16]
        head = out.encode()[: STRICT_BYTES - 18].decode("utf-8", "ignore")
        return f"{head}%~{digest}"
    return out


def _escape(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode())
