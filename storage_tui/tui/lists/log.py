"""The log: results and errors with their causes, newest first."""

from textual.content import Content

from storage_tui.contract.counts import plural
from storage_tui.contract.visible import visible
from storage_tui.tui.lists.lines_screen import LinesScreen
from storage_tui.tui.state.messages import MessageLog
from storage_tui.tui.widgets.text_lines import Line

TIME_CELLS = 9  # the time of a message and a space


class LogScreen(LinesScreen):
    """Shows the messages of the session, and marks the errors as seen."""

    def __init__(self, log: MessageLog) -> None:
        super().__init__(indent=TIME_CELLS)
        self._log = log

    def on_mount(self) -> None:
        """Show the messages, and count them as seen."""
        self._log.mark_seen()
        self.show(self._title(), self._lines())

    def _title(self) -> Content:
        errors = sum(message.level == "error" for message in self._log.messages)
        counts = f"  {plural(len(self._log.messages), 'message')}, {plural(errors, 'error')}, newest first"
        return Content.assemble((" Log", "bold $accent"), (counts, "$text-muted"))

    def _lines(self) -> list[Line]:
        """Return a line for each message, and one for each cause."""
        lines: list[Line] = []
        for message in reversed(self._log.messages):
            role = {"error": "bad", "refusal": "warn"}.get(message.level, "")
            lines.append([(f"{message.at.astimezone():%H:%M:%S} ", "dim"), (visible(message.text), role)])
            lines += [
                [(f"{'':>{TIME_CELLS}}{cause_word(number)} ", "dim"), (visible(text), "dim")]
                for number, text in enumerate(message.causes)
            ]
        return lines or [[("Nothing has happened yet.", "dim")]]


def cause_word(number: int) -> str:
    """Return the words before a cause of an error."""
    return "is" if number == 0 else "because of"
