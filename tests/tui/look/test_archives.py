"""Archived blobs of a bucket have a sign in their rows, and the footer says how they are asked back."""

import secrets
from pathlib import Path

import pytest

from storage_tui import AsyncStorage
from storage_tui.contract.models import Blob
from storage_tui.contract.places import PlaceOptions
from storage_tui.tui.app import StorageApp
from storage_tui.tui.browser.screen import BrowserScreen
from storage_tui.tui.look.archives import archive_note
from storage_tui.tui.state.listing import Folder
from tests.server.stores.bucket import amazon
from tests.tui.conftest import Browser


def test_the_sign_is_of_archived_blobs_only_and_loses_its_word_where_room_is_short() -> None:
    cold = Blob("a", "data", storage_class="DEEP_ARCHIVE")
    assert archive_note(cold, 60, has_signs=True) == " ▼ archived"
    assert (archive_note(cold, 12, has_signs=True), archive_note(cold, 12, has_signs=False)) == (" ▼", " v")
    others = (Blob("a", "data"), Blob("a", "data", storage_class="GLACIER_IR"), Folder("a/", "data"), None)
    assert {archive_note(row, 60, has_signs=True) for row in others} == {""}


@pytest.mark.parametrize("types", [{}, {"data": "published/", "tmp": "scratch/"}], ids=["plain", "types"])
async def test_a_list_of_a_bucket_shows_what_is_archived(
    tmp_path: Path, runtime_base: Path, monkeypatch: pytest.MonkeyPatch, types: dict[str, str]
) -> None:
    environ = {**amazon.ENVIRONMENT, "AWS_ENDPOINT_URL_S3": amazon.endpoint(), "XDG_RUNTIME_DIR": str(runtime_base)}
    for name, value in {**environ, "STORAGE_TUI_HOME": str(tmp_path / "own")}.items():
        monkeypatch.setenv(name, value)
    bucket, client = f"look-{secrets.token_hex(6)}", amazon.client(amazon.endpoint())
    client.create_bucket(Bucket=bucket)
    for key, stored in (("cold.tif", "GLACIER"), ("warm.tif", "STANDARD_IA")):
        client.put_object(Bucket=bucket, Key=types.get("data", "") + key, Body=b"x", StorageClass=stored)
    storage = AsyncStorage(f"s3://{bucket}", opening=PlaceOptions(is_writable=True, types=types))
    app = StorageApp(storage, title=storage.display_url, state_dir=tmp_path / "state")
    async with app.run_test(size=(160, 40)) as pilot:
        browser = Browser(app, pilot)
        await browser.until(lambda: any(isinstance(screen, BrowserScreen) for screen in app.screen_stack))
        await browser.shows("cold.tif ▼ archived")
        await browser.shows(" ga ask back  i details  Enter explore")
        assert browser.text.count("▼") == 1
        await browser.press("j")
        await browser.until(lambda: browser.text.splitlines()[-1].startswith(" Enter explore"))
