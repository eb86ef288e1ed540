"""The browser on a bucket of moto's server: versions and archives, as people see them."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from storage_tui import AsyncStorage
from storage_tui.contract.places import PlaceOptions
from storage_tui.tui.app import StorageApp
from storage_tui.tui.browser.screen import BrowserScreen
from tests.server.stores.bucket import amazon
from tests.tui.conftest import Browser

pytestmark = pytest.mark.filterwarnings("ignore:Unclosed file <tempfile:ResourceWarning")  # moto's old versions


@pytest.fixture
def bucket(tmp_path: Path, runtime_base: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("STORAGE_TUI_HOME", str(tmp_path / "own"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime_base))
    monkeypatch.setenv("STORAGE_TUI_LINGER", "1")
    for name, value in amazon.ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    name = f"places-{secrets.token_hex(6)}"
    client = amazon.client(amazon.endpoint())
    client.create_bucket(Bucket=name)
    for key in ("a.txt", "b.txt"):
        client.put_object(Bucket=name, Key=key, Body=key.encode())
    return name


@asynccontextmanager
async def opened(bucket: str, tmp_path: Path, size: tuple[int, int] = (120, 40)) -> AsyncIterator[Browser]:
    options = PlaceOptions(is_writable=True, endpoint_url=amazon.endpoint())
    storage = AsyncStorage(f"s3://{bucket}", opening=options)
    app = StorageApp(storage, title=storage.display_url, state_dir=tmp_path / "state")
    async with app.run_test(size=size) as pilot:
        browser = Browser(app, pilot)
        await browser.until(lambda: any(isinstance(screen, BrowserScreen) for screen in app.screen_stack))
        yield browser


async def test_a_delete_is_taken_back_and_the_trash_shows_the_versions(bucket: str, tmp_path: Path) -> None:
    client = amazon.client(amazon.endpoint())
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    client.put_object(Bucket=bucket, Key="b.txt", Body=b"newer")
    async with opened(bucket, tmp_path) as browser:
        await browser.until(lambda: browser.names == ["a.txt", "b.txt"])
        await browser.shows("versioned")
        await browser.press("D")
        await browser.shows("Deleted blobs can come back (Z, gz): the bucket keeps versions.")
        await browser.press("right", "enter")
        await browser.shows("(Z takes it back)")
        await browser.press("Z")
        await browser.shows("Bring back data:a.txt, which was deleted")
        await browser.press("enter")
        await browser.until(lambda: browser.names == ["a.txt", "b.txt"])
        await browser.press("g", "z")
        await browser.shows("1 version · 5 B")
        assert "replaced" in browser.text and "gone" not in browser.text
        await browser.press("D")
        await browser.shows("for good")
        await browser.press("right", "enter")
        await browser.shows("removed 1 version for good")
    told = client.list_object_versions(Bucket=bucket)
    assert [one["Key"] for one in told["Versions"]] == ["a.txt", "b.txt"]
    assert "DeleteMarkers" not in told
    assert client.get_object(Bucket=bucket, Key="a.txt")["Body"].read() == b"a.txt"


async def test_an_archived_blob_is_asked_back_and_the_details_say_so(bucket: str, tmp_path: Path) -> None:
    client = amazon.client(amazon.endpoint())
    client.put_object(
        Bucket=bucket, Key="cold.txt", Body=b"cold", StorageClass="DEEP_ARCHIVE", CacheControl="max-age=5",
        Metadata={"own": "word\x1b[31m"}, Tagging="team=maps",
    )  # fmt: skip
    async with opened(bucket, tmp_path) as browser:
        await browser.until(lambda: browser.names == ["a.txt", "b.txt", "cold.txt"])
        await browser.press("g", "a")
        await browser.shows("no blob here is archived")
        await browser.press("G", "g", "a")
        await browser.shows("Ask the archive for 1 blob?")
        await browser.press("right", "right", "enter")
        await browser.shows("asked the archive for 1 blob for 7 days")
        await browser.press("i")
        await browser.shows("DEEP_ARCHIVE")
        await browser.shows("team = maps")
        assert "restored until" in browser.text and "max-age=5" in browser.text
        assert "own: word" in browser.text and "\x1b" not in browser.text
    assert "Restore" in client.head_object(Bucket=bucket, Key="cold.txt")
