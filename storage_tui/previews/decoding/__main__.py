"""The loop of the decoding process: the newest job wins, and an older one that still runs is killed.

A frame with a job that is not in JOBS only kills the older job: nobody waits for its result any more.
"""

import contextlib
import gc
import os
import selectors
import signal
import sys
import time
from dataclasses import dataclass, field
from typing import Any

from storage_tui.contract.sizes import size_text
from storage_tui.previews.decoding import frames, limits, pictures, rasters, tables

JOBS = {"picture": pictures.decode, "raster": rasters.decode, "table": tables.decode}
READ_BYTES = 1024 * 1024


@dataclass
class Child:
    """One running job and the child that decodes it."""

    number: int
    pid: int
    pipe: int
    deadline: float
    output: bytearray = field(default_factory=bytearray)


def main() -> None:
    """Take frames from standard input until it ends, and answer each on standard output."""
    pictures.prepare()
    gc.freeze()  # keeps the pages shared with the children
    with selectors.DefaultSelector() as selector:
        selector.register(0, selectors.EVENT_READ)
        incoming = bytearray()
        child: Child | None = None
        while True:
            timeout = None if child is None else max(0.0, child.deadline - time.monotonic())
            ready = {key.fd for key, _ in selector.select(timeout)}
            if child is not None and child.pipe in ready and _drain(child):
                selector.unregister(child.pipe)
                _answer(child.number, *_reap(child))
                child = None
            if child is not None and time.monotonic() >= child.deadline:
                selector.unregister(child.pipe)
                _kill(child)
                _answer(child.number, {"error": f"took longer than {limits.WALL_SECONDS:.0f} s to decode"}, b"")
                child = None
            if 0 not in ready:
                continue
            data = os.read(0, READ_BYTES)
            if not data:
                if child is not None:
                    _kill(child)
                return
            incoming += data
            while (job := _take_frame(incoming)) is not None:
                if child is not None:
                    selector.unregister(child.pipe)
                    _kill(child)
                    _answer(child.number, {"error": frames.SUPERSEDED}, b"")
                    child = None
                if job[1].get("job") in JOBS:
                    child = _start(*job)
                    selector.register(child.pipe, selectors.EVENT_READ)


def _take_frame(incoming: bytearray) -> tuple[int, dict[str, Any], bytes] | None:
    size = frames.HEADER.size
    if len(incoming) < size:
        return None
    header = bytes(incoming[:size])
    stop = size + frames.frame_size(header)
    if len(incoming) < stop:
        return None
    body = bytes(incoming[size:stop])
    del incoming[:stop]
    return frames.unpack(header, body)


def _start(number: int, message: dict[str, Any], payload: bytes) -> Child:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        _run(writing, message, payload)
    os.close(writing)
    os.set_blocking(reading, False)
    return Child(number, pid, reading, time.monotonic() + limits.WALL_SECONDS)


def _run(pipe: int, message: dict[str, Any], payload: bytes) -> None:
    """Run one job in the child; never return."""
    try:
        os.close(0)
        os.close(1)
        limits.limit_this_process()
        try:
            told, pixels = JOBS[message["job"]](message, payload)
        except MemoryError:
            told, pixels = {"error": f"needs more than {size_text(limits.MEMORY_BYTES)} of memory"}, b""
        except Exception as exc:  # the boundary of the child: an error of a decoder is a fact about the picture
            told, pixels = {"error": str(exc)[:200] or type(exc).__name__}, b""
        with os.fdopen(pipe, "wb") as output:
            output.write(frames.pack(0, told, pixels))
    finally:
        os._exit(0)


def _drain(child: Child) -> bool:
    """Read the output of the child; return true when it has ended or has written too much."""
    with contextlib.suppress(BlockingIOError):
        while data := os.read(child.pipe, READ_BYTES):
            child.output += data
            if len(child.output) > frames.MAX_PAYLOAD_BYTES + frames.MAX_JSON_BYTES:
                return True
        return True
    return False


def _reap(child: Child) -> tuple[dict[str, Any], bytes]:
    status = _kill(child)
    size = frames.HEADER.size
    try:
        if len(child.output) < size:
            raise ValueError("cut")
        header = bytes(child.output[:size])
        body = bytes(child.output[size:])
        if len(body) != frames.frame_size(header):
            raise ValueError("cut")
        _, told, pixels = frames.unpack(header, body)
    except ValueError:
        late = os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL)
        reason = f"more than {limits.CPU_SECONDS} s of work" if late else "the decoder ended without a result"
        return {"error": reason}, b""
    return told, pixels


def _kill(child: Child) -> int:
    """Kill the child, if it still runs, and return its status."""
    os.close(child.pipe)
    if child.output[-1:]:
        pid, status = os.waitpid(child.pid, os.WNOHANG)
        if pid:
            return status
    with contextlib.suppress(ProcessLookupError):
        os.kill(child.pid, signal.SIGKILL)
    return os.waitpid(child.pid, 0)[1]


def _answer(number: int, told: dict[str, Any], pixels: bytes) -> None:
    sys.stdout.buffer.write(frames.pack(number, told, pixels))
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError, ValueError):
        main()
