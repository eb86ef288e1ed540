"""screenshots/web.png: the demo store in a web page, by `python -m tests.web.picture`."""

import asyncio
import os
import sys
import tempfile
from pathlib import Path

from tests.stage import ROOT, demo_server
from tests.web.chromium import chromium


async def main() -> None:
    """Open the page in Chromium, wait for a preview, and keep what one sees."""
    with demo_server() as (home, url, token_file), tempfile.TemporaryDirectory() as folder:
        environ = {**os.environ, "STORAGE_TUI_HOME": str(home / "own"), "PYTHONUNBUFFERED": "1"}
        command = [sys.executable, "-m", "storage_tui", "web", "data:rasters/", "--url", url]
        process = await asyncio.create_subprocess_exec(
            *command, "--token-file", str(token_file), stdout=asyncio.subprocess.PIPE, env=environ
        )
        try:
            assert process.stdout is not None
            link = (await process.stdout.readline()).decode().strip()
            async with chromium(Path(folder)) as page:
                await page.call("Page.navigate", url=link)
                await page.until("document.body.classList.contains('-first-byte')")
                await page.evaluate("document.querySelector('textarea').focus()")
                await asyncio.sleep(3)
                await page.press("j")
                await asyncio.sleep(3)
                (ROOT / "screenshots" / "web.png").write_bytes(await page.picture())
        finally:
            process.terminate()
            await process.wait()


if __name__ == "__main__":
    asyncio.run(main())
