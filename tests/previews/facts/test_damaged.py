"""Every row of the table damaged in a dozen ways: something is shown, or one line says why not; never a traceback."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage_tui.previews import Preview
from storage_tui.previews.base import MIB
from tests import effort
from tests.previews.facts.row import Row
from tests.previews.facts.table import STORES, TABLE, seen
from tests.previews.heads.damage import CPU_S, OBEYED, variants
from tests.previews.ranges import plain

pytestmark = [
    pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning"),
    pytest.mark.filterwarnings("ignore:Feather V1:DeprecationWarning"),
]
VARIANTS = 12  # of `variants`
STEP = effort.count(short=4, full=1)  # of the variants of one file: in short, every fourth
MOST_REQUESTS, MOST_BYTES = 16, MIB
OF_PYTHON = re.compile(
    r"Traceback|unpack_from|to unpack|object has no|NoneType|codec can't|invalid literal|index out|<class|\w+Error\b|"
    r"zip\(\)|'\w+' object"
)
NOTE_CHARS = 400


@pytest.mark.parametrize("group", TABLE)
async def test_a_damaged_file_ends_in_a_line(group: str, tmp_path: Path) -> None:
    for number, row in enumerate(TABLE[group]):
        folder = tmp_path / str(number)
        folder.mkdir()
        path = row.make(folder)
        for _ in damages(row, path, number):
            await judged(row, path)


def damages(row: Row, path: Path, first: int) -> Iterator[None]:
    """Damage the file in one way after the other; of a folder that is one thing one file after the other."""
    files = sorted(one for one in path.rglob("*") if one.is_file()) if path.suffix in STORES else [path]
    for turn in range(first % STEP, VARIANTS, STEP):
        damaged = files[turn % len(files)]
        sound = damaged.read_bytes()
        damaged.write_bytes(list(variants(sound, row.kind))[turn])
        yield
        damaged.write_bytes(sound)


async def judged(row: Row, path: Path) -> None:
    """Hold the preview of a damaged file to all that must hold of any."""
    begun = time.process_time()
    shown, source = await seen(path)
    assert time.process_time() - begun < CPU_S
    assert source.requests <= max(row.requests, MOST_REQUESTS), row.kind
    assert source.bytes_read <= max(row.size_bytes, MOST_BYTES), row.kind
    held(shown)


def held(shown: Preview) -> None:
    """All that must hold of what is shown."""
    assert shown.lines or shown.facts or shown.note
    assert not OBEYED & set(plain(shown))
    reasons = [value for label, value in shown.facts if label.startswith("not shown")]
    for line in (*reasons, shown.note):
        assert "\n" not in line and len(line) <= NOTE_CHARS
        assert not OF_PYTHON.search(line), line
