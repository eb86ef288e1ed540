"""A file in many damaged variants, and what must hold of the preview of each."""

import random
import time
from collections.abc import Iterator
from functools import cache

from storage_tui.previews import PREVIEWS, Preview, preview
from storage_tui.previews.base import MIB, WHOLE_BYTES, Format
from storage_tui.previews.formats.zip_archive import ZipArchive
from storage_tui.previews.pick import find_format
from tests.previews.heads.samples import HEADS
from tests.previews.ranges import Ranges, plain
from tests.previews.samples import SAMPLES

OBEYED = frozenset(map(chr, (*range(0x0A), *range(0x0B, 0x20), 0x7F, *range(0x80, 0xA0), 0x202E)))
CPU_S = 20.0  # far above what any takes on a loaded machine: a loop without end fails here and not at the timeout
MOST_REQUESTS, MOST_BYTES = 8, MIB
SHARES = (0.02, 0.3, 0.6, 0.97)


def variants(content: bytes, kind: str) -> Iterator[bytes]:
    """Yield about a dozen files: cut, with counts that lie, with flipped bits, twice, with what a terminal obeys."""
    for share in SHARES:
        yield content[: max(1, int(len(content) * share))]
    dice = random.Random(kind)
    for junk in (b"\xff" * 4, b"\x7f" * 8, b"\0\0", b"\xff"):
        damaged = bytearray(content)
        for _ in range(6):
            at = dice.randrange(4, max(5, min(len(damaged), 4096) - len(junk)))
            damaged[at : at + len(junk)] = junk
        yield bytes(damaged)
    yield bytes(byte ^ (at % 37 == 30) for at, byte in enumerate(content[:100_000])) + content[100_000:]
    yield content + content
    yield content + b"\x1b]52;c;aGk=\x07 \xe2\x80\xae \xc2\x9b31m"
    yield content.replace(b"a", b"\x1b", 50)


async def judged(content: bytes, name: str = "blob", *, is_full: bool = False) -> Preview:
    """The preview, after all that must hold of any."""
    ranges, begun = Ranges.of(content), time.process_time()
    shown = await preview(ranges.source(name), width=80, height=24, is_full=is_full)
    assert time.process_time() - begun < CPU_S
    assert shown.lines or shown.facts or shown.note
    if not is_full:
        assert len(ranges.asked) <= MOST_REQUESTS
        assert sum(stop - start for start, stop in ranges.asked) <= MOST_BYTES
    assert not OBEYED & set(plain(shown))
    return shown


@cache
def rows_with_samples() -> tuple[Format, ...]:
    """The rows of the table that a sample is shown by; a program with no archive after it is for the rows after zip."""
    files = [(make, "blob") for make, _ in SAMPLES.values()] + [(make, name) for make, name, _ in HEADS.values()]
    found = []
    for make, name in files:
        head = make()[:WHOLE_BYTES]
        rows = [row for row in PREVIEWS if not isinstance(row, ZipArchive) or row.begins(head)]
        found.append(find_format(rows, head, name))
    return tuple(found)
