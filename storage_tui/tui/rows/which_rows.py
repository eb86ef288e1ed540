"""Which of the marks an action is about that does what one may not want done: those that one sees, or all of them."""

from collections.abc import Sequence
from typing import Any

from textual.app import App

from storage_tui.tui.state.listing import Row


async def which_rows(
    app: App[Any], question: str, marks: Sequence[Row], shown: Sequence[Row], current: Row | None
) -> list[Row] | None:
    """The rows to act on: the marks, without any the row under the cursor. Asks the question when the list does not
    show them all; None when that was left without an answer."""
    at_cursor = [] if current is None else [current]
    if len(shown) == len(marks):
        return list(marks) or at_cursor
    from storage_tui.tui.screens.which_marks import WhichMarksScreen  # loaded when wanted, as all that is seldom seen

    answer = await app.push_screen_wait(WhichMarksScreen(question, marks, shown, at_cursor))
    if answer == "here":
        return list(shown) or at_cursor
    return list(marks) if answer == "all" else None
