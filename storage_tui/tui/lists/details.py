"""Everything known about one blob or folder."""

from datetime import UTC, datetime

from textual import work
from textual.content import Content

from storage_tui.contract.keys import Location
from storage_tui.contract.models import Blob
from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.tui.desk import EXPECTED, Desk
from storage_tui.tui.lists.lines_screen import LinesScreen
from storage_tui.tui.rows.pairing import pair_facts
from storage_tui.tui.state.folder_mix import COUNTED, Mix
from storage_tui.tui.state.formats import age_text, countdown_text, moment_text
from storage_tui.tui.state.images import file_facts, image_facts
from storage_tui.tui.state.listing import Folder, Row
from storage_tui.tui.state.messages import explain
from storage_tui.tui.store_reads import image_of_row, read_below
from storage_tui.tui.widgets.bar_content import rule_text
from storage_tui.tui.widgets.text_lines import Line

LABEL_CELLS = 13  # and a space
COLUMNS_FROM = 40  # cells: on a narrower screen the values stand right after their labels
NARROW_INDENT = 2
MOST_FACTS = 200  # of an object of a bucket; S3 allows ten tags and 2 KB of metadata
DELETED_WHOLE = "D in the list deletes the whole image, with all its files"


class DetailsScreen(LinesScreen):
    """Shows the values of the list at once, then the server's current ones."""

    def __init__(self, desk: Desk, row: Row) -> None:
        super().__init__(indent=LABEL_CELLS + 1)
        self._desk = desk
        self._row = row
        self._facts: list[tuple[str, str]] = []
        self._error = ""

    def on_mount(self) -> None:
        """Show the known values, and ask for the rest."""
        self._show_facts()
        self._ask()

    def on_resize(self) -> None:
        """Show the values in a column, or right after their labels on a narrow screen."""
        self.view.indent = LABEL_CELLS + 1 if self.size.width >= COLUMNS_FROM else NARROW_INDENT
        self._show_facts()

    @work(exclusive=True)
    async def _ask(self) -> None:
        row, storage = self._row, self._desk.storage
        try:
            if isinstance(row, Folder):
                usage = await storage.usage(row.key, storage_type=row.storage_type)
                self._facts = [
                    ("blobs", f"{usage.count:,}"),
                    ("bytes", f"{size_text(usage.size_bytes)}  ({usage.size_bytes:,})"),
                    ("oldest", moment_text(usage.oldest) if usage.count else ""),
                    ("newest", moment_text(usage.newest) if usage.count else ""),
                    *await self._image_facts(row),
                ]
                self._show_facts()
                await self._read_mix(row, usage.count)
            else:
                self._row = await storage.stat(row.key, storage_type=row.storage_type)
                self._facts = [
                    *await self._image_facts(row), *await pair_facts(self._desk, row), *await self._bucket_facts(row),
                ]  # fmt: skip
        except EXPECTED as exc:
            self._error = explain(exc)
        self._show_facts()

    async def _image_facts(self, row: Row) -> list[tuple[str, str]]:
        image = await image_of_row(self._desk.storage, row)
        return [] if image is None else [*image_facts(image), *file_facts(image), ("delete", DELETED_WHOLE)]

    async def _bucket_facts(self, row: Blob) -> list[tuple[str, str]]:
        """Return what an object of a bucket has beside its bytes."""
        told = await self._desk.storage.bucket.facts(row.key, row.storage_type)
        if told is None:
            return []
        facts = [*told.fields]
        facts += [("metadata", f"{name}: {value}") for name, value in told.metadata]
        facts += [("tag", f"{name} = {value}") for name, value in told.tags]
        return [(visible(label), visible(value)) for label, value in facts[:MOST_FACTS]]

    async def _read_mix(self, folder: Folder, total: int) -> None:
        mix, known = Mix(), list(self._facts)
        async for blobs in read_below(self._desk.storage, folder):
            mix.add(blobs)
            rows = [f"{kind}: {count}, {size}" for kind, count, size in mix.rows()]
            labels = ["types", *[""] * (len(rows) - 1)]
            self._facts = [*known, *zip(labels, rows, strict=True), ("", mix.coverage(total))] if rows else known
            self._show_facts()
            if mix.count >= COUNTED:
                return

    def _show_facts(self) -> None:
        self.show(Content.styled(" Details", "bold $accent"), self._lines())

    def _lines(self) -> list[Line]:
        """Return a line for each fact: label and value."""
        row = self._row
        facts = [
            ("key" if isinstance(row, Blob) else "prefix", visible(row.key)),
            ("location", self._desk.spell(Location(row.storage_type, row.key))),
        ]
        if self._desk.place is None or self._desk.place.types:
            facts.append(("type", f"{row.storage_type}, {rule_text(row.storage_type, self._desk.place)}"))
        if isinstance(row, Blob):
            now = datetime.now(UTC)
            facts += [*_blob_facts(row, now), ("signed URL", self._desk.signed.text(row, now))]
        if not row.key.isascii():
            facts.append(("key, ASCII", ascii(row.key)))
        facts += self._facts
        cells = LABEL_CELLS if self.size.width >= COLUMNS_FROM else 0
        lines: list[Line] = [[(f"{label:<{cells}} ", "dim"), (value, "")] for label, value in facts if value]
        if self._error:
            lines.append([(f"{'now':<{cells}} ", "dim"), (visible(self._error), "bad")])
        return lines


def _blob_facts(blob: Blob, now: datetime) -> list[tuple[str, str]]:
    size = "unknown" if blob.size_bytes is None else f"{size_text(blob.size_bytes)}  ({blob.size_bytes:,} bytes)"
    facts = [("size", size)]
    if blob.modified is not None:
        facts.append(("written", f"{moment_text(blob.modified)}, {age_text(blob.modified, now)} ago"))
    if blob.expires is not None:
        left = countdown_text(blob.expires, now)
        facts.append(("expires", f"{moment_text(blob.expires)}, " + ("gone" if left == "gone" else f"in {left}")))
    return [
        *facts,
        ("content type", visible(blob.content_type or "")),
        ("crc32c", visible(blob.crc32c or "")),
        ("ETag", visible(blob.etag or "")),
    ]
