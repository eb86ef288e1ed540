"""A folder of a million keys moved and copied on the server: keys a second, and the memory of client and server."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from tests.benchmarks.programs import COMMAND, Row, compiled_environ, peak_mb

KEYS = int(os.environ.get("BENCHMARK_KEYS", 1_000_000))
LEAST_A_SECOND = 5_000
WATCH_S = 0.2


def rows() -> Iterator[Row]:
    """Seed a store, then move all of it away and back with the real command, and copy a tenth."""
    with tempfile.TemporaryDirectory(prefix="storage-tui-benchmark-") as folder:
        environ = compiled_environ(Path(folder))
        data_dir = Path(folder) / "store" / "data"
        subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.seed", "--data-dir", data_dir, "--keys", str(KEYS)],
            check=True, capture_output=True,
        )  # fmt: skip
        target = f"> {LEAST_A_SECOND:,} a second"
        for what, words, count in (
            ("move {} keys to another folder", ("mv", "-r", "data:", "result:all/"), KEYS),
            ("rename the folder of {} keys", ("mv", "-r", "result:all/", "result:renamed/"), KEYS),
            ("copy {} keys", ("cp", "-r", "result:renamed/flat/", "tmp:"), KEYS // 10),
        ):
            seconds, client_mb, server_mb = _timed([*COMMAND, *words], environ, count)
            yield Row(what.format(f"{count:,}"), f"{count / seconds:,.0f} a second", "", target)
            yield Row("memory meanwhile, client and server", f"{client_mb:.0f} and {server_mb:.0f} MB")


def _timed(command: list[str], environ: dict[str, str], count: int) -> tuple[float, float, float]:
    """Run the command. Return its seconds, and the peak memory of its process and of the embedded server in MB."""
    started = time.perf_counter()
    client_mb = server_mb = 0.0
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            for found in psutil.process_iter(["pid"]):
                try:
                    if found.pid == process.pid:
                        client_mb = max(client_mb, peak_mb(found))
                    elif environ["HOME"] == found.environ().get("HOME") and "serve" in " ".join(found.cmdline()):
                        server_mb = max(server_mb, peak_mb(found))
                except (psutil.Error, OSError):
                    continue
            time.sleep(WATCH_S)
        told = process.stdout.read() if process.stdout else ""
    assert process.returncode == 0 and f"{count:,} blobs" in told, told
    return time.perf_counter() - started, client_mb, server_mb
