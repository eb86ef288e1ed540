"""Work in the background of a screen, for objects that are no widgets."""

from collections.abc import Callable, Coroutine
from typing import Any

from textual.dom import DOMNode
from textual.worker import Worker

Work = Callable[[], Coroutine[Any, Any, None]]
"""Begins the work. A function and not a coroutine: of work that is stopped before it began nothing is left behind."""


def run(node: DOMNode, work: Work, *, group: str, exclusive: bool = False) -> Worker[None]:
    """Run work that ends with its node; with `exclusive` in place of what the node has running in this group."""
    worker: Worker[None] = node.run_worker(work, group=group, exclusive=exclusive)
    return worker
