"""Marks over a whole list: loaded rows at once, rows of dropped pages as the pages are read again."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial

from storage_tui.contract.counts import plural
from storage_tui.tui.desk import EXPECTED
from storage_tui.tui.side import Side
from storage_tui.tui.state.listing import Row
from storage_tui.tui.state.parts import Part
from storage_tui.tui.store_reads import PAGES_AT_ONCE, read_part

Test = Callable[[Row], bool]


def too_many(count: int, most: int) -> str:
    """Return why so many rows are not marked, and a way out; empty when they are at most `most`."""
    if count <= most:
        return ""
    return f"{count:,} rows are more than the {most:,} marks there can be: mark the folder (h, Space), or filter"


def mark_here(desk: Side, parts: deque[Part], does_match: Test) -> None:
    """Mark the matches in loaded parts, and remove these parts from `parts`."""
    dropped = []
    for part in parts:
        if part.rows is None:
            dropped.append(part)
        else:
            _mark(desk, part.rows, does_match)
    parts.clear()
    parts.extend(dropped)


async def mark_dropped(desk: Side, parts: deque[Part], could_match: Test, does_match: Test) -> None:
    """Mark the matches in the remaining parts; more parts may be added meanwhile.

    A row is read when `could_match` accepts its name. The status line shows the progress. Esc stops the work, and the
    marks so far stay.
    """
    seen = 0
    try:
        while parts:
            left = seen + sum(map(len, parts))
            desk.working = f"Marking… {seen:,} of {plural(left, 'row')} read (Esc stops)"
            some = [parts.popleft() for _ in range(min(PAGES_AT_ONCE, len(parts)))]
            wanted = [[row for row in part.stand_ins() if could_match(row)] for part in some]
            for rows in await asyncio.gather(*map(partial(read_part, desk.storage), some, wanted)):
                _mark(desk, rows, does_match)
            seen += sum(map(len, some))
            if len(desk.marks) > desk.bounds.marks:
                desk.refuse(f"stopped at {plural(len(desk.marks), 'mark')}: mark a folder instead (h, Space)")
                return
            await asyncio.sleep(0)  # keys typed meanwhile come first
    except EXPECTED as exc:
        desk.fail("not all rows could be read to be marked", exc)
    finally:
        parts.clear()
        desk.working = ""


def _mark(desk: Side, rows: Iterable[Row], does_match: Test) -> None:
    desk.marks.add([row for row in map(desk.filled, rows) if does_match(row)])
