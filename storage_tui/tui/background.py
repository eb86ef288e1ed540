"""Work in the background of a screen, for objects that are not widgets."""

from collections.abc import Callable, Coroutine
from typing import Any

from textual.dom import DOMNode
from textual.screen import Screen
from textual.worker import Worker

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
