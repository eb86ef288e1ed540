"""A screen that goes away ends what reads for it first: Textual takes its widgets off, and its workers turns later.

A worker that went on in between would look for a widget that is there no more, which ends the program as a defect.
"""

from typing import Any

from textual.screen import Screen


def end_workers(screen: Screen[Any]) -> None:
    """Cancel the workers of the screen and of its widgets."""
    for worker in list(screen.workers):
        if screen in worker.node.ancestors_with_self:
            worker.cancel()
