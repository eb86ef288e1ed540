"""Transfers over several streams."""

import pytest

from tests.client.transfer.streams.eagerness import patch_rule


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every transfer opens streams at once."""
    patch_rule(monkeypatch)
