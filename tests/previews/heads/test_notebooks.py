"""Notebooks: cells and outputs, and JSON that is no notebook."""

import json

import pytest

from storage_tui.previews import preview
from tests.previews.heads.damage import judged
from tests.previews.heads.samples import notebook
from tests.previews.ranges import Ranges, plain


async def test_a_notebook_shows_sources_outputs_and_what_it_says_of_itself() -> None:
    shown = await judged(notebook(), "a.ipynb")
    assert dict(shown.facts) == {
        "cells": "3: 2 code, 1 markdown", "kernel": "Python 3", "language": "python 3.11.9", "format": "4.5",
    }  # fmt: skip
    text = plain(shown)
    assert "── markdown\n# Yield of 2026" in text
    assert "  → image/png, 4.0 kB\n  → <Figure>\n  → ValueError: no \\x1b[31mdata" in text


async def test_a_large_notebook_is_shown_as_far_as_it_is_read() -> None:
    ranges = Ranges.of(notebook(cells=400))
    shown = await preview(ranges.source("a.ipynb"), width=100, height=30)
    assert "+" in dict(shown.facts)["cells"]
    assert (len(ranges.asked), len(shown.lines)) == (2, 500)
    full = await preview(Ranges.of(notebook(cells=400)).source("a.ipynb"), width=100, height=30, is_full=True)
    assert len(full.lines) > 1000


@pytest.mark.parametrize(
    "content",
    [{"cells": []}, {"cells": [1, 2]}, {"cells": {"cell_type": 1}}, {"cells": [{"cell_type": None}]}, {"cells": "x"}],
)
async def test_json_with_other_cells_is_shown_as_json(content: object) -> None:
    assert (await judged(json.dumps(content).encode(), "a.ipynb")).kind == "JSON"


@pytest.mark.parametrize(
    "cell",
    [
        {"cell_type": "code", "source": {"a": 1}, "outputs": 3},
        {"cell_type": "code", "outputs": [1, {"data": []}, {}]},
        {"cell_type": "\x1b" * 90, "source": ["x" * 90_000, 4, None], "execution_count": "1"},
        {"cell_type": "code", "outputs": [{"text": "\n" * 50_000}, {"data": {"image/png": 5, "a/\x07": ["b"]}}]},
        {"cell_type": "code", "outputs": [{"output_type": "error"}], "execution_count": 10**400},
    ],
)  # fmt: skip
async def test_a_strange_cell_is_shown_as_far_as_it_is_one(cell: object) -> None:
    shown = await judged(json.dumps({"cells": [cell], "metadata": [], "nbformat": "4"}).encode())
    assert shown.kind == "notebook"


async def test_deep_nesting_in_a_notebook_ends() -> None:
    await judged(b'{"cells": [{"cell_type": "code", "metadata": ' + b"[" * 100_000)
