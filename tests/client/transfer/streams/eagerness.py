"""Transfers that open streams at once, whatever they measure: for tests of what several streams do."""

import subprocess
import sys
from pathlib import Path

from storage_tui.client.http.pace import StreamRule
from tests.faults.proxy import Fault

MIB = 1024 * 1024
EAGER = StreamRule(
    first_look_s=0, window_s=0, settle_down_s=0, settle_up_s=0, trial_down_s=0, trial_up_s=0, flat=1e9, gain=0,
    waiting=-1, long_round_trip_s=0, fast_bytes_s=1e18, least_left_bytes=MIB, share_bytes=2 * MIB,
    least_share_bytes=256 * 1024,
)  # fmt: skip
ALONE = StreamRule(most_streams=1)
LONG = Fault(delay_s=0.01)  # 64 KiB in each 10 ms, one way: a link whose window is the bound
NEAR = Fault(rate_bytes_s=8_000_000)  # as slow, but every answer is early
# A machine that runs many tests at once makes the answers of a near server late, and has no time to spare.
QUICK = StreamRule(first_look_s=0.4, window_s=0.2, settle_down_s=0.2, trial_down_s=0.3, settle_up_s=0.5, trial_up_s=0.5,
                   least_left_bytes=4 * MIB, least_idle=0, flat=2)  # fmt: skip

_PROCESS = """
import sys
from storage_tui import Storage
from tests.client.transfer.streams.eagerness import EAGER
url, token, verb, path = sys.argv[1:]
storage = Storage(url, token=token, timeout_s=30)
storage.engine.pace.rule = EAGER
getattr(storage, verb)("k", path)
"""


def eager_process(url: str, token: str, verb: str, path: Path) -> "subprocess.Popen[bytes]":
    """Begin to move the blob `k` over several streams in a process of its own; `verb` as for `transfer_process`."""
    return subprocess.Popen([sys.executable, "-c", _PROCESS, url, token, verb, str(path)])
