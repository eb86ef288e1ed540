"""The way from a blob to its document: the preview of the blob, and the row of the table that shows it."""

from storage_tui.previews import Source, preview
from storage_tui.previews.base import Mode
from storage_tui.tui.viewer.documents import DOCUMENTS
from storage_tui.tui.viewer.documents.document import Document, Opening


async def open_document(
    source: Source,
    *,
    width: int,
    height: int,
    truecolor: bool,
    mode: Mode,
    offset: int | None = None,
    cell: tuple[int, int] | None = None,
    quadrants: bool = False,
) -> tuple[Document, int]:
    """Read a blob as a document; return the document and the number of the row to begin at.

    `width` and `height` are the cells of the view; `cell` is the size of a cell in pixels, for a picture in pixels;
    `quadrants` asks for one in quadrants of cells. A document with offsets begins at the row of `offset`. Raises
    PreviewError, and the errors of the client when the blob cannot be read.
    """
    shown = await preview(
        source, width=width, height=height, truecolor=truecolor, mode=mode, is_full=True, cell=cell, quadrants=quadrants
    )
    facts = shown.facts
    if shown.inside is not None and mode == "auto":
        source = shown.inside
        inside = await preview(
            source, width=width, height=height, truecolor=truecolor, is_full=True, quadrants=quadrants
        )
        facts = (*(fact for fact in facts if fact not in inside.facts), *inside.facts)
        shown = inside
    opening = Opening(source, shown, facts, await source.head(), mode, width, height, offset or 0)
    kind = next(row for row in DOCUMENTS if row.matches(opening))
    return await kind.open(opening)
