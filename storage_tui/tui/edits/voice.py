"""Where an edit says what happens: the status line of a list, or of the viewer."""

from typing import Protocol

from storage_tui.tui.desk import Desk


class Voice(Protocol):
    """Shows sentences to the user."""

    def say(self, text: str) -> None:
        """Show that something was done."""

    def refuse(self, text: str) -> None:
        """Show why nothing was done."""

    def fail(self, text: str, error: BaseException | None = None) -> None:
        """Show that something failed, and why."""

    def work(self, text: str) -> None:
        """Show running work; "" when the work has ended."""


class DeskVoice:
    """Shows sentences in the status line of the lists."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.say = desk.say
        self.refuse = desk.refuse
        self.fail = desk.fail

    def work(self, text: str) -> None:
        """Show running work; Esc stops the work while a text is shown."""
        self._desk.working = text
        self._desk.front.on_message()
