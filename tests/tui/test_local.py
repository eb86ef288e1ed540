"""The local side: paths as typed, folders made without following links, names that do not clash, the clipboard."""

import base64
from pathlib import Path

import pytest

from storage_tui.client.transfer.conflict import Conflict
from storage_tui.contract.models import Blob
from storage_tui.tui.dialogs.download import DownloadRequest
from storage_tui.tui.rows.copying import curl_line
from storage_tui.tui.rows.downloading import plan_downloads
from storage_tui.tui.rows.gathering import Gathered
from storage_tui.tui.state.paths import complete, expand
from storage_tui.tui.terminal.clipboard import osc52


def test_completion_goes_as_far_as_it_is_clear(tmp_path: Path) -> None:
    tmp_path /= "place"
    tmp_path.mkdir()
    for name in ("maps-1.tif", "maps-2.tif", ".hidden"):
        (tmp_path / name).touch()
    (tmp_path / "data").mkdir()
    assert complete(f"{tmp_path}/ma") == (f"{tmp_path}/maps-", ["maps-1.tif", "maps-2.tif"])
    assert complete(f"{tmp_path}/d") == (f"{tmp_path}/data/", ["data/"])
    assert complete(f"{tmp_path}/", only_folders=True) == (f"{tmp_path}/data/", ["data/"])
    assert complete(f"{tmp_path}/.h")[1] == [".hidden"]
    assert complete("/no/such/place/x")[1] == []


def test_a_path_begins_anew_after_a_double_slash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert expand("/work//etc/hosts") == Path("/etc/hosts")
    assert expand("/work/~/x") == tmp_path / "x"


def test_keys_never_leave_the_folder_chosen(tmp_path: Path) -> None:
    keys = ["a/../../b", "/etc/passwd", "a//b", "a", "a/b", "A", "e\u0301", "\u00e9", "con", "x" * 900, "..", "a/"]
    gathered = [Gathered(Blob(key, "data"), "") for key in keys]
    paths = [transfer.path for transfer in plan_downloads(gathered, DownloadRequest(tmp_path, Conflict.SKIP))]
    assert len({str(path).casefold() for path in paths}) == len(keys)
    for path in paths:
        assert path.is_relative_to(tmp_path) and ".." not in path.parts
        assert all(len(part.encode()) <= 255 for part in path.parts)


def test_the_clipboard_sequence_has_the_form_each_terminal_takes() -> None:
    payload = base64.b64encode("ключ".encode()).decode()
    plain = f"\x1b]52;c;{payload}\x07"
    assert osc52("ключ", {"TERM": "xterm"}) == plain
    assert osc52("ключ", {"TMUX": "/tmp/x"}) == f"{plain}\x1bPtmux;\x1b{plain}\x1b\\"
    assert osc52("x" * 900, {"TERM": "screen"}).count("\x1bP") > 4


def test_a_curl_line_quotes_the_name() -> None:
    assert curl_line("http://h/x?sig=1", "a/it's; rm") == "curl -fo 'it'\"'\"'s; rm' 'http://h/x?sig=1'"
