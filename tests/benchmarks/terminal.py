"""Bytes written, key to paint, CPU, start and memory at 120x40, beside mc, ranger, nnn and lf on the same names; then
ours once more in a prefix of a million keys, read to its end and sorted."""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from storage_tui import Storage
from tests.benchmarks.programs import COMMAND, Row, compiled_environ, cpu_seconds, peak_mb
from tests.terminal import Terminal

NAMES = [f"scene_{number:04}_{('ndvi', 'cloud mask', 'rgb')[number % 3]}.tif" for number in range(400)]
LOST_S = 1.0  # a key that paints nothing
QUIET_S = 0.12  # no byte for this long: the program has painted
STEPS_IN_VIEW, STEPS_SCROLLING = 20, 60
STARTS = 5

HELD_STEPS, HELD_S = 120, 1 / 30  # a key that is held repeats thirty times a second
KEYS = int(os.environ.get("BENCHMARK_KEYS", 1_000_000))
READ_S, SORT_S = 300, 120  # at most
OWN_TERMINAL = ["sh", "-c", 'exec "$0" "$@" < "$(tty)"']  # lf opens /dev/tty, which the pty becomes by being opened

PEERS = {
    "mc": ["mc", "--nosubshell"],
    "ranger": ["ranger", "--clean"],
    "nnn": ["nnn"],
    "lf": ["lf"],
}
DOWN = {"mc": "\x1bOB"}  # the others, and ours, take j


@dataclass
class Found:
    """What was measured of one program; times in seconds."""

    in_view: float = 0
    scrolling: float = 0
    cpu: float = 0
    repaint: int = 0
    memory_mb: float = 0
    paints: list[float] = field(default_factory=list)
    starts: list[float] = field(default_factory=list)

    def row(self, name: str) -> Row:
        """As a line of the table."""
        parts = statistics.quantiles(self.paints, n=20)
        starts = f"start {statistics.median(self.starts) * 1000:.0f} ms, " if self.starts else ""
        first = f"first screen {self.repaint:,} bytes, " if self.repaint else ""
        return Row(
            f"{name}: cursor down, in view / scrolling",
            f"{self.in_view:.0f} / {self.scrolling:.0f} bytes",
            f"key to paint p50 {parts[9] * 1000:.1f} ms, p95 {parts[-1] * 1000:.1f} ms, "
            f"CPU {self.cpu * 1000:.1f} ms a step held",
            f"{starts}{first}memory {self.memory_mb:.0f} MB",
        )


def rows() -> Iterator[Row]:
    """Each program in turn, ours first."""
    with tempfile.TemporaryDirectory(prefix="storage-tui-benchmark-") as folder:
        home = Path(folder)
        environ = {**compiled_environ(home), "COLORTERM": "truecolor"}
        local = home / "files"
        local.mkdir()
        with Storage(data_dir=home / "store" / "data") as storage:
            for name in NAMES:
                storage.set(name, "x" * 100)
                (local / name).write_text("x" * 100)
            for name, command in {"storage-tui": COMMAND, **PEERS}.items():
                if shutil.which(command[0]) is None:
                    yield Row(name, "not installed")
                    continue
                ours = command is COMMAND
                line = command if ours else [*OWN_TERMINAL, *command, str(local)]
                yield _measure(line, environ, DOWN.get(name, "j"), ready="? help" if ours else "").row(name)
    yield from _in_a_million()


def _in_a_million() -> Iterator[Row]:
    """Ours in one prefix of KEYS keys."""
    with tempfile.TemporaryDirectory(prefix="storage-tui-benchmark-") as folder:
        home = Path(folder)
        environ = {**compiled_environ(home), "COLORTERM": "truecolor"}
        data_dir = home / "store" / "data"
        seed = [sys.executable, "-m", "tests.benchmarks.seed", "--data-dir", data_dir, "--keys", str(KEYS), "--flat"]
        subprocess.run(seed, check=True, capture_output=True)
        found = Found()
        with Storage(data_dir=data_dir) as storage:
            storage.list_page("flat/", limit=1)
            with Terminal([*COMMAND, "data:flat/"], environ=environ) as terminal:
                shown = terminal.wait_for("blob-000000000")
                terminal.wait_for(f" 1/{KEYS:,} ", timeout_s=READ_S)
                read = time.perf_counter() - terminal.started
                _walk(terminal, found, "j")
                yield found.row(f"storage-tui in {KEYS:,} keys")
                terminal.send("o", "o")
                sent = time.perf_counter()
                terminal.wait_for("size↓", timeout_s=SORT_S)
                seconds, memory = time.perf_counter() - sent, peak_mb(psutil.Process(terminal.process.pid))
                yield Row(f"first rows of {KEYS:,} keys; all read", f"{shown * 1000:.0f} ms; {read:.1f} s")
                yield Row("sorted by size; memory of the browser then", f"{seconds:.1f} s; {memory:.0f} MB")


def _measure(command: Sequence[str], environ: dict[str, str], key: str, *, ready: str) -> Found:
    """All of it; `ready` is what the screen shows once the program takes keys."""
    found = Found()
    for _ in range(STARTS):
        with Terminal(command, environ=environ) as terminal:
            found.starts.append(terminal.wait_for(NAMES[0][:10]))
            terminal.wait_for(ready)
            settle(terminal, 0.4)
            found.repaint = len(terminal.raw)
    with Terminal(command, environ=environ) as terminal:
        terminal.wait_for(NAMES[0][:10])
        terminal.wait_for(ready)
        _walk(terminal, found, key)
    return found


def _walk(terminal: Terminal, found: Found, key: str) -> None:
    """Step down in view and past the lower edge, then with the key held."""
    settle(terminal, 1.0)
    _steps(terminal, key, 3)
    found.in_view, paints = _steps(terminal, key, STEPS_IN_VIEW)
    _steps(terminal, key, 30)  # past the lower edge
    found.scrolling, more = _steps(terminal, key, STEPS_SCROLLING)
    found.paints = paints + more
    found.cpu = _held(terminal, key)
    found.memory_mb = peak_mb(psutil.Process(terminal.process.pid))


def _steps(terminal: Terminal, key: str, count: int) -> tuple[float, list[float]]:
    """Cursor down `count` times; mean bytes, and the seconds from key to paint of each."""
    written, paints = len(terminal.raw), []
    for _ in range(count):
        known, sent = len(terminal.raw), time.perf_counter()
        terminal.send(key)
        while len(terminal.raw) == known and time.perf_counter() - sent < LOST_S:
            time.sleep(0.0002)
        paints.append(time.perf_counter() - sent)
        settle(terminal, QUIET_S)
    return (len(terminal.raw) - written) / count, paints


def _held(terminal: Terminal, key: str) -> float:
    """Mean CPU seconds a step while the key is held."""
    process = psutil.Process(terminal.process.pid)
    cpu = cpu_seconds(process)
    for _ in range(HELD_STEPS):
        terminal.send(key)
        time.sleep(HELD_S)
    return (cpu_seconds(process) - cpu) / HELD_STEPS


def settle(terminal: Terminal, quiet_s: float) -> float:
    """Wait until nothing has been written for `quiet_s`; when the last byte came."""
    known, last = len(terminal.raw), time.perf_counter()
    while time.perf_counter() - last < quiet_s:
        time.sleep(0.0005)
        if len(terminal.raw) != known:
            known, last = len(terminal.raw), time.perf_counter()
    return last


if __name__ == "__main__":
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    for row in rows():
        print(f"| {row.what} | {row.ours} | {row.peer} | {row.target} |", flush=True)
