"""One child a job: its start, what it asks for and answers, and its end."""

import contextlib
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from storage_tui.contract.sizes import size_text
from storage_tui.previews.decoding import frames, limits
from storage_tui.previews.decoding.ranged_file import MOST_BYTES, RangedFile, RefusedError
from storage_tui.previews.reasons import reason_of

PIPE_BYTES = 1024 * 1024  # read from a pipe at once

ENDED = {"error": "the decoder ended without a result", "is_limit": True}

Told = tuple[dict[str, Any], bytes]
Job = Callable[[dict[str, Any], bytes], Told]


class Reader(NamedTuple):
    """A job that reads the blob itself. `prepare` runs once before the first fork: it imports what the job needs.

    `begin` runs in the child before it is kept from opening files: it opens what a library does not share over a fork.
    """

    decode: Callable[[dict[str, Any], bytes, RangedFile], Told]
    prepare: Callable[[], None]
    begin: Callable[[], None] | None = None


@dataclass
class Child:
    """One running job and the child that decodes it.

    `pipe` has what the child says. `feed` takes the ranges for it, and `pending` those that the pipe did not take yet.
    Two clocks stop the child: one of its work, and one of its waiting for ranges.
    """

    number: int
    pid: int
    pipe: int
    feed: int
    size: int
    output: bytearray = field(default_factory=bytearray)
    pending: bytearray = field(default_factory=bytearray)
    needs: int = 0
    is_waiting: bool = False
    _since: float = field(default_factory=time.monotonic)
    _work_left: float = limits.WALL_SECONDS
    _wait_left: float = limits.NETWORK_SECONDS

    @property
    def seconds_left(self) -> float:
        """The seconds until the clock that runs now stops the child."""
        return self._since + (self._wait_left if self.is_waiting else self._work_left) - time.monotonic()

    def drain(self) -> bool:
        """Read what the child wrote; return whether it has ended."""
        with contextlib.suppress(BlockingIOError):
            if data := os.read(self.pipe, PIPE_BYTES):
                self.output += data
                return False
            return True
        return False

    def take(self) -> Told | None:
        """Return the next frame of the child, None without any; raise ValueError for one that no child of ours sends.

        A child asks for one range at a time, inside the blob, and for no more ranges than MOST_NEEDS.
        """
        frame = frames.take(self.output)
        if frame is None:
            return None
        _, told, payload = frame
        if "need" in told:
            need = told["need"]
            if self.is_waiting or payload or self.output or not isinstance(need, list) or len(need) != 3:
                raise ValueError("no need")
            if not all(type(place) is int for place in need):
                raise ValueError("a need without places")
            start, stop, most = need
            if not 0 <= start < stop <= most <= min(self.size, start + MOST_BYTES):
                raise ValueError("a need outside the blob")
            self.needs += 1
            if self.needs > limits.MOST_NEEDS:
                return {"error": f"asks for more than {limits.MOST_NEEDS:,} ranges", "is_limit": True}, b""
            self._switch(is_waiting=True)
        return told, payload

    def give(self, told: dict[str, Any], part: bytes) -> None:
        """Pass a range to the child that waits for it."""
        if self.is_waiting:
            self._switch(is_waiting=False)
            self.pending += frames.pack(0, told, part)
            self.push()

    def push(self) -> None:
        """Write as much to the child as its pipe takes."""
        with contextlib.suppress(BlockingIOError):
            while self.pending:
                try:
                    del self.pending[: os.write(self.feed, self.pending)]
                except BrokenPipeError:  # the child has ended, which its other pipe says too
                    self.pending.clear()

    def late(self) -> dict[str, Any]:
        """Return the reason of an end by one of the clocks."""
        if self.is_waiting:
            reason = f"the storage took longer than {limits.NETWORK_SECONDS:.0f} s to answer"
        else:
            reason = f"took longer than {limits.WALL_SECONDS:.0f} s to decode"
        return {"error": reason, "is_limit": True}

    def ended(self) -> dict[str, Any]:
        """Return the reason of an end without a result."""
        status = self.kill()
        late = os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL)
        return {"error": f"more than {limits.CPU_SECONDS} s of work", "is_limit": True} if late else ENDED

    def kill(self) -> int:
        """Kill the child, if it still runs, close its pipes and return its status."""
        os.close(self.pipe)
        os.close(self.feed)
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid:
            return status
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        return os.waitpid(self.pid, 0)[1]

    def _switch(self, *, is_waiting: bool) -> None:
        now = time.monotonic()
        if self.is_waiting:
            self._wait_left -= now - self._since
        else:
            self._work_left -= now - self._since
        self.is_waiting, self._since = is_waiting, now


def start(number: int, message: dict[str, Any], content: bytes, job: Job | Reader) -> Child:
    """Fork a child that runs the job, with a file of the blob when the job is a reader."""
    reading, writing = os.pipe()
    taking, feeding = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        os.close(feeding)  # otherwise the child would not see the end of the loop
        _run(_Pipe(writing, taking), message, content, job)
    os.close(writing)
    os.close(taking)
    os.set_blocking(reading, False)
    os.set_blocking(feeding, False)
    return Child(number, pid, reading, feeding, message["size"] if isinstance(job, Reader) else 0)


def _run(pipe: "_Pipe", message: dict[str, Any], content: bytes, job: Job | Reader) -> None:
    """Run one job in the child; never return."""
    try:
        os.close(0)
        os.close(1)
        limits.limit_this_process()
        file = None
        try:
            if isinstance(job, Reader):
                if job.begin is not None:
                    job.begin()
                limits.allow_no_files()
                file = RangedFile(message["size"], message["most_bytes"], pipe.ask, ahead_bytes=message["ahead_bytes"])
                told, pixels = job.decode(message, content, file)
            else:
                told, pixels = job(message, content)
        except MemoryError:
            reason = f"needs more than {size_text(limits.MEMORY_BYTES)} of memory"
            told, pixels = {"error": reason, "is_limit": True}, b""
        except limits.PastLimitError as exc:
            told, pixels = {"error": str(exc), "is_limit": True}, b""
        except Exception as exc:  # the boundary of the child: an error of a decoder is a fact about the picture
            told, pixels = {"error": reason_of(exc)[:200]}, b""
            if file is not None and file.refused:
                told = {"error": file.refused, "is_refused": True}
        pipe.write(frames.pack(0, told, pixels))
    finally:
        os._exit(0)


class _Pipe:
    """The child's ends of its pipes."""

    def __init__(self, writing: int, taking: int) -> None:
        self._writing, self._taking = writing, taking
        self._incoming = bytearray()

    def write(self, frame: bytes) -> None:
        """Write a frame."""
        left = memoryview(frame)
        while left:
            left = left[os.write(self._writing, left) :]

    def ask(self, start: int, stop: int, most: int) -> bytes:
        """Return a range, as `ranged_file.Ask` says."""
        self.write(frames.pack(0, {"need": [start, stop, most]}, b""))
        while (frame := frames.take(self._incoming)) is None:
            data = os.read(self._taking, PIPE_BYTES)
            if not data:
                os._exit(0)  # the loop has ended: nobody waits for the result
            self._incoming += data
        _, told, part = frame
        if not told["part"]:
            raise RefusedError(told["error"])
        return part
