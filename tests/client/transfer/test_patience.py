"""Transfers that wait for a server that is away, and continue when it is back."""

import io
import math
import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from storage_tui import Storage
from storage_tui.client.batch.plan import BatchItem, BatchPlan
from storage_tui.client.batch.scheduler import Batch
from storage_tui.client.control import TransferControl
from storage_tui.client.http import retry
from storage_tui.client.http.outage import Outage, Waiting
from storage_tui.client.http.retry import Patience, RetryPolicy
from storage_tui.client.transfer.conflict import Conflict
from storage_tui.contract.errors import (
    CancelledError,
    ConflictError,
    ConnectError,
    ForbiddenError,
    NotFoundError,
    RateLimitError,
    ReadOnlyError,
    ServerError,
    StorageError,
    StoreFullError,
    TransferInterruptedError,
    UnavailableError,
)
from tests.faults.proxy import Fault, FaultProxy
from tests.server.running import RunningServer
from tests.waits import wait_for, wait_for_end

SIZE = 24 * 1024 * 1024 + 321
STOP = 20 * 1024 * 1024  # far enough for the server to have kept much
AWAY = Fault(refuse=True)
BUSY = Fault(answer=b"HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbusy")


@pytest.fixture(scope="module")
def content() -> bytes:
    return random.Random(17).randbytes(SIZE)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same number of tries, without the pauses between them."""
    monkeypatch.setattr(retry, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(retry, "FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(retry, "LONGEST_WAIT_S", 0.01)


class Clock:
    """A clock that only waits move, and a control whose waits move it."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.pauses: list[float] = []
        self.control = TransferControl()
        self.control.sleep = self._sleep  # type: ignore[method-assign]
        self.outage = Outage(self)

    def __call__(self) -> float:
        return self.now_s

    def _sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now_s += seconds

    def wait_out(self, error: StorageError, policy: RetryPolicy, reached: Iterator[int] | None = None) -> float:
        """Fail with the error until it is raised; return the seconds that were waited."""
        patience, began = Patience(policy, self.outage, self.control, self), self.now_s
        places = reached or iter(lambda: 5, None)
        with pytest.raises(type(error)):
            while True:
                patience.wait_after(error, reached=next(places))
        return self.now_s - began


@pytest.mark.parametrize(
    ("policy", "was_reached", "waited_s"),
    [
        (RetryPolicy(), True, 300),
        (RetryPolicy(), False, 0),  # an address that never answered may be wrong
        (RetryPolicy(0), True, 0),
        (RetryPolicy(patience_s=0), True, 0),
        (RetryPolicy(patience_s=3600), False, 3600),
        (RetryPolicy(0, patience_s=60), True, 60),
    ],
)
def test_the_wait_is_as_long_as_was_asked(policy: RetryPolicy, was_reached: bool, waited_s: float) -> None:
    clock = Clock()
    clock.outage.was_reached = was_reached
    waited = clock.wait_out(ConnectError("refused"), policy)
    short_s = 0 if waited_s else sum(clock.pauses[: policy.retries])
    assert math.isclose(waited, waited_s + short_s, abs_tol=1e-6)
    assert max(clock.pauses, default=0) <= 30
    assert len(clock.pauses) <= 3 + 6 + waited_s / 15, "a server that is away is not asked all the time"


