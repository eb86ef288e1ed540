"""Python started by this program: the one place that builds the command line and environment of such a process.

A plain `python -m MODULE` searches the working directory before the standard library. A download may have put a file
`selectors.py` there, and Python would run this file as the user. PYTHONPATH with an empty or relative entry has the
same effect. Therefore every interpreter is started by its absolute path with `-I` (Python documentation, "Command line
and environment"). Python then searches neither the working directory, nor the folder of a script, nor the folder of
the user's own packages, and ignores PYTHON* variables.

An isolated child finds this program when it is installed in the interpreter or its virtual environment. The child does
not find the program after `pip install --user`, in a checkout, or in a `pip install --target` folder that PYTHONPATH
names. Therefore the parent passes absolute folders to `begin.py`:

- the folder of the package `storage_tui` that the parent has loaded. The child loads this package first, so that parent
  and child have the same version even where another version is installed;
- the other folders where the parent finds installed packages: folders of its `sys.path` named site-packages or
  dist-packages, and the absolute entries of PYTHONPATH. The parent's other folders are left out: they belong to a
  script, a notebook or the working directory.

The folders are appended *behind* all folders of the isolated interpreter. A file in one of them can therefore never
replace a module of the standard library or of an installed package. The parent searches most of these folders first, so
the child trusts every folder at most as much as the parent does.
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
    """Return the command line that runs `module` like `python -m`, isolated from working directory and environment.

    Raise FileNotFoundError when this Python does not know the absolute path of its own program.
    """
    if not is_absolute(sys.executable or ""):
        raise FileNotFoundError(2, "this Python does not know the path of its own program", sys.executable or "python")
    return [sys.executable, "-I", *_flags(), BEGIN, ROOT, *_folders(), "-m", module, *arguments]


def environment(environ: Mapping[str, str] | None = None, **changes: str) -> dict[str, str]:
    """Return the environment for a program to start: `environ` (default `os.environ`) with `changes`.

    PYTHON* variables are removed. PATH keeps absolute folders only, so that the programs that the child starts are
    safe too.
    """
    kept = {**(os.environ if environ is None else environ), **changes}
    clean(kept)
    return kept


def clean(environ: MutableMapping[str, str]) -> None:
    """Remove PYTHON* variables and the relative folders of PATH from `environ` itself.

    For a process whose environment a library passes to the programs that the library starts.
    """
    for name in [name for name in environ if name.startswith("PYTHON")]:
        del environ[name]
    environ["PATH"] = safe_path(environ.get("PATH"))


def _flags() -> list[str]:
    """Return the options that make the child agree with this process, where PYTHON* variables may have set them.

    These are the encoding of file names and the place of compiled files.
    """
    flags = ["-X", f"utf8={sys.flags.utf8_mode}"]
    if sys.dont_write_bytecode:
        flags.append("-B")
    if sys.pycache_prefix and is_absolute(sys.pycache_prefix):
        flags += ["-X", f"pycache_prefix={sys.pycache_prefix}"]
    return flags


def _folders() -> list[str]:
    """Return the folders beside ROOT where the parent finds packages, each once, in the order of its search."""
    if sys.flags.isolated:  # this process was started by `command` too, or with the same care
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
    except OSError:  # the directory was removed
        return None
