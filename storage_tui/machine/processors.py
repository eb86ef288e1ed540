"""How busy the processors of this machine are."""

import os
from contextlib import suppress
from dataclasses import dataclass

STAT = "/proc/stat"  # Linux; other systems have no file for it
_LINE_BYTES = 512


@dataclass(frozen=True, slots=True)
class ProcessorTime:
    """What all processors together have spent since the machine started, in ticks of the kernel (10 ms mostly)."""

    total: int
    idle: int

    def idle_share_since(self, before: "ProcessorTime") -> float:
        """Return the share of the time since `before` in which processors had nothing to do; 1 for no time."""
        passed = self.total - before.total
        return (self.idle - before.idle) / passed if passed > 0 else 1.0


def processor_time(stat: str = STAT) -> ProcessorTime | None:
    """Return what the processors have spent (proc(5), the first line of /proc/stat); None on other systems."""
    with suppress(OSError, ValueError, IndexError):
        descriptor = os.open(stat, os.O_RDONLY | os.O_CLOEXEC)
        try:
            line = os.read(descriptor, _LINE_BYTES).split(b"\n", 1)[0]
        finally:
            os.close(descriptor)
        # user, nice, system, idle, iowait, irq, softirq, steal; the guests after them are within user and nice
        fields = [int(field) for field in line.split()[1:9]]
        return ProcessorTime(sum(fields), fields[3] + fields[4])
    return None
