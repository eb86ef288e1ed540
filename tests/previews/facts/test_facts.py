"""Every row of the table: its kind, its facts, its rows, within its budget."""

from pathlib import Path
from typing import Any

import pytest

from storage_tui.previews import PREVIEWS
from storage_tui.previews.formats.gdal_vector import GEODATABASE, KINDS, GdalVector
from storage_tui.previews.registry import ZIP_KINDS
from tests.previews.facts.row import HEADER_BYTES, HEADER_REQUESTS, Row, Stated
from tests.previews.facts.table import TABLE, told
from tests.previews.heads.samples import HEADS
from tests.previews.samples import SAMPLES

pytestmark = [
    pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning"),
    pytest.mark.filterwarnings("ignore:Feather V1:DeprecationWarning"),
]


FAMILIES = {"CSV": "table", "PCIDSK": "GDAL raster", "STAC item": "STAC", "WKB in hexadecimal digits": "WKB",
            "lz4": "archive", "gzip": "compressed"}  # fmt: skip
"""The rows of PREVIEWS that are named for several formats, by one of these."""


@pytest.mark.parametrize("group", TABLE)
async def test_facts_are_those_of_the_library_of_the_format(group: str, tmp_path: Path) -> None:
    for number, row in enumerate(TABLE[group]):
        folder = tmp_path / str(number)
        folder.mkdir()
        path = row.make(folder)
        found = await told(path)
        assert different(row, row.stated(path), found) == {}, f"row {number} of {group}: {row.kind} by {row.library}"


def different(row: Row, stated: Stated, found: dict[str, Any]) -> dict[str, Any]:
    """All that is not as the library states it, or not within the budget: what is found and what was expected."""
    pairs = {"kind": (found["kind"], row.kind), "is_damaged": (found["is_damaged"], False)}
    pairs |= {label: (found["facts"].get(label), expected) for label, expected in stated.facts.items()}
    if stated.columns is not None:
        pairs["columns"] = (found.get("columns"), list(stated.columns))
    if stated.rows is not None:
        rows = [list(expected) for expected in stated.rows]
        shown = found.get("rows") or []
        pairs["rows"] = (
            [cells[: len(expected)] for cells, expected in zip(shown, rows, strict=False)],
            rows[: len(shown)],
        )
        assert len(shown) >= min(len(rows), 10)
    text = "\n".join(found.get("lines", ()))
    pairs |= {f"line {line}": (line in text, True) for line in stated.lines}
    pairs["requests"] = (max(found["requests"], row.requests), row.requests)
    pairs["bytes"] = (max(found["bytes_read"], row.size_bytes), row.size_bytes)
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def test_every_format_is_in_the_table() -> None:
    rows = [row for group in TABLE.values() for row in group]
    kinds = {row.kind for row in rows}
    by_gdal = {row.name for row in (*KINDS, GEODATABASE)}  # held against pyogrio in vector/test_by_gdal.py
    assert kinds >= ({row.kind for row in ZIP_KINDS} | HEADS.keys() | SAMPLES.keys()) - by_gdal
    families = {FAMILIES[kind] for kind in kinds & FAMILIES.keys()}
    assert {row.kind for row in PREVIEWS} <= kinds | families | by_gdal | {GdalVector.kind}


def test_a_row_that_costs_more_says_why() -> None:
    for row in (row for group in TABLE.values() for row in group):
        is_more = row.requests > HEADER_REQUESTS or row.size_bytes > HEADER_BYTES
        assert bool(row.why) == is_more, row.kind
