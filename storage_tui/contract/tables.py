"""HTML tables for notebooks: rows of text in, escaped HTML out. Each model chooses its own rows."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape


def html_table(rows: Iterable[Sequence[str]], *, heads: Sequence[str] = (), note: str = "") -> str:
    """Return one HTML table: a row for each sequence of cells, then `note` as a paragraph. All text is escaped."""
    top = "".join(f"<th>{escape(head)}</th>" for head in heads)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    below = f"<p>{escape(note)}</p>" if note else ""
    return f"<table>{f'<tr>{top}</tr>' if top else ''}{body}</table>{below}"


def time_cell(moment: datetime | None) -> str:
    """Return a time as a table cell shows it, in UTC to the minute; the empty text for None."""
    return "" if moment is None else moment.strftime("%Y-%m-%d %H:%M UTC")
