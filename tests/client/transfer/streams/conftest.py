"""Transfers over several streams."""

import pytest

from storage_tui.client.http.pace import Pace
from tests.client.transfer.streams.eagerness import EAGER


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every transfer opens streams at once."""
    begin = Pace.__init__

    def eagerly(self: Pace) -> None:
        begin(self, EAGER)

    monkeypatch.setattr(Pace, "__init__", eagerly)
