"""A crowd on one server, on a disk and on a bucket: short calls beside 500 uploads and 2,000 idle connections, and what
a hundred users with one upload each get beside one user with 500.

`CROWD_UPLOADS` sets another number of uploads, `CROWD_ENGINES=disk` names one engine. With equal shares each user would
have one blob stored when the hundred have theirs; the target is twice as many blobs. The short calls are made and timed
in processes of their own, over one connection each: the event loop of the uploading client would delay them more than
the server does.
"""

import asyncio
import http.client
import os
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil

from tests import seaweed
from tests.benchmarks.programs import Row
from tests.server.running import RunningServer

UPLOADS = int(os.environ.get("CROWD_UPLOADS", "500"))
ENGINES = os.environ.get("CROWD_ENGINES", "bucket,disk").split(",")
UPLOAD_BYTES, IDLE, OTHERS = 4 * 1024 * 1024, 2000, 100
GREEDY, NEIGHBOUR = "ann", "bob"
PAUSE_S = 0.05  # between two rounds of short calls
CALLS = (
    ("list", "GET", "/data/list?details=true&limit=100", 0),
    ("stat", "HEAD", "/data/get/seen", 0),
    ("set of 1 kB", "PUT", "/data/set/small", 1000),
    ("set of 100 kB", "PUT", "/data/set/larger", 100_000),
    ("get of 1 kB", "GET", "/data/get/seen", 0),
)


@dataclass
class Waits:
    """How long the short calls of one user took, in seconds by name, and how many were refused."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)


def rows() -> Iterator[Row]:
    """The table, for each engine."""
    for engine in ENGINES:
        with tempfile.TemporaryDirectory(prefix="storage-tui-benchmark-") as folder:
            place = seaweed.place(f"crowd-{os.getpid()}/") if engine == "bucket" else None
            server = RunningServer(Path(folder) / "server", bucket=place)
            server.start()
            try:
                yield from _tails(server, engine)
                yield from _shares(server, engine)
            finally:
                server.stop()


def _tails(server: RunningServer, engine: str) -> Iterator[Row]:
    context = get_context("spawn")
    users = (GREEDY, NEIGHBOUR)
    for user in users:
        with server.client(user) as client:
            client.put("/data/set/seen", content=bytes(1000)).raise_for_status()
    with ExitStack() as stack:
        for _ in range(IDLE):
            stack.enter_context(server.connect())
        stop, probes = context.Event(), []
        for user in users:
            ours, theirs = context.Pipe()
            probe = context.Process(target=_probe, args=(server.url, server.token(user), stop, theirs))
            probe.start()
            probes.append((user, probe, ours))
        process = psutil.Process(server.process.pid)
        before = sum(process.cpu_times()[:2])
        seconds, tries = asyncio.run(_upload_all(server, {GREEDY: UPLOADS}, []))
        spent = sum(process.cpu_times()[:2]) - before
        stop.set()
        found = [(user, ours.recv()) for user, _, ours in probes]
        for _, probe, _ in probes:
            probe.join()
    title = f"{engine}: {UPLOADS} uploads of 4.2 MB of one user, {IDLE:,} idle connections"
    yield Row(title, f"{seconds:.0f} s, server {spent:.0f} s of processor, {tries} requests", "", "")
    for user, waits in found:
        whose = "the same user" if user == GREEDY else "another user"
        for name, took in waits.seconds.items():
            took.sort()
            shown = f"{statistics.median(took) * 1000:,.0f} ms, {took[int(len(took) * 0.99)] * 1000:,.0f} ms"
            limit = {"bucket": "1,000 ms", "disk": "300 ms"}[engine] if name == "list" else ""
            yield Row(f"{name} of {whose}: median, p99; refused", f"{shown}; {waits.refused[name]}", "", limit)


def _probe(url: str, token: str, stop: Event, found: Connection) -> None:
    place, waits = urlsplit(url), Waits()
    assert place.hostname is not None
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=300)
    while not stop.is_set():
        for name, method, path, size_bytes in CALLS:
            begun = time.perf_counter()
            try:
                connection.request(method, place.path + path, bytes(size_bytes), {"Authorization": f"Bearer {token}"})
                answer = connection.getresponse()
                answer.read()
                is_refused = answer.status >= 400
            except (OSError, http.client.HTTPException):
                connection.close()
                is_refused = True
            waits.refused[name] += is_refused
            if not is_refused:
                waits.seconds.setdefault(name, []).append(time.perf_counter() - begun)
        time.sleep(PAUSE_S)
    found.send(waits)


def _shares(server: RunningServer, engine: str) -> Iterator[Row]:
    stored: list[str] = []
    asyncio.run(_upload_all(server, {GREEDY: UPLOADS, **{f"user{n}": 1 for n in range(OTHERS)}}, stored))
    last = max(place for place, user in enumerate(stored) if user != GREEDY)
    title = (
        f"{engine}: {OTHERS} users with one upload each beside one with {UPLOADS}: blobs stored until all {OTHERS} are"
    )
    yield Row(title, f"{last + 1}, {stored[:last].count(GREEDY)} of the one", "", f"{2 * (OTHERS + 1)}")


async def _upload_all(server: RunningServer, counts: dict[str, int], stored: list[str]) -> tuple[float, int]:
    """Upload so many blobs for each user, all at once. Return the seconds and the number of requests; `stored` gets the
    user of each blob in the order in which they were stored."""
    content, tries = os.urandom(UPLOAD_BYTES), 0
    limits = httpx.Limits(max_connections=None)
    tokens = {user: {"Authorization": f"Bearer {server.token(user)}"} for user in counts}
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=600, limits=limits) as http:

        async def ask(user: str, method: str, url: str, body: bytes | None = None) -> str:
            nonlocal tries
            while True:
                with suppress(httpx.TransportError):  # a client of this size finds connections closed that it kept
                    tries += 1
                    answer = await http.request(method, url, content=body, headers=tokens[user])
                    if answer.status_code == 200:
                        return answer.text
                    assert answer.status_code in (429, 503), answer.text
                await asyncio.sleep(1)

        async def upload(user: str, number: int) -> None:
            url = await ask(user, "GET", f"/tmp/new_resumable_url/{number}")
            await ask(user, "PUT", url, content)
            stored.append(user)

        begun = time.perf_counter()
        await asyncio.gather(*(upload(user, number) for user, count in counts.items() for number in range(count)))
        return time.perf_counter() - begun, tries
