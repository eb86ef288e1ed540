"""Where the preview of a table is cut, its heads say how many columns are missing."""

from io import BytesIO
from typing import Any

import numpy as np
from rich.style import Style
from rich.text import Text

from storage_tui import Storage
from storage_tui.tui.widgets.preview_pane import with_cut_columns

HEADS = "sample id  taken       lon    lat"


def test_the_heads_say_how_many_columns_do_not_fit_whole() -> None:
    assert with_cut_columns(Text(HEADS), len(HEADS), Style()).plain == HEADS
    assert with_cut_columns(Text(HEADS), 32, Style()).plain == "sample id  taken    +2 columns ›"
    for width in range(16, 60):
        cut = with_cut_columns(Text(HEADS), width, Style())
        assert cut.cell_len <= width


def test_the_heads_count_the_columns_that_are_not_in_them() -> None:
    assert with_cut_columns(Text("0  1"), 30, Style(), left=1000).plain == "0  1          +1,000 columns ›"
    assert with_cut_columns(Text("0  1"), 20, Style(), left=7).plain == "0  1    +7 columns ›"
    for width in range(16, 60):
        assert with_cut_columns(Text(HEADS), width, Style(), left=90).cell_len <= width


async def test_an_array_tells_its_cut_columns(store: Storage, browse: Any) -> None:
    values = BytesIO()
    np.save(values, np.arange(3 * 500).reshape(3, 500))
    store.set("a.npy", values.getvalue())
    async with browse() as browser:
        await browser.shows(" columns ›")
        said = next(row for row in browser.text.splitlines() if " columns ›" in row)
        missing = int(said.rpartition("+")[2].split()[0])
        assert missing + len(said.partition("▏")[2].split("+")[0].split()) == 500


async def test_a_wide_table_tells_its_cut_columns(store: Storage, browse: Any) -> None:
    names = [f"column_{number:02}" for number in range(20)]
    rows = "\n".join(",".join(str(number * 7) for number in range(20)) for _ in range(5))
    store.set("a.csv", f"{','.join(names)}\n{rows}\n")
    async with browse() as browser:
        await browser.shows(" columns ›")
        said = next(row for row in browser.text.splitlines() if " columns ›" in row)
        missing = int(said.rpartition("+")[2].split()[0])
        assert missing + sum(name in said for name in names) == 20
