"""From a key press to its change on the screen, at rest and while the agent downloads at full speed, in a pty."""

import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from storage_tui import Storage
from storage_tui.client.agent.place import AgentPlace
from storage_tui.contract.sizes import size_text
from storage_tui.machine import directories
from tests.agents import ended_at_last
from tests.benchmarks.programs import COMMAND, Row, compiled_environ
from tests.terminal import Terminal

SIZE_BYTES = int(os.environ.get("BENCHMARK_BYTES", 2 * 1024**3))
COPIES = 6  # of the blob, so that the transfer lasts as long as there are keys to press
KEYS = 400
PRESSES = 300
PAUSE_S = (0.02, 0.05)  # between presses, as with a key held down
BLOCK_BYTES = 16 * 1024 * 1024


def rows() -> Iterator[Row]:
    """The same presses twice: nothing else going on, and beside the transfer."""
    with tempfile.TemporaryDirectory(prefix="storage-tui-benchmark-") as folder:
        home = Path(folder)
        environ = compiled_environ(home)
        state = home / "store" / "state"
        agent = ended_at_last(AgentPlace(state, directories.runtime_dir(state)))
        with agent, Storage(data_dir=home / "store" / "data") as storage:
            _fill(storage, home / "source")
            with Terminal([*COMMAND, "data:list/"], environ=environ) as terminal:
                terminal.wait_for("? help")  # of the browser; the list before it has no footer
                terminal.wait_for(f"1/{KEYS}")
                rest = _press(terminal, lambda: True)
                _go(terminal, "home", COPIES)
                busy, rate = _beside_download(terminal, home / "target")
    size = size_text(SIZE_BYTES * COPIES)
    yield Row(f"key to paint, {PRESSES} presses, at rest", _figures(rest))
    yield Row(f"key to paint while {size} come down ({len(busy)} presses, {rate})", _figures(busy), "",
              "p99 < 35 ms")  # fmt: skip


def _fill(storage: Storage, source: Path) -> None:
    for number in range(KEYS):
        storage.set(f"list/sample-{number:03}.csv", "x")
    block = os.urandom(BLOCK_BYTES)
    with source.open("wb") as file:
        for start in range(0, SIZE_BYTES, len(block)):
            file.write(block[: SIZE_BYTES - start])
    storage.set_file("big/0", source)
    source.unlink()
    for number in range(1, COPIES):
        storage.copy("big/0", f"big/{number}")


def _beside_download(terminal: Terminal, target: Path) -> tuple[list[float], str]:
    terminal.send("\x01", "d")
    terminal.wait_for("Download")
    terminal.send(str(target))  # after a slash a path begins anew
    terminal.wait_for(str(target))
    terminal.send("enter")
    terminal.wait_for("B/s")
    _go(terminal, "end", KEYS)
    started, before = time.perf_counter(), _size(target)
    times = _press(terminal, lambda: "B/s" in terminal.text())
    rate = (_size(target) - before) / (time.perf_counter() - started) / 1e6
    return times, f"{rate:,.0f} MB/s on two processes"


def _go(terminal: Terminal, key: str, count: int) -> None:
    terminal.send("h")
    terminal.wait_for("/2 ")
    terminal.send(key, "l")
    terminal.wait_for(f"1/{count}")


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir()) if folder.exists() else 0


def _press(terminal: Terminal, goes_on: Callable[[], bool]) -> list[float]:
    pauses = random.Random(1)
    times: list[float] = []
    terminal.send("g", "g")
    terminal.wait_for(f" 1/{KEYS}")
    at = 1
    while len(times) < PRESSES and goes_on():
        key, at = ("j", at + 1) if len(times) < KEYS - 1 else ("k", at - 1)
        time.sleep(pauses.uniform(*PAUSE_S))
        pressed = time.perf_counter()
        terminal.send(key)
        terminal.wait_for(f" {at}/{KEYS}")
        times.append((time.perf_counter() - pressed) * 1000)
    return times


def _figures(times: list[float]) -> str:
    if len(times) < 2:
        return "the transfer was over too soon"
    parts = statistics.quantiles(times, n=100)
    return f"p50 {parts[49]:.1f} ms, p95 {parts[94]:.1f} ms, p99 {parts[98]:.1f} ms"