@pytest.mark.parametrize(
    "error",
    [
        ConflictError("there"),
        ForbiddenError("no"),
        NotFoundError("none"),
        StoreFullError("full"),
        ServerError("bug"),
        ReadOnlyError("mend the disk"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_waiting_cannot_mend_is_raised(error: StorageError) -> None:
    clock = Clock()
    clock.outage.was_reached = True
    assert clock.wait_out(error, RetryPolicy()) <= 3 * 0.25 * 4, "at most the short tries of the policy"


@pytest.mark.parametrize("kind", [UnavailableError, RateLimitError])
def test_the_wait_that_the_server_asks_for_is_kept(kind: Any) -> None:
    clock = Clock()
    clock.outage.was_reached = True
    patience = Patience(RetryPolicy(0, patience_s=100), clock.outage, clock.control, clock)
    patience.wait_after(kind("busy", retry_after_s=90), reached=0)
    assert clock.pauses == [90]
    with pytest.raises(kind):
        patience.wait_after(kind("busy", retry_after_s=90), reached=0)  # past the end of the patience


def test_progress_begins_the_patience_again() -> None:
    clock = Clock()
    clock.outage.was_reached = True

    def places() -> Iterator[int]:
        for place in range(100):
            clock.outage.answered()
            yield place
            yield from [place] * 5  # tries in vain
        while True:
            yield place

    assert clock.wait_out(TransferInterruptedError("cut"), RetryPolicy(patience_s=20), places()) > 100


def test_a_transfer_that_begins_in_an_outage_has_the_rest_of_the_patience() -> None:
    """So that a folder of a thousand files does not wait a thousand times."""
    clock = Clock()
    clock.outage.was_reached = True
    policy = RetryPolicy(patience_s=300)
    assert clock.wait_out(ConnectError("refused"), policy) >= 300
    clock.control.stalled_since = None  # another transfer
    assert clock.wait_out(ConnectError("refused"), policy) < 3
    clock.outage.answered()
    clock.control.stalled_since = None
    assert clock.wait_out(ConnectError("refused"), policy) >= 300
    clock.now_s += 3600  # nobody tried for an hour
    clock.control.stalled_since = None
    assert clock.wait_out(ConnectError("refused"), policy) >= 300


def test_people_hear_once_of_an_outage_and_once_of_its_end() -> None:
    clock, told = Clock(), list[Waiting | None]()
    clock.outage.on_change = told.append
    for _ in range(3):
        clock.outage.wait("refused", 300, 10)
        clock.now_s += 4
    waiting = clock.outage.waiting
    assert waiting is not None and (waiting.reason, waiting.waited_s, waiting.next_try_s) == ("refused", 12, 6)
    clock.outage.answered()
    clock.outage.answered()
    assert [row and row.longest_s for row in told] == [300, None]
    assert clock.outage.waiting is None


def _in_outage(client: Storage, proxy: FaultProxy, act: Callable[[], object], fault: Fault, is_up: bool) -> None:
    """Break the transfer midway, keep the server away until the transfer waits, and let the server come back."""
    proxy.default = Fault(stall_up=STOP) if is_up else Fault(stall_down=STOP)
    client.list()  # the server has answered once
    waits = threading.Event()
    client.engine.outage.on_change = lambda waiting: waiting is None or waits.set()
    failures: list[BaseException] = []

    def run() -> None:
        try:
            act()
        except BaseException as exc:
            failures.append(exc)

    moving = threading.Thread(target=run, name="moving")
    moving.start()
    proxy.stalled.get(timeout=60)
    proxy.default = fault
    proxy.cut_all()
    wait_for(waits, "the transfer waits for the server")
    proxy.default = Fault()
    wait_for_end(moving)
    assert failures == []


UPLOADS: dict[str, Callable[[Storage, Path, bytes], object]] = {
    "file": lambda client, path, content: client.set_file("k", path),
    "value": lambda client, path, content: client.set("k", content),
    "file object": lambda client, path, content: client.set_file("k", io.BytesIO(content)),
    "stream": lambda client, path, content: client.set(
        "k", (content[at : at + 65_536] for at in range(0, len(content), 65_536))
    ),
}
DOWNLOADS: dict[str, Callable[[Storage, Path], object]] = {
    "file": lambda client, path: client.get_file("k", path),
    "file object": lambda client, path: path.write_bytes(_object(client)),
    "value": lambda client, path: path.write_bytes(client.get("k")),
}


def _object(client: Storage) -> bytes:
    taken = io.BytesIO()
    client.get_file("k", taken)
    return taken.getvalue()


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("fault", [AWAY, BUSY], ids=["away", "busy"])
@pytest.mark.parametrize("way", UPLOADS)
def test_an_upload_outlives_an_outage(
    behind: Storage, storage: Storage, proxy: FaultProxy, source: Path, content: bytes, way: str, fault: Fault
) -> None:
    _in_outage(behind, proxy, lambda: UPLOADS[way](behind, source, content), fault, is_up=True)
    assert storage.get("k") == content
    assert behind.unfinished() == []


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("fault", [AWAY, BUSY], ids=["away", "busy"])
@pytest.mark.parametrize("way", DOWNLOADS)
def test_a_download_outlives_an_outage(
    behind: Storage, storage: Storage, proxy: FaultProxy, content: bytes, tmp_path: Path, way: str, fault: Fault
) -> None:
    storage.set("k", content)
    target = tmp_path / "target"
    _in_outage(behind, proxy, lambda: DOWNLOADS[way](behind, target), fault, is_up=False)
    assert target.read_bytes() == content
    assert behind.unfinished() == []
    assert proxy.bytes_down < SIZE + 8 * 1024 * 1024 if way == "file" else True, "it continues from what is kept"


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("verb", ["upload", "download"])
def test_a_server_that_is_killed_and_started_again_is_waited_for(
    tmp_path: Path, source: Path, content: bytes, verb: Any
) -> None:
    """With a folder: the files that have not begun wait too."""
    server = RunningServer(tmp_path / "own")
    server.start()
    keys = ["a", "b", "c"]
    (tmp_path / "target").mkdir()
    with FaultProxy(server.url) as proxy, Storage(proxy.url, token=server.token()) as client:
        if verb == "download":
            for key in keys:
                client.set_file(key, source)
        else:
            client.list()
        items = [
            BatchItem(verb, "data", key, source if verb == "upload" else tmp_path / "target" / key) for key in keys
        ]
        batch = Batch(client.engine, BatchPlan(items), conflict=Conflict.OVERWRITE, jobs=1)
        waits = threading.Event()
        client.engine.outage.on_change = lambda waiting: waiting is None or waits.set()
        proxy.default = Fault(stall_up=STOP) if verb == "upload" else Fault(stall_down=STOP)
        client.list()
        moving = threading.Thread(target=batch.run, name="moving")
        moving.start()
        proxy.stalled.get(timeout=60)
        server.process.kill()
        proxy.default = Fault()
        proxy.cut_all()
        wait_for(waits, "the batch waits for the server")
        server.stop()
        server.start()
        wait_for_end(moving)
        assert [result.state for result in batch.results] == ["done"] * 3, batch.results
        for key in keys:
            found = client.get(key) if verb == "upload" else (tmp_path / "target" / key).read_bytes()
            assert found == content
    assert server.stop() == 0


@pytest.mark.usefixtures("quick")
def test_a_transfer_that_waits_can_be_cancelled_and_keeps_its_bytes(
    behind: Storage, storage: Storage, proxy: FaultProxy, source: Path, content: bytes
) -> None:
    proxy.default = Fault(stall_up=STOP)
    behind.list()
    control, ended = TransferControl(), list[BaseException]()
    behind.engine.outage.on_change = lambda waiting: waiting is None or control.cancel(keep=True)

    def run() -> None:
        try:
            behind.set_file("k", source, control=control, resume=True)
        except CancelledError as exc:
            ended.append(exc)

    moving = threading.Thread(target=run, name="moving")
    moving.start()
    proxy.stalled.get(timeout=60)
    proxy.default = AWAY
    proxy.cut_all()
    wait_for_end(moving)
    assert len(ended) == 1
    proxy.default = Fault()
    [left] = behind.unfinished()
    behind.resume(left)
    assert storage.get("k") == content


@pytest.mark.usefixtures("quick")
def test_a_server_that_never_answered_is_not_waited_for(tmp_path: Path, source: Path) -> None:
    with Storage("http://127.0.0.1:9", token="t") as client:
        for act in (lambda: client.set_file("k", source), lambda: client.get_file("k", tmp_path / "target")):
            with pytest.raises(ConnectError):
                act()


@pytest.mark.parametrize("wrong", [-1, "5m", math.nan])
def test_a_patience_that_is_no_time_is_refused(wrong: Any) -> None:
    with pytest.raises(StorageError, match="patience_s is a number of seconds"):
        Storage("http://127.0.0.1:9", token="t", patience_s=wrong)
