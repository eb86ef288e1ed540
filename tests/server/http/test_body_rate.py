"""The least rate of a body: drops that beat the idle deadline do not hold a request for ever."""

from dataclasses import dataclass

import pytest

from storage_tui.contract.errors import IncompleteBodyError
from storage_tui.server.http.body import Body, Message
from storage_tui.server.limits.pace import RATE_WINDOW_BYTES, RATE_WINDOW_S


@dataclass
class Sender:
    """A client that sends a piece each so many seconds, on a clock of its own."""

    piece_bytes: int
    every_s: float
    pieces: int
    now: float = 0.0

    def monotonic(self) -> float:
        return self.now

    async def receive(self) -> Message:
        self.now += self.every_s
        self.pieces -= 1
        return {"type": "http.request", "body": b"x" * self.piece_bytes, "more_body": self.pieces > 0}


async def taken(sender: Sender, *, reader_s: float = 0.0) -> int:
    body = Body(sender.receive, size_bytes=None, has_more=True, clock=sender.monotonic)
    async for _ in body.chunks():
        sender.now += reader_s
    return body.received_bytes


async def test_a_dripping_body_is_refused_after_the_first_window() -> None:
    sender = Sender(100, 10.0, 1000)
    with pytest.raises(IncompleteBodyError, match="too slowly"):
        await taken(sender)
    assert sender.now == RATE_WINDOW_S


async def test_each_window_is_looked_at_by_itself() -> None:
    sender = Sender(RATE_WINDOW_BYTES, RATE_WINDOW_S, 1000)
    sizes = iter([10 * RATE_WINDOW_BYTES, 1])

    async def receive() -> Message:
        message = await sender.receive()
        return {**message, "body": b"x" * next(sizes)}

    body = Body(receive, size_bytes=None, has_more=True, clock=sender.monotonic)
    with pytest.raises(IncompleteBodyError, match="too slowly"):
        await body.discard()
    assert sender.now == 2 * RATE_WINDOW_S


async def test_a_slow_and_steady_body_comes_whole() -> None:
    sender = Sender(2048, 1.0, 400)
    assert await taken(sender) == 400 * 2048


async def test_time_in_which_we_do_not_read_is_not_the_sender_s() -> None:
    assert await taken(Sender(100, 0.1, 50), reader_s=100.0) == 5000


async def test_a_short_body_may_end_slowly() -> None:
    assert await taken(Sender(10, 15.0, 4)) == 40
