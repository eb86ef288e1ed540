"""What holds for every run of the tests: the option that makes them long, and what programs they start inherit."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.effort import LONG_FORM

HOUR_S = 3600


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--long", action="store_true", help="kill, cut, flip and fuzz as often as the README counts, not as CI does"
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--long"):
        os.environ[LONG_FORM] = "1"
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


@pytest.fixture
def runtime_base() -> Iterator[Path]:
    """An XDG_RUNTIME_DIR of one test, with a path short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="st-") as folder:
        yield Path(folder)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--long"):
        for item in items:
            item.add_marker(pytest.mark.timeout(HOUR_S), append=False)
