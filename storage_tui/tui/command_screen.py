"""A screen whose keys come from the command table, chords included."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from inspect import isawaitable
from time import monotonic
from typing import Any, ClassVar, TypeVar

from textual import events
from textual.content import Content
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Input

from storage_tui.tui.background import end_workers
from storage_tui.tui.commands import MOVE, SIDES, Command, Context, Keymap
from storage_tui.tui.habits import words_without_command
from storage_tui.tui.terminal.compositor import RowCompositor
from storage_tui.tui.terminal.textual_private import active, has_changes, is_leaving, paint, sender_of, use_compositor
from storage_tui.tui.widgets.bar import Bar
from storage_tui.tui.widgets.bar_content import chord_content, footer_content
from storage_tui.tui.widgets.filter_line import FilterField
from storage_tui.tui.widgets.line_view import LineView

ResultT = TypeVar("ResultT")
Action = Callable[[], object]

KEY_S = 0.1  # a paint this soon after a key is the answer to that key
PAINT_S = 0.004  # keys that pile up are painted together
TYPING = " Type words   Enter  to the lines found   ↑ ↓  move   Esc  back"
REMARK_S = 4.0  # a remark stays this long in place of the keys
PAST_FIELDS = ("escape", "up", "down", "ctrl+t")  # of no use in a one-row field: they work on the list meanwhile


class CommandScreen(Screen[ResultT]):
    """A screen that feeds each key that no widget took to the keymap of its context, and carries out the command.

    The method `action_<id>` of the first of `targets` that has the method carries out a command: the screen itself,
    then plain objects that the screen owns. The screen yields `footer` where its keys are shown.
    """

    CONTEXT: ClassVar[Context] = "lines"
    AUTO_FOCUS = "*"

    def __init__(self) -> None:
        super().__init__()
        self.keymap = Keymap(self.CONTEXT)
        self.footer = Bar(id="footer")
        self.footer_first: Mapping[str, str] = {}  # what the footer shows first, see footer_content
        self.actions: Mapping[str, Action] = {}  # by the id of the command
        use_compositor(self, RowCompositor())
        self._key_at = self._painted_at = 0.0
        self._remark_ends: Timer | None = None

    @property
    def context(self) -> Context:
        """The context of the keys now: a screen with two sides has one for each."""
        return self.keymap.context

    def use_context(self, context: Context) -> None:
        """Take the keys of another context; `targets` returns the objects that carry its commands out."""
        self.keymap = Keymap(context)
        self.bind_commands()
        self.say_footer()

    @property
    def has_lines(self) -> bool:
        """Whether the one-row lines exist.

        They do not exist before the screen is composed, nor during its removal, when running reads are cancelled.
        """
        return self.is_mounted and self.footer.is_attached

    @property
    def is_arriving(self) -> bool:
        """Whether the rows are expected at any moment: typed keys wait for the rows."""
        return False

    def targets(self) -> tuple[object, ...]:
        """Return the objects that carry out commands; the first one with the method is used."""
        return (self,)

    def say_cursor(self) -> None:
        """Update the lines about the row under the cursor, before the cursor is painted there."""

    def on_mount(self) -> None:
        """Find the method of each command."""
        self.bind_commands()

    def bind_commands(self) -> None:
        """Find the method of each command; call this again when `targets` returns other objects."""
        self.actions = find_actions(self.keymap.commands, self.targets())

    def on_resize(self) -> None:
        """Show as many keys as fit."""
        self.say_footer()

    def say_footer(self) -> None:
        """Show the keys of this screen, or the keys that may follow the first key of a chord."""
        if isinstance(self.focused, FilterField):
            self.footer.say(Content.styled(TYPING, "$text-muted"))
        elif self.keymap.pending:
            self.footer.say(chord_content(self.keymap.pending, self.keymap.hints(), width=self.size.width))
        else:
            self.footer.say(footer_content(
                self.context, width=self.size.width, first=self.footer_first, is_read_only=_refusal(self) is not None
            ))  # fmt: skip

    def on_descendant_focus(self) -> None:
        """Show what the keys do now: a field takes letters as text."""
        self.say_footer()

    def remark(self, text: str) -> None:
        """Show for some seconds why a key has done nothing: in place of the keys, where a screen has no better line."""
        if self._remark_ends is not None:
            self._remark_ends.stop()
        self._remark_ends = self.set_timer(REMARK_S, self.say_footer)
        self.footer.say(Content.styled(f" {text}", "$warning"))

    def _forward_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key):
            self._key_at = monotonic()  # also of the keys that a field keeps to itself
        super()._forward_event(event)

    async def on_key(self, event: events.Key) -> None:
        """Run the command of this key; a text field keeps its own keys."""
        if is_leaving(self.app):
            return  # a command would have no screen to work on
        self._key_at = monotonic()
        field = self.focused
        if isinstance(field, Input) and event.key not in PAST_FIELDS:
            if isinstance(sender_of(event), LineView):
                await self._type_into(field, event)
            return
        was_pending = self.keymap.pending
        command = self.keymap.feed(_name(event))
        if command is not None or self.keymap.pending or was_pending:
            event.stop()
            event.prevent_default()
        if self.keymap.pending != was_pending:
            self.say_footer()
        if command is not None:
            await self.run_command(command)
        elif not self.keymap.pending and not (was_pending and event.key == "escape"):  # Esc leaves a chord
            self.remark(words_without_command(self.keymap, was_pending, _name(event)))

    async def _type_into(self, field: Input, event: events.Key) -> None:
        """Put a key into the field that opened while the key was on its way to the rows."""
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
        """Carry out a command, unless it would change a place that is open read only."""
        if _is_refused(self, command):
            return
        done = self.actions[command.id]()
        if isawaitable(done):
            await done

    def take_key(self, event: events.Key) -> bool:
        """Move the cursor and paint, at once; return false for any other key, or when earlier input must come first."""
        view = self.focused
        if not isinstance(view, LineView) or self.keymap.pending or self.message_queue_size or view.message_queue_size:
            return False
        command = self.keymap.at_once(_name(event))
        if command is None or command.group != MOVE or command.id not in self.actions:
            return False
        with active(self):
            self.actions[command.id]()
            self.say_cursor()
            self._key_at = self._painted_at = monotonic()
            paint(self)
        return True

    def action_suspend(self) -> None:
        """Go to the shell that started this program, until the shell brings the program back."""
        self.app.action_suspend_process()  # returns when the shell has brought it back
        self.app.refresh(repaint=True)

    async def _on_idle(self, event: events.Idle) -> None:
        """Paint the changes of a key now; Textual's clock would wait up to a sixtieth of a second."""
        now = monotonic()
        if has_changes(self) and now - self._key_at < KEY_S and now - self._painted_at > PAINT_S:
            self._painted_at = now
            paint(self)

    async def _message_loop_exit(self) -> None:
        end_workers(self)
        await super()._message_loop_exit()


