"""xlsx: the sheets of a workbook and the first rows of the first visible one, read in the decoding process."""

from storage_tui.previews.base import MIB, Budget, LimitError, Preview, View
from storage_tui.previews.containers.zip_directory import Directory
from storage_tui.previews.heads.sheets import ask, rows_wanted, sheet_preview
from storage_tui.previews.heads.zip_members import Content, Members

BOOK, LINKS, STYLES, TEXTS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml", "xl/sharedStrings.xml"
NONE = Content(b"", True)


class Xlsx:
    """A workbook of Office Open XML."""

    kind = "xlsx"
    budget = Budget(requests=7, size_bytes=MIB)  # head, directory, and five members that lie anywhere in the zip

    def claims(self, directory: Directory, name: str) -> bool:
        """Return whether there is a workbook in XML."""
        return any(entry.name == BOOK for entry in directory.entries)

    async def show(self, members: Members, view: View) -> Preview:
        """Return the names of all sheets, and the rows of one."""
        book, links, styles = [await _content(members, name) for name in (BOOK, LINKS, STYLES)]
        told = await ask("book", [book, links, styles])
        sheets = told["sheets"]
        names = {entry.name for entry in members.directory.entries}
        found = next((sheet for sheet in sheets if sheet[2] == "visible" and sheet[1] in names), None)
        if found is None:
            raise LimitError("no sheet is where its workbook says")
        sheet, texts = await _content(members, found[1]), await _content(members, TEXTS)
        rows = await ask(
            "rows", [sheet, texts], dates=told["dates"], is_1904=told["is_1904"], rows=rows_wanted(view)
        )  # fmt: skip
        return sheet_preview(self.kind, sheets, found[0], rows, is_all=book.is_whole)


async def _content(members: Members, name: str) -> Content:
    entry = members.find(name)
    return NONE if entry is None else await members.read(entry)
