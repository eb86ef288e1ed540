"""The middle of the status line: running work, the last message, unseen errors."""

from datetime import UTC, datetime

from textual.content import Content

from storage_tui.contract.visible import visible
from storage_tui.tui.desk import Desk
from storage_tui.tui.state.listing import Row
from storage_tui.tui.widgets.bar_content import row_content


def notice_content(desk: Desk, row: Row | None, *, in_range: bool = False) -> Content:
    """Return the most important notice for the cursor on `row`; an error stays until it was seen."""
    if desk.working:
        return Content.styled(desk.working, "$accent")
    message = desk.fresh_message
    if message is not None and message.level == "note":
        return Content.styled(visible(message.text), "$success")
    if in_range:
        return Content.styled("marking a range, v ends it", "$warning")
    if message is None:
        message = desk.log.last_unseen
    if message is None:
        return row_content(row, datetime.now(UTC))
    others = desk.log.unseen_errors - 1
    more = f" and {others:,} more" if others > 0 else ""
    return Content.styled(f"{visible(message.text)}{more}  (L shows the log)", "$error")
