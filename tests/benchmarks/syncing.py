"""A sync of 100,000 files that have not changed: time and memory, beside rclone between two local folders."""

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from storage_tui import Storage
from storage_tui.sync import sync
from tests.benchmarks.programs import Row

FILES = 100_000
A_FOLDER = 500
ROUNDS = 3
CHILD = """
import sys, time
from pathlib import Path
from storage_tui import Storage
from storage_tui.sync import sync
with Storage(data_dir=sys.argv[1]) as storage:
    storage.describe()
    began = time.perf_counter()
    done = sync(sys.argv[2], "data:files/", storage=storage, delete=True).done
    # Not ru_maxrss: a child begins with that of its parent.
    (peak,) = (row for row in Path("/proc/self/status").read_text().splitlines() if row.startswith("VmHWM"))
    print(time.perf_counter() - began, int(peak.split()[1]) * 1024 / 1e6, done["same"])
"""


def rows() -> Iterator[Row]:
    """The first sync, the second one of the same files, and rclone's second one."""
    with tempfile.TemporaryDirectory(prefix="storage-tui-benchmark-") as folder:
        home = Path(folder)
        source = home / "source"
        for number in range(FILES):
            path = source / f"{number // A_FOLDER:04}" / f"file-{number:06}.txt"
            if number % A_FOLDER == 0:
                path.parent.mkdir(parents=True)
            path.write_bytes(b"%d\n" % number)
        with Storage(data_dir=home / "store") as storage:
            began = time.perf_counter()
            sync(source, "data:files/", storage=storage)
            first_s = time.perf_counter() - began
            sync(source, "data:files/", storage=storage)  # reads the files that were too new to have a checksum kept
            runs = [_again(home / "store", source) for _ in range(ROUNDS)]
        yield Row(f"{FILES:,} small files synced for the first time", f"{first_s:.1f} s", "", "")
        seconds, megabytes = (statistics.median(column) for column in zip(*runs, strict=True))
        peer = _rclone(source, home / "copy")
        yield Row(f"{FILES:,} unchanged files synced again", f"{seconds:.2f} s", peer, "5 s")
        yield Row("memory meanwhile", f"{megabytes:.0f} MB", "", "150 MB")


def _again(store: Path, source: Path) -> tuple[float, float]:
    words = [sys.executable, "-c", CHILD, str(store), str(source)]
    told = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
    assert int(told[2]) == FILES
    return float(told[0]), float(told[1])


def _rclone(source: Path, target: Path) -> str:
    program = shutil.which("rclone")
    if program is None:
        return ""
    times = []
    for _ in range(2):
        began = time.perf_counter()
        subprocess.run([program, "sync", "--config=", str(source), str(target)], capture_output=True, check=True)
        times.append(time.perf_counter() - began)
    return f"rclone between local folders, by size and time {times[1]:.2f} s"
