"""The preview's side of the decoding process: it starts the process at the first picture and keeps it warm.

Jobs that nobody waits for any more are dropped.
"""

import asyncio
import contextlib
import itertools
import socket
import subprocess
from dataclasses import dataclass, field
from typing import Any, Protocol

from storage_tui.machine import interpreters
from storage_tui.previews.base import BudgetError, LimitError, PreviewError, Source
from storage_tui.previews.decoding import frames
from storage_tui.previews.decoding.ranged_file import PAGE_BYTES

SILENT_SECONDS = 8  # the process kills a job after 5 s of work and reports that; after this time it is broken itself
STEP_SECONDS = 1.0  # silence is counted in steps: an event loop that was busy for longer has missed one step only


@dataclass(frozen=True, slots=True)
class _Process:
    """The running process, and the socket that is its standard input and output.

    asyncio's own processes are not used: the event loop never ends when it ends while one of them is being started.
    """

    program: subprocess.Popen[bytes]
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def start(cls, module: str) -> "_Process":
        """Start the process; raise LimitError."""
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                program = _started(module, theirs.fileno())
            except OSError as exc:
                ours.close()
                raise LimitError(f"the decoder cannot be started: {exc.strerror}") from exc
        try:
            return cls(program, *await asyncio.open_connection(sock=ours))
        except BaseException:
            _kill(program)
            await asyncio.sleep(0)  # in which a transport that was begun lets go of the socket
            ours.close()
            raise

    @property
    def is_running(self) -> bool:
        """Whether the process has not ended."""
        return self.program.poll() is None

    def end(self) -> None:
        """Kill the process, if it still runs, and close the socket."""
        _kill(self.program)
        self.writer.close()

    async def ended(self) -> None:
        """End the process, and wait until nothing of it is open."""
        self.end()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()


def _started(module: str, descriptor: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        interpreters.command(module), stdin=descriptor, stdout=descriptor, stderr=subprocess.DEVNULL,
        env=interpreters.environment(), start_new_session=True,
    )  # fmt: skip


def _kill(program: subprocess.Popen[bytes]) -> None:
    program.kill()
    program.wait()  # at once, after the signal that nothing holds back


@dataclass
class _Call:
    """One job that somebody waits for: what the process said about it, and whether it is over."""

    said: asyncio.Queue[tuple[dict[str, Any], bytes]] = field(default_factory=asyncio.Queue)
    is_over: asyncio.Event = field(default_factory=asyncio.Event)


class Held(Protocol):
    """Bytes of one blob that are kept beside its source."""

    def held(self, start: int, stop: int) -> bytes:
        """Return the bytes of a range that are held, from its start on."""

    def keep(self, start: int, data: bytes) -> None:
        """Hold some bytes, as far as there is room."""


