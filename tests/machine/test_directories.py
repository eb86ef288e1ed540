"""The directories: absolute whatever the environment says, so that no `cd` leads to another store."""

import os
import pwd
import sys
from pathlib import Path

import pytest

from storage_tui.cli.operators.checks import settings_file
from storage_tui.cli.settings import Settings, load
from storage_tui.client.access.credentials import token_info_path
from storage_tui.machine import directories

XDG = {"data": "XDG_DATA_HOME", "config": "XDG_CONFIG_HOME", "state": "XDG_STATE_HOME"}
DEFAULTS = {"data": ".local/share", "config": ".config", "state": ".local/state"}
only_linux = pytest.mark.skipif(sys.platform != "linux", reason="macOS has other folders")


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (*XDG.values(), "XDG_RUNTIME_DIR", "STORAGE_TUI_HOME", "DESCARTESLABS_TOKEN_INFO_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rel").mkdir()


@only_linux
@pytest.mark.parametrize("part", XDG)
@pytest.mark.parametrize("value", ["rel", "./rel", "../rel", "~/rel", ".", "", " "])
def test_a_relative_xdg_path_is_ignored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, part: str, value: str) -> None:
    monkeypatch.setenv(XDG[part], value)
    assert directories.base(part) == str(tmp_path / "home" / DEFAULTS[part] / "storage-tui")
    monkeypatch.setenv(XDG[part], str(tmp_path / "own"))
    assert directories.base(part) == str(tmp_path / "own/storage-tui")


@pytest.mark.parametrize("value", ["rel", "./rel"])
def test_a_relative_runtime_directory_is_ignored(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    without = directories.runtime_of("/a/store")
    monkeypatch.setenv("XDG_RUNTIME_DIR", value)
    assert directories.runtime_of("/a/store") == without


@pytest.mark.parametrize("home", ["rel", "", None])
def test_a_home_that_is_no_absolute_path_is_looked_up(monkeypatch: pytest.MonkeyPatch, home: str | None) -> None:
    if home is None:
        monkeypatch.delenv("HOME")
    else:
        monkeypatch.setenv("HOME", home)
    found = pwd.getpwuid(os.getuid()).pw_dir
    assert all(directories.base(part).startswith(f"{found}/") for part in XDG)
    assert token_info_path() == Path(found, ".descarteslabs/token_info.json")


def test_a_user_who_is_in_no_database_has_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "")
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000_001)
    assert directories.home() == "/"


def test_own_variables_and_flags_begin_at_the_working_directory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("STORAGE_TUI_HOME", "rel")
    monkeypatch.setenv("DESCARTESLABS_TOKEN_INFO_PATH", "rel/login")
    assert directories.base("config") == str(tmp_path / "rel/config")
    assert token_info_path() == tmp_path / "rel/login"


def test_a_path_in_the_settings_file_begins_at_the_folder_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "rel/config.toml"
    file.write_text('data_dir = "store"\n[profiles.lab]\nurl = "https://lab/"\ntoken_file = "lab.token"\n')
    assert load({}, file=file, environ={}).data_dir == tmp_path / "rel/store"
    assert load({"profile": "lab"}, file=file, environ={}).token_file == tmp_path / "rel/lab.token"
    file.write_text('token_file = "~/lab.token"\n')
    assert load({}, file=file, environ={}).token_file == tmp_path / "home/lab.token"


@only_linux
def test_the_doctor_says_what_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "rel")
    lines = [line for line in settings_file(Settings()) if line.level != "ok"]
    assert [line.level for line in lines] == ["warn"] and "XDG_STATE_HOME" in lines[0].text
