"""A deadline that is set only when work waits."""

import asyncio

import pytest

from storage_tui.server.http.deadlines import within


async def test_work_that_does_not_wait_sets_no_timer() -> None:
    loop = asyncio.get_running_loop()
    timers = len(loop._scheduled)  # type: ignore[attr-defined]

    async def work() -> int:
        return len(loop._scheduled) - timers  # type: ignore[attr-defined]

    assert await within(work(), 60.0) == 0


async def test_work_that_waits_ends_as_it_would_by_itself() -> None:
    async def work(end: "asyncio.Future[int]") -> int:
        await asyncio.sleep(0)
        return await end + await asyncio.sleep(0, 1)

    loop = asyncio.get_running_loop()
    good, bad = loop.create_future(), loop.create_future()
    loop.call_soon(good.set_result, 6)
    loop.call_soon(bad.set_exception, ValueError("why"))
    assert await within(work(good), 60.0) == 7
    with pytest.raises(ValueError, match="why"):
        await within(work(bad), 60.0)


async def test_work_that_waits_too_long_is_cancelled_and_cleans_up() -> None:
    ended: list[str] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            ended.append("cleaned up")
            raise

    with pytest.raises(TimeoutError):
        await within(work(), 0.0)
    assert ended == ["cleaned up"]


async def test_a_cancelled_caller_cancels_the_work() -> None:
    begun, ended = asyncio.Event(), list[str]()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("ended")

    waiting = asyncio.ensure_future(within(work(), 60.0))
    await begun.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert ended == ["ended"]
