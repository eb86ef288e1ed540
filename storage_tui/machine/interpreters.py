"""Python started by this program: the one place that writes such a command line and its environment.

A plain `python -m MODULE` searches the working directory before the standard library, so a file `selectors.py` there,
which a download may have put there, is run as the user. PYTHONPATH with an empty or relative entry does the same.
Therefore every interpreter is started by its absolute path with `-I` (Python documentation, "Command line and
environment"): neither the working directory, nor the folder of a script, nor a PYTHON* variable, nor the folder of the
user's own packages is searched.

Isolated like that, the child finds the program where it is installed in the interpreter or its virtual environment, but
neither after `pip install --user`, nor in a checkout or a `pip install --target` folder named in PYTHONPATH. So
`begin.py` is given absolute folders by the parent:

- the folder that holds the package `storage_tui` which the parent has loaded. That very package is loaded first, so
  that parent and child are the same version even where another one is installed;
- where else the parent finds installed packages: folders of its `sys.path` named site-packages or dist-packages, and
  the absolute entries of PYTHONPATH. The parent's other folders are left out: those are of a script, a notebook or the
  working directory.

They are appended *behind* all folders of the isolated interpreter. A file in one of them can therefore never take the
place of a module of the standard library or of an installed package; the parent itself searches most of them first, so
the child trusts no folder that the parent does not trust more.
"""

import os
import sys
from collections.abc import Mapping, MutableMapping
from pathlib import Path

from storage_tui.machine.programs import is_absolute, safe_path

ROOT = str(Path(__file__).absolute().parent.parent.parent)
BEGIN = str(Path(__file__).absolute().with_name("begin.py"))
INSTALLED = ("site-packages", "dist-packages")


def command(module: str, *arguments: str) -> list[str]:
    """The words that run `module` as `python -m` would, isolated from the working directory and the environment.

    Raises FileNotFoundError where this Python does not know the absolute path of its own program.
    """
    if not is_absolute(sys.executable or ""):
        raise FileNotFoundError(2, "this Python does not know the path of its own program", sys.executable or "python")
    return [sys.executable, "-I", *_flags(), BEGIN, ROOT, *_folders(), "-m", module, *arguments]


def environment(environ: Mapping[str, str] | None = None, **changes: str) -> dict[str, str]:
    """`os.environ`, or `environ`, with `changes` for a program to start: without PYTHON* variables, and with a PATH of
    absolute folders, so that what the child starts itself is safe as well."""
    kept = {**(os.environ if environ is None else environ), **changes}
    clean(kept)
    return kept


def clean(environ: MutableMapping[str, str]) -> None:
    """The same in place, for a process whose environment a library hands on to what it starts."""
    for name in [name for name in environ if name.startswith("PYTHON")]:
        del environ[name]
    environ["PATH"] = safe_path(environ.get("PATH"))


def _flags() -> list[str]:
    """What PYTHON* variables may have set for this process and must hold in the child for both to understand each
    other: how file names are encoded, and where compiled files belong."""
    flags = ["-X", f"utf8={sys.flags.utf8_mode}"]
    if sys.dont_write_bytecode:
        flags.append("-B")
    if sys.pycache_prefix and is_absolute(sys.pycache_prefix):
        flags += ["-X", f"pycache_prefix={sys.pycache_prefix}"]
    return flags


def _folders() -> list[str]:
    """Where the parent finds packages beside ROOT, each once, in the order of its search."""
    if sys.flags.isolated:  # it was started like this itself, or as carefully
        found = sys.path
    else:
        named = "" if sys.flags.ignore_environment else os.environ.get("PYTHONPATH", "")
        here = _working_directory()
        installed = [folder for folder in sys.path if Path(folder).name in INSTALLED and folder != here]
        found = [*named.split(os.pathsep), *installed]
    return [folder for folder in dict.fromkeys(found) if is_absolute(folder) and folder != ROOT]


def _working_directory() -> str | None:
    try:
        return str(Path.cwd())
    except OSError:  # it was removed
        return None
