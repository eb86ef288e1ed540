"""A real server in a process of its own, and the ways the tests talk to it."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from storage_tui.contract.wire import BASE_PATH
from storage_tui.server.access.tokens import create_token
from storage_tui.server.run.serve import DEFAULTS, Bounds
from storage_tui.server.stores.local.records import LocalRecords
from storage_tui.server.stores.records import Records
from storage_tui.server.stores.s3.protocol.place import S3Place
from storage_tui.server.stores.s3.records import S3Records
from tests import seaweed

READY_S = 30.0
ROOT = Path(__file__).parents[2]
Prelude = Callable[[str], None]
"""A function of tests/server/preludes.py, or of another module that loads without the test."""


@dataclass
class RunningServer:
    """One server process; `url` is its base URL. On a `bucket`, `data_dir` only names its log."""

    data_dir: Path
    bounds: Bounds = DEFAULTS
    prelude: Prelude | None = None
    port: int = 0
    url: str = ""
    public_url: str = ""
    bucket: S3Place | None = None
    process: subprocess.Popen[bytes] = field(init=False)

    def start(self) -> None:
        """Start it, or start it again on the same port, and wait until it answers."""
        given = {
            "place": str(self.bucket or self.data_dir.absolute()),
            "endpoint": (self.bucket.endpoint or "") if self.bucket is not None else "",
            "is_direct": self.bucket is not None and self.bucket.is_direct,
            "port": self.port,
            "public_url": self.public_url,
            "bounds": asdict(self.bounds),
            "prelude": f"{self.prelude.__module__}:{self.prelude.__name__}" if self.prelude is not None else "",
        }
        with (self.data_dir.parent / f"{self.data_dir.name}.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.server.process", json.dumps(given)],
                stdout=subprocess.PIPE, stderr=log, env={**os.environ, **seaweed.ACCESS}, cwd=ROOT,
            )  # fmt: skip
        assert self.process.stdout is not None
        line = self.process.stdout.readline().decode().strip()
        assert line.endswith(BASE_PATH), f"the server did not start: {self.log_text()}"
        self.url = line
        self.port = urlsplit(line).port or 0

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it; returns its exit code."""
        self.process.send_signal(number)
        try:
            return self.process.wait(READY_S)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            assert self.process.stdout is not None
            self.process.stdout.close()

    def log_text(self) -> str:
        """What it wrote to stderr."""
        return (self.data_dir.parent / f"{self.data_dir.name}.log").read_text()

    def token(self, name: str = "ann", *, valid_for: timedelta = timedelta(hours=1)) -> str:
        """A token for the user."""
        return create_token(self.records(), name, valid_for=valid_for)

    def records(self) -> Records:
        """The records of its engine."""
        if self.bucket is None:
            return LocalRecords(self.data_dir)
        return S3Records(seaweed.bucket_at(self.bucket.endpoint or "", self.bucket.root))

    @contextmanager
    def client(self, name: str = "ann") -> Iterator[httpx.Client]:
        """An HTTP client with the user's token, rooted at the base URL."""
        headers = {"Authorization": f"Bearer {self.token(name)}"}
        with httpx.Client(base_url=self.url, headers=headers, trust_env=False, timeout=30) as client:
            yield client

    def connect(self) -> socket.socket:
        """A raw connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def wait_until_refused(self) -> None:
        """Until it takes no new connections."""
        while True:
            try:
                self.connect().close()
            except ConnectionResetError:
                continue  # it was taken into the queue of a listener that closed in this moment
            except ConnectionRefusedError:
                return

    def exchange(self, request: bytes) -> bytes:
        """Send raw bytes, then read until the server closes or says no more for a moment."""
        with self.connect() as connection:
            with contextlib.suppress(OSError):
                connection.sendall(request)
            return read_all(connection)


@contextmanager
def running_server(
    data_dir: Path, *, bounds: Bounds = DEFAULTS, prelude: Prelude | None = None
) -> Iterator[RunningServer]:
    """One server for as long as the block lasts; it must end well."""
    data_dir.mkdir(mode=0o700)
    server = RunningServer(data_dir, bounds, prelude)
    server.start()
    try:
        yield server
    except BaseException:
        server.stop()
        raise
    assert server.stop() == 0


def read_all(connection: socket.socket, *, quiet_s: float = 0.5) -> bytes:
    """All that comes until the end, or until nothing came for a moment after something did."""
    content = b""
    while True:
        connection.settimeout(quiet_s if content else 30)
        try:
            piece = connection.recv(65536)
        except (TimeoutError, ConnectionError):
            return content
        if not piece:
            return content
        content += piece


def read_answer(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """One answer with a Content-Length: status, headers by lower-case name, content."""
    content = b""
    while b"\r\n\r\n" not in content:
        piece = connection.recv(65536)
        assert piece, f"the connection ended in the middle of an answer: {content!r}"
        content += piece
    head, _, rest = content.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    while len(rest) < int(headers.get("content-length", "0")):
        piece = connection.recv(65536)
        assert piece, "the connection ended in the middle of the content"
        rest += piece
    return int(lines[0].split(" ")[1]), headers, rest


def put_head(url: str, *headers: str) -> bytes:
    """The request line and headers of a PUT on an upload URL."""
    path = urlsplit(url).path
    return "\r\n".join([f"PUT {path} HTTP/1.1", "Host: storage.test", *headers, "", ""]).encode("ascii")
