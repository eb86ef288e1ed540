"""The previews' sniffers and parsers, for the fuzzers: whatever a blob holds, a preview of it is safe to draw."""

import asyncio
import pickle
from datetime import date

from storage_tui.contract.visible import is_plain
from storage_tui.previews import Preview, close, preview
from storage_tui.previews.base import FULL_BUDGET
from storage_tui.previews.registry import PREVIEWS
from tests.previews import samples
from tests.previews.ranges import Ranges

WIDTH, HEIGHT = 60, 20
NAMES = ("blob", "a.csv", "a.json", "a.pkl", "a.txt", "a.geojson", "a.wkt", "a.npy", "a.parquet")
DECODED = ("PNG", "JPEG", "WebP", "GIF", "BMP", "GeoTIFF", "Parquet", "Arrow")  # in a process of its own
GEOJSON = (
    b'{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"a": 1}, "geometry": '
    b'{"type": "Polygon", "coordinates": [[[10, 45], [12, 45], [12, 47], [10, 45]]]}}]}'
)


def seeds() -> tuple[bytes, ...]:
    """A blob of each format that the previews know."""
    return (
        samples.array([[1.5, 2.5], [3.5, 4.5]]), samples.arrays(), samples.zipped(), samples.tarred(),
        samples.database()[:8192], samples.geotiff(1)[:20_000], samples.TABLE, samples.JSON_LINES, samples.WKT,
        samples.NETCDF, samples.hdf5(), samples.parquet(), samples.arrow(), samples.zstandard(samples.TABLE),
        GEOJSON,
        b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF",
        pickle.dumps({"model": [1.5, b"w"], "made": date(2026, 11, 23)}),
        b"PAR1\x15\x02\x19,H\x04root\x15\x02\x00\x15\x04%\x00\x18\x02id\x00\x16\xc8\x01\x19\x0c(\x05te%zzsts\x00#\x00\x00\x00PAR1",
    )  # fmt: skip


def check_preview(content: bytes) -> None:
    """All that is there to draw is drawn and not obeyed, and it cost no more than its budget."""
    if not content:
        return
    name = NAMES[content[-1] % len(NAMES)]
    kinds = [row.kind for row in PREVIEWS if row.matches(content[:65536], name)]
    if kinds and kinds[0] in DECODED and content[0] % 8:
        return  # a process for each takes long; one in eight goes there
    ranges = Ranges.of(content)
    shown = asyncio.run(_shown(ranges, name, is_full=bool(content[-1] & 1)))
    assert len(ranges.asked) <= FULL_BUDGET.requests
    assert sum(stop - start for start, stop in ranges.asked) <= FULL_BUDGET.size_bytes
    texts = [shown.kind, shown.note, *(text for fact in shown.facts for text in fact)]
    texts += [line.plain for line in shown.lines]
    for text in texts:
        assert is_plain(text), (kinds, text)


async def _shown(ranges: Ranges, name: str, *, is_full: bool) -> Preview:
    try:
        return await preview(ranges.source(name), width=WIDTH, height=HEIGHT, is_full=is_full)
    finally:
        await close()
