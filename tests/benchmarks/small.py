"""A thousand blobs of 10 kB each way on the embedded server, beside s5cmd on SeaweedFS where both are on the PATH."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from storage_tui import Storage
from storage_tui.client.batch.plan import plan_download, plan_upload
from storage_tui.client.batch.scheduler import Batch
from storage_tui.client.transfer.conflict import Conflict
from tests.benchmarks.programs import Row, interleaved

COUNT = 1000
BYTES = 10 * 1024
ROUNDS = 5
THREADS = 8
READY_S = 30.0
SECRET = {"AWS_ACCESS_KEY_ID": "benchmark", "AWS_SECRET_ACCESS_KEY": "benchmark-secret", "AWS_REGION": "us-east-1"}


def rows() -> Iterator[Row]:
    """Values set and got, then a folder of files up and down."""
    with tempfile.TemporaryDirectory(prefix="storage-tui-benchmark-") as folder, ExitStack() as stack:
        home = Path(folder)
        source = home / "source"
        source.mkdir()
        for number in range(COUNT):
            (source / f"{number:04}").write_bytes(os.urandom(BYTES))
        storage = stack.enter_context(Storage(data_dir=home / "store"))
        pool = stack.enter_context(ThreadPoolExecutor(THREADS))
        runs = _ours(storage, pool, source, home)
        endpoint = stack.enter_context(_weed(home)) if _has_peers() else None
        if endpoint is not None:
            runs += _s5cmd(endpoint, source, home)
        times = interleaved(ROUNDS, *runs)
        rates = [f"{COUNT / seconds:,.0f} a second" for seconds in times]
        peers = ["s5cmd on SeaweedFS " + rate for rate in rates[4:]] or ["", ""]
        target = "2,000 a second"
        what = f"1,000 blobs of 10 kB, {THREADS} threads"
        yield Row(f"{what}: set", rates[0], "", target)
        yield Row(f"{what}: get", rates[1], "", target)
        yield Row(f"{what}: files up", rates[2], peers[0], target)
        yield Row(f"{what}: files down, each synced", rates[3], f"{peers[1]}, not synced" if peers[1] else "", target)


def _ours(storage: Storage, pool: ThreadPoolExecutor, source: Path, home: Path) -> list[Callable[[], float]]:
    value = os.urandom(BYTES)

    def timed(work: Callable[[], object]) -> float:
        started = time.perf_counter()
        work()
        return time.perf_counter() - started

    def up() -> None:
        plan = plan_upload(source, "files/", "data")
        results = Batch(storage.engine, plan, conflict=Conflict.OVERWRITE, jobs=THREADS).run()
        assert all(result.is_verified for result in results)

    def down() -> None:
        plan = plan_download(storage.engine, "files/", "data", home / "target")
        results = Batch(storage.engine, plan, jobs=THREADS).run()
        assert all(result.is_verified for result in results)

    def fresh_down() -> float:
        shutil.rmtree(home / "target", ignore_errors=True)
        return timed(down)

    keys = [f"values/{number:04}" for number in range(COUNT)]
    shares = [keys[number::THREADS] for number in range(THREADS)]  # a task for each key costs as much as the call

    def set_all(share: list[str]) -> None:
        for key in share:
            storage.set(key, value)

    def get_all(share: list[str]) -> None:
        for key in share:
            storage.get(key)

    return [
        lambda: timed(lambda: list(pool.map(set_all, shares))),
        lambda: timed(lambda: list(pool.map(get_all, shares))),
        lambda: timed(up),
        fresh_down,
    ]


def _has_peers() -> bool:
    return shutil.which("s5cmd") is not None and shutil.which("weed") is not None


def _s5cmd(endpoint: str, source: Path, home: Path) -> list[Callable[[], float]]:
    environ = {**os.environ, **SECRET}

    def run(*args: str) -> float:
        started = time.perf_counter()
        command = ["s5cmd", "--endpoint-url", endpoint, "cp", *args]
        subprocess.run(command, check=True, env=environ, stdout=subprocess.DEVNULL)
        return time.perf_counter() - started

    def down() -> float:
        shutil.rmtree(home / "s5cmd", ignore_errors=True)
        return run("s3://bench/files/*", f"{home / 's5cmd'}/")

    return [lambda: run(f"{source}/", "s3://bench/files/"), down]


@contextmanager
def _weed(home: Path) -> Iterator[str]:
    """SeaweedFS in one process with its S3 gateway; the URL of that."""
    ports = [_free_port() for _ in range(5)]
    names = ("master", "volume", "filer", "s3", "admin")
    flags = [f"-{name}.port={port}" for name, port in zip(names, ports, strict=True)]
    data = home / "weed"
    data.mkdir()
    process = subprocess.Popen(
        ["weed", "-logtostderr=true", "mini", f"-dir={data}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", *flags,
         "-s3.port.iceberg=0", "-s3.port.lance=0", "-webdav=false", "-admin.ui=false", "-master.telemetry=false",
         "-bucket=bench"],
        env={**os.environ, **SECRET}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        endpoint = f"http://127.0.0.1:{ports[3]}"
        _wait_for(f"{endpoint}/healthz")
        yield endpoint
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + READY_S
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def _free_port() -> int:
    """Below 22768: the gRPC port of each of its servers is 10,000 higher."""
    for port in range(14300, 22700):
        with socket.socket() as probe, socket.socket() as grpc:
            try:
                probe.bind(("127.0.0.1", port))
                grpc.bind(("127.0.0.1", port + 10_000))
            except OSError:
                continue
        if port not in _given:
            _given.add(port)
            return port
    raise OSError("no free port")


_given: set[int] = set()
