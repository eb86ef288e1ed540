"""The progress of get, put and resume: one live line on a terminal, lines in a pipe, and a limit of the rate."""

import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from storage_tui.cli import live_line
from storage_tui.cli.live_line import fitted, progress_parts
from storage_tui.cli.settings import MOST_JOBS, Settings, SettingsError, load
from storage_tui.client.batch import scheduler
from storage_tui.client.batch.progress import BatchProgress
from tests.terminal import Terminal

MANY = BatchProgress(2000, 1280, 3, 512_000_000, 1_024_000_000, 12_300_000)
ONE = BatchProgress(1, 0, 0, 512_000_000, 1_024_000_000, 12_300_000)


def test_the_line_says_what_moves_how_fast_and_how_long() -> None:
    assert progress_parts(ONE, "map.tif") == ["map.tif", "512 MB of 1.0 GB (50 %)", "12.3 MB/s", "0:42 left"]
    assert progress_parts(MANY, "")[0] == "1,280 of 2,000 files, 3 failed"
    unknown = BatchProgress(1, 0, 0, 5000, 0, 0.0)
    assert progress_parts(unknown, "k") == ["k", "5.0 kB", "0 B/s"]
    assert progress_parts(ONE, "k", "connection refused, next try in 0:12")[2:] == [
        "waiting: connection refused, next try in 0:12"
    ]


@pytest.mark.parametrize("columns", [200, 120, 80, 60, 40, 30, 20, 12, 5, 1, 0])
@pytest.mark.parametrize("name", ["map.tif", "x" * 300, "世界" * 60, "e\u0301" * 90, "n\x1b]0;MARK\x07\u202e"])
def test_the_line_fits_its_terminal(columns: int, name: str) -> None:
    from rich.cells import cell_len

    line = fitted(progress_parts(ONE, name), columns)
    assert cell_len(line) <= columns and "\n" not in line and "\x1b" not in line
    if columns >= 40:
        assert "512 MB of 1.0 GB" in line and "12.3 MB/s" in line


def test_a_pipe_gets_a_line_now_and_then_and_none_from_a_short_transfer(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with live_line.live_line(lambda: ONE, "map.tif"):
        pass
    assert capsys.readouterr().err == ""
    read = threading.Event()
    count = 0

    def progress() -> BatchProgress:
        nonlocal count
        count += 1
        if count > 2:
            read.set()
        return ONE

    with live_line.live_line(progress, "map.tif", say_s=0.01):
        assert read.wait(30)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) >= 2
    assert set(lines) == {"storage-tui: map.tif, 512 MB of 1.0 GB (50 %), 12.3 MB/s, 0:42 left"}
    with live_line.live_line(progress, "map.tif", is_on=False):
        pass
    assert capsys.readouterr().err == ""


@pytest.fixture
def large(tmp_path: Path) -> Path:
    path = tmp_path / "large.bin"
    path.write_bytes(bytes(3_000_000))
    return path


@pytest.mark.parametrize("columns", [120, 80, 20])
def test_one_line_lives_on_a_terminal_and_is_gone_at_the_end(
    home: dict[str, str], run: Any, large: Path, columns: int
) -> None:
    command = [sys.executable, "-m", "storage_tui", "put", "--bwlimit", "1M", str(large), "tmp:live"]
    environ = {**home, "TERM": "xterm-256color"}
    with Terminal(command, environ=environ, cwd=large.parent, columns=columns, rows=5) as terminal:
        terminal.wait_for("of 3.0 MB")
        assert sum("MB" in row for row in terminal.text().splitlines()) == 1, terminal.text()
        if columns >= 80:
            terminal.wait_for("/s")
            terminal.wait_for("left")
            assert "large.bin" in terminal.text()
        assert terminal.wait_for_exit() == 0
        shown = "".join(terminal.text().split())
        assert shown == "tmp:liveverified", "only the line about the file stays"


def test_a_limit_holds_the_command_back(run: Any, large: Path) -> None:
    began = time.monotonic()
    run("put", "--bwlimit", "off:2M", str(large), "tmp:k")
    run("get", "--bwlimit", "1M", "tmp:k", "back.bin")
    assert time.monotonic() - began > 2.7  # a floor, never a ceiling: 3 MB at 1 MB/s
    assert (large.parent / "back.bin").read_bytes() == large.read_bytes()


@pytest.mark.parametrize("rate", ["x", "", "5", "10M:2M:1M", "-1M"])
def test_a_wrong_limit_is_refused_with_an_example(run: Any, large: Path, rate: str) -> None:
    assert b"10M" in run("put", "--bwlimit", rate, str(large), "tmp:k", code=2).stderr


def test_limit_and_jobs_are_settings_too(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('bwlimit = "10M:2M"\njobs = 7\n')
    assert load({}, file=file, environ={}) == Settings(bwlimit="10M:2M", jobs=7)
    environ = {"STORAGE_TUI_BWLIMIT": "off", "STORAGE_TUI_JOBS": "9"}
    assert load({}, file=file, environ=environ) == Settings(bwlimit="off", jobs=9)
    assert MOST_JOBS == scheduler.MOST_JOBS


@pytest.mark.parametrize(
    "line", ["jobs = 0", "jobs = 33", 'jobs = "many"', "jobs = true", "jobs = 1.5", 'bwlimit = "fast"', "bwlimit = 5"]
)
def test_a_wrong_setting_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(line)
    with pytest.raises(SettingsError, match=line.split()[0]):
        load({}, file=file, environ={})
