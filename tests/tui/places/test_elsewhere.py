"""From one store to another inside the browser: a typed place, a bookmark, a recent place; and the file that keeps
them."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from storage_tui import Storage
from storage_tui.cli.commands.browse import _elsewhere, _open_elsewhere
from storage_tui.contract.errors import StorageError
from storage_tui.contract.keys import Location
from storage_tui.contract.places import PlaceOptions
from storage_tui.tui.state.bookmarks import Elsewhere, Places
from tests.server.stores.bucket import amazon
from tests.terminal import Terminal


def test_a_typed_bucket_opens_and_a_bookmark_leads_back(
    tmp_path: Path, runtime_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = {
        **amazon.ENVIRONMENT, "AWS_ENDPOINT_URL_S3": amazon.endpoint(), "STORAGE_TUI_HOME": str(tmp_path / "own"),
        "XDG_RUNTIME_DIR": str(runtime_base), "STORAGE_TUI_LINGER": "3", "TERM": "xterm-256color",
    }  # fmt: skip
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    bucket, client = amazon.new_bucket(amazon.endpoint()), amazon.client(amazon.endpoint())
    client.put_object(Bucket=bucket, Key="maps/deep/far.txt", Body=b"x")
    with Storage() as storage:
        storage.set("home/near.txt", "y")
    command = [sys.executable, "-m", "storage_tui", "data:home/"]
    with Terminal(command, environ=environ) as terminal:
        terminal.wait_for("near.txt")
        terminal.wait_for("1/1")
        terminal.send("m", "a")
        terminal.wait_for("'a goes to data:home/")
        terminal.send("g", "l")
        terminal.wait_for("Go to")
        terminal.send("s3:///", "\r")
        terminal.wait_for("names no bucket")
        terminal.send("\x1b")
        terminal.wait_for(lambda text: "Go to" not in text)
        terminal.send("g", "l")
        terminal.wait_for("Go to")
        terminal.send(f"s3://{bucket}/maps/deep/", "\r")
        terminal.wait_for("far.txt")
        terminal.wait_for("read only")
        terminal.send("m", "b")
        terminal.wait_for(f"'b goes to s3://{bucket}/maps/deep/")
        terminal.send("'")
        terminal.wait_for("data:home/")
        terminal.send("a")
        terminal.wait_for("near.txt")
        terminal.send("'")
        terminal.wait_for(f"s3://{bucket}/maps/deep/")
        terminal.send("b")
        terminal.wait_for("far.txt")
        terminal.send("q")
        assert terminal.wait_for_exit() == 0
    kept = json.loads((tmp_path / "own" / "state" / "places.json").read_text())
    assert kept[f"s3://{bucket}"]["store"] == {"url": f"s3://{bucket}"}


def test_places_of_other_stores_are_kept_with_how_they_are_opened(tmp_path: Path) -> None:
    opening = PlaceOptions(endpoint_url="http://127.0.0.1:9", profile="lab")
    bucket = Places(tmp_path, "s3://scans", store=Elsewhere(None, url="s3://scans", opening=opening))
    bucket.keep("b", Location("data", "maps/"))
    bucket.visit(Location("data", "new/"))
    bucket.save()
    named = Places(tmp_path, "s3://other", profile="archive")
    named.keep("p", Location("tmp", "run/"))
    named.save()
    mine = Places(tmp_path, "embedded", store=Elsewhere(None, data_dir="/data"), profiles=("archive",))
    mine.load()
    there = Elsewhere(Location("data", "maps/"), url="s3://scans", opening=opening)
    assert dict(mine.elsewhere)["b"] == there
    assert [str(place) for _, place in mine.elsewhere] == [
        "s3://scans/maps/", "s3://scans/new/", "archive ▸ tmp:run/",
    ]  # fmt: skip
    location, settings = _elsewhere(there)
    assert (location, settings.url, settings.endpoint, settings.aws_profile, settings.write) == (
        Location("data", "maps/"), "s3://scans", "http://127.0.0.1:9", "lab", False,
    )  # fmt: skip
    mine.load()
    without = Places(tmp_path, "embedded")  # the profile is gone
    without.load()
    assert [letter for letter, _ in without.elsewhere] == ["b", ""]


@pytest.mark.parametrize(
    "store",
    [
        "s3://scans", {"url": "s3:///"}, {"url": "https://host/storage/v1"}, {"url": 5}, {"data_dir": 5},
        {"data_dir": "/nowhere/at-all"}, {},
        {"url": "s3://scans", "opening": {"is_writable": "yes"}}, {"url": "s3://scans", "opening": "x"}, None,
    ],
)  # fmt: skip
def test_a_store_that_cannot_be_read_has_no_places(tmp_path: Path, store: Any) -> None:
    written = {"x": {"bookmarks": {"a": "data:b/"}, "recent": ["data:c/"], "store": store}, "y": [], "profile z": 1}
    (tmp_path / "places.json").write_text(json.dumps(written))
    places = Places(tmp_path, "embedded")
    places.load()
    assert places.elsewhere == []


def test_a_place_is_never_opened_for_changes_by_a_bookmark(tmp_path: Path) -> None:
    told = {"url": "s3://scans", "opening": {"is_writable": True}}
    (tmp_path / "places.json").write_text(json.dumps({"x": {"recent": ["data:c/"], "store": told}}))
    places = Places(tmp_path, "embedded")
    places.load()
    [(_, there)] = places.elsewhere
    assert not there.opening.is_writable
    assert not _elsewhere(there)[1].write


@pytest.mark.parametrize(
    "there", [Elsewhere(None, profile="gone"), Elsewhere(None, url="s3://"), Elsewhere(None, url="s3:///x")]
)
def test_what_cannot_be_opened_in_a_tab_is_an_error_that_the_browser_shows(
    there: Elsewhere, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORAGE_TUI_HOME", str(tmp_path))
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.toml").write_text("theme = 5\n")
    with pytest.raises(StorageError, match=r"\S"):
        _open_elsewhere(there)
