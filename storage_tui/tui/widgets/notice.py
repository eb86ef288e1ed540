"""The middle of the status line: running work, the last message, unseen errors."""

from datetime import UTC, datetime

from textual.content import Content

from storage_tui.contract.counts import plural
from storage_tui.contract.visible import visible
from storage_tui.tui.desk import Desk
from storage_tui.tui.state.listing import Row
from storage_tui.tui.widgets.bar_content import row_content


def notice_content(desk: Desk, row: Row | None, *, in_range: bool = False) -> Content:
    """Return the most important notice for the cursor on `row`.

    A message stays for seconds, an error for a minute; then a reminder of unseen errors stays until the user looks at
    the log. Running work hides all but the answers to keys that were pressed since it began.
    """
    if desk.working and not desk.answers_during_work:
        return Content.styled(desk.working, "$accent")
    message = desk.fresh_message
    if message is not None and message.level != "error":
        return Content.styled(visible(message.text), "$success" if message.level == "note" else "$warning")
    if in_range:
        return Content.styled("marking a range, v ends it", "$warning")
    message = desk.error_in_full
    unseen = desk.log.unseen_errors
    if message is not None:
        more = f" and {unseen - 1:,} more" if unseen > 1 else ""
        return Content.styled(f"{visible(message.text)}{more}  (L shows the log)", "$error")
    reminder = Content.styled(f"{plural(unseen, 'error')} (L shows)  ", "$error") if unseen else Content("")
    return Content.assemble(reminder, row_content(row, datetime.now(UTC)))