def _is_refused(screen: CommandScreen[Any], command: Command) -> bool:
    """Return whether the place takes no changes and the command would make one; then say so, in the log too."""
    refusal = _refusal(screen)
    if refusal is None or not command.changes_store(screen.context):
        return False
    desk: Any = getattr(screen.app, "desk", None)
    desk.refuse(refusal)
    if screen.context not in SIDES:  # the main screen has a line for what the desk says
        screen.remark(refusal)
    return True


def _refusal(screen: CommandScreen[Any]) -> str | None:
    """Return why the open place takes no changes; None where it takes them."""
    desk = getattr(screen.app, "desk", None)
    return None if desk is None else desk.refusal


def find_actions(commands: Iterable[Command], targets: tuple[object, ...]) -> dict[str, Action]:
    """Return the method of the first target that has it, for each command; a missing method is a defect."""
    found: dict[str, Action] = {}
    for command in commands:
        target = next((target for target in targets if _has(target, command.action)), None)
        if target is None:
            names = ", ".join(type(target).__name__ for target in targets)
            raise TypeError(f"no {command.action} in {names}")
        action: Callable[..., object] = getattr(target, command.action)
        found[command.id] = partial(action, command.storage_type) if command.storage_type else action
    return found


def _has(target: object, action: str) -> bool:
    """Return whether a target has the method; methods that Textual gives every widget do not count.

    Such a method is `action_page_down`.
    """
    owner = next((part for part in type(target).__mro__ if action in vars(part)), None)
    return owner is not None and owner.__module__.partition(".")[0] != "textual"


def _name(event: events.Key) -> str:
    """Return the name of the key in the command table."""
    is_sign = event.is_printable and event.character not in (None, " ")
    return event.character if is_sign and event.character else event.key
