"""The browser on all buckets: a bucket is opened with Enter, and the way back leads to the buckets."""

from pathlib import Path

import pytest

from storage_tui import AsyncStorage, PlaceOptions
from storage_tui.tui.app import StorageApp
from storage_tui.tui.browser.screen import BrowserScreen
from storage_tui.tui.rows.copying import location_text
from tests.server.stores.bucket import amazon
from tests.tui.conftest import Browser


async def test_enter_opens_a_bucket_and_h_goes_back(
    tmp_path: Path, runtime_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORAGE_TUI_HOME", str(tmp_path / "own"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime_base))
    monkeypatch.setenv("STORAGE_TUI_LINGER", "1")
    for name, value in amazon.ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    bucket = amazon.new_bucket(amazon.endpoint())
    amazon.client(amazon.endpoint()).put_object(Bucket=bucket, Key="a.txt", Body=b"text of the object")
    storage = AsyncStorage("s3://", opening=PlaceOptions(endpoint_url=amazon.endpoint()))
    app = StorageApp(storage, title=storage.display_url, state_dir=tmp_path / "state")
    async with app.run_test(size=(120, 40)) as pilot:
        browser = Browser(app, pilot)
        await browser.until(lambda: any(isinstance(screen, BrowserScreen) for screen in app.screen_stack))
        await browser.until(lambda: f"{bucket}/" in browser.names)
        await browser.shows("all buckets")
        for _ in range(browser.names.index(f"{bucket}/")):
            await browser.press("j")
        await browser.press("enter")
        await browser.until(lambda: browser.names == ["a.txt"])
        await browser.shows("text of the object")
        row = browser.main.keys.current
        assert row is not None
        assert location_text(row, app.desk) == f"s3://{bucket}/a.txt"
        await browser.press("h")
        await browser.until(lambda: browser.current == f"{bucket}/")
