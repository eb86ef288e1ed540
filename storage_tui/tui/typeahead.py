"""Keys typed ahead: each key goes to the screen that the key before it left on top.

Over a slow link keys come in bunches. Textual gives a whole bunch to the screen of that moment. A screen that a key
opens appears some turns of the event loop later, so keys for a dialog would become commands of the list below it.
The rows of a place that a key opens come later too, and Enter or D on a list without rows would do nothing.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from textual import events
from textual.app import App
from textual.dom import DOMNode
from textual.screen import Screen
from textual.worker import Worker

from storage_tui.tui.command_screen import CommandScreen
from storage_tui.tui.desk import JOB
from storage_tui.tui.dialogs.dialog import Dialog
from storage_tui.tui.terminal.driver import Typed
from storage_tui.tui.terminal.textual_private import is_leaving
from storage_tui.tui.widgets.line_view import LineView

ROUNDS = 3  # through the queues on a key's way: of the key, of what the key sent, and of what that sent
LOOK_S = 0.005
OPENING_LOOKS = 100  # for a screen that is about to appear, or a worker that is about to ask
ASKING = frozenset(("ask", "act", "quit", JOB))  # groups of workers
PATIENCE_S = 2.0  # for the handling of one key; the next keys must get past one that hangs


class TypeAhead:
    """Holds typed keys until the key before them is done and the screen or list that it opened, if any, takes keys.

    Keys typed before a question was on the screen do not answer the question: they are dropped.
    """

    def __init__(self, app: App[Any], take_key: Callable[[events.Key], bool]) -> None:
        """`take_key` answers a key at once, and returns whether it did."""
        self._app = app
        self._take_key = take_key
        self._held: deque[Typed] = deque()
        self._number = 0  # of the key in progress
        self._is_waiting = False
        self._stack: list[Screen[Any]] = []
        self._asking: set[Worker[Any]] = set()

    def hand_over(self, typed: Typed) -> None:
        """Pass a key on, or hold it until the keys before it are done."""
        self._held.append(typed)
        if not self._is_waiting:
            self._pass_held()

    @property
    def _is_leaving(self) -> bool:
        """Whether the program ends: keys have no effect any more, and there may be no screen."""
        return is_leaving(self._app) or not self._app.screen_stack

    def _pass_held(self) -> None:
        while self._held and not self._is_waiting:
            if self._is_arriving:
                self._number += 1  # the key before is done
                self._is_waiting = True
                asyncio.get_running_loop().call_later(LOOK_S, self._look_again)
            else:
                self._pass(self._held.popleft())

    def _look_again(self) -> None:
        self._is_waiting = False
        self._pass_held()

    @property
    def _is_arriving(self) -> bool:
        """Whether the rows of the place on the screen are expected at any moment."""
        if self._is_leaving:
            return False
        top = self._app.screen
        return isinstance(top, CommandScreen) and top.is_arriving

    def _pass(self, typed: Typed) -> None:
        if self._is_leaving:
            return
        if isinstance(typed, events.Key) and self._take_key(typed):
            return
        self._number += 1
        self._is_waiting = True
        self._stack = list(self._app.screen_stack)
        self._asking = self._askers()
        self._app.post_message(typed)
        self._app.call_later(self._follow, self._number, ROUNDS)
        asyncio.get_running_loop().call_later(PATIENCE_S, self._go_on, self._number)

    def _follow(self, number: int, rounds: int) -> None:
        """Follow the way of the key: from the focused widget through its parents up to the screen."""
        if self._is_leaving:
            return
        widget, screen = self._app.focused, self._app.screen
        if screen is not self._stack[-1] or not rounds:
            self._settle(number, OPENING_LOOKS)
        else:
            start = screen if widget is None or isinstance(widget, LineView) else widget
            self._climb(start, number, rounds)

    def _climb(self, node: DOMNode, number: int, rounds: int) -> None:
        above = self._app if isinstance(node, Screen) else node.parent
        if above is self._app or not isinstance(above, DOMNode):
            came_through = node.call_later(self._follow, number, rounds - 1)
        else:
            came_through = node.call_later(self._climb, above, number, rounds)
        if not came_through:  # its screen is being removed
            self._settle(number, OPENING_LOOKS)

    def _settle(self, number: int, looks: int) -> None:
        """Wait until an opening screen takes keys, or until a dialog that was answered has opened a place."""
        if number != self._number or self._is_leaving:
            return
        top = self._app.screen
        is_open = top is not self._stack[-1]
        is_opening = top.focused is None if is_open else bool(self._askers() - self._asking)
        is_answered = is_open and top in self._stack and looks > OPENING_LOOKS - ROUNDS and bool(self._askers())
        if (is_opening or is_answered) and looks:
            asyncio.get_running_loop().call_later(LOOK_S, self._settle, number, looks - 1)
            return
        if is_open and top not in self._stack and isinstance(top, Dialog) and top.IS_QUESTION:
            self._held.clear()
        self._go_on(number)

    def _go_on(self, number: int) -> None:
        if number != self._number or not self._is_waiting:
            return
        self._is_waiting = False
        self._pass_held()

    def _askers(self) -> set[Worker[Any]]:
        """Return the workers that may be about to ask something."""
        return {worker for worker in self._app.workers if worker.group in ASKING and not worker.is_finished}
