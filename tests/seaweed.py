"""A real S3 engine for tests: SeaweedFS in one process, started when a test first asks for it."""

import atexit
import os
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import ExitStack, suppress
from functools import cache
from pathlib import Path

from botocore.credentials import ReadOnlyCredentials

from storage_tui.contract.errors import StorageError
from storage_tui.server.stores.s3.protocol.bucket import Bucket
from storage_tui.server.stores.s3.protocol.place import S3Place
from storage_tui.server.stores.s3.protocol.requests import ConditionError, MissingError, S3Engine, path_of
from tests import wanted

ACCESS = {"AWS_ACCESS_KEY_ID": "tester", "AWS_SECRET_ACCESS_KEY": "tested-secret"}
BUCKET = "storage-tests"
READY_S = 60.0
LOWEST_PORT, HIGHEST_PORT = 11_000, 22_000  # SeaweedFS adds 10,000 for a second port


def weed() -> str:
    """The program; ends the test where it is not installed."""
    return wanted.program("weed")


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, nor on the ones 10,000 above them."""
    found: list[int] = []
    with ExitStack() as stack:
        for port in range(LOWEST_PORT + os.getpid() * 7 % 10_000, HIGHEST_PORT):
            try:
                for number in (port, port + 10_000):
                    taken = stack.enter_context(socket.socket())
                    taken.bind(("127.0.0.1", number))
            except OSError:
                continue
            found.append(port)
            if len(found) == count:
                return found
    raise RuntimeError("no free ports for SeaweedFS")


@cache
def endpoint() -> str:
    """The S3 endpoint of the one engine of this test run."""
    program = weed()
    master, volume, filer, s3, admin = free_ports(5)
    folder = tempfile.mkdtemp(prefix="seaweed-")
    log = (Path(folder) / "log").open("wb")
    process = subprocess.Popen(
        [
            program, "-logtostderr=true", "mini", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
            f"-master.port={master}", f"-volume.port={volume}", f"-filer.port={filer}", f"-s3.port={s3}",
            f"-admin.port={admin}", "-s3.port.iceberg=0", "-s3.port.lance=0", "-webdav=false", "-admin.ui=false",
            "-master.telemetry=false", f"-bucket={BUCKET}",
        ],
        env={**os.environ, **ACCESS}, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder,
    )  # fmt: skip
    log.close()

    def end() -> None:
        process.kill()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(end)
    url = f"http://127.0.0.1:{s3}"
    wait_until_ready(url, process)
    return url


def wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    """Until the engine answers and has the bucket."""
    bucket = bucket_at(url)
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        assert process.poll() is None, f"SeaweedFS ended with {process.returncode}"
        with suppress(StorageError, MissingError, ConditionError):
            bucket.put("ready", b"to take bytes")
            return
        with suppress(StorageError, ConditionError):
            bucket.engine.call("PUT", path_of(bucket.name))
        time.sleep(0.05)
    raise AssertionError("SeaweedFS did not become ready")


def place(root: str) -> S3Place:
    """A place of the one engine of this test run."""
    return S3Place(BUCKET, root, endpoint())


def bucket_at(url: str, root: str = "") -> Bucket:
    """The bucket of the tests at an endpoint."""
    credentials = ReadOnlyCredentials(ACCESS["AWS_ACCESS_KEY_ID"], ACCESS["AWS_SECRET_ACCESS_KEY"], None)
    return Bucket(S3Engine(url, "us-east-1", lambda: credentials), BUCKET, root)
