"""PageProgram: the program that one open page shows, which is over when its process has ended."""

import asyncio
from typing import Any

from textual_serve.app_service import AppService

END_S = 10.0  # for a program that was asked to quit: it notes its transfers, which takes a moment on a busy machine


class PageProgram(AppService):
    """Started for a page and stopped with it. Nothing of the process is left when `stop` returns."""

    def __init__(self, command: str, *, end_s: float = END_S, **to_page: Any) -> None:
        super().__init__(command, **to_page)
        self._end_s = end_s

    async def stop(self) -> None:
        """Ask the program to quit, read the rest of what it says, and wait for its end; kill it after `end_s`."""
        process = self._process
        if process is None:  # it could not be started
            return
        overdue = asyncio.get_running_loop().call_later(self._end_s, self._kill)
        try:
            await super().stop()
            await process.communicate()  # a program that nobody reads waits for a reader before it ends
        finally:
            overdue.cancel()

    def _kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
