"""A deadline for work that mostly needs none, because it ends without waiting."""

import asyncio
from collections.abc import Callable, Coroutine, Generator
from functools import partial
from types import coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def within(work: Coroutine[Any, Any, T], seconds: float) -> T:
    """Return the result of the work; raise TimeoutError when it waits for longer than so many seconds.

    The deadline is set when the work waits for the first time: most answers are taken without a wait, and a timer costs
    more than the sending of a small answer.
    """
    try:
        waits_for = work.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    try:
        async with asyncio.timeout(seconds):
            return await _rest(work, waits_for)
    finally:
        work.close()


@coroutine
def _rest(work: Coroutine[Any, Any, T], waits_for: Any) -> Generator[Any, Any, T]:
    """Hand what the work waits for to the event loop, and go on with the work."""
    while True:
        try:
            sent = yield waits_for
        except BaseException as exc:
            go_on: Callable[[], Any] = partial(work.throw, exc)
        else:
            go_on = partial(work.send, sent)
        try:
            waits_for = go_on()
        except StopIteration as stop:
            result: T = stop.value
            return result
