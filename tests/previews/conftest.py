"""The tests of a file share an event loop and a decoding process; no process outlives the file."""

from pathlib import Path

import pytest

from tests.previews.one_loop import decoder_of_the_file as decoder_of_the_file
from tests.previews.one_loop import share_loop

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    share_loop(item for item in items if HERE in item.path.parents)
