"""kill -9 of the server in the middle of concurrent uploads: what was acknowledged is there and whole, nothing else."""

import queue
import random
import signal
import threading
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from storage_tui.contract import checksum
from storage_tui.contract.models import Page
from storage_tui.contract.wire import UPLOAD_QUANTUM, format_upload_range, parse_persisted
from storage_tui.contract.wire import Span as ByteSpan
from tests.server.running import RunningServer

ROUNDS = 50
SENDERS = 4
RESUMABLE_BYTES = 12 * UPLOAD_QUANTUM + 1000


def content_of(key: str) -> bytes:
    """What belongs under a key: any size up to 1.5 MB, known from the key alone."""
    source = random.Random(key)
    return source.randbytes(source.choice((0, 1, 5000, 300_000, source.randrange(1_500_000))))


@dataclass
class Sender(threading.Thread):
    """Stores blob after blob, each one way, until the server dies; knows what it was told."""

    url: str
    token: str
    name_prefix: str
    acknowledged: "queue.Queue[str]"
    attempted: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        headers = {"Authorization": f"Bearer {self.token}"}
        try:
            with httpx.Client(base_url=self.url, headers=headers, trust_env=False, timeout=30) as client:
                for number in range(10_000):
                    key = f"{self.name_prefix}-{number}"
                    content = content_of(key)
                    self.attempted.add(key)
                    if number % 2:
                        answer = client.put(f"/data/set/{key}", content=content)
                    else:
                        url = client.get(f"/data/new_resumable_url/{key}").text
                        body = iter([content[:1000], content[1000:]]) if number % 4 else content
                        answer = httpx.put(url, content=body, trust_env=False, timeout=30)
                    assert answer.status_code == 200, answer.text
                    self.acknowledged.put(key)
        except httpx.TransportError:
            return


class Resumer:
    """One long upload in chunks, gone on with through every crash."""

    def __init__(self) -> None:
        self.content = random.Random("resumed").randbytes(RESUMABLE_BYTES)
        self.path = ""
        self.told = 0
        self.finished = 0

    def go_on(self, server: RunningServer, chunks: int) -> None:
        """Ask where the session stands, which must not be below what was told, then send some more."""
        with server.client() as client:
            if not self.path:
                self.path = client.get("/data/new_resumable_url/resumed").text.removeprefix(server.url)
                self.told = 0
            answer = client.put(self.path, headers={"Content-Range": "bytes */*"})
            for _ in range(chunks):
                if answer.status_code == 200:
                    break
                assert answer.status_code == 308, answer.text
                offset = parse_persisted(answer.headers.get("range"))
                assert offset >= self.told
                self.told = offset
                stop = min(offset + UPLOAD_QUANTUM, len(self.content))
                total = len(self.content) if stop == len(self.content) else None
                headers = {"Content-Range": format_upload_range(ByteSpan(offset, stop), total)}
                answer = client.put(self.path, content=self.content[offset:stop], headers=headers)
            if answer.status_code == 200:
                assert client.get("/data/get/resumed").content == self.content
                self.path = ""
                self.finished += 1
            else:
                self.told = parse_persisted(answer.headers.get("range"))


def check(server: RunningServer, acknowledged: set[str], attempted: set[str], prefix: str) -> None:
    """Everything acknowledged is listed and whole; everything listed is whole."""
    with server.client() as client:
        answer = client.get("/data/list", params={"prefix": prefix, "details": "true"})
        assert "x-next" not in answer.headers
        blobs = {blob.key: blob for blob in Page.from_json(answer.json(), "data", None).blobs}
        assert acknowledged <= blobs.keys() <= attempted
        for key, blob in blobs.items():
            content = content_of(key)
            assert blob.size_bytes == len(content), key
            assert blob.crc32c == checksum.encode(checksum.extend(0, content)), key
            assert client.get(f"/data/get/{key}").content == content, key


@pytest.mark.slow
def test_fifty_kills_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    chance = random.Random(20260101)
    server = RunningServer(tmp_path / "data")
    resumer = Resumer()
    acknowledged_in_all = 0
    server.start()
    token = server.token()
    for number in range(ROUNDS):
        prefix = f"round-{number:02}"
        acknowledged: queue.Queue[str] = queue.Queue()
        senders = [Sender(server.url, token, f"{prefix}-{index}", acknowledged) for index in range(SENDERS)]
        for sender in senders:
            sender.start()
        resumer.go_on(server, chance.randrange(1, 4))
        done = {acknowledged.get(timeout=30) for _ in range(chance.randrange(1, 12))}
        assert server.stop(signal.SIGKILL) == -signal.SIGKILL
        for sender in senders:
            sender.join()
        while not acknowledged.empty():
            done.add(acknowledged.get())
        server.start()
        check(server, done, set().union(*(sender.attempted for sender in senders)), prefix)
        acknowledged_in_all += len(done)
    assert resumer.finished >= 5
    assert acknowledged_in_all >= ROUNDS
    assert server.stop() == 0
    assert " ERROR " not in server.log_text()  # a blob file whose commit was cut off is put aside with a warning
    assert "Traceback" not in server.log_text()
