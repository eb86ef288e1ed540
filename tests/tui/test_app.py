"""The App itself: what it leaves behind when it fails, themes, and what it prints with hostile keys around."""

from pathlib import Path
from typing import Any

import pytest

from storage_tui import AsyncStorage, Storage
from storage_tui.tui.app import CRASH_LOG, StorageApp
from storage_tui.tui.theme import choose_theme


async def test_a_defect_leaves_a_report_without_the_values_of_variables(
    store: Storage, browse: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        secret = "canary-" + "token"
        raise RuntimeError("a defect") from ValueError(len(secret))

    with pytest.raises(RuntimeError, match="a defect"):
        async with browse() as browser:
            monkeypatch.setitem(browser.main.actions, "refresh", broken)
            await browser.press("R")
    report = (tmp_path / "state" / CRASH_LOG).read_text()
    assert "a defect" in report and "canary-token" not in report
    printed = capfd.readouterr().err.replace("\n", "")  # the path is longer than a row
    assert "canary-token" not in printed and CRASH_LOG in printed


def test_the_theme_suits_the_terminal() -> None:
    assert choose_theme(None, {"TERM": "xterm-256color"}) == "storage-dark"
    assert choose_theme(None, {"TERM": "xterm-kitty"}) == "storage-dark"
    assert choose_theme(None, {"TERM": "linux"}) == "storage-16"
    assert choose_theme("nord", {"TERM": "linux"}) == "nord"


@pytest.mark.parametrize("theme", ["storage-dark", "storage-light", "storage-16", "ansi-dark", "textual-light", "nord"])
async def test_every_theme_draws_the_list(theme: str, server: Any, token: str, store: Storage, tmp_path: Path) -> None:
    store.set("folder/one", "x")
    app = StorageApp(AsyncStorage(server.url, token=token), state_dir=tmp_path, theme=theme)
    async with app.run_test(size=(80, 24)) as pilot:
        for _ in range(200):
            await pilot.pause(0.025)
            if "folder/" in app.export_screenshot():
                break
        assert "folder/" in app.export_screenshot()
