"""Profiles: which settings they give, whose token goes where, and going from one to the other in the browser."""

import json
import sys
from pathlib import Path

import pytest

from storage_tui import Storage
from storage_tui.cli.settings import Settings, SettingsError, load, profiles
from tests.terminal import Terminal

FILE = """
url = "http://first/"
token_file = "/first-token"
theme = "nord"

[profiles.lab]
url = "http://lab/"
token_file = "/lab-token"

[profiles.open]
url = "http://open/"

[profiles.plain]
theme = "ansi-light"
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(FILE)
    return path


def test_a_profile_counts_as_much_as_what_named_it(file):
    lab = Settings("http://lab/", Path("/lab-token"), theme="nord", profile="lab")
    assert load({"profile": "lab"}, file=file, environ={}) == lab
    assert load({"profile": "lab"}, file=file, environ={"STORAGE_TUI_URL": "http://environ/"}) == lab
    assert load({}, file=file, environ={"STORAGE_TUI_PROFILE": "lab"}) == lab
    assert load({}, file=file, environ={"STORAGE_TUI_PROFILE": "lab", "STORAGE_TUI_THEME": "x"}).theme == "x"
    file.write_text(f'profile = "lab"\n{FILE}')
    assert load({}, file=file, environ={}) == lab
    assert load({"profile": "plain"}, file=file, environ={}).theme == "ansi-light"
    assert load({"profile": ""}, file=file, environ={}) == Settings("http://first/", Path("/first-token"), theme="nord")
    assert list(profiles(file=file)) == ["lab", "open", "plain"]


def test_a_token_goes_to_the_server_it_was_named_with_only(file):
    assert load({"profile": "open"}, file=file, environ={}).token_file is None
    found = load({"profile": "lab", "url": "http://other/"}, file=file, environ={})
    assert (found.url, found.token_file) == ("http://other/", None)
    found = load({}, file=file, environ={"STORAGE_TUI_PROFILE": "lab", "STORAGE_TUI_URL": "http://other/"})
    assert (found.url, found.token_file) == ("http://other/", None)
    assert load({"url": "http://other/"}, file=file, environ={}).token_file is None
    assert load({"url": "http://first/"}, file=file, environ={}).token_file == Path("/first-token")
    beside = {"STORAGE_TUI_URL": "http://other/", "STORAGE_TUI_TOKEN_FILE": "/other-token"}
    assert load({}, file=file, environ=beside).token_file == Path("/other-token")
    assert load({"url": "http://first/"}, file=file, environ=beside).token_file is None
    assert load({"profile": "plain"}, file=file, environ={}).token_file == Path("/first-token")


@pytest.mark.parametrize(
    ("text", "reason"),
    [("", "no profile 'lab'; a table"), ("[profiles.a]", "no profile 'lab'; there are a"),
     ("[profiles.a]\nurls = 'x'", "profile a: unknown setting 'urls'"), ("profiles = 3", r"written \[profiles.NAME\]"),
     ("[profiles.lab]\nmouse = 'x'", "profile lab: mouse must be true"),
     ("[profiles.lab]\nprofile = 'x'", "profile lab: unknown setting 'profile'")],
)  # fmt: skip
def test_a_wrong_profile_is_refused_with_the_reason(tmp_path, text, reason):
    path = tmp_path / "config.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=reason):
        load({"profile": "lab"}, file=path, environ={})


def test_the_browser_goes_from_one_profile_to_the_other_each_with_its_own_bookmarks(home, tmp_path):
    own = tmp_path / "store"
    environ = {**home, "TERM": "xterm-256color", "STORAGE_TUI_HOME": str(own)}
    (own / "config").mkdir(parents=True)
    (own / "config" / "config.toml").write_text(
        f'profile = "maps"\n[profiles.maps]\ndata_dir = "{tmp_path}/m"\n[profiles.runs]\ndata_dir = "{tmp_path}/r"\n'
    )
    for name in ("m", "r"):
        with Storage(data_dir=tmp_path / name) as storage:
            storage.set(f"of-{name}/blob", "x")
    with Terminal([sys.executable, "-m", "storage_tui"], environ=environ) as terminal:
        terminal.wait_for("of-m/")
        terminal.wait_for("maps · ")
        terminal.send("l")
        terminal.wait_for("data ▸ of-m/")
        terminal.send("m")
        terminal.wait_for("Bookmark data:of-m/")
        terminal.send("a")
        terminal.wait_for("'a goes to")
        terminal.send("P")
        terminal.wait_for("● maps")
        terminal.send("down", "enter")
        terminal.wait_for("runs · ")
        terminal.wait_for("of-r/")
        assert "► of-m/" not in terminal.text()
        terminal.send("'")
        terminal.wait_for("Bookmarks and recent places")
        terminal.wait_for("maps ▸ data:of-m/")  # the other profile's, with its name
        terminal.send("escape")
        terminal.wait_for(lambda text: "Bookmarks and recent" not in text)
        terminal.send("q")
        assert terminal.wait_for_exit() == 0
    places = json.loads((own / "state" / "places.json").read_text())
    assert places["profile maps"]["bookmarks"] == {"a": "data:of-m/"}
    assert places["profile runs"]["bookmarks"] == {}
