"""Bodies of uploads being taken in: who is read before whom, never how long it takes."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import httpx
import pytest

from storage_tui.contract.errors import UnavailableError
from storage_tui.server.app import RequestBounds
from storage_tui.server.http import intake as intake_module
from storage_tui.server.http.body import Body, Message
from storage_tui.server.http.intake import QUANTUM_BYTES, Intake
from storage_tui.server.http.request import Request
from storage_tui.server.limits.shares import BusyError
from storage_tui.server.run.serve import Bounds
from tests.server.preludes import commits_wait_for_a_sign
from tests.server.running import RunningServer, put_head, read_answer
from tests.waits import wait_until

MIB = 1024 * 1024
PLACES = 10


class Sender:
    """A client with a body of some pieces. `next` lets it send one more; `taken` is what was read of it."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = list(pieces)
        self._ready: asyncio.Queue[None] = asyncio.Queue()
        self.body = Body(self._receive, size_bytes=sum(map(len, pieces)), has_more=True)
        self.taken: list[int] = []

    def next(self, count: int = 1) -> None:
        for _ in range(count):
            self._ready.put_nowait(None)

    async def _receive(self) -> Message:
        await self._ready.get()
        piece = self._pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(self._pieces)}

    async def upload(self, intake: Intake, user: str, order: list["Sender"] | None = None) -> None:
        """What a handler does with the body."""
        async with AsyncExitStack() as stack:
            async for piece in intake.chunks(asking(user, self.body, stack)):
                self.taken.append(len(piece))
                if order is not None:
                    order.append(self)


def asking(user: str, body: Body, stack: AsyncExitStack) -> Request:
    """What the intake sees of a request."""
    request = SimpleNamespace(namespace=user, body=body, stack=stack)
    return cast(Request, request)


@pytest.fixture(autouse=True)
def silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """No sender counts as silent, but where a test says so."""
    monkeypatch.setattr(intake_module, "SILENCE_S", 600.0)


@pytest.fixture
async def tasks() -> AsyncIterator[list[asyncio.Task[None]]]:
    """Tasks of a test, which end with it."""
    begun: list[asyncio.Task[None]] = []
    yield begun
    for task in begun:
        task.cancel()
    await asyncio.gather(*begun, return_exceptions=True)


