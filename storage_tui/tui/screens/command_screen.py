"""A screen whose keys come from the command table, chords included."""

from time import monotonic
from typing import ClassVar, TypeVar

from textual import events
from textual.screen import Screen
from textual.widgets import Input

from storage_tui.tui.commands import Command, Context, Keymap
from storage_tui.tui.row_compositor import RowCompositor
from storage_tui.tui.widgets.bar import Bar

ResultT = TypeVar("ResultT")
LINES = 3  # title, status, keys
KEY_S = 0.1  # a paint so soon after a key is its answer
PAINT_S = 0.004  # keys that pile up are painted together
PAST_FIELDS = ("escape", "up", "down")  # of no use in a one-row field, so they work on the list while one types


class CommandScreen(Screen[ResultT]):
    """Feeds every key that no widget took to the keymap of its contexts and runs the action of the command."""

    CONTEXTS: ClassVar[tuple[Context, ...]] = ("lines",)
    AUTO_FOCUS = "*"

    def __init__(self) -> None:
        super().__init__()
        self.keymap = Keymap(*self.CONTEXTS)
        self._compositor = RowCompositor()
        self._key_at = self._painted_at = 0.0

    @property
    def has_lines(self) -> bool:
        """Whether title, status and keys are there: not before the screen is made, nor while it is taken away, when
        what still reads is told that it is cancelled."""
        return self.is_mounted and len(self.query(Bar)) >= LINES

    async def on_key(self, event: events.Key) -> None:
        """Run the command of this key; text fields keep theirs."""
        self._key_at = monotonic()
        if isinstance(self.focused, Input) and event.key not in PAST_FIELDS:
            return
        was_pending = self.keymap.pending
        is_sign = event.is_printable and event.character not in (None, " ")
        command = self.keymap.feed(event.character if is_sign and event.character else event.key)
        if command is not None or self.keymap.pending or was_pending:
            event.stop()
            event.prevent_default()
        if self.keymap.pending != was_pending:
            self.chord_changed()
        if command is not None:
            await self.run_command(command)

    async def run_command(self, command: Command) -> None:
        """Do what the command says."""
        await self.run_action(command.action)

    async def _on_idle(self, event: events.Idle) -> None:
        """Paint what a key changed now; Textual's clock would wait up to a sixtieth of a second."""
        now = monotonic()
        if self._dirty_widgets and now - self._key_at < KEY_S and now - self._painted_at > PAINT_S:
            self._painted_at = now
            self._on_timer_update()

    def chord_changed(self) -> None:
        """A chord has begun or ended: show what may follow, or no longer."""
