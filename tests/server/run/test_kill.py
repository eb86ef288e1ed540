"""kill -9 of the server under eight clients that write, copy, delete and read: what was acknowledged holds, whole."""

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
from storage_tui.contract.packs import PACK_TYPE, frame
from storage_tui.contract.wire import UPLOAD_QUANTUM, format_upload_range, parse_persisted
from storage_tui.contract.wire import Span as ByteSpan
from tests.effort import count
from tests.server.running import RunningServer

ROUNDS = count(10, 100, 1000)
RESUMABLE_BYTES = 12 * UPLOAD_QUANTUM + 1000
COPIED = "~"  # at the end of a key: a copy of the one before it
PACKED = "+"  # in a key: it came in a pack, which takes small blobs only
PACKED_BYTES = 200_000


def content_of(key: str) -> bytes:
    """What belongs under a key: any size up to 1.5 MB, known from the key alone; of a copy what its source has."""
    source = random.Random(key.rstrip(COPIED))
    content = source.randbytes(source.choice((0, 1, 5000, 300_000, source.randrange(1_500_000))))
    return content[:PACKED_BYTES] if PACKED in key else content


@dataclass
class Told:
    """What the clients of one round tried and what they were told; a set grows by one element at a time."""

    acknowledged: "queue.Queue[str]" = field(default_factory=queue.Queue)
    attempted: set[str] = field(default_factory=set)
    doomed: set[str] = field(default_factory=set)  # whose deletion was asked for
    gone: set[str] = field(default_factory=set)  # whose deletion was acknowledged


class Sender(threading.Thread):
    """Changes or reads blob after blob, each client in its own way, until the server dies."""

    def __init__(self, server: RunningServer, token: str, prefix: str, verb: str, told: Told) -> None:
        super().__init__()
        self._url, self._token, self._prefix, self._verb, self._told = server.url, token, prefix, verb, told
        self.error: BaseException | None = None

    def run(self) -> None:
        headers = {"Authorization": f"Bearer {self._token}"}
        try:
            with httpx.Client(base_url=self._url, headers=headers, trust_env=False, timeout=30) as client:
                for number in range(10_000):
                    self._step(client, f"{self._prefix}-{number}", number)
        except httpx.TransportError:
            return
        except BaseException as exc:
            self.error = exc

    def _step(self, client: httpx.Client, key: str, number: int) -> None:
        told = self._told
        if self._verb == "pack":
            self._send_pack(client, [f"{key}{PACKED}{part}" for part in range(number % 4)])
            return
        told.attempted.add(key)
        if self._verb == "upload":
            content = content_of(key)
            url = client.get(f"/data/new_resumable_url/{key}").text
            body = iter([content[:1000], content[1000:]]) if number % 2 else content
            answer = httpx.put(url, content=body, trust_env=False, timeout=30)
        else:
            answer = client.put(f"/data/set/{key}", content=content_of(key))
        assert answer.status_code == 200, answer.text
        told.acknowledged.put(key)
        if self._verb == "read":
            assert client.get(f"/data/get/{key}").content == content_of(key)
            assert key in client.get("/data/list", params={"prefix": key}).json()
        if self._verb == "copy":
            told.attempted.add(key + COPIED)
            answer = client.post("/data/copy", json={"key": key, "to_key": key + COPIED})
            assert answer.status_code == 200, answer.text
            told.acknowledged.put(key + COPIED)
        if self._verb == "delete":
            told.doomed.add(key)
            answer = client.delete(f"/data/{key}")
            assert answer.status_code == 200, answer.text
            told.gone.add(key)

    def _send_pack(self, client: httpx.Client, keys: list[str]) -> None:
        self._told.attempted.update(keys)
        frames = (frame({"key": key}, content_of(key)) for key in keys)
        answer = client.post("/data/set", content=b"".join(frames), headers={"Content-Type": PACK_TYPE})
        assert answer.status_code == 200, answer.text
        for key, row in zip(keys, answer.json()["results"], strict=True):
            assert row["key"] == key and "error" not in row
            self._told.acknowledged.put(key)


SENDERS = ("set", "pack", "upload", "upload", "copy", "copy", "delete", "read")


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


def check(server: RunningServer, acknowledged: set[str], told: Told, prefix: str) -> None:
    """Everything acknowledged is listed and whole, everything listed is whole, and what was deleted is gone."""
    with server.client() as client:
        answer = client.get("/data/list", params={"prefix": prefix, "details": "true"})
        assert "x-next" not in answer.headers
        blobs = {blob.key: blob for blob in Page.from_json(answer.json(), "data", None).blobs}
        assert acknowledged - told.doomed <= blobs.keys() <= told.attempted - told.gone
        for key, blob in blobs.items():
            content = content_of(key)
            assert blob.size_bytes == len(content), key
            assert blob.crc32c == checksum.encode(checksum.extend(0, content)), key
            assert client.get(f"/data/get/{key}").content == content, key


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_no_kill_loses_what_was_acknowledged(tmp_path: Path) -> None:
    chance = random.Random(20260101)
    server = RunningServer(tmp_path / "data")
    resumer = Resumer()
    acknowledged_in_all = gone_in_all = 0
    server.start()
    token = server.token()
    for number in range(ROUNDS):
        prefix = f"round-{number:02}"
        told = Told()
        senders = [Sender(server, token, f"{prefix}-{index}", verb, told) for index, verb in enumerate(SENDERS)]
        for sender in senders:
            sender.start()
        resumer.go_on(server, chance.randrange(1, 4))
        done = {told.acknowledged.get(timeout=30) for _ in range(chance.randrange(1, 24))}
        assert server.stop(signal.SIGKILL) == -signal.SIGKILL
        for sender in senders:
            sender.join()
            assert sender.error is None, sender.error
        while not told.acknowledged.empty():
            done.add(told.acknowledged.get())
        server.start()
        check(server, done, told, prefix)
        acknowledged_in_all += len(done)
        gone_in_all += len(told.gone)
    print(f"{ROUNDS} kills, {acknowledged_in_all} writes and {gone_in_all} deletions acknowledged, none lost")
    assert resumer.finished >= max(1, ROUNDS // 20) and gone_in_all > 0
    assert acknowledged_in_all >= ROUNDS
    assert server.stop() == 0
    assert " ERROR " not in server.log_text()  # a blob file whose commit was cut off is put aside with a warning
    assert "Traceback" not in server.log_text()
