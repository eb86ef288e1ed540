"""A new profile in the settings file: the rest stays, and nothing is written that cannot be read back."""

import pytest

from storage_tui.cli.new_profile import add_profile
from storage_tui.cli.settings import SettingsError, load, profiles

URL = {"url": "https://lab.example/storage/v1"}


@pytest.fixture
def file(tmp_path):
    return tmp_path / "new" / "config.toml"


@pytest.mark.parametrize("before", [
    b"", b"mouse = false", b'# mine\r\nurl = "http://a/"\r\n', b'[profiles.one]\nurl = "http://b/"\n',
    '\ufefftheme = "nord"\n'.encode(), 'theme = "nord"\n'.encode("utf-16"),
])  # fmt: skip
@pytest.mark.parametrize("name", ["lab", "my lab", 'a"b\\c', "é", "a.b"])
def test_the_profile_is_there_and_the_rest_stays(file, before, name):
    file.parent.mkdir()
    file.write_bytes(before)
    found = load({}, file=file, environ={})
    earlier = profiles(file=file)
    add_profile(name, {**URL, "token_file": '~/a "b"'}, file=file)
    assert profiles(file=file).keys() == {*earlier, name}
    assert load({"profile": name}, file=file, environ={}).url == URL["url"]
    assert load({}, file=file, environ={}) == found
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_new_file_is_made_where_there_is_none(file):
    add_profile("lab", URL, file=file)
    assert load({"profile": "lab"}, file=file, environ={}).url == URL["url"]


@pytest.mark.parametrize(("before", "name", "values", "why"), [
    ('[profiles.lab]\nurl = "http://a/"\n', "lab", URL, "there is a profile 'lab' already"),
    ("", "", URL, "1 to 60 visible characters"), ("", "a" * 61, URL, "1 to 60"), ("", "a\x1bb", URL, "1 to 60"),
    ("= 3", "lab", URL, "cannot be read as TOML"), ("", "lab", {"url": ""}, "url must be text"),
    ('profiles = { one = { url = "http://a/" } }\n', "lab", URL, "write the table yourself"),
])  # fmt: skip
def test_what_cannot_be_added_changes_nothing(file, before, name, values, why):
    file.parent.mkdir()
    file.write_text(before)
    with pytest.raises(SettingsError, match=why):
        add_profile(name, values, file=file)
    assert file.read_text() == before


def test_a_file_behind_a_link_stays_behind_the_link(file, tmp_path):
    file.parent.mkdir()
    (tmp_path / "dotfiles.toml").write_text("mouse = false\n")
    file.symlink_to(tmp_path / "dotfiles.toml")
    add_profile("lab", URL, file=file)
    assert file.is_symlink() and "[profiles.lab]" in (tmp_path / "dotfiles.toml").read_text()


def test_a_file_that_cannot_be_written_says_so(file):
    file.parent.write_text("in the way")
    with pytest.raises(SettingsError, match=r"config\.toml"):
        add_profile("lab", URL, file=file)
