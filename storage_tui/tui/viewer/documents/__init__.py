"""The kinds of documents, in the order in which they are asked whether they match a blob.

| file | holds |
|---|---|
| document.py | the promises of a document, of its row in this table, and of the viewer's loan to its commands |
| pages.py | pages of a blob of any size, read as the cursor moves; the base of text, hex and tables |
| search.py | words in a blob of any size |
| table.py, hex.py, text.py | rows of CSV, bytes, lines of text |
| drawing.py | a picture or a map of one blob |
| tree.py, archive.py, fixed.py | JSON that folds, the members of an archive, facts and lines |

A new kind is a file beside these and a row in DOCUMENTS.
"""

from storage_tui.tui.viewer.documents.archive import ArchiveDocument
from storage_tui.tui.viewer.documents.document import DocumentType
from storage_tui.tui.viewer.documents.drawing import DrawingDocument
from storage_tui.tui.viewer.documents.fixed import FixedDocument
from storage_tui.tui.viewer.documents.hex import HexDocument
from storage_tui.tui.viewer.documents.table import TableDocument
from storage_tui.tui.viewer.documents.text import TextDocument
from storage_tui.tui.viewer.documents.tree import TreeDocument

DOCUMENTS: tuple[DocumentType, ...] = (
    TableDocument,
    HexDocument,
    TextDocument,
    DrawingDocument,
    TreeDocument,
    ArchiveDocument,
    FixedDocument,
)
"""The first row that matches shows the blob; the last matches every blob."""
