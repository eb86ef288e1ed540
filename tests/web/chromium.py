"""Chromium without a window, driven over its DevTools protocol."""

import asyncio
import base64
import itertools
import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from tests import wanted

NAMES = ("chromium", "chromium-browser", "google-chrome")
START_S = 60
SIZE = (1200, 760)


class Page:
    """One tab."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._ids = itertools.count(1)
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self.events: list[dict[str, Any]] = []
        self._reader = asyncio.create_task(self._read())

    async def call(self, method: str, **params: Any) -> Any:
        """One command of the protocol; its result."""
        number = next(self._ids)
        self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_str(json.dumps({"id": number, "method": method, "params": params}))
        answer = await asyncio.wait_for(self._answers[number], START_S)
        del self._answers[number]
        assert "error" not in answer, answer
        return answer["result"]

    async def evaluate(self, script: str) -> Any:
        """The value of an expression in the page."""
        result = await self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        return result["result"].get("value")

    async def until(self, script: str) -> None:
        """Until the expression is true in the page."""
        for _ in range(START_S * 10):
            if await self.evaluate(script):
                return
            await asyncio.sleep(0.1)
        raise AssertionError(f"not so in the page: {script}")

    async def press(self, key: str, code: int = 0) -> None:
        """One key; a single character, or a name with its code."""
        text = {"text": key} if len(key) == 1 else {"text": "\r"} if key == "Enter" else {}
        named = {"key": key, "windowsVirtualKeyCode": code or ord(key[0].upper())}
        await self.call("Input.dispatchKeyEvent", type="keyDown", **named, **text)
        await self.call("Input.dispatchKeyEvent", type="keyUp", **named)

    async def click(self, x: float, y: float) -> None:
        """A click of the left button."""
        for kind in ("mousePressed", "mouseReleased"):
            await self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    async def picture(self) -> bytes:
        """What one sees, as a PNG."""
        return base64.b64decode((await self.call("Page.captureScreenshot", format="png"))["data"])

    def complaints(self) -> list[str]:
        """What the page's console and its policy of contents refused."""
        return [
            json.dumps(event["params"]) for event in self.events
            if event["method"] == "Runtime.exceptionThrown"
            or (event["method"] == "Log.entryAdded" and event["params"]["entry"]["level"] == "error")
        ]  # fmt: skip

    def asked(self) -> set[str]:
        """Every address that the page asked for anything."""
        return {
            event["params"]["request"]["url"] for event in self.events if event["method"] == "Network.requestWillBeSent"
        }

    async def close(self) -> None:
        """Let go of the tab."""
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)
        await self._socket.close()

    async def _read(self) -> None:
        async for message in self._socket:
            answer = json.loads(message.data)
            if "id" not in answer:
                self.events.append(answer)
            elif answer["id"] in self._answers:
                self._answers[answer["id"]].set_result(answer)


@asynccontextmanager
async def chromium(folder: Path) -> AsyncIterator[Page]:
    """A fresh Chromium whose downloads go to `folder`; ends the test where there is none."""
    program = wanted.program(*NAMES)
    profile = folder / "profile"
    flags = ["--headless=new", "--remote-debugging-port=0", "--no-first-run", "--no-sandbox", "--disable-gpu",
             "--disable-dev-shm-usage", "--disable-background-networking", "--no-proxy-server",
             f"--user-data-dir={profile}", f"--window-size={SIZE[0]},{SIZE[1]}", "about:blank"]  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        program, *flags, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, "HOME": str(folder)},
    )  # fmt: skip
    try:
        number = await asyncio.to_thread(_port_of, profile / "DevToolsActivePort")
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{number}/json") as answer:
                (tab,) = [row for row in await answer.json() if row["type"] == "page"]
            async with session.ws_connect(tab["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                page = Page(socket)
                for domain in ("Page", "Runtime", "Log", "Network"):
                    await page.call(f"{domain}.enable")
                await page.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder / "saved"))
                yield page
                await page.close()
    finally:
        process.terminate()
        await process.wait()


def _port_of(file: Path) -> str:
    """The port that Chromium wrote down once it listens."""
    for _ in range(START_S * 10):
        if file.exists() and "\n" in (text := file.read_text()):
            return text.split("\n")[0]
        time.sleep(0.1)
    raise AssertionError("chromium did not start")
