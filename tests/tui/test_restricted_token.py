"""A token that opens a part only: the browser begins there, says so, and marks what it does not open."""

import base64
import json
from typing import Any

import pytest

from storage_tui import Storage
from storage_tui.server.access.tokens import create_token
from storage_tui.server.http.grants import make_restriction
from tests.server.running import RunningServer

SIZES = [(120, 40), (80, 24), (20, 5)]


@pytest.fixture
def restricted(server: RunningServer, token: str, store: Storage) -> Any:
    """`restricted(types, verbs, prefix)` is a token of the same user; there are blobs below `maps/` and beside it."""
    for name, key in (("data", "maps/a"), ("data", "other"), ("tmp", "maps/t"), ("tmp", "x")):
        store.set(key, "12", name)
    claims = token.split(".")[1]
    user = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["sub"]

    def make(types: list[str], verbs: list[str], prefix: str) -> str:
        return create_token(server.records(), user, restriction=make_restriction(types, verbs, prefix))

    return make


@pytest.mark.parametrize("size", SIZES)
async def test_the_browser_begins_at_the_first_place_that_the_token_opens(
    restricted: Any, browse: Any, size: tuple[int, int]
) -> None:
    async with browse(token=restricted(["data", "tmp"], ["list", "read"], "maps"), size=size) as browser:
        await browser.until(lambda: browser.names == ["a"])
        assert str(browser.main.place.location) == "data:maps/"
        await browser.shows("this token is for data, tmp below maps/" if size[0] > 60 else "maps/")
        assert not browser.main.reader.error
        assert not browser.app.desk.log.unseen_errors


async def test_types_that_it_does_not_open_are_marked_and_refused_in_words(restricted: Any, browse: Any) -> None:
    async with browse(token=restricted(["tmp"], [], ""), size=(160, 40)) as browser:
        await browser.until(lambda: browser.names == ["maps/", "x"])
        await browser.until(lambda: browser.text.count("not for this token") == 4)
        await browser.press("1")
        await browser.shows("this token does not open data; it is for tmp")
        assert str(browser.main.place.location) == "tmp:"


async def test_the_keys_that_go_up_stay_within_it(restricted: Any, browse: Any) -> None:
    async with browse(token=restricted([], [], "maps")) as browser:
        await browser.until(lambda: browser.names == ["a"])
        await browser.press("h")
        await browser.shows("this token does not open the folder above")
        await browser.press("2")
        await browser.until(lambda: browser.names == ["t"])
        await browser.press("tilde")
        await browser.until(lambda: str(browser.main.place.location) == "tmp:maps/" and browser.names == ["t"])
        await browser.shows("1 · 2 B")


async def test_a_place_named_on_the_command_line_that_it_does_not_open_leads_to_one_that_it_does(
    restricted: Any, browse: Any
) -> None:
    async with browse("tmp:elsewhere/", token=restricted([], [], "maps")) as browser:
        await browser.until(lambda: browser.names == ["t"])
        assert str(browser.main.place.location) == "tmp:maps/"


async def test_a_token_that_lists_nothing_shows_the_refusal(restricted: Any, browse: Any) -> None:
    async with browse(token=restricted([], ["write"], "")) as browser:
        await browser.shows("the token does not allow this: it is for write in all storage types")


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (["r", "x", "enter"], "renamed 0 blobs"),
        (["c"], "rescued none of 1 blob"),
        (["a"], "1 blob could not be kept longer"),
        (["D"], "deleted 0 of 1, 1 failed (gR retries)"),
    ],
)
async def test_an_action_that_it_does_not_allow_says_so_in_the_status_line(
    restricted: Any, browse: Any, keys: list[str], words: str
) -> None:
    async with browse("tmp:maps/", token=restricted(["tmp"], ["list", "read"], ""), size=(200, 40)) as browser:
        await browser.until(lambda: browser.names == ["t"])
        for key in keys:
            await browser.press(key)
            await browser.pilot.pause()
        if keys[0] == "D":
            await browser.shows("Delete 1 blob from tmp?")
            await browser.press("right", "enter")
        await browser.shows(f"{words}: ")
        message = browser.app.desk.front.shown[0]
        assert "token" in message.text and message.level == "error"
