"""The preview's side of the decoding process: it starts the process at the first picture and keeps it warm.

Jobs that nobody waits for any more are dropped.
"""

import asyncio
import contextlib
import itertools
from asyncio.subprocess import DEVNULL, PIPE, Process
from typing import Any

from storage_tui.machine import interpreters
from storage_tui.previews.base import PreviewError
from storage_tui.previews.decoding import frames

ANSWER_SECONDS = 8.0  # the process kills a job after 5 s and reports that; after this time the process itself is broken


class Decoder:
    """Sends jobs to one process. The newest job goes first.

    The newest job ends an older one that still runs. If somebody still waits for the older one, it begins again
    afterwards.
    """

    def __init__(self) -> None:
        self._process: Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: dict[int, asyncio.Future[tuple[dict[str, Any], bytes]]] = {}
        self._numbers = itertools.count(1)

    @property
    def process_id(self) -> int | None:
        """The id of the running process; None before the first picture."""
        return None if self._process is None else self._process.pid

    async def decode(self, job: dict[str, Any], content: bytes) -> tuple[dict[str, Any], bytes]:
        """Return facts and RGB pixels; raise PreviewError with the reason when there are none."""
        while True:
            number = next(self._numbers)
            told, pixels = await self._ask(number, job, content)
            if told.get("error") != frames.SUPERSEDED:
                break
            newer = [answer for other, answer in self._waiting.items() if other > number]
            if newer:
                await asyncio.wait(newer)
        if "error" in told:
            raise PreviewError(str(told["error"]))
        return told, pixels

    async def _ask(self, number: int, job: dict[str, Any], content: bytes) -> tuple[dict[str, Any], bytes]:
        process = await self._started()
        answer: asyncio.Future[tuple[dict[str, Any], bytes]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            if process.stdin is not None:
                process.stdin.write(frames.pack(number, job, content))
            async with asyncio.timeout(ANSWER_SECONDS):
                return await answer
        except asyncio.CancelledError:
            if process.stdin is not None and process.returncode is None:
                process.stdin.write(frames.pack(next(self._numbers), {"job": "none"}, b""))
            raise
        except TimeoutError as exc:
            await self.close()
            raise PreviewError("the decoder did not answer") from exc
        finally:
            self._waiting.pop(number, None)

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
            await _end(process)

    async def _started(self) -> Process:
        loop = asyncio.get_running_loop()
        is_alive = self._process is not None and self._process.returncode is None
        if self._process is not None and is_alive and self._loop is loop and self._reader and not self._reader.done():
            return self._process
        if self._loop is loop:
            await self.close()
        try:
            process = await asyncio.create_subprocess_exec(
                *interpreters.command("storage_tui.previews.decoding"),
                stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=interpreters.environment(), start_new_session=True,
            )  # fmt: skip
        except OSError as exc:
            raise PreviewError(f"the decoder cannot be started: {exc.strerror}") from exc
        self._process, self._loop = process, loop
        self._reader = asyncio.create_task(self._read(process))
        return process

    async def _read(self, process: Process) -> None:
        """Pass each answer to its waiting caller until the process ends."""
        assert process.stdout is not None
        try:
            while True:
                header = await process.stdout.readexactly(frames.HEADER.size)
                body = await process.stdout.readexactly(frames.frame_size(header))
                number, told, pixels = frames.unpack(header, body)
                answer = self._waiting.get(number)
                if answer is not None and not answer.done():
                    answer.set_result((told, pixels))
        except (asyncio.IncompleteReadError, ValueError):
            self._fail_all("the decoder ended")
        except asyncio.CancelledError:  # by `close`, or because the event loop ends
            await _end(process)
            raise

    def _fail_all(self, reason: str) -> None:
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_result(({"error": reason}, b""))


async def _end(process: Process) -> None:
    """Kill the process, if it still runs, and close its pipes."""
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    if process.stdin is not None:
        process.stdin.close()
    await process.communicate()


DECODER = Decoder()
