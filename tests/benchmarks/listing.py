"""A prefix of 100,000 keys in a store of a million: first page, cursor, memory and bytes written of the browser."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from storage_tui import Storage
from tests.benchmarks.programs import COMMAND, Row, compiled_environ, cpu_seconds, interleaved, peak_mb
from tests.benchmarks.terminal import settle
from tests.terminal import Terminal

KEYS = int(os.environ.get("BENCHMARK_KEYS", 1_000_000))  # a tenth of them in one flat prefix
FLAT = "flat/"
STEPS = 200
TYPED = "75 b"


def rows() -> Iterator[Row]:
    """Seed a store, then look at it with the client and in the real browser."""
    with tempfile.TemporaryDirectory(prefix="storage-tui-benchmark-") as folder:
        home = Path(folder)
        environ = compiled_environ(home)
        data_dir = home / "store" / "data"
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.seed", "--data-dir", data_dir, "--keys", str(KEYS)],
            check=True, capture_output=True,
        )  # fmt: skip
        yield Row(f"seed {KEYS:,} keys", f"{time.perf_counter() - started:.1f} s")
        with Storage(data_dir=data_dir) as storage:

            def first_page() -> float:
                begun = time.perf_counter()
                storage.list_page(FLAT, delimiter="/")
                return time.perf_counter() - begun

            first_page()
            (seconds,) = interleaved(9, first_page)
            yield Row("first page of 1,000", f"{seconds * 1000:.1f} ms", "", "< 100 ms")
            first = storage.list_page(FLAT, delimiter="/", limit=1).blobs[0].key[len(FLAT) :]
            with Terminal([*COMMAND, f"data:{FLAT}"], environ=environ) as terminal:
                shown = terminal.wait_for(first)
                yield Row("start in it to first rows", f"{shown * 1000:.0f} ms")
                yield from _cursor(terminal)
                yield from _filter(terminal)


def _cursor(terminal: Terminal) -> Iterator[Row]:
    browser = psutil.Process(terminal.process.pid)
    terminal.send("down")
    terminal.wait_for("2/")
    cpu, written, begun = cpu_seconds(browser), len(terminal.raw), time.perf_counter()
    for step in range(STEPS):
        terminal.send("down")
        terminal.wait_for(f"{step + 3}/")
    seconds = time.perf_counter() - begun
    yield Row("cursor down, CPU", f"{(cpu_seconds(browser) - cpu) / STEPS * 1000:.1f} ms", "", "< 5 ms")
    yield Row("cursor down, key to paint", f"{seconds / STEPS * 1000:.1f} ms")
    yield Row("cursor down, bytes written", f"{(len(terminal.raw) - written) / STEPS:,.0f}")
    yield Row("memory of the browser", f"{peak_mb(browser):.0f} MB", "", "< 120 MB")


def _filter(terminal: Terminal) -> Iterator[Row]:
    """From a sign of the filter to the names that match: the second paint, as the first is the sign itself. The
    emulated screen draws nothing meanwhile: that takes longer than what is measured."""
    terminal.wait_for(f"/{KEYS // 10:,} ", timeout_s=60)
    painted: list[float] = []
    terminal.is_drawing = False
    terminal.on_chunk = lambda: painted.append(time.perf_counter())
    terminal.send("/")
    settle(terminal, 0.3)
    times = []
    for sign in TYPED:
        painted.clear()
        typed = time.perf_counter()
        terminal.send(sign)
        settle(terminal, 0.3)
        times.append(painted[1] - typed)
    yield Row(f"filter keystroke on {KEYS // 10:,} loaded keys, slowest", f"{max(times) * 1000:.0f} ms", "", "< 50 ms")
