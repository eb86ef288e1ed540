"""Servers on one bucket of a real S3 engine: what one and two of them do, what a request costs, lists of many keys.

`CLUSTER_KEYS` sets how many keys are listed. s5cmd and rclone are timed beside it where they are on the PATH.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path

import httpx
import psutil

from storage_tui.server.stores.s3.names import key_to_name, prefix_to_name
from storage_tui.server.stores.s3.protocol.bucket import Bucket
from storage_tui.server.stores.s3.protocol.place import S3Place
from tests import seaweed
from tests.benchmarks.programs import Row
from tests.server.running import RunningServer

MIB = 1024 * 1024
KEYS = int(os.environ.get("CLUSTER_KEYS", "20000"))
FOLDER_KEYS = 1000
CLIENTS = 4  # processes, so that the measuring is not the limit
SMALL, SMALL_COUNT = 10 * 1024, 300
LARGE, LARGE_COUNT = 64 * MIB, 2


def rows() -> Iterator[Row]:
    """The table: throughput, costs, lists."""
    with tempfile.TemporaryDirectory(prefix="storage-tui-benchmark-") as folder, ExitStack() as stack:
        place = seaweed.place("benchmark/")
        servers = [RunningServer(Path(folder) / f"server{number}", bucket=place) for number in range(2)]
        for server in servers:
            server.start()
            stack.callback(server.stop)
        engine = next(found for found in psutil.process_iter(["cmdline"]) if _is_engine(found, place.endpoint or ""))
        yield from _throughput(servers, engine)
        seed(place, KEYS)
        yield from lists(servers[0], place, KEYS)


def _is_engine(process: psutil.Process, endpoint: str) -> bool:
    return f"-s3.port={endpoint.rpartition(':')[2]}" in (process.info["cmdline"] or [])


@dataclass(frozen=True)
class Work:
    """What one client process does, `count` times."""

    name: str
    size_bytes: int
    count: int
    is_write: bool


WORKS = (
    Work("set 10 kB", SMALL, SMALL_COUNT, True),
    Work("get 10 kB", SMALL, SMALL_COUNT, False),
    Work("upload 67 MB", LARGE, LARGE_COUNT, True),
    Work("download 67 MB", LARGE, LARGE_COUNT, False),
)


def _throughput(servers: list[RunningServer], engine: psutil.Process) -> Iterator[Row]:
    for work in WORKS:
        shown, costs = [], ""
        for used in (servers[:1], servers):
            watched = [psutil.Process(server.process.pid) for server in used]
            before = [_cpu_s(process) for process in (*watched, engine)]
            seconds = _run(work, used)
            spent = [_cpu_s(process) - was for process, was in zip((*watched, engine), before, strict=True)]
            shown.append(_rate(work, seconds))
            per = work.count * CLIENTS if work.size_bytes < MIB else work.count * CLIENTS * work.size_bytes / 1e9
            unit = "ms" if work.size_bytes < MIB else "s a GB"
            scale = 1000 if work.size_bytes < MIB else 1
            ours, theirs = sum(spent[:-1]) / per * scale, spent[-1] / per * scale
            costs = f"CPU: server {ours:.2f} {unit}, engine {theirs:.2f} {unit}"
        yield Row(f"{work.name}, {CLIENTS} clients: one server, two", f"{shown[0]}, {shown[1]}", costs, "")


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _rate(work: Work, seconds: float) -> str:
    if work.size_bytes < MIB:
        return f"{work.count * CLIENTS / seconds:,.0f} a second"
    return f"{work.count * CLIENTS * work.size_bytes / 1e6 / seconds:,.0f} MB/s"


def _run(work: Work, servers: list[RunningServer]) -> float:
    context = get_context("spawn")
    barrier = context.Barrier(CLIENTS + 1)
    clients = [
        context.Process(target=_client, args=(work, servers[n % len(servers)].url, servers[0].token(), n, barrier))
        for n in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    barrier.wait()
    started = time.perf_counter()
    for client in clients:
        client.join()
    assert all(client.exitcode == 0 for client in clients)
    return time.perf_counter() - started


def _client(work: Work, url: str, token: str, number: int, barrier: Barrier) -> None:
    content = os.urandom(work.size_bytes)
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, trust_env=False, timeout=300) as http:
        http.get("/")
        barrier.wait()
        for turn in range(work.count):
            key = f"bench/{work.size_bytes}/{number}/{turn}"
            if not work.is_write:
                with http.stream("GET", f"/data/get/{key}") as answer:
                    assert sum(map(len, answer.iter_raw(MIB))) == work.size_bytes
            elif work.size_bytes < MIB:
                assert http.put(f"/data/set/{key}", content=content).status_code == 200
            else:
                target = http.get(f"/data/new_resumable_url/{key}").text
                assert http.put(target, content=content).status_code == 200


def seed(place: S3Place, count: int) -> None:
    """Many empty blobs in folders of a thousand."""
    context = get_context("spawn")
    seeders = [context.Process(target=_seed, args=(place, count, part)) for part in range(CLIENTS)]
    for seeder in seeders:
        seeder.start()
    for seeder in seeders:
        seeder.join()


def _seed(place: S3Place, count: int, part: int) -> None:
    bucket, root = _bucket(place)
    for number in range(part, count, CLIENTS):
        bucket.put(key_to_name(root, f"maps/tile-{number // FOLDER_KEYS:04d}/{number % FOLDER_KEYS:03d}.tif"), b"")


def _bucket(place: S3Place) -> tuple[Bucket, str]:
    namespace = hashlib.sha1(b"ann", usedforsecurity=False).hexdigest()
    return seaweed.bucket_at(place.endpoint or "", place.root), f"blobs/{namespace}/data/"


def lists(server: RunningServer, place: S3Place, count: int) -> Iterator[Row]:
    """First page, a page of folders, usage; beside s5cmd and rclone on the same bucket."""
    _, root = _bucket(place)
    name = f"{place.bucket}/{place.root}{prefix_to_name(root, 'maps/')}"
    environment = {**os.environ, **seaweed.ACCESS, "AWS_REGION": "us-east-1"}
    s5cmd = ["s5cmd", "--endpoint-url", place.endpoint or ""]
    rclone = ["rclone", "--config", os.devnull, "--s3-provider", "SeaweedFS", "--s3-env-auth=true"]
    rclone += ["--s3-endpoint", place.endpoint or "", "--s3-force-path-style=true"]

    def timed(command: list[str]) -> str:
        if shutil.which(command[0]) is None:
            return ""
        started = time.perf_counter()
        subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        return f"{command[0]} {time.perf_counter() - started:.2f} s"

    with server.client() as ann:
        ann.timeout = httpx.Timeout(900)

        def ours(path: str) -> str:
            started = time.perf_counter()
            answer = ann.get(path)
            assert answer.status_code == 200, answer.text
            return f"{time.perf_counter() - started:.2f} s"

        for what, path, *peers in (
            ("first page of 1,000", "/data/list?prefix=maps/&details=true", []),
            (f"page of {min(1000, count // FOLDER_KEYS):,} folders", "/data/list?prefix=maps/&delimiter=/&details=true",
             [*s5cmd, "ls", f"s3://{name}"], [*rclone, "lsf", f":s3:{name}"]),
            ("one folder of 1,000", "/data/list?prefix=maps/tile-0000/&delimiter=/&details=true",
             [*s5cmd, "ls", f"s3://{name}tile(0000-/"], [*rclone, "lsf", f":s3:{name}tile(0000-/"]),
            ("usage", "/data/usage?prefix=maps/",
             [*s5cmd, "du", f"s3://{name}*"], [*rclone, "size", f":s3:{name}"]),
        ):  # fmt: skip
            times = [ours(path) for _ in range(1 if what == "usage" else 3)]
            others = "; ".join(filter(None, (timed(peer) for peer in peers if peer)))
            yield Row(f"{count:,} keys in a bucket: {what}", min(times), others, "")
