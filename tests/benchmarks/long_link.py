"""A large blob each way over a long link, where each connection carries 8 MB/s and every byte arrives 100 ms later."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from storage_tui.contract.sizes import size_text
from tests import seaweed
from tests.benchmarks.link import Link
from tests.benchmarks.programs import Row, interleaved, serving

SIZE_BYTES = int(os.environ.get("BENCHMARK_LINK_BYTES", 512 * 1024**2))
ROUNDS = int(os.environ.get("BENCHMARK_LINK_ROUNDS", 3))
ROUND_TRIP_S = 0.2
RATE_BYTES_S = 8e6
STREAMS = 8

_WORKER = """
import sys, time
from storage_tui import Storage
from storage_tui.client.http.pace import StreamRule
verb, url, token, path, most = sys.argv[1:]
with Storage(url, token_file=token) as storage:
    # The link and its server are on this machine, which they keep busy.
    storage.engine.pace.rule = StreamRule(most_streams=int(most), least_idle=0)
    started = time.perf_counter()
    getattr(storage, verb)("big", path, "tmp")
print(time.perf_counter() - started)
"""


def rows() -> Iterator[Row]:
    """Upload and download by us, by us over one connection, and by rclone with its own streams."""
    with tempfile.TemporaryDirectory(prefix="storage-tui-benchmark-") as folder:
        home = Path(folder)
        source = home / "shared" / "source"
        source.parent.mkdir()
        with source.open("wb") as file:
            for _ in range(SIZE_BYTES // 2**20):
                file.write(os.urandom(2**20))
        with serving(home / "store") as server, Link(server.url, ROUND_TRIP_S, RATE_BYTES_S) as link:

            def ours(verb: str, path: Path, streams: int) -> Callable[[], float]:
                def run() -> float:
                    if verb == "get_file":
                        path.unlink(missing_ok=True)
                    words = [sys.executable, "-c", _WORKER, verb, link.url, server.token_file, path, str(streams)]
                    return float(subprocess.run(words, check=True, capture_output=True, text=True).stdout)

                return run

            ups = {"ours": ours("set_file", source, STREAMS), "one": ours("set_file", source, 1)}
            downs = {"ours": ours("get_file", home / "out", STREAMS), "one": ours("get_file", home / "out", 1)}
            with _rclone(source.parent, home) as (put, get):
                if put is not None and get is not None:
                    ups["rclone"], downs["rclone"] = put, get
                up = dict(zip(ups, interleaved(ROUNDS, *ups.values()), strict=True))
                down = dict(zip(downs, interleaved(ROUNDS, *downs.values()), strict=True))
        for verb, found in (("upload", up), ("download", down)):
            rclone = f", rclone with {STREAMS} streams {found['rclone']:.1f} s" if "rclone" in found else ""
            yield Row(
                f"{verb} of {size_text(SIZE_BYTES)} over 8 MB/s and 100 ms a connection",
                f"{found['ours']:.1f} s",
                f"over one connection {found['one']:.1f} s{rclone}",
                "a quarter of one connection",
            )


@contextmanager
def _rclone(shared: Path, home: Path) -> Iterator[tuple[Callable[[], float] | None, Callable[[], float] | None]]:
    """The same file by rclone over links of the same kind: up in multipart to SeaweedFS, down from its own WebDAV."""
    if shutil.which("rclone") is None:
        yield None, None
        return
    with (
        _served("webdav", shared) as dav,
        Link(dav, ROUND_TRIP_S, RATE_BYTES_S) as dav_link,
        Link(seaweed.endpoint(), ROUND_TRIP_S, RATE_BYTES_S) as s3_link,
    ):
        key, secret = seaweed.ACCESS.values()
        many = ["--multi-thread-streams", str(STREAMS), "--multi-thread-cutoff", "1M"]
        there = f":webdav,url='{dav_link.url}',vendor=other:source"
        access = f"access_key_id={key},secret_access_key={secret}"
        where = f":s3,provider=Other,endpoint='{s3_link.url}',{access}:{seaweed.BUCKET}/big"

        def get() -> float:
            target = home / "rclone"
            target.unlink(missing_ok=True)
            return _timed(["rclone", "--config=", "copyto", *many, there, str(target)])

        def put() -> float:
            words = [*many, "--s3-upload-concurrency", str(STREAMS), "--s3-chunk-size", "16M", "--ignore-times"]
            words += ["--s3-no-check-bucket"]
            return _timed(["rclone", "--config=", "copyto", *words, str(shared / "source"), where])

        yield put, get


@contextmanager
def _served(kind: str, folder: Path, *words: str) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["rclone", "--config=", "serve", kind, str(folder), "--addr", f"127.0.0.1:{port}", *words]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except ConnectionRefusedError:
                if process.poll() is not None:
                    raise RuntimeError(f"rclone serve {kind} ended") from None
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait(30)


def _timed(command: list[str]) -> float:
    started = time.perf_counter()
    environ = {name: value for name, value in os.environ.items() if name != "AWS_CA_BUNDLE"}  # rclone cannot read it
    subprocess.run(command, check=True, capture_output=True, env=environ)
    return time.perf_counter() - started
