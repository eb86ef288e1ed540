"""The members of an archive as a document: Enter opens a member in a viewer of its own."""

from collections.abc import Mapping
from functools import partial

from storage_tui.contract.visible import visible
from storage_tui.previews.base import Part
from storage_tui.previews.member import open_member
from storage_tui.tui.viewer.documents.document import Frame, Opening
from storage_tui.tui.viewer.documents.fixed import FixedDocument

NOTHING_TO_OPEN = "nothing to open here: Enter folds JSON and opens members of archives"


class ArchiveDocument(FixedDocument):
    """The list of the members."""

    def __init__(self, opening: Opening) -> None:
        super().__init__(opening)
        self._parts = opening.shown.parts

    @staticmethod
    def elsewhere() -> Mapping[str, str]:
        """Return the message for opening, which other documents lack."""
        return {"view-open": NOTHING_TO_OPEN}

    @staticmethod
    def matches(opening: Opening) -> bool:
        """Return whether lines of the preview stand for members."""
        return any(opening.shown.parts)

    def part(self, row: int) -> Part | None:
        """Return the member that a row stands for; None for a fact."""
        at = row - self.facts
        return self._parts[at] if 0 <= at < len(self._parts) else None

    def commands(self, frame: Frame) -> object:
        """Return the command that opens a member."""
        return ArchiveCommands(self, frame)


class ArchiveCommands:
    """The commands of an archive."""

    def __init__(self, archive: ArchiveDocument, frame: Frame) -> None:
        self._archive = archive
        self._frame = frame

    def action_view_open(self) -> None:
        """Show the member under the cursor in its own viewer."""
        part = self._archive.part(self._frame.row)
        if part is None:
            self._frame.say(NOTHING_TO_OPEN, "$warning")
        else:
            self._frame.read(partial(self._open, part), f"Opening {visible(part.name, limit=40)}…")

    async def _open(self, part: Part) -> None:
        self._frame.open(await open_member(self._archive.source, part))
