"""Local paths as people type and read them: `~`, completion by Tab."""

import os
from pathlib import Path

from storage_tui.machine.directories import home

CANDIDATES = 200  # entries of a folder that completion looks at after the first match


def working_folder() -> Path:
    """Return the folder in which the program was started; the home folder when that folder was removed since."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return Path(home())


def expand(text: str) -> Path:
    """Return the typed path, with `~` and the shell's variables resolved, as an absolute path.

    After `//` or `/~` the path begins anew, so that the user can type over a given path.
    """
    typed = os.path.expandvars(_begun_anew(text.strip()))
    try:
        return working_folder() / Path(typed).expanduser()
    except RuntimeError:  # a user such as ~nobody does not exist
        return working_folder() / typed


def brief(path: Path) -> str:
    """Return the path with `~` for the home folder, as people write it."""
    try:
        return f"~/{path.relative_to(home())}"
    except ValueError:  # outside the home folder
        return str(path)


def _begun_anew(text: str) -> str:
    return text[max(text.rfind("//"), text.rfind("/~")) + 1 :]


def complete(text: str, *, only_folders: bool = False) -> tuple[str, list[str]]:
    """Return the completed text and the names that continue it, folders with a slash."""
    text = _begun_anew(text)
    folder_text, slash, start = text.rpartition("/")
    folder = expand(folder_text + slash) if slash else working_folder()
    names = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if not entry.name.startswith(start) or (entry.name.startswith(".") and not start.startswith(".")):
                    continue
                if entry.is_dir():
                    names.append(entry.name + "/")
                elif not only_folders:
                    names.append(entry.name)
                if len(names) >= CANDIDATES:
                    break
    except OSError:
        return text, []
    if not names:
        return text, []
    names.sort()
    first, last = names[0], names[-1]  # all names share what the first and the last share
    shared = next(
        (at for at, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last))
    )
    return folder_text + slash + first[:shared], names


def folder_and_start(text: str) -> tuple[Path, str]:
    """Return the folder of a typed path, and the beginning of a name that is typed after it."""
    folder_text, slash, start = _begun_anew(text).rpartition("/")
    return (expand(folder_text + slash) if slash else working_folder()), start
