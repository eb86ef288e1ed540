"""Transfers that open streams at once, whatever they measure: for tests of what several streams do."""

import subprocess
import sys
from pathlib import Path

import pytest

from storage_tui.client.transfer.streams import spans, widening

MIB = 1024 * 1024
RULE = {
    "FIRST_LOOK_S": 0.0, "WINDOW_S": 0.0, "FLAT": 1e9, "WAITING": -1.0, "GAIN": 0.0, "FAST_BYTES_S": 1e18,
    "LEAST_LEFT_BYTES": MIB, "SETTLE_S": {"up": 0.0, "down": 0.0}, "TRIAL_S": {"up": 0.0, "down": 0.0},
}  # fmt: skip
SHARES = {"SHARE_BYTES": 2 * MIB, "LEAST_SHARE_BYTES": 256 * 1024}

_PROCESS = """
import sys
from storage_tui import Storage
from tests.client.transfer.streams.eagerness import set_rule
url, token, verb, path = sys.argv[1:]
set_rule()
getattr(Storage(url, token=token, timeout_s=30), verb)("k", path)
"""


def set_rule() -> None:
    """Have every transfer of this process open streams at once."""
    for module, values in ((widening, RULE), (spans, SHARES)):
        for name, value in values.items():
            setattr(module, name, value)


def patch_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every transfer of this test open streams at once."""
    for module, values in ((widening, RULE), (spans, SHARES)):
        for name, value in values.items():
            monkeypatch.setattr(module, name, value)


def eager_process(url: str, token: str, verb: str, path: Path) -> "subprocess.Popen[bytes]":
    """Begin to move the blob `k` over several streams in a process of its own; `verb` as for `transfer_process`."""
    return subprocess.Popen([sys.executable, "-c", _PROCESS, url, token, verb, str(path)])
