"""A picture or a map as a document: made for the size of the view, and without a cursor."""

from storage_tui.tui.viewer.documents.document import Opening, PixelsAt
from storage_tui.tui.viewer.documents.fixed import FixedDocument


class DrawingDocument(FixedDocument):
    """The facts of a picture or a map, and the drawing."""

    is_drawing = True

    def __init__(self, opening: Opening) -> None:
        super().__init__(opening)
        pixels = opening.shown.pixels
        self.pixels = None if pixels is None else PixelsAt(pixels, self.facts)

    @staticmethod
    def matches(opening: Opening) -> bool:
        """Return whether the preview is a drawing."""
        return opening.shown.is_drawing

    @classmethod
    async def open(cls, opening: Opening) -> tuple["DrawingDocument", int]:
        """Return the document without further reading; the view begins at the facts."""
        return cls(opening), 0

    def fit(self, width: int, height: int) -> bool:
        """Return false: another size needs another drawing."""
        return False

    def status(self, row: int, last: int, *, is_short: bool) -> str:
        """Return the status for the row at the bottom of the view, because a drawing has no cursor."""
        return super().status(last, last, is_short=is_short)
