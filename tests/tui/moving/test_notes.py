"""What the terminal is told when all transfers have ended."""

from typing import Any

import pytest

from storage_tui import Storage
from storage_tui.cli.settings import NOTIFY
from storage_tui.tui.moving.notes import KINDS, end_note
from storage_tui.tui.state.transfers import Gauge

GAUGE = Gauge(5, 5, 2, 0, 0, 0, 0, 10, 10, 0.0, "upload")


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("off", ""),
        ("bell", "\a"),
        ("osc9", "\x1b]9;storage-tui: 3 transfers done, 2 failed\x07"),
        ("osc777", "\x1b]777;notify;storage-tui;3 transfers done, 2 failed\x07"),
    ],
)
def test_each_setting_has_its_note(kind: str, told: str) -> None:
    assert end_note(kind, GAUGE, {}) == told
    inside = end_note(kind, GAUGE, {"TMUX": "/tmp/x"})
    assert inside == (told if kind in ("off", "bell") else "\x1bPtmux;" + told.replace("\x1b", "\x1b\x1b") + "\x1b\\")


def test_the_settings_name_every_kind() -> None:
    assert NOTIFY == KINDS


async def test_the_terminal_is_told_once_at_the_end(
    store: Storage, browse: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.set("x", b"x")
    async with browse(notify="bell") as browser:
        written: list[str] = []
        monkeypatch.setattr(browser.app._driver, "write", written.append)
        await browser.until(lambda: browser.names == ["x"])
        await browser.press("d")
        await browser.shows("Download x")
        await browser.press("enter")
        await browser.shows("1 done")
        await browser.until(lambda: "\a" in written)
        assert written.count("\a") == 1
