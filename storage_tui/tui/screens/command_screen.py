"""A screen whose keys come from the command table, chords included."""

from time import monotonic
from typing import ClassVar, TypeVar

from textual import events
from textual.screen import Screen
from textual.widgets import Input

from storage_tui.tui.commands import MOVE, Command, Context, Keymap
from storage_tui.tui.leaving import end_workers
from storage_tui.tui.row_compositor import RowCompositor
from storage_tui.tui.widgets.bar import Bar
from storage_tui.tui.widgets.filter_line import FilterField
from storage_tui.tui.widgets.line_view import LineView

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
        self._bars: tuple[Bar, ...] = ()

    @property
    def has_lines(self) -> bool:
        """Whether title, status and keys are there: not before the screen is made, nor while it is taken away, when
        what still reads is told that it is cancelled."""
        if not self._bars or not all(bar.is_attached for bar in self._bars):
            self._bars = tuple(self.query(Bar)) if self.is_mounted else ()
        return len(self._bars) >= LINES

    def _forward_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key):
            self._key_at = monotonic()  # also of those that a field keeps to itself
        super()._forward_event(event)

    async def on_key(self, event: events.Key) -> None:
        """Run the command of this key; text fields keep theirs."""
        if self.app._exit:
            return  # what one would do had no screen to do it on
        self._key_at = monotonic()
        field = self.focused
        if isinstance(field, Input) and event.key not in PAST_FIELDS:
            if isinstance(event._sender, LineView):
                await self._type_into(field, event)
            return
        was_pending = self.keymap.pending
        command = self.keymap.feed(_name(event))
        if command is not None or self.keymap.pending or was_pending:
            event.stop()
            event.prevent_default()
        if self.keymap.pending != was_pending:
            self.chord_changed()
        if command is not None:
            await self.run_command(command)

    async def _type_into(self, field: Input, event: events.Key) -> None:
        """A key that a field would have taken was on its way to the rows when the field opened: it goes there still."""
        if isinstance(field, FilterField) and field.is_held:
            field.hold(event)
        elif event.key == "enter":
            if isinstance(field, FilterField):
                field.is_held = True
            await field.action_submit()
        elif event.is_printable and event.character is not None:
            field.insert_text_at_cursor(event.character)
        event.stop()

    async def run_command(self, command: Command) -> None:
        """Do what the command says."""
        await self.run_action(command.action)

    def take_key(self, event: events.Key) -> bool:
        """Move the cursor and paint, at once and in one go; False for a key that does anything else, or has to wait
        for what came before it."""
        view = self.focused
        if not isinstance(view, LineView) or self.keymap.pending or self.message_queue_size or view.message_queue_size:
            return False
        command = self.keymap.at_once(_name(event))
        if command is None or command.group != MOVE:
            return False
        with self._context():
            getattr(self, f"action_{command.action}")()
            self.say_cursor()
            self._key_at = self._painted_at = monotonic()
            self._on_timer_update()
        return True

    def action_suspend(self) -> None:
        """To the shell that this program was started from, until that brings it back."""
        self.app.action_suspend_process()  # returns when it has been brought back
        self.app.refresh(repaint=True)

    def action_view_suspend(self) -> None:
        """The same, from the viewer."""
        self.action_suspend()

    def action_transfer_suspend(self) -> None:
        """The same, from the transfers."""
        self.action_suspend()

    def say_cursor(self) -> None:
        """What the lines say of the cursor, said before it is painted on another row."""

    async def _on_idle(self, event: events.Idle) -> None:
        """Paint what a key changed now; Textual's clock would wait up to a sixtieth of a second."""
        now = monotonic()
        if self._dirty_widgets and now - self._key_at < KEY_S and now - self._painted_at > PAINT_S:
            self._painted_at = now
            self._on_timer_update()

    async def _message_loop_exit(self) -> None:
        end_workers(self)
        await super()._message_loop_exit()

    def chord_changed(self) -> None:
        """A chord has begun or ended: show what may follow, or no longer."""


def _name(event: events.Key) -> str:
    """The key as the command table writes it."""
    is_sign = event.is_printable and event.character not in (None, " ")
    return event.character if is_sign and event.character else event.key
