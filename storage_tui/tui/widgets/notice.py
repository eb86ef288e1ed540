"""What the status line says between the marks and the counters: work, the last message, errors nobody has seen."""

from datetime import UTC, datetime

from textual.content import Content

from storage_tui.tui.session import Session
from storage_tui.tui.state.listing import Row
from storage_tui.tui.visible import visible
from storage_tui.tui.widgets.lines import row_content


def notice_content(session: Session, row: Row | None, *, in_range: bool = False) -> Content:
    """The most important thing to say with the cursor on `row`; an error stays until it was seen."""
    if session.working:
        return Content.styled(session.working, "$accent")
    message = session.fresh_message
    if message is not None and message.level == "note":
        return Content.styled(visible(message.text), "$success")
    if in_range:
        return Content.styled("marking a range, v ends it", "$warning")
    if message is None:
        message = session.log.last_unseen
    if message is None:
        return row_content(row, datetime.now(UTC))
    others = session.log.unseen_errors - 1
    more = f" and {others:,} more" if others > 0 else ""
    return Content.styled(f"{visible(message.text)}{more}  (L shows the log)", "$error")
