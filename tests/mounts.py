"""Small file systems of their own: for disks that are full, without inodes or mounted read-only."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import wanted

MIB = 1024 * 1024
MAKE = {"ext4": ("mkfs.ext4", "-q", "-F", "-m", "0"), "xfs": ("mkfs.xfs", "-q", "-f")}
IMAGE_BYTES = {"ext4": 96 * MIB, "xfs": 320 * MIB}  # xfs makes nothing smaller
KINDS = ("tmpfs", *MAKE)

needs_mounts = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="a disk that is full, without inodes or read-only takes root"
)


@contextlib.contextmanager
def mounted(place: Path, options: str = "size=96m", *, kind: str = "tmpfs") -> Iterator[Path]:
    """A file system of the kind; one in memory is of whatever size the options say."""
    wanted.program("mount")
    place.mkdir()
    if kind == "tmpfs":
        command: tuple[str | Path, ...] = ("mount", "-t", "tmpfs", "-o", options, "none", place)
    else:
        wanted.program(MAKE[kind][0])
        image = place.with_name(f"{place.name}.image")
        with image.open("wb") as file:
            file.truncate(IMAGE_BYTES[kind])
        subprocess.run((*MAKE[kind], image), check=True, capture_output=True)
        command = ("mount", "-o", "loop", image, place)
    if subprocess.run(command, check=False).returncode:
        pytest.skip("this machine lets nobody mount that")
    try:
        yield place
    finally:
        subprocess.run(("umount", "-l", place), check=True)


def remount(place: Path, how: str) -> None:
    """Mount it `ro` or `rw` from now on."""
    subprocess.run(("mount", "-o", f"remount,{how}", place), check=True)


def fill_up(place: Path) -> Path:
    """Another program takes all the room there is; returns its file."""
    other = place / "other"
    with other.open("ab", buffering=0) as file:
        size_bytes = MIB
        while size_bytes >= 512:
            try:
                file.write(b"x" * size_bytes)
            except OSError:
                size_bytes //= 2
    os.sync()
    return other


def make_room(other: Path) -> None:
    """The other program gives the room back. An unlink alone does so on xfs only by and by."""
    os.truncate(other, 0)
    other.unlink()
