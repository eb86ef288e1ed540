"""The first rows of Parquet and Arrow, decoded in the process apart by what the extra `preview` installs."""

from collections.abc import Sequence
from importlib.util import find_spec

from rich.text import Text

from storage_tui.tui.previews.base import PreviewError
from storage_tui.tui.previews.decoder import DECODER
from storage_tui.tui.previews.grid import grid_lines

ROWS = 30  # a screen
MISSING = "pip install 'storage-tui[preview]' shows the first rows"
_NUMBER = frozenset("0123456789.-+einfa")


def has_tables() -> bool:
    """Whether the extra is installed; nothing of it is loaded here."""
    try:
        return find_spec("arro3.io") is not None
    except (ImportError, ValueError):
        return False


async def first_rows(kind: str, size_bytes: int, parts: Sequence[tuple[int, bytes]]) -> list[Text]:
    """The rows of a file known by some parts; raises PreviewError when they cannot be decoded from these."""
    if not has_tables():
        raise PreviewError(MISSING)
    job = {
        "job": "table", "kind": kind, "size": size_bytes, "rows": ROWS,
        "spans": [[start, len(data)] for start, data in parts],
    }  # fmt: skip
    told, _ = await DECODER.decode(job, b"".join(data for _, data in parts))
    if told.get("missing"):
        raise PreviewError(MISSING)
    rows = told["rows"]
    columns = [[row[at] for row in rows] for at in range(len(told["heads"]))]
    right = frozenset(at for at, column in enumerate(columns) if any(column) and set("".join(column)) <= _NUMBER)
    return grid_lines(told["heads"], rows, right=right)
