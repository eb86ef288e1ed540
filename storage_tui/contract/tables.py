"""Blobs, pages and usage as HTML tables, for notebooks: `_repr_html_` of the models. All text is escaped."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING

from storage_tui.contract.sizes import size_text

if TYPE_CHECKING:
    from storage_tui.contract.models import Blob, Page, Usage

MOST_ROWS = 50  # of a page; it says how many more there are


def blob_table(blob: "Blob") -> str:
    """Everything known of one blob."""
    rows = (
        ("key", f"{blob.storage_type}:{blob.key}"),
        ("size", size_text(blob.size_bytes)),
        ("written", _time(blob.modified)),
        ("expires", _time(blob.expires)),
        ("content type", blob.content_type or ""),
        ("crc32c", blob.crc32c or ""),
    )
    return _table((), (row for row in rows if row[1]))


def page_table(page: "Page") -> str:
    """Folders and blobs of a page."""
    rows = [(prefix, "", "", "") for prefix in page.prefixes]
    rows += [(blob.key, size_text(blob.size_bytes), _time(blob.modified), _time(blob.expires)) for blob in page.blobs]
    more = len(rows) - MOST_ROWS
    end = [f"and {more:,} more on this page"] if more > 0 else []
    end += ["more pages follow"] if page.next_token is not None else []
    table = _table(("key", "size", "written", "expires"), rows[:MOST_ROWS])
    return table + (f"<p>{escape('; '.join(end))}</p>" if end else "")


def usage_table(usage: "Usage") -> str:
    """A folder, and each in it, the largest first."""
    children = sorted(usage.children, key=lambda child: -child.size_bytes)
    rows = [
        (one.prefix or "all", f"{one.count:,}", size_text(one.size_bytes), _time(one.oldest), _time(one.newest))
        for one in (usage, *children)
    ]
    return _table(("folder", "blobs", "size", "oldest", "newest"), rows)


def _time(moment: datetime | None) -> str:
    return "" if moment is None else moment.strftime("%Y-%m-%d %H:%M UTC")


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    top = "".join(f"<th>{escape(head)}</th>" for head in heads)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table>{f'<tr>{top}</tr>' if top else ''}{body}</table>"
