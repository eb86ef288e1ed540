"""A screen whose keys come from the command table, chords included."""

from typing import ClassVar, TypeVar

from textual import events
from textual.screen import Screen
from textual.widgets import Input

from storage_tui.tui.commands import Command, Context, Keymap

ResultT = TypeVar("ResultT")
PAST_FIELDS = ("escape", "up", "down")  # of no use in a one-row field, so they work on the list while one types


class CommandScreen(Screen[ResultT]):
    """Feeds every key that no widget took to the keymap of its contexts and runs the action of the command."""

    CONTEXTS: ClassVar[tuple[Context, ...]] = ("lines",)
    AUTO_FOCUS = "*"

    def __init__(self) -> None:
        super().__init__()
        self.keymap = Keymap(*self.CONTEXTS)

    async def on_key(self, event: events.Key) -> None:
        """Run the command of this key; text fields keep theirs."""
        if isinstance(self.focused, Input) and event.key not in PAST_FIELDS:
            return
        was_pending = self.keymap.pending
        is_sign = event.is_printable and event.character not in (None, " ")
        command = self.keymap.feed(event.character if is_sign and event.character else event.key)
        if command is not None or self.keymap.pending or was_pending:
            event.stop()
            event.prevent_default()
            self.chord_changed()
        if command is not None:
            await self.run_command(command)

    async def run_command(self, command: Command) -> None:
        """Do what the command says."""
        await self.run_action(command.action)

    def chord_changed(self) -> None:
        """A chord has begun or ended: show what may follow, or no longer."""
