"""The driver of the terminal: the event loop itself reads keys and writes the screen, so it never waits for a thread.

Textual reads keys in one thread and writes in another; on a busy machine each of the two may wait milliseconds for a
turn. Here a key is handed over in the turn that reads the key, and output is written at once. Output that the terminal
does not accept at once follows later, in order.
"""

import asyncio
import os
import select
from collections.abc import Callable, Iterable
from contextlib import suppress
from contextvars import Context
from time import monotonic
from typing import Any

from textual import constants, events
from textual.app import App
from textual.message import Message

from storage_tui.tui.terminal.input import TerminalInput
from storage_tui.tui.terminal.link import ANSWER, ASK, LEAVE_S, Link
from storage_tui.tui.terminal.textual_private import OpenDriver, fail

STDERR = 2  # where Textual draws
READ_BYTES = 4096
UNSENT_BYTES = 256 * 1024  # a few full screens; past this the program waits for the terminal, which shows nothing new


Typed = events.Key | events.Paste


class TerminalDriver(OpenDriver):
    """Textual's driver without its threads. `take_typed` gets the typed keys, as soon as the program sets it."""

    def __init__(self, app: App[Any], **options: Any) -> None:
        super().__init__(app, **options)
        self.take_typed: Callable[[Typed], None] | None = None
        self._output: int | None = None  # opened again, so that O_NONBLOCK is for this program alone
        self._unsent = bytearray()
        self._input = TerminalInput(debug=self.is_debug)
        self._tick: asyncio.TimerHandle | None = None
        self._link: Link | None = None

    # Keys

    def start_application_mode(self) -> None:
        """Take over the terminal."""
        with suppress(OSError):  # a terminal without a name, as in some containers: Textual's thread writes then
            self._output = os.open(os.ttyname(STDERR), os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
        if self.start():
            typed_early: bytes = vars(self.app).pop(
                "typed_early", b""
            )  # come before the keys that wait in the terminal
            if typed_early:
                Context().run(self.loop.call_soon, self._take, typed_early)
            Context().run(self.loop.add_reader, self.fileno, self._read)  # not in the caller's context

    def run_input_thread(self) -> None:
        """Do nothing: the event loop reads the keys."""

    def disable_input(self) -> None:
        """Read no more keys. An answer on its way is taken first: the next program would get it as typed text."""
        ends = monotonic() + LEAVE_S
        while self._link is not None and self._link.is_busy and (left_s := ends - monotonic()) > 0:
            if not select.select([self.fileno], [], [], left_s)[0]:
                break
            self._read()
        self.loop.remove_reader(self.fileno)
        if self._tick is not None:
            self._tick.cancel()
            self._tick = None
        super().disable_input()

    def _read(self) -> None:
        try:
            content = os.read(self.fileno, READ_BYTES)
        except OSError:
            content = b""
        if not content:  # the terminal has hung up; hang_up.py ends the program
            self.loop.remove_reader(self.fileno)
            return
        self._take(content)

    def _take(self, content: bytes) -> None:
        if self._link is not None and ANSWER in content:
            content = content.replace(ANSWER, b"")
            self._link.answered()
        if content:
            self._hand_over(self._input.feed(content))
        if self._tick is None:
            self._tick = self.loop.call_later(constants.ESCAPE_DELAY, self._end_sequence)

    def _end_sequence(self) -> None:
        """Take an unfinished sequence for the key Esc."""
        self._tick = None
        self._hand_over(self._input.tick())
        if self._input.is_waiting:
            self._tick = self.loop.call_later(constants.ESCAPE_DELAY, self._end_sequence)

    def _hand_over(self, messages: Iterable[Message]) -> None:
        try:
            for message in messages:
                self.process_message(message)
        except Exception as exc:  # the event loop would print the exception over the screen and continue
            fail(self.app, exc)

    def process_message(self, message: Message) -> None:
        """Hand a message to the program. A size that was not requested is left out: the kernel sends the size then."""
        if self.sizes_come_as_keys or not isinstance(message, events.Resize):
            super().process_message(message)

    def send_message(self, message: Message) -> None:
        """Hand a message to the program in this turn of the event loop."""
        if self.take_typed is not None and isinstance(message, events.Key | events.Paste):
            self.take_typed(message)
        else:
            self.app.post_message(message)

    # The screen

    def measure(self, link: Link) -> None:
        """Let a link measure the terminal from now on; the first question is the way there and back alone."""
        if self._output is not None:
            link.asks_after(0, always=True)
            self._write_bytes(self._output, ASK)
            self._link = link

    def write(self, data: str) -> None:
        """Send data now, or after the data that could not be sent yet."""
        if self._output is None:
            super().write(data)
            return
        self._write_bytes(self._output, data.encode("utf-8", "replace"))

    def _write_bytes(self, output: int, content: bytes) -> None:
        if self._link is not None and self._link.asks_after(len(content)):
            content += ASK
        if not self._unsent:
            content = content[self._send(output, content) :]
        if content:
            self._unsent += content
            self.loop.add_writer(output, self._send_on)
            if len(self._unsent) > UNSENT_BYTES:
                self._drain()

    def _send(self, output: int, content: bytes | bytearray) -> int:
        try:
            return os.write(output, content)
        except BlockingIOError:
            return 0
        except OSError:  # the terminal has hung up: nobody reads the output
            return len(content)

    def _send_on(self) -> None:
        if self._output is not None:
            del self._unsent[: self._send(self._output, self._unsent)]
            if not self._unsent:
                self.loop.remove_writer(self._output)

    def _drain(self) -> None:
        """Send all data, however long the terminal takes."""
        with suppress(OSError):
            while self._unsent:
                del self._unsent[: os.write(STDERR, self._unsent)]
        self._unsent.clear()

    def close(self) -> None:
        """Give the terminal back to other programs."""
        if self._output is not None:
            self._drain()
            self.loop.remove_writer(self._output)
            os.close(self._output)
            self._output = None
        super().close()