class Decoder:
    """Sends jobs to one process, and reads for them what they need of a blob. The newest job goes first.

    The newest job ends an older one that still runs. If somebody still waits for the older one, it begins again
    afterwards. `module` is the program of the process.
    """

    def __init__(self, module: str = "storage_tui.previews.decoding") -> None:
        self._module = module
        self._process: _Process | None = None
        self._starting: asyncio.Task[_Process] | None = None
        self._reader: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._calls: dict[int, _Call] = {}
        self._numbers = itertools.count(1)

    @property
    def process_id(self) -> int | None:
        """The id of the running process; None before the first picture."""
        return None if self._process is None else self._process.program.pid

    async def decode(
        self, job: dict[str, Any], content: bytes, *, source: Source | None = None, held: Held | None = None
    ) -> tuple[dict[str, Any], bytes]:
        """Return facts and RGB pixels; raise PreviewError with the reason when there are none.

        With a source the job reads further ranges of the blob, within the budget that the source has left. A job that
        needs more ends with BudgetError. `held` has bytes of earlier jobs, and gets those of this one.
        Errors of the client are raised as they are.
        """
        if source is not None:
            if source.size_bytes is None:
                await source.head()
            if source.size_bytes is None:  # inside a compressed blob
                raise LimitError("needs all of it, and only its first part was unpacked")
            most_bytes = source.bytes_left + source.bytes_read  # what was read before may still be kept
            ahead = source.bytes_left // max(1, source.requests_left)  # so that requests and bytes end together
            job = job | {"size": source.size_bytes, "most_bytes": most_bytes, "ahead_bytes": ahead}
        while True:
            number = next(self._numbers)
            told, pixels = await self._ask(number, job, content, source, held)
            if told.get("error") != frames.SUPERSEDED:
                break
            for call in [call for other, call in self._calls.items() if other > number]:
                await call.is_over.wait()
        if "error" in told:
            kind = LimitError if told.get("is_limit") else BudgetError if told.get("is_refused") else PreviewError
            raise kind(str(told["error"]))
        return told, pixels

    async def _ask(
        self, number: int, job: dict[str, Any], content: bytes, source: Source | None, held: Held | None
    ) -> tuple[dict[str, Any], bytes]:
        process = await self._started()
        call = self._calls[number] = _Call()
        is_over = False
        try:
            self._send(process, frames.pack(number, job, content))
            while True:
                told, payload = await _next_of(call)
                if "preparing" in told:
                    continue
                if "need" not in told:
                    is_over = True
                    break
                try:
                    part = await _read(source, held, *told["need"])
                    answer = frames.pack(number, {"part": True}, part)
                except BudgetError as exc:
                    answer = frames.pack(number, {"part": False, "error": str(exc)}, b"")
                self._send(process, answer)
        except TimeoutError as exc:
            is_over = True
            await self.close()
            raise LimitError("the decoder did not answer") from exc
        finally:
            self._calls.pop(number, None)
            call.is_over.set()
            if not is_over:  # cancelled, or the storage failed
                self._send(process, frames.pack(number, {"job": "none"}, b""))
        return told, payload

    @staticmethod
    def _send(process: _Process, frame: bytes) -> None:
        if process.is_running:
            process.writer.write(frame)

    async def close(self) -> None:
        """End the process; the next job starts another."""
        process, reader = self._process, self._reader
        self._process = self._reader = None
        self._fail_all("the decoder was closed")
        if reader is not None:
            reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reader
        if process is not None:
            await process.ended()

    async def _started(self) -> _Process:
        loop = asyncio.get_running_loop()
        is_alive = self._process is not None and self._process.is_running
        if self._process is not None and is_alive and self._loop is loop and self._reader and not self._reader.done():
            return self._process
        if self._loop is loop:
            await self.close()
        if self._starting is None or self._starting.done() or self._loop is not loop:
            self._loop, self._starting = loop, loop.create_task(self._start())
        return await asyncio.shield(self._starting)  # several jobs may wait for it

    async def _start(self) -> _Process:
        process = self._process = await _Process.start(self._module)
        self._reader = asyncio.create_task(self._read(process))
        self._reader.add_done_callback(lambda _: process.end())  # also when the event loop ends before it began
        return process

    async def _read(self, process: _Process) -> None:
        """Pass each answer to its waiting caller until the process ends."""
        try:
            while True:
                header = await process.reader.readexactly(frames.HEADER.size)
                body = await process.reader.readexactly(frames.frame_size(header))
                number, told, pixels = frames.unpack(header, body)
                if (call := self._calls.get(number)) is not None:
                    call.said.put_nowait((told, pixels))
        except (asyncio.IncompleteReadError, OSError, ValueError):
            self._fail_all("the decoder ended")

    def _fail_all(self, reason: str) -> None:
        for call in self._calls.values():
            call.said.put_nowait(({"error": reason, "is_limit": True}, b""))


async def _next_of(call: _Call) -> tuple[dict[str, Any], bytes]:
    """Return what the process says next about a job; raise TimeoutError when it is silent for SILENT_SECONDS."""
    for _ in range(SILENT_SECONDS):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STEP_SECONDS):
                return await call.said.get()
    raise TimeoutError


async def _read(source: Source | None, held: Held | None, start: int, stop: int, most: int) -> bytes:
    """Return the range from `start` to `stop` of a blob, and as much of the rest up to `most` as is cheap to read."""
    if source is None:
        raise BudgetError("needs more of the blob than its first bytes")
    for kept in (source.kept, held.held if held is not None else source.kept):
        if len(found := kept(start, most)) >= stop - start:
            return found
    spare = max(0, source.bytes_left - (stop - start)) // PAGE_BYTES * PAGE_BYTES
    found = await source.read(start, min(most, stop + spare))
    if held is not None:
        held.keep(start, found)
    return found


DECODER = Decoder()
