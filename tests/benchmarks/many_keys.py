"""A local store of ten million keys beside one of a million: start, pages, folders, usage, small calls, the sweep of
`tmp`, backup, verification, the delete of many blobs, sizes and memory.

`MANY_KEYS=300000,3000000` sets other numbers of keys. Each figure is of both stores, with its growth. What a person
waits for (start, first page, small calls, the sweep of a thousand blobs) must not grow; the rest may grow as the keys
do. Seconds of processor time stand where other work on the machine would change seconds of the clock.
"""

import asyncio
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import apsw
import httpx
import psutil

from storage_tui.contract import checksum
from storage_tui.contract.moments import to_millis
from storage_tui.server.stores.local.database.schema import open_writer
from storage_tui.server.stores.local.seed import seed
from storage_tui.server.stores.local.store import LocalStore, utc_now
from tests.benchmarks.programs import COMMAND, Row, Server, cpu_seconds, peak_mb, serving
from tests.benchmarks.seed import LOCAL_NAMESPACE

COUNTS = [int(count) for count in os.environ.get("MANY_KEYS", "1000000,10000000").split(",")]
EXPIRING = 1000
SHAPES = (  # storage type, keys as folder and number, share of all keys, keys in a folder; in the order of the rows
    ("data", "daily/%06d/table-%d.csv", 0.2, 1),
    ("data", "flat/blob-%09d-%d.bin", 0.1, 1),
    ("data", "tasks/group-%05d/task-%04d.json", 0.2, 500),
    ("data", "tiles/12/%06d/%03d.png", 0.4, 256),
    ("tmp", "run/%09d-%d.bin", 0.1, 1),
)
CONTENT = b"a small value, as many blobs have\n"
AT_ONCE = 200_000  # rows in one transaction
WEEK_MS = 7 * 24 * 3600 * 1000
STARTS, PAGES, CALLS = 5, 20, 300
LOOK_S = 0.05
LINEAR, LEVEL = "grows as the keys", "does not grow"
CALL_BYTES = 1000


@dataclass(frozen=True)
class Figure:
    """One measurement: a number and its unit, and how the number may grow."""

    value: float
    unit: str
    growth: str

    def __str__(self) -> str:
        return f"{self.value:,.0f} {self.unit}" if self.value >= 100 else f"{self.value:.2g} {self.unit}"


def rows() -> Iterator[Row]:
    """A row for each measurement, of all stores."""
    found: list[dict[str, Figure]] = []
    for count in COUNTS:
        found.append({})
        for name, figure in _measured(count):
            found[-1][name] = figure
            print(f"{count:,} keys: {name}: {figure}", file=sys.stderr, flush=True)  # the last ones take long to come
    counts = "; ".join(f"{count:,} keys" for count in COUNTS)
    for name, first in found[0].items():
        figures = [one[name] for one in found]
        times = figures[-1].value / first.value if first.value else 0
        yield Row(f"{name}: {counts}", "; ".join(map(str, figures)), f"{times:.1f} x", first.growth)


def _measured(count: int) -> Iterator[tuple[str, Figure]]:
    with tempfile.TemporaryDirectory(prefix="storage-tui-benchmark-") as folder:
        data_dir = Path(folder) / "data"
        data_dir.mkdir(mode=0o700)
        yield "filled", _taken(lambda: fill(data_dir, count), LINEAR)
        yield "the database", Figure((data_dir / "meta.db").stat().st_size / 1e6, "MB", LINEAR)
        yield from asyncio.run(_swept(data_dir))
        yield "start of the server", Figure(median(_starts(data_dir)), "ms", LEVEL)
        with _client(data_dir) as (client, server):
            yield from _calls(client, server, count)
        backup = Path(folder) / "backup"
        yield from _of_program("backup", "backup", backup, "--data-dir", data_dir)
        yield from _of_program("verify", "verify", "--data-dir", data_dir)
        with _client(data_dir) as (client, server):
            yield from _deleted(client, server)
        yield from _of_program("a second backup", "backup", backup, "--data-dir", data_dir)
        wanted = _kept(data_dir)
        shutil.rmtree(data_dir)
        yield from _of_program("verify of the backups", "verify", "--backup", backup)
        yield from _of_program("restore", "restore", backup, "--data-dir", data_dir)
        assert _kept(data_dir) == wanted, f"{_kept(data_dir)} of {wanted} keys restored"


