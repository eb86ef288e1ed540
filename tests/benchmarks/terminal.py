"""Bytes written, key to paint, CPU and start at 120x40, beside mc, ranger, nnn and lf on the same names."""

import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from storage_tui import Storage
from tests.benchmarks.programs import COMMAND, Row, compiled_environ, cpu_seconds
from tests.terminal import Terminal

NAMES = [f"scene_{number:04}_{('ndvi', 'cloud mask', 'rgb')[number % 3]}.tif" for number in range(400)]
QUIET_S = 0.04  # no byte for this long: the program has painted
STEPS_IN_VIEW, STEPS_SCROLLING = 20, 60
STARTS = 5

PEERS = {
    "mc": ["mc", "--nosubshell"],
    "ranger": ["ranger", "--clean"],
    "nnn": ["nnn"],
    "lf": ["lf"],
}


@dataclass
class Found:
    """What was measured of one program; times in seconds."""

    in_view: float = 0
    scrolling: float = 0
    cpu: float = 0
    repaint: int = 0
    paints: list[float] = field(default_factory=list)
    starts: list[float] = field(default_factory=list)

    @property
    def p95(self) -> float:
        """Key to last byte painted, the 95th of a hundred."""
        return statistics.quantiles(self.paints, n=20)[-1]


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
                found = _measure([*command, *([] if command is COMMAND else [str(local)])], environ)
                yield Row(
                    f"{name}: cursor down, in view / scrolling",
                    f"{found.in_view:.0f} / {found.scrolling:.0f} bytes",
                    f"key to paint p95 {found.p95 * 1000:.1f} ms, CPU {found.cpu * 1000:.1f} ms a step",
                    f"start {statistics.median(found.starts) * 1000:.0f} ms, first screen {found.repaint:,} bytes",
                )


def _measure(command: Sequence[str], environ: dict[str, str]) -> Found:
    found = Found()
    for _ in range(STARTS):
        with Terminal(command, environ=environ) as terminal:
            found.starts.append(terminal.wait_for(NAMES[0][:10]))
            _settle(terminal, 0.4)
            found.repaint = len(terminal.raw)
    with Terminal(command, environ=environ) as terminal:
        terminal.wait_for(NAMES[0][:10])
        _settle(terminal, 1.0)
        _steps(terminal, 3)
        found.in_view, paints, _ = _steps(terminal, STEPS_IN_VIEW)
        _steps(terminal, 30)  # past the lower edge
        found.scrolling, more, found.cpu = _steps(terminal, STEPS_SCROLLING)
        found.paints = paints + more
    return found


def _steps(terminal: Terminal, count: int) -> tuple[float, list[float], float]:
    """Cursor down `count` times; mean bytes, seconds from key to last byte of each, mean CPU seconds."""
    process = psutil.Process(terminal.process.pid)
    written, cpu, paints = len(terminal.raw), cpu_seconds(process), []
    for _ in range(count):
        sent = time.perf_counter()
        terminal.send("down")
        paints.append(max(0.0, _settle(terminal, QUIET_S) - sent))
    return (len(terminal.raw) - written) / count, paints, (cpu_seconds(process) - cpu) / count


def _settle(terminal: Terminal, quiet_s: float) -> float:
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
