"""A terminal to run the real program in: a pty on one side, an emulated screen on the other."""

import errno
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

import pyte

KEYS = {
    "enter": "\r", "escape": "\x1b", "tab": "\t", "space": " ", "backspace": "\x7f",
    "up": "\x1b[A", "down": "\x1b[B", "right": "\x1b[C", "left": "\x1b[D",
    "home": "\x1b[H", "end": "\x1b[F", "pageup": "\x1b[5~", "pagedown": "\x1b[6~", "f1": "\x1bOP",
}  # fmt: skip


class Terminal:
    """A program on a pty of `columns` x `rows`. `raw` holds every byte it wrote, `screen` what they draw."""

    def __init__(
        self, command: Sequence[str], *, columns: int = 120, rows: int = 40, environ: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:  # fmt: skip
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self.raw = bytearray()
        self.is_drawing = True  # off, `screen` stays as it is: an emulated screen is slow
        self.on_chunk: Callable[[], object] = lambda: None  # called as bytes have arrived
        self._changed = threading.Condition()
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environ,
            start_new_session=True,
            close_fds=True,
            cwd=cwd,
        )
        os.close(slave)
        self._closing = False
        self._reader = threading.Thread(target=self._read, name="terminal", daemon=True)
        self._reader.start()

    @property
    def descriptor(self) -> int:
        """Our side of the pty."""
        return self._master

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self._closing = True
        self._reader.join()
        if self._master >= 0:
            os.close(self._master)

    def send(self, *keys: str) -> None:
        """Type: a name out of KEYS, or text as it is."""
        for key in keys:
            os.write(self._master, KEYS.get(key, key).encode())

    def text(self) -> str:
        """The screen as lines of text."""
        with self._changed:
            return "\n".join(self.screen.display)

    def wait_for(self, wanted: str | Callable[[str], bool], *, timeout_s: float = 60) -> float:
        """Until the screen shows `wanted`; returns the seconds since the start, or fails with the screen it saw."""
        matches = wanted if callable(wanted) else lambda text: wanted in text
        deadline = time.monotonic() + timeout_s
        with self._changed:
            while not matches("\n".join(self.screen.display)):
                if not self._changed.wait(deadline - time.monotonic()) and time.monotonic() > deadline:
                    raise AssertionError(
                        f"{wanted!r} did not appear in {timeout_s} s:\n" + "\n".join(self.screen.display)
                    )
            return time.perf_counter() - self.started

    def wait_for_exit(self, *, timeout_s: float = 60) -> int:
        """Until the program has ended; returns its exit code."""
        code = self.process.wait(timeout_s)
        self._closing = True
        self._reader.join()
        return code

    def hang_up(self) -> None:
        """Close our side, as a terminal window does; the program gets no signal, as it is not its controlling one."""
        self._closing = True
        self._reader.join()
        os.close(self._master)
        self._master = -1

    def _read(self) -> None:
        while True:
            ready, _, _ = select.select([self._master], [], [], 0.02 if self._closing else 0.5)
            if not ready:
                if self._closing:
                    return
                continue
            try:
                chunk = os.read(self._master, 65536)
            except OSError as exc:
                if exc.errno == errno.EIO:  # Linux: the other side is closed
                    return
                raise
            if not chunk:
                return
            self.on_chunk()
            with self._changed:
                self.raw += chunk
                if self.is_drawing:
                    self._draw(chunk)
                self._changed.notify_all()

    def _draw(self, chunk: bytes) -> None:
        self._stream.feed(chunk)