def _kept(data_dir: Path) -> int:
    """Return how many blobs the database of a store names."""
    with closing(apsw.Connection(str(data_dir / "meta.db"))) as database:
        return int(database.execute("SELECT count(*) FROM keys").get)


def fill(data_dir: Path, count: int) -> None:
    """Fill a store with keys in folders and in one flat prefix of `data`, a tenth of them in `tmp`, and a thousand of
    these just expired. The rows are those of `seed`, but SQLite makes them, six times as fast; one content for all."""
    now = to_millis(utc_now())
    seed(data_dir, [])  # the tables
    with closing(open_writer(data_dir / "meta.db")) as database:
        for storage_type, pattern, share, per_folder in SHAPES:
            expires = now + WEEK_MS // 2 if storage_type == "tmp" else None
            key = f"printf('{pattern}', i / {per_folder}, i % {per_folder})"
            for start in range(0, int(count * share), AT_ONCE):
                stop = min(start + AT_ONCE, int(count * share)) - 1
                with database:
                    (base,) = database.execute("SELECT ifnull(max(id), 0) + 1 FROM contents").fetchone() or (1,)
                    series = "WITH RECURSIVE n(i) AS (SELECT ? UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
                    database.execute(
                        f"{series} INSERT INTO contents (id, content) SELECT i - ? + ?, ? FROM n",
                        (start, stop, start, base, CONTENT),
                    )
                    database.execute(
                        f"{series} INSERT INTO keys (namespace, type, key, id, size, crc, modified, expires, content) "
                        f"SELECT ?, ?, CAST({key} AS BLOB), lower(hex(randomblob(16))), ?, ?, ? - i % 1000, ?, "
                        "i - ? + ? FROM n",
                        (start, stop, bytes.fromhex(LOCAL_NAMESPACE), storage_type, len(CONTENT),
                         checksum.extend(0, CONTENT), now - WEEK_MS // 2, expires, start, base),
                    )  # fmt: skip
        with database:
            every = max(int(count * SHAPES[-1][2]) // EXPIRING, 1)
            database.execute(
                "UPDATE keys SET expires = ?, modified = ? WHERE type = 'tmp' AND key IN (WITH RECURSIVE n(i) AS "
                "(SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
                f"SELECT CAST(printf('{SHAPES[-1][1]}', i * ?, 0) AS BLOB) FROM n)",
                (now - 1000, now - 1000 - WEEK_MS, EXPIRING - 1, every),
            )


async def _swept(data_dir: Path) -> list[tuple[str, Figure]]:
    store = LocalStore(data_dir)
    await store.start()
    try:
        begun = time.perf_counter()
        assert await store.sweep() == EXPIRING
        swept = time.perf_counter() - begun
        begun = time.perf_counter()
        assert await store.sweep() == 0
        idle = time.perf_counter() - begun
        begun = time.perf_counter()
        assert await store.namespaces() == [LOCAL_NAMESPACE]
        named = time.perf_counter() - begun
    finally:
        await store.close()
    return [
        (f"sweep of {EXPIRING:,} expired blobs", Figure(swept * 1000, "ms", LEVEL)),
        ("sweep of nothing", Figure(idle * 1000, "ms", LEVEL)),
        ("the names of the users", Figure(named * 1000, "ms", LEVEL)),
    ]


def _starts(data_dir: Path) -> Iterator[float]:
    """Yield the milliseconds from the command to the line that says the server answers."""
    subprocess.run([*COMMAND, "token", "create", "local", "--data-dir", data_dir], check=True, capture_output=True)
    for _ in range(STARTS):
        begun = time.perf_counter()
        process = subprocess.Popen(
            [*COMMAND, "serve", "--data-dir", data_dir, "--port", "0"], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        with closing(process.stdout):
            assert "http" in process.stdout.readline()
            yield (time.perf_counter() - begun) * 1000
            process.terminate()
            process.wait(60)


@contextmanager
def _client(data_dir: Path) -> Iterator[tuple[httpx.Client, Server]]:
    """A server on the directory, and a client of its user."""
    with serving(data_dir) as server:
        headers = {"Authorization": f"Bearer {server.token_file.read_text().strip()}"}
        with httpx.Client(base_url=server.url, headers=headers, trust_env=False, timeout=900) as client:
            yield client, server


def _calls(client: httpx.Client, server: Server, count: int) -> Iterator[tuple[str, Figure]]:
    def asked(path: str, **query: Any) -> httpx.Response:
        return client.get(path, params=query).raise_for_status()

    middle = f"flat/blob-{count // 20:09}"
    for what, query in (
        ("first page of 1,000 keys", {"prefix": "flat/"}),
        ("a page in the middle", {"prefix": middle[:-3]}),
        ("first page with folders: the top", {"delimiter": "/"}),
        ("a page of 300 folders", {"prefix": "tasks/", "delimiter": "/", "limit": 300}),
        ("a folder of 500", {"prefix": "tasks/group-00003/", "delimiter": "/"}),
    ):
        took = [_seconds(lambda q=query: asked("/data/list", details="true", **q)) for _ in range(PAGES)]
        yield what, Figure(median(took) * 1000, "ms", LEVEL)
    yield "usage of all", _of_server(server, lambda: asked("/data/usage"), LINEAR)
    yield "usage by folder", _of_server(server, lambda: asked("/data/usage", delimiter="/"), LINEAR)
    keys = [f"daily/new-{random.getrandbits(64):016x}" for _ in range(CALLS // 2)]
    keys += [f"tiles/12/{number:06}-{random.getrandbits(32):08x}.png" for number in range(CALLS - len(keys))]
    random.shuffle(keys)
    content = bytes(CALL_BYTES)
    for what, work in (
        ("a write of 1 kB at a random place", lambda key: client.put(f"/data/set/{key}", content=content)),
        ("a read of 1 kB", lambda key: client.get(f"/data/get/{key}")),
        ("a delete", lambda key: client.delete(f"/data/{key}")),
    ):
        took = [_seconds(lambda k=key, w=work: w(k).raise_for_status()) for key in keys]
        yield what, Figure(median(took) * 1000, "ms", LEVEL)
    yield "memory of the server, highest", Figure(peak_mb(server.process), "MB", LEVEL)


def _deleted(client: httpx.Client, server: Server) -> Iterator[tuple[str, Figure]]:
    """Delete a tenth of the keys, a thousand at once, while another call writes now and then."""
    waits: list[float] = []

    def delete() -> None:
        turn = 0
        while keys := client.get("/data/list", params={"prefix": "flat/", "limit": 1000}).raise_for_status().json():
            answer = client.post("/data/delete", json={"targets": [{"key": key} for key in keys]}).raise_for_status()
            assert not any(row["error"] for row in answer.json()["results"])
            turn += 1
            if turn % 10 == 0:
                waits.append(_seconds(lambda: client.put("/data/set/beside", content=b"x").raise_for_status()))

    yield "delete of a tenth of the keys", _of_server(server, delete, LINEAR)
    yield "a small write meanwhile, slowest", Figure(max(waits, default=0) * 1000, "ms", LEVEL)


def _of_server(server: Server, work: Callable[[], object], growth: str) -> Figure:
    """Return the processor time of the server for the work."""
    before = cpu_seconds(server.process)
    work()
    return Figure(cpu_seconds(server.process) - before, "s of processor", growth)


def _of_program(what: str, *words: str | Path) -> Iterator[tuple[str, Figure]]:
    """Run storage-tui; yield its processor time, its time by the clock, and its highest memory."""
    begun = time.perf_counter()
    process = subprocess.Popen([*COMMAND, *map(str, words)], stdout=subprocess.DEVNULL)
    watched, memory_mb = psutil.Process(process.pid), 0.0
    while not (ended := os.wait4(process.pid, os.WNOHANG))[0]:
        with suppress(IndexError):  # of a process that has just ended
            memory_mb = peak_mb(watched)
        time.sleep(LOOK_S)
    _, status, spent = ended
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"{what} ended with {process.returncode}"
    yield what, Figure(spent.ru_utime + spent.ru_stime, "s of processor", LINEAR)
    yield f"{what}, by the clock", Figure(time.perf_counter() - begun, "s", LINEAR)
    yield f"{what}, memory", Figure(memory_mb, "MB", LEVEL)


def _taken(work: Callable[[], object], growth: str) -> Figure:
    """Return the processor time of this process for the work."""
    before = cpu_seconds(psutil.Process())
    work()
    return Figure(cpu_seconds(psutil.Process()) - before, "s of processor", growth)


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
