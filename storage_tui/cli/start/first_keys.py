"""The keys of the first look: steps of the cursor are obeyed while the program is loaded, in a thread.

Any other key, and all that is typed after it, waits for the browser. This file loads next to nothing, as the first look
does.
"""

import _thread  # the C part of the module threading, which loads faster
import os
from select import select

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

STEPS = {b"j": 1, b"\x1b[B": 1, b"\x1bOB": 1, b"k": -1, b"\x1b[A": -1, b"\x1bOA": -1}
"""The bytes of the keys `j`, `k` and the arrows, in both modes of a terminal, and the rows that each moves."""
READ_BYTES = 4096


class FirstKeys:
    """Reads a keyboard until another key than a step comes, or until `stop`."""

    def __init__(self, keyboard: int, move: "Callable[[int], None]") -> None:
        """`move` moves the cursor by rows; the thread calls it."""
        self.typed = b""  # what was read and is for the browser
        self._keyboard = keyboard
        self._move = move
        self._ended = _thread.allocate_lock()
        self._wake: tuple[int, int] | None = None

    def start(self) -> None:
        """Begin to read."""
        self._wake = os.pipe()
        self._ended.acquire()
        _thread.start_new_thread(self._read, (self._wake[0],))

    def stop(self) -> None:
        """Read no more; `typed` is complete after this. Later calls do nothing."""
        if self._wake is not None:
            os.write(self._wake[1], b".")
            self._ended.acquire()
            for end in self._wake:
                os.close(end)
            self._wake = None

    def _read(self, wake: int) -> None:
        try:
            while not self.typed:
                ready, _, _ = select([self._keyboard, wake], [], [])
                content = b"" if wake in ready else os.read(self._keyboard, READ_BYTES)
                if not content:
                    break
                self.typed = self._obey(content)
        except OSError:  # the terminal has hung up, which the program will notice
            pass
        finally:
            self._ended.release()

    def _obey(self, typed: bytes) -> bytes:
        """Move the cursor for each step at the start; return the rest."""
        while True:
            key = next((key for key in STEPS if typed.startswith(key)), None)
            if key is None:
                return typed
            self._move(STEPS[key])
            typed = typed[len(key) :]
