"""How busy the processors are."""

from pathlib import Path

import pytest

from storage_tui.machine.processors import ProcessorTime, processor_time


def test_the_share_without_work_follows_from_two_looks(tmp_path: Path) -> None:
    stat = tmp_path / "stat"
    stat.write_text("cpu  100 10 50 800 40 0 0 0 7 7\ncpu0 1 1 1 1 1 1 1 1 1 1\n")
    before = processor_time(str(stat))
    assert before == ProcessorTime(total=1000, idle=840)
    stat.write_text("cpu  180 10 50 810 50 0 0 0 7 7\n")
    after = processor_time(str(stat))
    assert after is not None and after.idle_share_since(before) == 0.2
    assert after.idle_share_since(after) == 1


@pytest.mark.parametrize("text", [None, "", "cpu", "cpu  a b c d e", "intr 5"])
def test_a_system_without_the_file_says_nothing(tmp_path: Path, text: str | None) -> None:
    stat = tmp_path / "stat"
    if text is not None:
        stat.write_text(text)
    assert processor_time(str(stat)) is None
