"""A small SeaweedFS cluster for tests: one master, three volume servers on three racks, a filer with its S3 gateway.

Every blob has one copy on another rack (replication 010), so that one volume server may die.
"""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from storage_tui.server.stores.s3.protocol.place import S3Place
from tests import seaweed

RACKS = 3
REPLICATION = "010"  # one copy on another rack of the same data center


@dataclass(frozen=True)
class Cluster:
    """The running processes; `volumes` are the storage nodes, and `starts` starts each of them again."""

    url: str
    volumes: list[subprocess.Popen[bytes]]
    starts: list[Callable[[], subprocess.Popen[bytes]]]

    def place(self, root: str) -> S3Place:
        """A place in it for a store."""
        return S3Place(seaweed.BUCKET, root, self.url)

    def kill(self, number: int) -> None:
        """Kill a storage node."""
        self.volumes[number].kill()
        self.volumes[number].wait()

    def start_again(self, number: int) -> None:
        """Start a storage node that was killed, on its old port and files."""
        self.volumes[number] = self.starts[number]()


@contextmanager
def running_cluster(folder: Path) -> Iterator[Cluster]:
    """A cluster below the folder; its processes end with the block."""
    program = seaweed.weed()
    master, filer, s3, *volumes = seaweed.free_ports(3 + RACKS)
    here = ("-ip=127.0.0.1", "-ip.bind=127.0.0.1")
    processes: list[subprocess.Popen[bytes]] = []

    def start(name: str, *flags: str) -> subprocess.Popen[bytes]:
        home = folder / name
        home.mkdir(exist_ok=True)
        with (folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [program, "-logtostderr=true", *flags], cwd=home, env={**os.environ, **seaweed.ACCESS},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        processes.append(process)
        return process

    try:
        start("master", "master", *here, f"-port={master}", "-mdir=.", f"-defaultReplication={REPLICATION}",
              "-volumeSizeLimitMB=64", "-telemetry=false")  # fmt: skip
        starts = [
            partial(start, f"volume{rack}", "volume", *here, f"-port={port}", "-dir=.", f"-master=127.0.0.1:{master}",
                    "-dataCenter=dc", f"-rack=rack{rack}", "-max=50", "-minFreeSpace=1")
            for rack, port in enumerate(volumes)
        ]  # fmt: skip
        nodes = [start_node() for start_node in starts]
        gateway = start(
            "filer", "filer", *here, f"-port={filer}", f"-master=127.0.0.1:{master}", "-defaultStoreDir=.",
            f"-defaultReplicaPlacement={REPLICATION}", "-s3", f"-s3.port={s3}", "-s3.port.iceberg=0",
            "-s3.port.lance=0",
        )  # fmt: skip
        url = f"http://127.0.0.1:{s3}"
        seaweed.wait_until_ready(url, gateway)
        yield Cluster(url, nodes, starts)
    finally:
        for process in reversed(processes):
            process.kill()
            process.wait()
