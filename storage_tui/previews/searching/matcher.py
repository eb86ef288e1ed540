"""One process that matches lines, as the thread that uses it sees it."""

import contextlib
import os
import selectors
import subprocess
import time
from typing import Any

from storage_tui.machine import interpreters
from storage_tui.previews.base import LimitError
from storage_tui.previews.decoding import frames
from storage_tui.previews.searching.query import Query

STEP_S = 10.0  # the longest work on a few megabytes; common expressions take 0.1 s
START_S = 60.0  # for the start of the process, on a busy machine
READ_BYTES = 1024 * 1024


class StoppedError(Exception):
    """The matcher was closed, by another thread, while it was asked."""


class Matcher:
    """Starts the process at the first question, and again after it was killed. `close` ends it from any thread.

    `step_s` is the longest time in seconds for an answer.
    """

    def __init__(self, query: Query, *, step_s: float = STEP_S) -> None:
        self._query = query
        self._step_s = step_s
        self._program: subprocess.Popen[bytes] | None = None
        self._incoming = bytearray()
        self._is_closed = False

    @property
    def process_id(self) -> int | None:
        """The id of the running process; None without one."""
        return None if self._program is None else self._program.pid

    def begin(self, name: str) -> None:
        """Begin with another blob. Raise LimitError when the process cannot be started."""
        if self._program is None or self._program.poll() is not None:
            self._start()
        self._send({"name": name}, b"")

    def ask(self, message: dict[str, Any], payload: bytes = b"") -> dict[str, Any]:
        """Return the answer. Raise LimitError when the process is too slow or ends, StoppedError after `close`."""
        return self._asked(message, payload, self._step_s)

    def _asked(self, message: dict[str, Any], payload: bytes, longest_s: float) -> dict[str, Any]:
        self._send(message, payload)
        deadline = time.monotonic() + longest_s
        while (frame := frames.take(self._incoming)) is None:
            data = self._read(deadline)
            if not data:
                self.end()
                if self._is_closed:
                    raise StoppedError
                raise LimitError("the process that matches lines has ended; it may need more than 1 GB of memory")
            self._incoming += data
        return frame[1]

    def end(self) -> None:
        """End the process; the next blob starts another."""
        program, self._program = self._program, None
        self._incoming.clear()
        if program is not None:
            program.kill()
            program.wait()
            for pipe in (program.stdin, program.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()

    def close(self) -> None:
        """End the process for good, also while another thread waits for its answer."""
        self._is_closed = True
        program = self._program
        if program is not None:
            program.kill()

    def _start(self) -> None:
        self.end()
        if self._is_closed:
            raise StoppedError
        try:
            self._program = subprocess.Popen(
                interpreters.command("storage_tui.previews.searching"), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, env=interpreters.environment(), start_new_session=True,
            )  # fmt: skip
        except OSError as exc:
            raise LimitError(f"the process that matches lines cannot be started: {exc.strerror}") from exc
        self._asked({"query": self._query.to_json()}, b"", START_S)

    def _send(self, message: dict[str, Any], payload: bytes) -> None:
        program = self._program
        if program is None or program.stdin is None:
            raise StoppedError
        with contextlib.suppress(BrokenPipeError):  # the end of its output says so too
            program.stdin.write(frames.pack(0, message, payload))
            program.stdin.flush()

    def _read(self, deadline: float) -> bytes:
        """Return what the process says next; nothing when it has ended. Raise LimitError at the deadline."""
        program = self._program
        if program is None or program.stdout is None:
            raise StoppedError
        with selectors.DefaultSelector() as selector:
            selector.register(program.stdout, selectors.EVENT_READ)
            if not selector.select(max(0.0, deadline - time.monotonic())):
                self.end()
                raise LimitError(f"the pattern took longer than {self._step_s:.0f} s on a part of it")
            return os.read(program.stdout.fileno(), READ_BYTES)
