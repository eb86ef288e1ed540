"""What every benchmark needs: a server to run against, medians, memory of a process, rows of a table."""

import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True)
class Row:
    """One line of the table: what was measured, ours, the peer it is held against, and the target of the project."""

    what: str
    ours: str
    peer: str = ""
    target: str = ""


@dataclass(frozen=True)
class Server:
    """A running server: its base URL, a token for it, and its process."""

    url: str
    token_file: Path
    process: psutil.Process


_SCRIPT = Path(sys.executable).with_name("storage-tui")
COMMAND = [str(_SCRIPT)] if _SCRIPT.exists() else [sys.executable, "-m", "storage_tui"]  # as people start it


@contextmanager
def serving(data_dir: Path, user: str = "local") -> Iterator[Server]:
    """`storage-tui serve` on a free port of this machine until the block ends."""
    token = subprocess.run(
        [*COMMAND, "token", "create", user, "--data-dir", data_dir], check=True, capture_output=True, text=True
    ).stdout
    token_file = data_dir / "benchmark.token"
    token_file.touch(0o600)
    token_file.write_text(token)
    process = subprocess.Popen(
        [*COMMAND, "serve", "--data-dir", data_dir, "--port", "0"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        yield Server(url, token_file, psutil.Process(process.pid))
    finally:
        process.terminate()
        process.wait(30)


def peak_mb(process: psutil.Process) -> float:
    """The highest resident memory a process has had, in MB (Linux, VmHWM)."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6


def interleaved(rounds: int, *runs: Callable[[], float]) -> list[float]:
    """The median seconds of each run, the runs taken in turn so that a drift of the machine hits all alike."""
    times: list[list[float]] = [[] for _ in runs]
    for _ in range(rounds):
        for run, found in zip(runs, times, strict=True):
            found.append(run())
    return [statistics.median(found) for found in times]


def cpu_seconds(process: psutil.Process) -> float:
    """User and system CPU time a process has used."""
    times = process.cpu_times()
    return times.user + times.system


def compiled_environ(home: Path) -> dict[str, str]:
    """An environment as a user has it: a home of its own, byte code kept."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "HOME": str(home), "STORAGE_TUI_HOME": str(home / "store"), "TERM": "xterm-256color"}
