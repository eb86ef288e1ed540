"""The browser on a bucket: its screens and dialogs name the bucket, and its transfers outlive the browser."""

import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from textual.widgets import Input

from storage_tui import AsyncStorage
from storage_tui.client.agent.link import AgentLink
from storage_tui.client.agent.place import AgentPlace
from storage_tui.contract.places import PlaceOptions
from storage_tui.tui.app import StorageApp
from storage_tui.tui.browser.screen import BrowserScreen
from tests import seaweed
from tests.agents import SOME_S, ended, ended_at_last
from tests.tui.conftest import Browser


@pytest.fixture
def bucket(tmp_path: Path, runtime_base: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    environ = {**seaweed.ACCESS, "AWS_ENDPOINT_URL_S3": seaweed.endpoint(), "STORAGE_TUI_HOME": str(tmp_path / "own")}
    for name, value in {**environ, "XDG_RUNTIME_DIR": str(runtime_base), "STORAGE_TUI_LINGER": SOME_S}.items():
        monkeypatch.setenv(name, value)
    name = f"browser-{secrets.token_hex(6)}"
    client: Any = boto3.client("s3", region_name="us-east-1")
    client.create_bucket(Bucket=name)
    for key in ("maps/a.txt", "maps/b.txt", "notes.txt"):
        client.put_object(Bucket=name, Key=key, Body=f"words of {key}".encode())
    with ended_at_last(AgentPlace.here()):
        yield name


@asynccontextmanager
async def opened(bucket: str, tmp_path: Path) -> AsyncIterator[Browser]:
    storage = AsyncStorage(f"s3://{bucket}", opening=PlaceOptions(is_writable=True))
    app = StorageApp(storage, title=storage.display_url, state_dir=tmp_path / "state", uses_agent=True)
    async with app.run_test(size=(120, 40)) as pilot:
        browser = Browser(app, pilot)
        await browser.until(lambda: any(isinstance(screen, BrowserScreen) for screen in app.screen_stack))
        await browser.until(lambda: browser.names == ["maps/", "notes.txt"])
        yield browser


async def test_screens_and_dialogs_name_the_bucket(bucket: str, tmp_path: Path) -> None:
    url = f"s3://{bucket}"
    async with opened(bucket, tmp_path) as browser:
        for keys, title in (("f", f"{url} ▸ /  find"), ("F", f"{url} ▸ /  search inside"), ("U", f"{url} ▸ /  usage")):
            await browser.press(keys)
            await browser.shows(title)
            while len(browser.app.screen_stack) > 2:
                await browser.press("escape")
        await browser.press("t")
        await browser.shows("expires by a rule of its own; clean-up is for tmp")
        await browser.press("down", "i")
        await browser.shows(f"location      {url}/notes.txt")
        assert "kept until deleted" not in browser.text
        await browser.press("escape", "y")
        await browser.shows(f"storage-tui get {url}/notes.txt")
        assert f"Storage('{url}').get('notes.txt')" in browser.text
        await browser.press("escape", "enter")
        await browser.shows(f" {url} ▸ notes.txt")
        await browser.press("escape", "m", "x")
        await browser.shows(f"'x goes to {url}/")
        await browser.press("S")
        await browser.shows(f"Compare {url}/ with a local folder")
        await browser.press("escape")


async def test_a_typed_target_is_in_the_open_bucket(bucket: str, tmp_path: Path) -> None:
    url = f"s3://{bucket}"
    async with opened(bucket, tmp_path) as browser:
        await browser.press("down", ">")
        await browser.shows("To the folder")
        field = browser.app.screen.query_one(Input)
        assert field.value == f"{url}/"
        field.value = f"{url}/s3://another/x/"
        await browser.shows("is not in the open place")
        field.value = f"{url}/maps/"
        await browser.press("enter")
        await browser.shows(f"moved notes.txt to {url}/maps/")


async def test_a_download_is_in_the_agent(bucket: str, tmp_path: Path) -> None:
    async with opened(bucket, tmp_path) as browser:
        await browser.press("d")
        await browser.shows("Download 2 blobs")
        await browser.press("enter")
        await browser.until(lambda: browser.app.desk.queue.is_remote_active or (tmp_path / "here/maps/b.txt").exists())
    with AgentLink.open(AgentPlace.here()) as link:
        [job] = link.news().jobs
        assert ended(link, job.id).done == 2
    assert (tmp_path / "here" / "maps" / "a.txt").read_text() == "words of maps/a.txt"
