"""Ten minutes of mixed load from 200 clients, on a disk and on a cluster of storage nodes, while servers and nodes are
killed every 20 seconds: what was acknowledged is read back at the end.

`STORM_MINUTES`, `STORM_CLIENTS` and `STORM_ENGINES=disk` set other numbers.
"""

import itertools
import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

from tests.benchmarks.programs import Row
from tests.cluster import RACKS, running_cluster
from tests.server.running import RunningServer
from tests.storm import Account, Storm

MINUTES = float(os.environ.get("STORM_MINUTES", 10))
CLIENTS = int(os.environ.get("STORM_CLIENTS", 200))
ENGINES = os.environ.get("STORM_ENGINES", "disk,cluster").split(",")
KILL_EVERY_S, NODE_AWAY_S = 20.0, 10.0
SHOWN = 10  # of what was lost


def rows() -> Iterator[Row]:
    """Three rows for each engine: calls, kills, what was lost."""
    for engine in ENGINES:
        with tempfile.TemporaryDirectory(prefix="storage-tui-benchmark-") as folder:
            yield from _storm(engine, Path(folder))


def _storm(engine: str, folder: Path) -> Iterator[Row]:
    with (_disk if engine == "disk" else _cluster)(folder) as (servers, kills):
        token = servers[0].token(valid_for=timedelta(hours=12))
        begun = time.monotonic()
        with Storm([server.url for server in servers], token, CLIENTS) as storm:
            killed = 0
            for kill in itertools.cycle(kills):
                time.sleep(KILL_EVERY_S)
                if time.monotonic() - begun > MINUTES * 60:
                    break
                kill()
                killed += 1
            storm.calm()
            seconds = time.monotonic() - begun
            yield from _told(f"{engine}, {CLIENTS} clients, {seconds:.0f} s", killed, storm.account())
        assert not any("Traceback" in server.log_text() for server in servers), "a server had a defect"


def _told(title: str, killed: int, account: Account) -> Iterator[Row]:
    done = ", ".join(f"{count:,} {verb}" for verb, count in account.done.most_common())
    yield Row(f"{title}: calls acknowledged", f"{account.done.total():,}: {done}")
    failed = ", ".join(f"{count:,} {what}" for what, count in account.failed.most_common())
    yield Row(f"{title}: {killed} kills; calls that failed", f"{account.failed.total():,}: {failed}")
    yield Row(f"{title}: longest call of a client", f"{account.longest[0]:.0f} s, {account.longest[1]}")
    held = f"{account.kept:,} blobs whole, {account.deleted:,} deleted for good, {account.doubtful:,} in doubt"
    yield Row(f"{title}: read back; lost", f"{held}; {len(account.wrong)} lost", "", "0 lost")
    for line in account.wrong[:SHOWN]:
        yield Row(f"{title}: not as acknowledged", line)


Running = tuple[list[RunningServer], list[Callable[[], None]]]


@contextmanager
def _disk(folder: Path) -> Iterator[Running]:
    server = RunningServer(folder / "data")
    server.start()
    try:
        yield [server], [lambda: _kill(server)]
    finally:
        server.stop()


@contextmanager
def _cluster(folder: Path) -> Iterator[Running]:
    with running_cluster(folder) as cluster, ExitStack() as stack:
        servers = [RunningServer(folder / f"server{number}", bucket=cluster.place("storm/")) for number in range(2)]
        for server in servers:
            server.start()
            stack.callback(server.stop)

        def kill_node(number: int) -> None:
            cluster.kill(number)
            time.sleep(NODE_AWAY_S)
            cluster.start_again(number)

        kills: list[Callable[[], None]] = []
        for number in range(RACKS * len(servers)):
            kills.append(lambda number=number: _kill(servers[number % len(servers)]))
            kills.append(lambda number=number: kill_node(number % RACKS))
        yield servers, kills


def _kill(server: RunningServer) -> None:
    server.stop(signal.SIGKILL)
    server.start()
