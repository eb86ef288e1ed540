"""Work in the background of a screen, for objects that are not widgets."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from textual.dom import DOMNode
from textual.screen import Screen
from textual.worker import Worker

from storage_tui.client.control import TransferControl

T = TypeVar("T")

Work = Callable[[], Coroutine[Any, Any, None]]
"""Begins the work. A function, not a coroutine: a coroutine that is cancelled before it begins is never awaited."""


def run(node: DOMNode, work: Work, *, group: str, exclusive: bool = False) -> Worker[None]:
    """Run work that ends with its node; with `exclusive` the node's running work in this group ends first."""
    worker: Worker[None] = node.run_worker(work, group=group, exclusive=exclusive)
    return worker


def end_workers(screen: Screen[Any]) -> None:
    """Cancel the workers of a screen and of its widgets, before Textual removes the widgets.

    Textual ends the workers later. A worker that continued in between would look for a widget that is gone.
    """
    for worker in list(screen.workers):
        if screen in worker.node.ancestors_with_self:
            worker.cancel()


async def in_thread(control: TransferControl, work: Callable[[], T]) -> T:
    """Run blocking work in a thread. When this task is cancelled, cancel the transfer of the work and wait for its end.

    So no thread goes on with a file that its owner has removed.
    """
    future = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        control.cancel()
        with suppress(Exception, asyncio.CancelledError):
            await future
        raise
