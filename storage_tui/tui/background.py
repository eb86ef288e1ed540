"""Work in the background of a screen, for objects that are no widgets."""

from collections.abc import Callable, Coroutine
from typing import Any

from textual.dom import DOMNode
from textual.screen import Screen
from textual.worker import Worker

Work = Callable[[], Coroutine[Any, Any, None]]
"""Begins the work. A function and not a coroutine: of work that is stopped before it began nothing is left behind."""


def run(node: DOMNode, work: Work, *, group: str, exclusive: bool = False) -> Worker[None]:
    """Run work that ends with its node; with `exclusive` in place of what the node has running in this group."""
    worker: Worker[None] = node.run_worker(work, group=group, exclusive=exclusive)
    return worker


def end_workers(screen: Screen[Any]) -> None:
    """Cancel the workers of a screen and of its widgets, before Textual takes the widgets off.

    Textual ends the workers later. A worker that went on in between would look for a widget that is gone.
    """
    for worker in list(screen.workers):
        if screen in worker.node.ancestors_with_self:
            worker.cancel()
