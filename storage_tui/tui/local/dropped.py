"""Pasted or dropped text as local paths.

Terminals drop a file in different forms: as it is, in quotes, with backslashes before spaces, as a file URL, several in
one line or one a line; Windows Terminal as a path of Windows. Only absolute paths are taken: a word alone may be
anything.
"""

import os
import re
import shlex
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit

from storage_tui.machine.directories import home

MOST_CHARS = 1024 * 1024  # a list of ten thousand long paths; a longer text is none
MOST_PATHS = 10_000
LOCAL_HOSTS = ("", "localhost")
CLIPBOARD_WORDS = ("copy", "cut", "x-special/nautilus-clipboard", "x-special/gnome-copied-files")  # before file URLs
_DRIVE = re.compile(r"^([A-Za-z]):[\\/]")
_WSL = re.compile(r"^[\\/]{2}(?:wsl\$|wsl\.localhost)[\\/][^\\/]+", re.IGNORECASE)  # \\wsl.localhost\Debian\home\…


@dataclass(frozen=True, slots=True)
class Dropped:
    """The paths of a text that are there, and how many more it names that are not."""

    paths: tuple[Path, ...]
    missing: int = 0


def read_dropped(text: str) -> Dropped:
    """Return the paths that a pasted text names. Blocks. A text that names none has no paths."""
    if len(text) > MOST_CHARS:
        return Dropped(())
    readings = [[text.strip()], *map(list, (_lines(text), _words(text)))]
    best = Dropped(())
    for reading in readings:
        named = [path for word in islice(reading, MOST_PATHS) for path in _paths(word)]
        found = tuple(dict.fromkeys(path for path in named if _is_there(path)))
        missing = len(set(named)) - len(found)
        if len(found) > len(best.paths) or (not best.paths and missing and not best.missing):
            best = Dropped(found, missing)
        if found and not missing:
            break
    return best


def _lines(text: str) -> Iterator[str]:
    for line in re.split(r"[\r\n]+", text):
        word = line.strip()
        if word and word not in CLIPBOARD_WORDS and not word.startswith("# "):
            yield word


def _words(text: str) -> Iterator[str]:
    for line in _lines(text):
        for is_posix in (True, False):  # a path of Windows has backslashes that mean themselves
            try:
                words = shlex.split(line, posix=is_posix)
            except ValueError:
                continue  # a quote that is not closed
            if any(next(_paths(word), None) for word in words):
                yield from words
                break


def _paths(word: str) -> Iterator[Path]:
    """Yield the absolute path that a word names: as it is, in plain quotes, or as a shell would read it."""
    readings = [path for text in _readings(word) if (path := _path(text)) is not None and path.name]
    if readings:
        yield next(filter(_is_there, readings), readings[0])


def _readings(word: str) -> Iterator[str]:
    yield word
    if len(word) > 2 and word[0] == word[-1] and word[0] in "\"'":
        yield word[1:-1]  # with backslashes that mean themselves, as Windows Terminal writes them
    with suppress(ValueError):  # a quote that is not closed
        parts = shlex.split(word)
        if len(parts) == 1:
            yield parts[0]


def _path(text: str) -> Path | None:
    if "\0" in text or not text:
        return None
    if text.lower().startswith("file:"):
        return _of_url(text)
    if text.startswith("~/"):
        return Path(home()) / text[2:]
    if (wsl := _WSL.match(text)) is not None:
        return Path(text[wsl.end() :].replace("\\", "/") or "/")
    if (drive := _DRIVE.match(text)) is not None:
        return Path("/mnt", drive[1].lower(), text[3:].replace("\\", "/"))
    return Path(text) if text.startswith("/") else None


def _of_url(text: str) -> Path | None:
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    if parts.netloc.lower() not in (*LOCAL_HOSTS, os.uname().nodename.lower()):
        return None
    raw = text.partition("#")[0] if "#" not in parts.path else text  # a bare # belongs to a name in no URL
    path = urlsplit(raw).path
    decoded = os.fsdecode(unquote_to_bytes(path))
    return Path(decoded) if decoded.startswith("/") and "\0" not in decoded else None


def _is_there(path: Path) -> bool:
    try:
        return os.path.lexists(path)
    except (OSError, ValueError):
        return False
