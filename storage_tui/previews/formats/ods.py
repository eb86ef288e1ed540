"""ods: the tables of an OpenDocument spreadsheet and the first rows of the first, read in the decoding process."""

from storage_tui.previews.base import KIB, Budget, Preview, View
from storage_tui.previews.containers.zip_directory import Directory
from storage_tui.previews.heads.sheets import ask, rows_wanted, sheet_preview
from storage_tui.previews.heads.zip_members import Members

CONTENT, KIND = "content.xml", b"application/vnd.oasis.opendocument.spreadsheet"
NAMES = (".ods", ".ots")


class Ods:
    """A spreadsheet of OpenDocument."""

    kind = "ods"
    budget = Budget(requests=3, size_bytes=512 * KIB)  # head, directory, and the content, which lies between them

    def claims(self, directory: Directory, name: str) -> bool:
        """Return whether there is content, and the first member or the name says a spreadsheet."""
        names = {entry.name: entry for entry in directory.entries}
        is_told = "mimetype" in names and names["mimetype"].size_bytes in (len(KIND), len(KIND) + len(b"-template"))
        return CONTENT in names and (is_told or name.endswith(NAMES))

    async def show(self, members: Members, view: View) -> Preview:
        """Return the names of the tables as far as the content is read, and the rows of the first."""
        entry = members.find(CONTENT)
        assert entry is not None
        content = await members.read(entry)
        told = await ask("tables", [content], rows=rows_wanted(view))
        shown = told["sheets"][0][0] if told["sheets"] else ""
        return sheet_preview(self.kind, told["sheets"], shown, told, is_all=content.is_whole)
