"""Whether systemd-logind ends the processes of a user at logout (logind.conf(5): KillUserProcesses and its lists)."""

import os
import pwd
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_FOLDERS = ("usr/lib/systemd", "usr/local/lib/systemd", "run/systemd", "etc/systemd")  # the last one is the strongest
_TRUE = ("1", "yes", "y", "true", "t", "on")  # systemd.syntax(7)


def ends_processes(root: Path = Path("/"), *, user: str | None = None) -> Path | None:
    """Return the file that says so; None where processes go on, or where no systemd-logind runs."""
    if not (root / "run/systemd/seats").is_dir():
        return None
    found: dict[str, tuple[str, Path]] = {}
    for path in _files(root):
        with suppress(OSError, UnicodeDecodeError):
            found |= {name: (value, path) for name, value in _settings(path.read_text("utf-8"))}
    value, place = found.get("KillUserProcesses", ("no", root))
    name = user_name() if user is None else user
    only, spared = (found.get(key, ("", root))[0].split() for key in ("KillOnlyUsers", "KillExcludeUsers"))
    is_spared = name in (spared or ["root"]) or bool(only and name not in only)
    return place if value.lower() in _TRUE and not is_spared else None


def has_linger(user: str, root: Path = Path("/")) -> bool:
    """Return whether the user's services go on after logout (loginctl enable-linger)."""
    return bool(user) and (root / "var/lib/systemd/linger" / user).exists()


def user_name() -> str:
    """Return the name of this user; the number where there is no name."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def _files(root: Path) -> Iterator[Path]:
    """Yield the files in force, the weakest first: of equal names only the strongest folder's counts."""
    main = [root / folder / "logind.conf" for folder in _FOLDERS if (root / folder / "logind.conf").is_file()]
    yield from main[-1:]
    parts: dict[str, Path] = {}
    for folder in _FOLDERS:
        with suppress(OSError):
            parts |= {path.name: path for path in (root / folder / "logind.conf.d").iterdir() if path.suffix == ".conf"}
    for name in sorted(parts):
        yield parts[name]


def _settings(text: str) -> Iterator[tuple[str, str]]:
    section = ""
    for line in text.splitlines():
        row = line.strip()
        if row.startswith("["):
            section = row
        elif section == "[Login]" and "=" in row and not row.startswith(("#", ";")):
            name, _, value = row.partition("=")
            yield name.strip(), value.strip()
