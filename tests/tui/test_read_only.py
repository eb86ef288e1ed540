"""A store that takes no changes: the browser says so and why, in one line."""

from pathlib import Path
from typing import Any

import pytest

from storage_tui import Storage
from tests.mounts import mounted, needs_mounts, remount
from tests.server.running import RunningServer


@needs_mounts
@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_the_browser_says_once_that_the_store_is_read_only(
    browse: Any, tmp_path: Path, size: tuple[int, int]
) -> None:
    with mounted(tmp_path / "small", "size=96m,mode=700") as data_dir:
        server = RunningServer(data_dir)
        server.start()
        token = server.token()
        with Storage(server.url, token=token) as storage:
            storage.set("a", b"text")
            storage.set("b", b"text")
        server.stop()
        remount(data_dir, "ro")
        server.start()
        try:
            async with browse(url=server.url, token=token, size=size) as browser:
                await browser.until(lambda: browser.names == ["a", "b"])
                await browser.shows("the store is read-only: the file system of")
                await browser.press("R")  # asked again, as after every change of the list
                said = [message.text for message in browser.app.desk.log.messages if "read-only" in message.text]
                assert len(said) == 1 and "\n" not in said[0] and "mount it for writing" in said[0]
        finally:
            server.stop()
