"""The browser on a bucket whose storage types are prefixes: the types at the side, countdowns, clean-up, moves."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from storage_tui import AsyncStorage, PlaceOptions
from storage_tui.tui.app import StorageApp
from storage_tui.tui.browser.screen import BrowserScreen
from storage_tui.tui.rows.copying import location_text, python_line
from tests.server.stores.bucket import amazon
from tests.tui.conftest import Browser

TYPES = {"data": "published/", "tmp": "scratch/", "products": "products/"}


@pytest.fixture
def bucket(tmp_path: Path, runtime_base: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("STORAGE_TUI_HOME", str(tmp_path / "own"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime_base))
    monkeypatch.setenv("STORAGE_TUI_LINGER", "1")
    for name, value in amazon.ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    bucket = amazon.new_bucket(amazon.endpoint())
    client = amazon.client(amazon.endpoint())
    for key in ("published/a.txt", "published/maps/b.txt", "scratch/old.bin", "scratch/run/x.bin", "products/p"):
        client.put_object(Bucket=bucket, Key=key, Body=key.encode())
    rules = [{"ID": "s", "Status": "Enabled", "Filter": {"Prefix": "scratch/"}, "Expiration": {"Days": 3}}]
    client.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
    return bucket


@asynccontextmanager
async def opened(bucket: str, tmp_path: Path, size: tuple[int, int] = (120, 40)) -> AsyncIterator[Browser]:
    opening = PlaceOptions(types=TYPES, is_writable=True, endpoint_url=amazon.endpoint())
    storage = AsyncStorage(f"s3://{bucket}", opening=opening)
    app = StorageApp(storage, title=storage.display_url, state_dir=tmp_path / "state")
    async with app.run_test(size=size) as pilot:
        browser = Browser(app, pilot)
        await browser.until(lambda: any(isinstance(screen, BrowserScreen) for screen in app.screen_stack))
        yield browser


AT_THE_SIDE = (
    "1 data published/",
    "2 tmp scratch/",
    "3 products products/",
    "upload only",
    "2 · 32 B",
    "expires after 3 days",
)
IN_ONE_LINE = ("1 data   2 tmp 32 B   3 products 10 B", "2 · 35 B  kept until deleted")


@pytest.mark.parametrize(
    ("size", "figures"), [((160, 40), AT_THE_SIDE), ((120, 40), IN_ONE_LINE), ((80, 24), IN_ONE_LINE)]
)
async def test_the_types_of_the_bucket_are_at_the_side_or_in_one_line(
    bucket: str, tmp_path: Path, size: tuple[int, int], figures: tuple[str, ...]
) -> None:
    async with opened(bucket, tmp_path, size) as browser:
        await browser.until(lambda: browser.names == ["maps/", "a.txt"])
        for words in figures:
            await browser.shows(words)
        assert "logs" not in browser.text and "result" not in browser.text
        assert " data ▸ /" in browser.text
        await browser.shows(f"{bucket[-8:]}")
        row = [*browser.main.keys.listing.rows()][1]
        assert location_text(row, browser.app.desk) == f"s3://{bucket}/published/a.txt"
        assert python_line(row, browser.app.desk.storage).endswith(".get('published/a.txt')")
        await browser.press("5")
        await browser.shows("this place has no logs; its types are data, tmp, products")


async def test_blobs_of_tmp_count_down_and_are_cleaned_up(bucket: str, tmp_path: Path) -> None:
    async with opened(bucket, tmp_path) as browser:
        await browser.press("2")
        await browser.until(lambda: browser.names == ["run/", "old.bin"])
        await browser.press("G")
        await browser.shows("expires in 3d")
        await browser.press("t")
        await browser.shows("run/x.bin")
        await browser.press("space", "D")
        await browser.shows("Delete 2 blobs from tmp?")
        await browser.press("right", "enter")
        client = amazon.client(amazon.endpoint())
        await browser.until(lambda: len(amazon.listed(client, bucket, "scratch/")) == 0)
