"""What holds for every run of the tests: the options of how often they try, and what programs they start inherit."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import short_form, wanted
from tests.effort import FORM, is_long, is_short

HOUR_S = 3600


def pytest_addoption(parser: pytest.Parser) -> None:
    for form, times in (
        ("full", "as often as tests/promises/README.md counts, and try every case, as CI does"),
        ("long", "as often as it counts for long"),
    ):
        parser.addoption(
            f"--{form}", dest="form", action="store_const", const=form, default="short",
            help=f"kill, cut, flip and fuzz {times}",
        )  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    os.environ[FORM] = config.getoption("form")
    for name in ("COLUMNS", "LINES"):  # set for the processes that test at once; a program would take them for its size
        os.environ.pop(name, None)
    os.environ["XDG_RUNTIME_DIR"] = tempfile.mkdtemp(
        prefix="st-run-"
    )  # short enough for sockets, and of this run alone
    for number in (signal.SIGINT, signal.SIGHUP):  # a run in the background or under nohup ignores them
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(os.environ["XDG_RUNTIME_DIR"], ignore_errors=True)


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("wants"):
        for name in mark.args:
            wanted.program(name)


@pytest.fixture
def runtime_base() -> Iterator[Path]:
    """An XDG_RUNTIME_DIR of one test, with a path short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="st-") as folder:
        yield Path(folder)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if is_short() and (dropped := short_form.left_out(config, items)):
        config.hook.pytest_deselected(items=dropped)
        left = set(dropped)
        items[:] = [item for item in items if item not in left]
    if is_long():
        for item in items:
            item.add_marker(pytest.mark.timeout(HOUR_S), append=False)
