"""Which process comes first on the processors and disks of this machine."""

import ctypes
import os
import platform
import struct
import sys
from contextlib import suppress

_NICENESS_OF_BACKGROUND = 5  # a quarter of the time beside a process of the usual niceness; all of it alone
_NICENESS_OF_UPKEEP = 10
_SET_IO_PRIORITY = {"x86_64": 251, "aarch64": 30, "riscv64": 30}  # the number of the system call, by machine
_IDLE_CLASS = 3 << 13
_SET_SCHEDULER = {"x86_64": 314, "aarch64": 274, "riscv64": 274}
_SCHEDULER = struct.Struct("=IIQiIQQQ")  # sched_setattr(2): size, policy, flags, niceness, priority, slice, two more
_RESET_ON_FORK = 1
_LEAST_SLICE_NS = 100_000  # the least that the kernel takes


def be_gentle() -> None:
    """Give every other process precedence over this process, on the CPU and on the disk, until this process ends."""
    os.nice(_NICENESS_OF_UPKEEP)
    number = _SET_IO_PRIORITY.get(platform.machine())
    if sys.platform == "linux" and number is not None:
        ctypes.CDLL(None).syscall(number, 1, 0, _IDLE_CLASS)  # a refusal only leaves the usual disk priority


def work_in_background() -> None:
    """Let the programs that somebody looks at come first, until this process ends. Nothing is lost where they rest."""
    os.nice(_NICENESS_OF_BACKGROUND)
    if sys.platform == "linux":
        with suppress(OSError):  # a refusal only leaves the usual policy
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))  # interrupts no process that runs


def answer_at_once() -> None:
    """Let this thread run as soon as it has something to do, until it ends: it needs little time at a time.

    Linux 6.12 and later let such a thread interrupt others (sched(7): a slice of its own under SCHED_OTHER); elsewhere
    nothing changes. Its share of the time stays the same. Threads and programs that it starts are as usual.
    """
    number = _SET_SCHEDULER.get(platform.machine())
    if sys.platform == "linux" and number is not None:
        niceness = os.getpriority(os.PRIO_PROCESS, 0)
        wish = _SCHEDULER.pack(
            _SCHEDULER.size, os.SCHED_OTHER, _RESET_ON_FORK, niceness, 0, _LEAST_SLICE_NS, 0, 0
        )  # fmt: skip
        ctypes.CDLL(None).syscall(number, 0, wish, 0)  # a refusal only leaves the usual slice
