"""Every private name of Textual that this program uses.

No other module has such a name, except the methods that our classes override; those have rows here too. Textual may
change a private name in any release. PRIVATE has the home and the shape of each name, and what a user would notice
without the name. A test compares the rows with the installed Textual, and searches the program for other private names.
"""

from asyncio import AbstractEventLoop
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from rich.console import RenderableType
from textual import events
from textual._compositor import ChopsUpdate, Compositor, CompositorUpdate
from textual._xterm_parser import BRACKETED_PASTE_END, BRACKETED_PASTE_START, XTermParser
from textual.app import App
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.filter import LineFilter
from textual.geometry import Region
from textual.message import Message
from textual.message_pump import MessagePump
from textual.screen import Screen
from textual.strip import Strip
from textual.style import Style
from textual.widget import Widget

__all__ = [
    "BRACKETED_PASTE_END",
    "BRACKETED_PASTE_START",
    "PRIVATE",
    "ChopsUpdate",
    "CompositorUpdate",
    "OpenCompositor",
    "OpenDriver",
    "OpenParser",
    "Private",
    "active",
    "add_filter",
    "defect_of",
    "driver_of",
    "drop_filters",
    "end_with_words",
    "fail",
    "forward",
    "has_changes",
    "is_leaving",
    "mark_changed",
    "paint",
    "sender_of",
    "style_parser",
    "use_compositor",
    "write",
]


@dataclass(frozen=True, slots=True)
class Private:
    """One private name. `parameters` are those of a method without `self`; None for an attribute.

    `breaks` is what a user notices without the name. `is_overridden` is true where a class of ours overrides the
    method.
    """

    owner: type
    name: str
    breaks: str
    parameters: tuple[str, ...] | None = None
    is_overridden: bool = False


PRIVATE: tuple[Private, ...] = (
    Private(App, "_driver", "nothing is copied, no picture is in pixels, and each paint sends whole rows"),
    Private(App, "_filters", "a character that a terminal obeys, and that `visible` missed, reaches the terminal"),
    Private(App, "_handle_exception", "a defect while a key is read leaves a program that is stuck", ("error",)),
    Private(App, "_fatal_error", "the report of a defect shows local variables, which may be secrets", (), True),
    Private(App, "_exception", "the report of a defect does not say which"),
    Private(App, "_exit", "keys that come while the program ends look for a screen that is gone"),
    Private(App, "_exit_renderables", "nobody is told where the report of a defect is"),
    Private(MessagePump, "_close_messages_no_wait", "a defect leaves a program that is stuck", ()),
    Private(MessagePump, "_message_loop_exit", "what reads for a screen looks for widgets that are gone", (), True),
    Private(MessagePump, "_context", "no key is answered in the turn that reads it", ()),
    Private(Screen, "_compositor", "a key paints every row between the first and the last that changed"),
    Private(Screen, "_dirty_widgets", "what a key changed is painted with the next tick, or not at all"),
    Private(Screen, "_on_timer_update", "what a key changed is painted up to 16 ms later", ()),
    Private(Screen, "_on_idle", "what a key changed is painted up to 16 ms later", ("event",), True),
    Private(Screen, "_forward_event", "what a field shows of a key is painted up to 16 ms later", ("event",), True),
    Private(Widget, "_forward_event", "a key takes a turn of the event loop for each widget", ("event",), True),
    Private(Widget, "_layout_cache", "a changed line is drawn as it was"),
    Private(Widget, "_set_dirty", "a changed line takes two more turns of the event loop", ("regions",)),
    Private(Widget, "_get_style", "title and status line have no colours", ("style",)),
    Private(Message, "_sender", "keys typed before a field was drawn are commands of the list", None),
    Private(Message, "_set_forwarded", "a key comes twice", ()),
    Private(Compositor, "_dirty_regions", "a key paints every row between the first and the last that changed"),
    Private(Compositor, "_get_renders", "a key draws rows of widgets that did not change", ("crop",)),
    Private(XTermParser, "_timeout_time", "the key Esc waits for the next key"),
    Private(LinuxDriver, "_app", "no key comes"),
    Private(LinuxDriver, "_debug", "no key comes"),
    Private(LinuxDriver, "_loop", "keys are read in a thread of their own, some milliseconds later"),
    Private(LinuxDriver, "_key_thread", "a program in the background takes keys of the shell"),
    Private(LinuxDriver, "_in_band_window_resize", "a screen of another size is laid out twice"),
)
"""The two modules `_compositor` and `_xterm_parser` are private as well; without them the program does not start."""


