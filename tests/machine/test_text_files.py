"""Files that people write with an editor: with a byte-order mark or without, each reader of such a file."""

import base64
import codecs
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from storage_tui.cli.operators.quotas import quota
from storage_tui.cli.settings import SettingsError, load
from storage_tui.client.access.credentials import Credentials
from storage_tui.contract.errors import CredentialsError
from storage_tui.contract.keys import Location
from storage_tui.machine.text_files import text_of
from storage_tui.server.run.operating import read_metrics_token
from storage_tui.tui.keys_file import commands_of
from storage_tui.tui.state.bookmarks import Places

SAVED = {
    "UTF-8": lambda text: text.encode(),
    "UTF-8 with BOM": lambda text: codecs.BOM_UTF8 + text.encode(),
    "UTF-16 LE": lambda text: codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
    "UTF-16 BE": lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
    "UTF-32 LE": lambda text: codecs.BOM_UTF32_LE + text.encode("utf-32-le"),
}
TOKEN = "a-token-that-is-long-enough"


def _settings(path: Path) -> Any:
    return load({}, file=path, environ={}).theme


def _keys(path: Path) -> Any:
    rows, problems = commands_of(path)
    return problems, next(row.keys for row in rows if row.id == "usage")


def _token(path: Path) -> Any:
    return Credentials(token_file=path).obtain().reveal()


def _bookmarks(path: Path) -> Any:
    places = Places(path.parent, "here")
    places.load()
    return places.bookmarks


def _limits(path: Path) -> Any:
    done = CliRunner().invoke(quota, ["load", str(path), "--data-dir", str(path.parent / "store")])
    return done.exit_code, done.output


READERS: dict[str, tuple[str, str, Callable[[Path], Any], Any]] = {
    "settings": ("config.toml", '# Zürich\r\ntheme = "nord"\r\n', _settings, "nord"),
    "keys": ("keys.toml", '[keys]\r\nusage = ["Q"]\r\n', _keys, ([], ("Q",))),
    "token": ("ada.token", f"{TOKEN}\r\n", _token, TOKEN),
    "metrics": ("metrics", f"{TOKEN}\r\n", lambda path: read_metrics_token(path).reveal(), TOKEN.encode()),
    "bookmarks": (
        "places.json", '{"here": {"bookmarks": {"a": "tmp:a/"}}}', _bookmarks, {"a": Location("tmp", "a/")}
    ),
    "limits": ("limits.json", "{}", _limits, (0, "")),
    "limits in TOML": ("limits.toml", "# none\r\n", _limits, (0, "")),
}  # fmt: skip


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("form", SAVED)
def test_every_file_of_a_person_is_read_in_the_forms_that_editors_save(tmp_path: Path, reader: str, form: str) -> None:
    name, text, read, wanted = READERS[reader]
    (tmp_path / "store").mkdir(mode=0o700)
    path = tmp_path / name
    path.touch(mode=0o600)
    path.write_bytes(SAVED[form](text))
    assert read(path) == wanted


@pytest.mark.parametrize("form", SAVED)
@pytest.mark.parametrize("is_pasted", [True, False])
def test_a_login_may_have_a_mark(tmp_path: Path, form: str, is_pasted: bool) -> None:
    claims = base64.urlsafe_b64encode(json.dumps({"exp": 4102444800, "sub": "ada"}).encode()).decode().rstrip("=")
    jwt = f"e30.{claims}.x"
    login = json.dumps({"refresh_token": "r", "client_id": "c", "jwt_token": jwt})
    path = tmp_path / "login"
    path.touch(mode=0o600)
    path.write_bytes(SAVED[form](base64.urlsafe_b64encode(login.encode()).decode() if is_pasted else login))
    assert _token(path) == jwt


def test_a_token_of_the_environment_may_have_a_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_TUI_TOKEN", f"\ufeff{TOKEN}\r")
    assert Credentials(url="http://127.0.0.1:1/storage/v1").obtain().reveal() == TOKEN


@pytest.mark.parametrize("raw", ["über".encode("latin-1"), "text".encode("utf-16-le"), codecs.BOM_UTF16_LE + b"abc"])
def test_another_encoding_is_refused_with_the_way_out(tmp_path: Path, raw: bytes) -> None:
    with pytest.raises(ValueError, match="save the file as UTF-8"):
        text_of(raw)
    path = tmp_path / "file"
    path.touch(mode=0o600)
    path.write_bytes(raw)
    with pytest.raises(SettingsError, match="save the file as UTF-8"):
        load({}, file=path, environ={})
    with pytest.raises(CredentialsError, match="save the file as UTF-8"):
        _token(path)
    assert "save the file as UTF-8" in commands_of(path)[1][0]
