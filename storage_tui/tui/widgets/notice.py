"""What the status line says between the marks and the counters: work, the last message, errors nobody has seen."""

from datetime import UTC, datetime

from textual.content import Content

from storage_tui.tui.session import Session
from storage_tui.tui.state.listing import Row
from storage_tui.tui.state.messages import Message
from storage_tui.tui.visible import visible
from storage_tui.tui.widgets.lines import row_content

MESSAGE_TICKS = 40  # a message stays eight seconds


class Notice:
    """The most important thing to say now. `tick` lets messages go after a while; an error stays until it was seen."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._message: Message | None = None
        self._ticks_left = 0

    def show(self, message: Message) -> None:
        """Say this for a while."""
        self._message, self._ticks_left = message, MESSAGE_TICKS

    def tick(self) -> None:
        """A moment has passed."""
        self._ticks_left -= 1
        if self._ticks_left < 0:
            self._message = None

    @property
    def is_error(self) -> bool:
        """Whether an error was said a moment ago."""
        return self._message is not None and self._message.level == "error"

    def content(self, row: Row | None, *, in_range: bool = False) -> Content:
        """What to say with the cursor on `row`."""
        if self._session.working:
            return Content.styled(self._session.working, "$accent")
        if self._message is not None:
            is_error = self._message.level == "error"
            more = "  (L shows the log)" if is_error else ""
            return Content.styled(visible(self._message.text) + more, "$error" if is_error else "$success")
        if in_range:
            return Content.styled("marking a range, v ends it", "$warning")
        unseen = self._session.log.last_unseen
        if unseen is not None:
            count = self._session.log.unseen_errors
            others = f" and {count - 1:,} more" if count > 1 else ""
            return Content.styled(f"{visible(unseen.text)}{others}  (L shows the log)", "$error")
        return row_content(row, datetime.now(UTC))
