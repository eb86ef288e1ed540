"""The processor time of one small call, of the client and of the server, on a disk and on a bucket.

Processor time says on a busy machine what the wall clock says on a quiet one. `CALLS_ENGINES=disk` names one engine.
"""

import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psutil

from storage_tui import Storage
from tests import seaweed
from tests.benchmarks.programs import Row, cpu_seconds
from tests.server.running import RunningServer

ENGINES = os.environ.get("CALLS_ENGINES", "disk,bucket").split(",")
COUNT, BYTES, THREADS, ROUNDS = 2000, 10 * 1024, 8, 5


def rows() -> Iterator[Row]:
    """A line for each call and engine, in microseconds a call."""
    for engine in ENGINES:
        with tempfile.TemporaryDirectory(prefix="storage-tui-benchmark-") as folder, ExitStack() as stack:
            storage, server = _on_bucket(Path(folder), stack) if engine == "bucket" else _on_disk(Path(folder), stack)
            pool = stack.enter_context(ThreadPoolExecutor(THREADS))
            for name, (client_us, server_us) in _measured(storage, server, pool).items():
                what = f"{engine}: {name} of 10 kB, {THREADS} threads"
                yield Row(what, f"client {client_us:,.0f} µs, server {server_us:,.0f} µs of processor")


def _measured(storage: Storage, server: psutil.Process, pool: ThreadPoolExecutor) -> dict[str, tuple[float, float]]:
    value = os.urandom(BYTES)
    calls: dict[str, Callable[[str], object]] = {
        "set": lambda key: storage.set(key, value),
        "get": storage.get,
        "stat": storage.stat,
    }
    for call in calls.values():
        _in_threads(pool, call)
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            before = time.process_time(), cpu_seconds(server)
            _in_threads(pool, call)
            spent[name].append((time.process_time() - before[0], cpu_seconds(server) - before[1]))
    return {name: (_us(client for client, _ in found), _us(of for _, of in found)) for name, found in spent.items()}


def _in_threads(pool: ThreadPoolExecutor, call: Callable[[str], object]) -> None:
    keys = [f"values/{number:04}" for number in range(COUNT)]
    list(pool.map(lambda share: [call(key) for key in share], [keys[number::THREADS] for number in range(THREADS)]))


def _us(seconds: Iterator[float]) -> float:
    return statistics.median(seconds) / COUNT * 1e6


def _on_disk(folder: Path, stack: ExitStack) -> tuple[Storage, psutil.Process]:
    storage = stack.enter_context(Storage(data_dir=folder / "store"))
    storage.set("first", b"")
    owner = json.loads((folder / "store" / "lock").read_text())
    return storage, psutil.Process(owner["pid"])


def _on_bucket(folder: Path, stack: ExitStack) -> tuple[Storage, psutil.Process]:
    server = RunningServer(folder / "server", bucket=seaweed.place(f"calls-{os.getpid()}/"))
    server.start()
    stack.callback(server.stop)
    storage = stack.enter_context(Storage(server.url, token=server.token()))
    return storage, psutil.Process(server.process.pid)
