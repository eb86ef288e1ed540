"""Moving 2.1 GB each way over loopback, beside curl, rclone, the published client, and cp with fsync."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from storage_tui import Storage
from storage_tui.contract.sizes import size_text
from tests.benchmarks.programs import Row, interleaved, serving

SIZE_BYTES = int(os.environ.get("BENCHMARK_BYTES", 2 * 1024**3))
ROUNDS = 3
PUBLISHED_VENV = "STORAGE_TUI_PUBLISHED_CLIENT_VENV"  # a virtual environment that has descarteslabs 1.12

_WORKER = """
import sys, time
from pathlib import Path
from storage_tui import Storage
verb, url, token, key, path = sys.argv[1:]
with Storage(url, token_file=token) as storage:
    started = time.perf_counter()
    if verb == "put":
        storage.set_file(key, path, "tmp")
    else:
        storage.get_file(key, path, "tmp")
    seconds = time.perf_counter() - started
peak = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])  # getrusage would tell our parent's
print(seconds, peak * 1024 / 1e6)
"""

_PUBLISHED = """
import sys, time
from descarteslabs.client.services.storage import Storage
verb, key, path = sys.argv[1:]
storage = Storage()
started = time.perf_counter()
if verb == "put":
    storage.set_file(key, path, storage_type="tmp")
else:
    storage.get_file(key, path, storage_type="tmp")
print(time.perf_counter() - started)
"""


def rows() -> Iterator[Row]:
    """Upload and download of one large blob, and the memory both sides had."""
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

            def rclone_down() -> float:
                target = home / "rclone"
                target.unlink(missing_ok=True)
                link = storage.get_signed_url("big", "tmp")
                return _timed(["rclone", "--config=", "copyurl", link, target]) + _sync(target)

            def published(verb: str) -> Callable[[], float]:
                def run() -> float:
                    target = source if verb == "put" else home / "published"
                    if verb == "get":
                        target.unlink(missing_ok=True)
                    python = Path(os.environ[PUBLISHED_VENV]) / "bin" / "python"
                    environ = {
                        **os.environ, "DESCARTESLABS_STORAGE_URL": server.url, "HOME": str(home),
                        "DESCARTESLABS_TOKEN": server.token_file.read_text().strip(),
                    }  # fmt: skip
                    command = [python, "-c", _PUBLISHED, verb, "published" if verb == "put" else "big", target]
                    taken = subprocess.run(command, check=True, capture_output=True, text=True, env=environ).stdout
                    return float(taken.split()[-1]) + (_sync(target) if verb == "get" else 0)

                return run

            def copy() -> float:
                target = home / "copy"
                target.unlink(missing_ok=True)
                return _timed(["cp", source, target]) + _sync(target)

            from tests.benchmarks.programs import peak_mb

            has_published = PUBLISHED_VENV in os.environ
            ups = {"ours": ours("put", source), "curl -T": curl_up}
            downs = {"ours": ours("get", home / "target"), "curl": curl_down, "cp": copy}
            if shutil.which("rclone"):
                downs["rclone"] = rclone_down
            if has_published:
                ups["published client"], downs["published client"] = published("put"), published("get")
            up = dict(zip(ups, interleaved(ROUNDS, *ups.values()), strict=True))
            down = dict(zip(downs, interleaved(ROUNDS, *downs.values()), strict=True))
            assert (home / "target").stat().st_size == SIZE_BYTES
            size = size_text(SIZE_BYTES)
            yield Row(
                f"upload {size}, verified", f"{up['ours']:.2f} s", _peers(up),
                f"{up['ours'] / up['curl -T']:.2f} x curl, at most 1.10",
            )  # fmt: skip
            yield Row(
                f"download {size}, verified, fsync", f"{down['ours']:.2f} s", _peers(down),
                f"{down['ours'] / down['curl']:.2f} x curl, at most 0.85",
            )  # fmt: skip
            yield Row("memory, client", f"{peaks['put']:.0f} MB up, {peaks['get']:.0f} MB down", "", "< 150 MB")
            yield Row("memory, server", f"{peak_mb(server.process):.0f} MB", "", "< 150 MB")


def _peers(times: dict[str, float]) -> str:
    return ", ".join(f"{name} {seconds:.2f} s" for name, seconds in times.items() if name != "ours")


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
