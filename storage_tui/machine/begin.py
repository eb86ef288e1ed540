"""The first lines of an interpreter that this program starts: `python -I begin.py ROOT FOLDER... -m MODULE ARG...`.

Load the package `storage_tui` from the folder ROOT and from no other folder. Append ROOT and the FOLDERs to the search
path of the isolated interpreter. Then run MODULE as `python -m` does. `interpreters.command` builds this command line;
`interpreters.py` explains the reasons.
"""

import runpy
import site
import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec

PACKAGE = "storage_tui"
INSTALLED = ("site-packages", "dist-packages")  # folders whose .pth files Python reads at its start


def main(words: list[str]) -> None:
    """Run the module that the words of the command line name.

    Each folder is an absolute path. The module's arguments may be any words.
    """
    end = words.index("-m")
    root, *folders = words[:end]
    for folder in (*folders, root):
        if folder in sys.path:
            continue
        if folder.rstrip("/").endswith(INSTALLED):
            site.addsitedir(folder)
        else:
            sys.path.append(folder)
    spec = PathFinder.find_spec(PACKAGE, [root])
    if spec is None or spec.loader is None:
        raise SystemExit(f"there is no {PACKAGE} in {root} any more; was it moved or removed while it ran?")
    package = sys.modules[PACKAGE] = module_from_spec(spec)
    spec.loader.exec_module(package)
    sys.argv[1:] = words[end + 2 :]
    runpy.run_module(words[end + 1], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1:])
