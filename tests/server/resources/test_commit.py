"""A retry that comes while the first upload is still being stored: it waits, its body is taken, it gets the answer."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from storage_tui.server.app import RequestBounds
from storage_tui.server.http.body import Body, ClientGoneError
from storage_tui.server.resources.upload.gate import GateBounds, SupersededError, UploadGate
from storage_tui.server.run.serve import Bounds
from tests.server.preludes import commits_wait_for_a_sign
from tests.server.running import RunningServer, put_head, read_answer

BODY = b"b" * 20_000_000  # more than the kernel takes in for a server that does not read


class Slow:
    """A server whose commits wait for a sign."""

    def __init__(self, tmp_path: Path, commit_s: float) -> None:
        bounds = Bounds(requests=RequestBounds(gate=GateBounds(patience_s=0.2, commit_s=commit_s)))
        self.server = RunningServer(tmp_path / "data", bounds, commits_wait_for_a_sign)
        self.go = tmp_path / "data.go"
        self.committing = tmp_path / "data.committing"
        self.answers: list[httpx.Response] = []

    def begin(self, url: str, **headers: str) -> threading.Thread:
        """Upload from a thread, until the commit is under way."""

        def put() -> None:
            self.answers.append(httpx.put(url, content=BODY, headers=headers, trust_env=False, timeout=60))

        thread = threading.Thread(target=put)
        thread.start()
        while not self.committing.exists():
            assert thread.is_alive()
        return thread

    def repeat(self, url: str) -> socket.socket:
        """Send it all again; returns once every byte was taken."""
        connection = self.server.connect()
        connection.sendall(put_head(url, f"Content-Length: {len(BODY)}") + BODY)
        return connection


@pytest.fixture
def slow(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Slow]:
    slow = Slow(tmp_path, getattr(request, "param", 25.0))
    slow.server.start()
    yield slow
    slow.go.touch()
    assert slow.server.stop() == 0


def test_a_repeat_during_the_commit_gets_the_same_object(slow: Slow) -> None:
    with slow.server.client() as ann:
        url = ann.get("/data/new_resumable_url/twice").text
        first = slow.begin(url)
        with slow.repeat(url) as second:
            slow.go.touch()
            status, _, content = read_answer(second)
        first.join()
        assert status == slow.answers[0].status_code == 200
        assert content == slow.answers[0].content
        assert ann.get("/data/get/twice").content == BODY


def test_a_repeat_of_a_commit_that_fails_is_asked_to_come_again(slow: Slow) -> None:
    with slow.server.client() as ann:
        url = ann.get("/data/new_resumable_url/failed").text
        first = slow.begin(url, **{"x-goog-hash": "crc32c=AAAAAA=="})
        with slow.repeat(url) as second:
            slow.go.touch()
            status, headers, _ = read_answer(second)
        first.join()
        assert slow.answers[0].status_code == 400
        assert (status, headers.get("retry-after")) == (503, None)
        assert httpx.put(url, content=BODY, trust_env=False, timeout=30).status_code == 200
        assert ann.get("/data/get/failed").content == BODY


@pytest.mark.parametrize("slow", [0.5], indirect=True)
def test_a_commit_that_takes_too_long_is_told_before_the_client_gives_up(slow: Slow) -> None:
    with slow.server.client() as ann:
        url = ann.get("/data/new_resumable_url/long").text
        first = slow.begin(url)
        with slow.repeat(url) as second:
            status, headers, _ = read_answer(second)
        assert (status, headers.get("retry-after")) == (503, None)
        slow.go.touch()
        first.join()
        assert slow.answers[0].status_code == 200
        assert ann.get("/data/get/long").content == BODY


async def test_a_request_that_came_before_the_one_under_way_does_not_take_over() -> None:
    """Threads look sessions up, so requests may get to the gate in another order than they came in."""

    async def nothing() -> dict[str, object]:
        raise AssertionError("nothing is read here")

    turns = UploadGate(GateBounds(lost_s=0.05))
    earlier, later = (Body(nothing, size_bytes=10, has_more=True) for _ in range(2))
    async with turns.turn("upload", later):
        with pytest.raises(SupersededError):
            async with turns.turn("upload", earlier):
                pass
        assert later._interruption is None


@pytest.mark.parametrize("is_cancelled", [False, True])
async def test_a_request_has_its_turn_when_the_later_one_is_left_of_a_cut_connection(is_cancelled: bool) -> None:
    """The server may take the connection that was cut after the one that continues the upload."""
    gone = asyncio.Event()

    async def lost() -> dict[str, object]:
        await gone.wait()
        return {"type": "http.disconnect"}

    turns = UploadGate()
    earlier, later = (Body(lost, size_bytes=10, has_more=True) for _ in range(2))
    entered = asyncio.Event()

    async def receive_in_vain() -> None:
        async with turns.turn("upload", later):
            entered.set()
            await later.discard()

    async def go_on() -> bool:
        async with turns.turn("upload", earlier):
            return True

    receiving = asyncio.ensure_future(receive_in_vain())
    await entered.wait()
    going_on = asyncio.ensure_future(go_on())
    await asyncio.sleep(0)
    receiving.cancel() if is_cancelled else gone.set()
    assert await going_on
    with pytest.raises(asyncio.CancelledError if is_cancelled else ClientGoneError):
        await receiving


async def test_a_request_that_has_received_all_is_not_interrupted() -> None:
    """Such as one that asks for the status while the server takes what is left of the connection that was cut."""

    async def nothing() -> dict[str, object]:
        return {"type": "http.disconnect"}

    turns = UploadGate()
    asking, later = Body(nothing, size_bytes=0, has_more=False), Body(nothing, size_bytes=10, has_more=True)

    async def receive_in_vain() -> None:
        async with turns.turn("upload", later):
            await later.discard()

    async with turns.turn("upload", asking):
        receiving = asyncio.ensure_future(receive_in_vain())
        await asyncio.sleep(0)
        assert asking._interruption is None
    with pytest.raises(ClientGoneError):
        await receiving