# The program


def driver_of(app: App[Any]) -> Driver | None:
    """Return the driver, which writes to the terminal; None before the program has one."""
    return app._driver


def write(app: App[Any], text: str) -> None:
    """Write a control sequence to the terminal, if there is one."""
    if app._driver is not None:
        app._driver.write(text)


def add_filter(app: App[Any], line_filter: LineFilter) -> None:
    """Put a filter on everything that is drawn."""
    app._filters.append(line_filter)


def drop_filters(app: App[Any], *kinds: type[LineFilter]) -> None:
    """Drop the filters of these classes from everything that is drawn."""
    app._filters[:] = [line_filter for line_filter in app._filters if not isinstance(line_filter, kinds)]


def active(pump: MessagePump) -> AbstractContextManager[None]:
    """Run a block as if `pump` handled a message in it."""
    return pump._context()


def fail(app: App[Any], error: Exception) -> None:
    """End the program as an exception in a handler does."""
    app._handle_exception(error)


def is_leaving(app: App[Any]) -> bool:
    """Return whether the program ends, and there may be no screen any more."""
    return app._exit


def defect_of(app: App[Any]) -> BaseException | None:
    """Return the exception that ends the program."""
    return app._exception


def end_with_words(app: App[Any], words: RenderableType) -> None:
    """End the program, and print the words after the terminal is as it was before."""
    app._exit_renderables.append(words)
    app._close_messages_no_wait()


# What is painted


def use_compositor(screen: Screen[Any], compositor: Compositor) -> None:
    """Have another compositor compose a screen; call this while the screen is made."""
    screen._compositor = compositor


def has_changes(screen: Screen[Any]) -> bool:
    """Return whether widgets of a screen are waiting to be painted."""
    return bool(screen._dirty_widgets)


def paint(screen: Screen[Any]) -> None:
    """Paint what has changed, in this turn."""
    screen._on_timer_update()


def mark_changed(widget: Widget, *regions: Region) -> None:
    """Have these regions of a widget, or all of it, painted with the next paint of its screen."""
    widget._layout_cache.clear()
    widget._set_dirty(*regions)
    screen = widget.screen
    if screen in screen._compositor:  # otherwise the whole screen is painted soon
        screen._dirty_widgets.add(widget)
        screen.check_idle()


def style_parser(widget: Widget) -> Callable[[str | Style], Style]:
    """Return the function that turns the style names of a Content into styles, in the colours of a widget."""
    return widget._get_style


# Keys


def forward(event: events.Event, sender: Widget) -> None:
    """Send an event to the screen of a widget, past all widgets between."""
    event._set_forwarded()
    event.set_sender(sender)
    sender.screen.post_message(event)


def sender_of(message: Message) -> MessagePump | None:
    """Return the widget that a message came through."""
    return message._sender


# Bases of classes of ours


class OpenCompositor(Compositor):
    """Textual's compositor, with public names for what a subclass needs."""

    def renders(self, crop: Region | None = None) -> Iterable[tuple[Region, Region, list[Strip]]]:
        """Return the rows of each widget, from the front, with the region of the widget and the region in view."""
        return super()._get_renders(crop)

    def _get_renders(self, crop: Region | None = None) -> Iterable[tuple[Region, Region, list[Strip]]]:
        return self.renders(crop)

    @property
    def changed(self) -> set[Region]:
        """The regions that must be painted."""
        return self._dirty_regions


class OpenParser(XTermParser):
    """Textual's parser of what a terminal sends."""

    @property
    def is_waiting(self) -> bool:
        """Whether `tick` may have to end a sequence that has begun."""
        return self._timeout_time is not None


class OpenDriver(LinuxDriver):
    """Textual's driver, with public names for what a subclass needs."""

    @property
    def app(self) -> App[Any]:
        """The program."""
        return self._app

    @property
    def loop(self) -> AbstractEventLoop:
        """The event loop of the program."""
        return self._loop

    @property
    def is_debug(self) -> bool:
        """Whether the parser keeps a log."""
        return self._debug

    @property
    def sizes_come_as_keys(self) -> bool:
        """Whether the terminal was asked to send its size among the keys."""
        return self._in_band_window_resize

    def start(self) -> bool:
        """Take over the terminal; return false when the program is in the background and must not read keys."""
        self._key_thread = None
        super().start_application_mode()  # type: ignore[no-untyped-call]
        return self._key_thread is not None
