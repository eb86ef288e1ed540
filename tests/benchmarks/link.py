"""A link with a round trip of some length, and a rate for each connection, in front of a server; for measurements."""

import asyncio
import threading
from contextlib import suppress
from typing import Self
from urllib.parse import urlsplit, urlunsplit

READ_BYTES = 64 * 1024


class Link:
    """Every byte arrives half a round trip later, each way; nothing is lost.

    With `rate_bytes_s` each connection carries so many bytes a second each way, as a window of a fixed size makes it on
    a long link; together the connections are not limited. `connections` counts them.
    """

    def __init__(self, url: str, round_trip_s: float, rate_bytes_s: float | None = None) -> None:
        parts = urlsplit(url)
        self._target = (parts.hostname, parts.port)
        self._delay_s, self._rate = round_trip_s / 2, rate_bytes_s
        self.connections = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="link", daemon=True)
        self._thread.start()
        starting = asyncio.start_server(self._relay, "127.0.0.1", 0)
        server = asyncio.run_coroutine_threadsafe(starting, self._loop).result()
        self.url = urlunsplit(parts._replace(netloc=f"127.0.0.1:{server.sockets[0].getsockname()[1]}"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    async def _end(self) -> None:
        tasks = asyncio.all_tasks(self._loop) - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        there_reader, there_writer = await asyncio.open_connection(*self._target)
        with suppress(asyncio.CancelledError):  # the end of the link; nobody waits for this task
            await asyncio.gather(self._carry(reader, there_writer), self._carry(there_reader, writer))

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sent_at = 0.0
        with suppress(OSError):
            while piece := await reader.read(READ_BYTES):
                if self._rate is not None:
                    sent_at = max(sent_at, self._loop.time()) + len(piece) / self._rate
                    await asyncio.sleep(sent_at - self._loop.time())
                if writer.is_closing():
                    break
                self._loop.call_later(self._delay_s, writer.write, piece)
        self._loop.call_later(self._delay_s, writer.close)
