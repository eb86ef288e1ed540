"""What tests want of the machine. `python -m tests.wanted` prints the Debian packages that are missing here.

A test whose program is missing is skipped at home, with the reason. Where CI is set in the environment the test fails:
nobody reads what CI skipped.
"""

import importlib
import os
import shutil
import sys
from pathlib import Path
from types import ModuleType
from typing import NoReturn

import pytest

CI = "CI"
PACKAGES = {  # the Debian package of each program; none for what pip installs
    "bash": "bash", "cc": "gcc libc6-dev", "chromium": "chromium", "chromium-browser": "", "google-chrome": "",
    "faketime": "faketime", "fish": "fish", "groff": "groff-base", "losetup": "mount", "mkfs.ext4": "e2fsprogs",
    "mkfs.xfs": "xfsprogs", "mount": "mount", "nginx": "nginx-light", "nsenter": "util-linux", "openssl": "openssl",
    "patch": "patch", "rclone": "rclone", "setsid": "util-linux", "tar": "tar", "umount": "mount",
    "unshare": "util-linux", "unzip": "unzip", "weed": "", "xfs_io": "xfsprogs", "zip": "zip", "zsh": "zsh",
}  # fmt: skip


def program(*names: str) -> str:
    """The path of the first of the programs that is here; ends the test where none of them is."""
    places = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    assert PACKAGES.keys() >= set(names), f"name the Debian packages of {names} in tests/wanted.py"
    found = next((path for name in names if (path := shutil.which(name, path=places))), None)
    if found is None:
        lack(f"{names[0]} is not installed{PACKAGES[names[0]] and f' (Debian: {PACKAGES[names[0]]})'}")
    return found


def module(name: str) -> ModuleType:
    """A module of an optional library; ends the tests of the file where it is not installed."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as exc:
        lack(f"{exc.name} is not installed (pip install -e '.[dev]')")


def lack(what: str) -> NoReturn:
    """End the test, or the whole file while it is imported: skipped at home, failed in CI."""
    if os.environ.get(CI):
        pytest.fail(f"CI must not skip this: {what}", pytrace=False)
    pytest.skip(f"NOT TESTED HERE: {what}", allow_module_level=True)


if __name__ == "__main__":
    missing = {package for name, package in PACKAGES.items() if shutil.which(name) is None and package}
    print(" ".join(sorted(missing)))
