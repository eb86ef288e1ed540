"""A power cut under a local store: its file system is shut down without a flush, in the middle of concurrent writers.

Unlike a kill, this drops what was written and never synced. It needs root and loop devices.
"""

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from storage_tui.server.stores.local.store import LocalStore
from tests import wanted
from tests.effort import count
from tests.server.stores.local.test_crash import ROOT, check_everything, check_long_upload, check_workers, parse

CUTS = count(4, 100)  # of each file system
CHECK_EVERY = 5  # of all that the cuts so far left, which grows
MOST_ACKS = 250
IMAGE_BYTES = (20 * CUTS + 320) * 1024 * 1024  # what they leave is kept and checked again: 10 MB a cut; xfs wants 300
MAKE = {"ext4": ("mkfs.ext4", "-q", "-F"), "xfs": ("mkfs.xfs", "-q", "-f")}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.wants("losetup", "mount", "umount", "xfs_io"),
    pytest.mark.skipif(
        sys.platform != "linux" or os.geteuid() != 0,
        reason="cutting the power of a file system takes root and loop devices",
    ),
]


def call(*command: str | Path) -> None:
    subprocess.run(command, check=True, capture_output=True)


@pytest.fixture(params=MAKE)
def device(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A block device with a fresh file system."""
    wanted.program(MAKE[request.param][0])
    image = tmp_path / "image"
    with image.open("wb") as file:
        file.truncate(IMAGE_BYTES)
    call(*MAKE[request.param], image)
    try:
        found = subprocess.run(
            ("losetup", "--find", "--show", image), check=True, capture_output=True, text=True
        ).stdout.strip()
    except subprocess.CalledProcessError:
        pytest.skip("this machine gives no loop device")
    yield Path(found)
    subprocess.run(("umount", tmp_path / "mount"), check=False, capture_output=True)
    call("losetup", "--detach", found)


def run_and_cut(mount: Path, run: int, acks: int) -> tuple[list[list[str]], list[list[str]]]:
    """What was acknowledged before the cut began, and what was while it went on: the kernel lets a sync that meets a
    shutdown half-way return without an error (seen on ext4, Linux 6.18), as no real power cut can."""
    command = [sys.executable, "-m", "tests.server.stores.local.crash_child", str(mount / "data"), str(run)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        before = list(islice(process.stdout, acks))
        call("xfs_io", "-x", "-c", "shutdown", mount)
        process.kill()
        after = process.stdout.readlines()
    return parse(before), parse(after)


@pytest.mark.timeout(400)
async def test_no_power_cut_loses_or_halves_a_blob(device: Path, tmp_path: Path) -> None:
    chance = random.Random()
    mount = tmp_path / "mount"
    mount.mkdir()
    for run in range(CUTS):
        call("mount", device, mount)
        acks, doubtful = run_and_cut(mount, run, chance.randrange(1, MOST_ACKS))
        call("umount", mount)
        call("mount", device, mount)
        store = LocalStore(mount / "data", reserve_bytes=0)
        await store.start()
        try:
            await check_workers(store, run, acks, doubtful)
            await check_long_upload(store, run, acks)
            await store.find_orphans()
        finally:
            await store.close()
        if run % CHECK_EVERY == 0 or run == CUTS - 1:
            await check_everything(mount / "data")
        call("umount", mount)
