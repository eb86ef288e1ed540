"""The choice of the marks for an action that cannot be undone: the marks in sight, or all."""

from collections.abc import Sequence
from typing import Any

from textual.app import App

from storage_tui.tui.state.listing import Row


async def which_rows(
    app: App[Any], question: str, marks: Sequence[Row], shown: Sequence[Row], current: Row | None
) -> list[Row] | None:
    """Return the rows to act on: the marks, or without marks the row under the cursor.

    The question is asked when the list does not show all marks. Return None when the user chose nothing.
    """
    at_cursor = [] if current is None else [current]
    if len(shown) == len(marks):
        return list(marks) or at_cursor
    from storage_tui.tui.dialogs.which_marks import WhichMarksScreen  # loaded on demand, as all rare screens are

    answer = await app.push_screen_wait(WhichMarksScreen(question, marks, shown, at_cursor))
    if answer == "here":
        return list(shown) or at_cursor
    return list(marks) if answer == "all" else None
