"""A crowd of one user's requests stops nobody else: told by who is done before whom, never by how long it takes."""

import select
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from storage_tui.contract.packs import PACK_TYPE, frame
from storage_tui.server.access.issued import revoke_all
from storage_tui.server.http.grants import namespace_of
from storage_tui.server.run.serve import Bounds
from storage_tui.server.stores.base import Address
from storage_tui.server.stores.local.seed import SeedBlob, seed
from tests.server.catalog.cataloguing import call, document
from tests.server.running import RunningServer
from tests.waits import wait_for

MIB = 1024 * 1024
CROWD = 32
FOLDERS = 3000
FILTER = '[{"or": [' + ", ".join(f'{{"name": "text", "op": "eq", "val": "{number}"}}' for number in range(90)) + "]}]"
FAST = Bounds(follow_s=0.05)


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server on which ann has much: folders to sum up and products to search through."""
    server = RunningServer(tmp_path_factory.mktemp("busy") / "data", bounds=FAST)
    owner = namespace_of("ann")
    keys = (f"folder-{folder:05}/{number}" for folder in range(FOLDERS) for number in range(10))
    seed(server.data_dir, (SeedBlob(Address(owner, "data", key), b"") for key in keys))
    server.start()
    with server.client("ann") as ann:
        for number in range(60):
            sent = document("product", f"p{number:03}", name="n", text="x" * 200_000)
            assert call(ann, "POST", "/products", sent).status_code == 201
    with server.client("bob") as bob:
        assert call(bob, "POST", "/products", document("product", "mine", name="n")).status_code == 201
    yield server
    assert server.stop() == 0
    assert server.log_text() == ""


class Crowd:
    """Calls of ann's, all at once; `done` is how many have been answered."""

    def __init__(self, server: RunningServer, stack: ExitStack, ask: Callable[[httpx.Client], httpx.Response]) -> None:
        self.done = 0
        self._first = threading.Event()
        self._ask = ask
        self._clients = [stack.enter_context(server.client("ann")) for _ in range(CROWD)]
        threads = stack.enter_context(ThreadPoolExecutor(CROWD))
        self._calls: list[Future[int]] = [threads.submit(self._call, client) for client in self._clients]
        wait_for(self._first, "the first answer of a crowd")

    def _call(self, client: httpx.Client) -> int:
        status = self._ask(client).status_code
        self.done += 1
        self._first.set()
        return status

    def statuses(self) -> set[int]:
        """What all of them were answered."""
        return {each.result() for each in self._calls}


def sum_up(client: httpx.Client) -> httpx.Response:
    return client.get("/data/usage", params={"delimiter": "/"}, timeout=120)


def search(client: httpx.Client) -> httpx.Response:
    return call(client, "PUT", "/products", {"filter": FILTER, "limit": 0})


def test_a_crowd_of_sums_is_before_nobody(busy: RunningServer) -> None:
    with ExitStack() as stack:
        bob = stack.enter_context(busy.client("bob"))
        crowd = Crowd(busy, stack, sum_up)
        assert bob.put("/data/set/k", content=b"x").status_code == 200
        assert bob.get("/data/get/k").content == b"x"
        assert bob.get("/data/list").json() == ["k"]
        assert bob.get("/data/usage").json()["count"] == 1
        assert crowd.done < CROWD / 2
        assert crowd.statuses() <= {200, 503}


def test_a_crowd_of_searches_is_before_nobody(busy: RunningServer) -> None:
    with ExitStack() as stack:
        bob = stack.enter_context(busy.client("bob"))
        crowd = Crowd(busy, stack, search)
        assert call(bob, "GET", f"/products/{namespace_of('bob')}:mine").status_code == 200
        found = call(bob, "PUT", "/products", {}).json()["data"]
        assert [row["attributes"]["name"] for row in found] == ["n"]
        assert crowd.done < CROWD / 2
        assert crowd.statuses() <= {200, 503}


def test_a_revoked_token_is_noticed_while_a_crowd_searches(busy: RunningServer) -> None:
    with ExitStack() as stack:
        carl = stack.enter_context(busy.client("carl"))
        assert carl.get("/data/list").status_code == 200
        crowd = Crowd(busy, stack, search)
        revoke_all(busy.records(), "carl")
        while carl.get("/data/list").status_code != 401:
            pass
        assert crowd.done < CROWD / 2, "the watch stood behind the searches"
        assert crowd.statuses() <= {200, 503}


@pytest.fixture
def own(tmp_path: Path) -> Iterator[RunningServer]:
    """A server that the test may crowd."""
    server = RunningServer(tmp_path / "data")
    server.start()
    yield server
    server.process.terminate()
    server.wait_until_refused()
    server.process.terminate()
    server.process.wait(30)
    assert server.process.stdout is not None
    server.process.stdout.close()


def test_a_hundred_slow_readers_do_not_end_the_reads_of_others(own: RunningServer) -> None:
    with ExitStack() as stack:
        for name in ("ann", "bob"):
            client = stack.enter_context(own.client(name))
            client.put("/data/set/large", content=bytes(8 * MIB)).raise_for_status()
        token = own.token("ann")
        request = f"GET /storage/v1/data/get/large HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {token}\r\n\r\n"
        readers = [stack.enter_context(own.connect()) for _ in range(100)]
        for reader in readers:
            reader.sendall(request.encode())
        begun: set[socket.socket] = set()
        while len(begun) < 40:  # in whichever order they were taken
            waiting = [reader for reader in readers if reader not in begun]
            answered, _, _ = select.select(waiting, [], [], 30)
            assert answered, "no further reader was answered"
            for reader in answered:
                assert reader.recv(12) == b"HTTP/1.1 200"
                begun.add(reader)
        for _ in range(3):
            assert len(client.get("/data/get/large").content) == 8 * MIB
            assert client.post("/data/get", json={"keys": ["large"]}).status_code == 200


def test_slow_packs_do_not_stop_the_packs_of_others(own: RunningServer) -> None:
    with ExitStack() as stack:
        token = own.token("ann")
        head = (
            f"POST /storage/v1/tmp/set HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: {PACK_TYPE}\r\nContent-Length: 2000000\r\n\r\n"
        )
        for _ in range(100):
            stack.enter_context(own.connect()).sendall(head.encode() + b"\0")
        ann, bob = (stack.enter_context(own.client(name)) for name in ("ann", "bob"))
        for number in range(20):
            assert bob.post("/tmp/set", content=frame({"key": str(number)}, b"x")).status_code == 200
        assert ann.put("/tmp/set/single", content=b"x").status_code == 200
