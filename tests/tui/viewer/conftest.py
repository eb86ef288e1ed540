"""The tests of documents without a screen share an event loop and a decoding process, file by file."""

from pathlib import Path

import pytest

from tests.previews.one_loop import share_loop

FILES = [Path(__file__).with_name(name) for name in ("test_documents.py", "test_state.py")]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    share_loop(item for item in items if item.path in FILES)
