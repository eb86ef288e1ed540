"""Local paths as people type and read them: `~`, completion by Tab."""

import os
from pathlib import Path

CANDIDATES = 200  # entries of a folder that completion looks at after the first match


def working_folder() -> Path:
    """Where the program was started; the home folder where that has been removed since."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return Path.home()


def expand(text: str) -> Path:
    """The path that was typed, `~` and variables of the shell resolved, absolute.

    After `//` or `/~` the path begins anew, so that one can type over a path that is given.
    """
    typed = os.path.expandvars(_begun_anew(text.strip()))
    try:
        return working_folder() / Path(typed).expanduser()
    except RuntimeError:  # ~nobody
        return working_folder() / typed


def brief(path: Path) -> str:
    """The path with `~` for the home folder, as people write it."""
    try:
        return f"~/{path.relative_to(Path.home())}"
    except (ValueError, RuntimeError):  # elsewhere; or no home is known
        return str(path)


def _begun_anew(text: str) -> str:
    return text[max(text.rfind("//"), text.rfind("/~")) + 1 :]


def complete(text: str, *, only_folders: bool = False) -> tuple[str, list[str]]:
    """The text as far as it can be completed, and the names that go on from there, folders with their slash."""
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
    first, last = names[0], names[-1]  # what the first and last share, all share
    shared = next(
        (at for at, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last))
    )
    return folder_text + slash + first[:shared], names