async def turn_over() -> None:
    """Let all that is ready run."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_body_beyond_the_places_is_not_read(tasks: list[asyncio.Task[None]]) -> None:
    intake, senders = Intake(5), [Sender(b"x", b"y") for _ in range(6)]
    tasks += [asyncio.create_task(sender.upload(intake, f"user{n}")) for n, sender in enumerate(senders)]
    for sender in senders:
        sender.next()
    await turn_over()
    assert [len(sender.taken) for sender in senders] == [1] * 5 + [0]
    senders[0].next()
    await turn_over()
    assert tasks[0].done() and len(senders[5].taken) == 1


async def test_a_body_that_waits_too_long_is_refused_before_it_is_read() -> None:
    intake, second = Intake(1, patience_s=0.0), Sender(b"x")
    async with AsyncExitStack() as stack:
        stack.callback(intake.places.try_take("ann", 1).close)  # type: ignore[union-attr]
        with pytest.raises(BusyError, match="all places for uploads") as refused:
            await second.upload(intake, "ann")
    assert refused.value.retry_after_s and second.body.received_bytes == 0


async def test_a_silent_sender_gives_its_place_to_the_next(
    tasks: list[asyncio.Task[None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake_module, "SILENCE_S", 0.0)
    intake, silent, other = Intake(1), Sender(b"x", b"y"), Sender(b"z")
    tasks.append(asyncio.create_task(silent.upload(intake, "ann")))
    await turn_over()
    other.next()
    await other.upload(intake, "bob")
    silent.next(2)
    await tasks[0]
    assert (silent.taken, other.taken) == ([1, 1], [1])
    assert intake.places.free == 1


async def test_a_body_that_has_begun_goes_on_after_a_while_without_a_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake_module, "SILENCE_S", 0.0)
    monkeypatch.setattr(intake_module, "RESUME_S", 0.0)
    intake, slow = Intake(1), Sender(b"x", b"y")
    going = asyncio.create_task(slow.upload(intake, "ann"))
    await turn_over()
    async with AsyncExitStack() as stack:
        stack.callback(intake.places.try_take("bob", 1).close)  # type: ignore[union-attr]
        slow.next(2)
        await going
    assert slow.taken == [1, 1]


async def test_an_interrupted_body_stops_waiting_for_its_place(tasks: list[asyncio.Task[None]]) -> None:
    intake, second = Intake(1), Sender(b"x")
    async with AsyncExitStack() as stack:
        stack.callback(intake.places.try_take("ann", 1).close)  # type: ignore[union-attr]
        tasks.append(asyncio.create_task(second.upload(intake, "bob")))
        await turn_over()
        second.body.interrupt(UnavailableError("the server is stopping"))
        with pytest.raises(UnavailableError, match="stopping"):
            await tasks[0]
    assert intake.places.free == 1


async def test_a_long_upload_lets_a_short_one_of_the_same_user_go_first(tasks: list[asyncio.Task[None]]) -> None:
    intake, long, short = Intake(1), Sender(*[bytes(QUANTUM_BYTES)] * 3), Sender(b"x")
    order: list[Sender] = []
    tasks += [asyncio.create_task(sender.upload(intake, "ann", order)) for sender in (long, short)]
    await turn_over()
    long.next(3)
    short.next()
    await asyncio.gather(*tasks)
    assert order == [long, short, long, long]


async def test_a_hundred_users_with_an_upload_each_are_served_beside_one_with_five_hundred(
    tasks: list[asyncio.Task[None]],
) -> None:
    """Each of the hundred has one upload stored, and meanwhile the other user not more than two beyond the places that
    were held before the hundred came."""
    intake, order = Intake(PLACES), list[Sender]()
    greedy = [Sender(bytes(MIB), bytes(MIB)) for _ in range(500)]
    tasks += [asyncio.create_task(sender.upload(intake, "greedy", order)) for sender in greedy]
    await turn_over()
    begun = intake.places.held_by("greedy")
    others = [Sender(bytes(MIB), bytes(MIB)) for _ in range(100)]
    tasks += [asyncio.create_task(sender.upload(intake, f"user{n}", order)) for n, sender in enumerate(others)]
    for sender in (*greedy, *others):
        sender.next(2)
    await asyncio.gather(*tasks[500:])
    own = set(others)
    last = max(position for position, sender in enumerate(order) if sender in own)
    pieces = Counter(sender in own for sender in order[: last + 1])
    assert pieces[True] == 2 * len(others)
    assert pieces[False] <= 2 * (begun + 2), "equal would be one upload, as each of the others has had"


@pytest.fixture
def stuck(tmp_path: Path) -> Iterator[RunningServer]:
    """A server with four places, whose commits of uploads wait for the file `data.go`."""
    bounds = Bounds(requests=RequestBounds(upload_places=4))
    server = RunningServer(tmp_path / "data", bounds, commits_wait_for_a_sign)
    server.start()
    yield server
    (tmp_path / "data.go").touch()
    assert server.stop() == 0
    assert "Traceback" not in server.log_text()


def test_calls_are_answered_while_uploads_hold_all_places_and_more_wait(stuck: RunningServer, tmp_path: Path) -> None:
    body, count = b"b" * 300_000, 30
    with ExitStack() as stack:
        ann, bob = (stack.enter_context(stuck.client(name)) for name in ("ann", "bob"))
        ann.put("/data/set/k", content=b"v" * 1000).raise_for_status()
        uploads = []
        for number in range(count):
            connection = stack.enter_context(stuck.connect())
            url = ann.get(f"/tmp/new_resumable_url/{number}").text
            connection.sendall(put_head(url, f"Content-Length: {len(body)}") + body)
            uploads.append(connection)
        wait_until((tmp_path / "data.committing").exists, "an upload at its commit")
        for client in (ann, bob):
            assert client.get("/data/list").status_code == 200
            assert client.head("/data/get/k").status_code == (200 if client is ann else 404)
            for size_bytes in (10, 100_000, 250_000):
                assert client.put("/data/set/small", content=bytes(size_bytes)).status_code == 200
                assert len(client.get("/data/get/small").content) == size_bytes
            assert client.get("/data/new_resumable_url/next").status_code == 200
            assert client.delete("/data/small").status_code == 200
        assert ann.get("/tmp/list").json() == [], "no upload was stored before those calls"
        (tmp_path / "data.go").touch()
        assert [read_answer(connection)[0] for connection in uploads] == [200] * count


def test_an_upload_that_finds_no_place_is_told_when_to_come_again(tmp_path: Path) -> None:
    go = tmp_path / "data.go"
    bounds = Bounds(requests=RequestBounds(upload_places=1, upload_patience_s=0.2))
    server = RunningServer(tmp_path / "data", bounds, commits_wait_for_a_sign)
    server.start()
    try:
        with server.client() as ann, server.connect() as first:
            urls = [ann.get(f"/data/new_resumable_url/{number}").text for number in range(2)]
            first.sendall(put_head(urls[0], "Content-Length: 3") + b"abc")
            wait_until((tmp_path / "data.committing").exists, "the first upload at its commit")
            refused = httpx.put(urls[1], content=b"def", trust_env=False)
            assert refused.status_code == 503 and "your own requests hold all places for uploads" in refused.text
            go.touch()
            assert read_answer(first)[0] == 200
            assert httpx.put(urls[1], content=b"def", trust_env=False).status_code == 200
            assert ann.get("/data/get/1").content == b"def"
    finally:
        go.touch()
        assert server.stop() == 0
