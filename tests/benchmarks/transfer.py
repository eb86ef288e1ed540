"""Moving bytes over loopback: 2 GiB each way beside curl and cp, and a thousand small blobs each way."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from storage_tui import Storage
from tests.benchmarks.programs import Row, interleaved, serving

SIZE_BYTES = int(os.environ.get("BENCHMARK_BYTES", 2 * 1024**3))
ROUNDS = 3
SMALL_COUNT = 1000
SMALL_BYTES = 10 * 1024

_WORKER = """
import resource, sys, time
from storage_tui import Storage
verb, url, token, key, path = sys.argv[1:]
with Storage(url, token_file=token) as storage:
    started = time.perf_counter()
    if verb == "put":
        storage.set_file(key, path, "tmp")
    else:
        storage.get_file(key, path, "tmp")
    print(time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def rows() -> Iterator[Row]:
    """Upload and download of one large blob, then of many small ones."""
    with tempfile.TemporaryDirectory(prefix="storage-tui-benchmark-") as folder:
        home = Path(folder)
        source = home / "source"
        _write_noise(source, SIZE_BYTES)
        with serving(home / "store") as server:
            storage = Storage(server.url, token_file=server.token_file)
            peaks: dict[str, float] = {}

            def ours(verb: str, path: Path) -> Callable[[], float]:
                def run() -> float:
                    if verb == "get":
                        path.unlink(missing_ok=True)
                    command = [sys.executable, "-c", _WORKER, verb, server.url, server.token_file, "big", path]
                    seconds, peak = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
                    peaks[verb] = max(float(peak), peaks.get(verb, 0))
                    return float(seconds)

                return run

            def curl_up() -> float:
                upload = storage.get_upload_url("curl", "tmp")
                return _timed(["curl", "-sS", "-f", "-o", os.devnull, "-T", source, upload])

            def curl_down() -> float:
                link = storage.get_signed_url("big", "tmp")
                target = home / "curl"
                target.unlink(missing_ok=True)
                return _timed(["curl", "-sS", "-f", "-o", target, link]) + _sync(target)

            def copy() -> float:
                target = home / "copy"
                target.unlink(missing_ok=True)
                return _timed(["cp", source, target]) + _sync(target)

            from tests.benchmarks.programs import peak_mib

            up, curl_up_s = interleaved(ROUNDS, ours("put", source), curl_up)
            down, curl_down_s, copy_s = interleaved(ROUNDS, ours("get", home / "target"), curl_down, copy)
            assert (home / "target").stat().st_size == SIZE_BYTES
            gib = SIZE_BYTES / 1024**3
            yield Row(
                f"upload {gib:g} GiB, verified", f"{up:.2f} s", f"curl -T {curl_up_s:.2f} s", _ratio(up, curl_up_s)
            )
            yield Row(
                f"download {gib:g} GiB, verified, fsync", f"{down:.2f} s",
                f"curl {curl_down_s:.2f} s, cp {copy_s:.2f} s", _ratio(down, curl_down_s),
            )  # fmt: skip
            yield Row("memory, client", f"{peaks['put']:.0f} MiB up, {peaks['get']:.0f} MiB down", "", "< 150 MB")
            yield from _small(storage)
            yield Row("memory, server", f"{peak_mib(server.process):.0f} MiB", "", "< 150 MB")


def _small(storage: Storage) -> Iterator[Row]:
    from concurrent.futures import ThreadPoolExecutor

    value = os.urandom(SMALL_BYTES)
    for workers in (1, 8):
        with ThreadPoolExecutor(workers) as pool:
            rates = []
            for call in (lambda n: storage.set(f"small/{n}", value, "tmp"), lambda n: storage.get(f"small/{n}", "tmp")):
                started = time.perf_counter()
                list(pool.map(call, range(SMALL_COUNT)))
                rates.append(SMALL_COUNT / (time.perf_counter() - started))
        threads = "thread" if workers == 1 else "threads"
        yield Row(f"10 KiB blobs, {workers} {threads}", f"{rates[0]:,.0f} put/s, {rates[1]:,.0f} get/s")


def _ratio(ours: float, peer: float) -> str:
    return f"{ours / peer:.2f} x curl"


def _timed(command: list[object]) -> float:
    started = time.perf_counter()
    subprocess.run(list(map(str, command)), check=True)
    return time.perf_counter() - started


def _sync(path: Path) -> float:
    started = time.perf_counter()
    with path.open("rb+") as handle:
        os.fsync(handle.fileno())
    return time.perf_counter() - started


def _write_noise(path: Path, size_bytes: int) -> None:
    block = os.urandom(16 * 1024 * 1024)
    with path.open("wb") as handle:
        for start in range(0, size_bytes, len(block)):
            handle.write(block[: size_bytes - start])
        os.fsync(handle.fileno())


def has_peer() -> bool:
    """True when curl is there to be measured against."""
    return shutil.which("curl") is not None
