"""Sending an answer: in pieces where it is large, at a least rate; and what a request holds until then."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest

from storage_tui.contract.errors import UnavailableError
from storage_tui.server.http.body import Message
from storage_tui.server.http.delivery import PIECE_BYTES, CutError, deliver
from storage_tui.server.http.request import Request
from storage_tui.server.http.responses import Response
from storage_tui.server.limits.budget import Budget, MemoryBounds
from storage_tui.server.limits.pace import RATE_WINDOW_S
from storage_tui.server.limits.parsing import Parsing


@dataclass
class Reader:
    """A client that takes so many seconds for a piece, on a clock of its own."""

    seconds: float = 0.0
    now: float = 0.0
    messages: list[dict[str, Any]] = field(default_factory=list)

    def monotonic(self) -> float:
        return self.now

    async def send(self, message: dict[str, Any] | Message) -> None:
        self.now += self.seconds
        self.messages.append(dict(message))

    @property
    def content(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.messages)


async def never() -> Message:
    """The receive of a client that stays."""
    await asyncio.Event().wait()
    raise AssertionError


async def answer(response: Response, reader: Reader, *, is_head: bool = False) -> None:
    scope = {"method": "GET", "http_version": "1.1", "headers": [(b"host", b"h")]}
    async with AsyncExitStack() as stack:
        request = Request(scope, never, stack, request_id="1", budget=Budget(), parsing=Parsing())
        await deliver(response, request, reader.send, is_head=is_head, clock=reader.monotonic)


async def test_a_large_answer_goes_out_in_pieces_that_its_reader_is_waited_for() -> None:
    content, reader = bytes(range(256)) * 1024, Reader()
    await answer(Response(200, {}, content), reader)
    assert reader.content == content
    assert max(len(message.get("body", b"")) for message in reader.messages) == PIECE_BYTES
    start, last = reader.messages[0], reader.messages[-1]
    assert (b"content-length", str(len(content)).encode()) in start["headers"] and not last["more_body"]


async def test_a_small_answer_is_one_piece_and_a_head_none() -> None:
    for is_head, content in ((False, b"small"), (True, b"")):
        reader = Reader()
        await answer(Response(200, {}, b"small"), reader, is_head=is_head)
        assert (len(reader.messages), reader.content) == (2, content)


async def test_a_request_that_waits_for_memory_ends_when_it_is_interrupted() -> None:
    scope = {"method": "PUT", "http_version": "1.1", "headers": [(b"host", b"h"), (b"content-length", b"5")]}
    budget = Budget(MemoryBounds(transfer_bytes=100_000))
    async with AsyncExitStack() as stack:
        request = Request(scope, never, stack, request_id="1", budget=budget, parsing=Parsing())
        await request.hold(budget.transfers, 80_000)
        waiting = asyncio.create_task(request.hold(budget.transfers, 20_000))
        await asyncio.sleep(0)
        request.body.interrupt(UnavailableError("the server is stopping"))
        with pytest.raises(UnavailableError, match="stopping"):
            await waiting
        with pytest.raises(UnavailableError, match="stopping"):
            await request.hold(budget.transfers, 20_000)
        assert budget.transfers.free == 20_000
    assert budget.transfers.free == 100_000


async def drops() -> Any:
    for _ in range(1000):
        yield b"x" * 100


async def test_a_reader_below_the_least_rate_is_cut_off() -> None:
    reader = Reader(seconds=10.0)
    with pytest.raises(CutError, match="too slowly"):
        await answer(Response(200, {}, stream=drops()), reader)
    assert reader.now == RATE_WINDOW_S


async def test_time_that_the_store_takes_is_not_the_reader_s() -> None:
    reader = Reader()

    async def slow_store() -> Any:
        for _ in range(50):
            reader.now += 100.0
            yield b"x" * 100

    await answer(Response(200, {}, stream=slow_store()), reader)
    assert len(reader.content) == 5000
