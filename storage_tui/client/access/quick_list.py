"""The first page of the embedded store's list, with the standard library alone, for callers that need it at once.

Loading the full client takes longer than the server's answer. A caller that shows a list before that uses this module.
It returns None in every unclear case; the caller then uses the full client.
"""

from pathlib import Path
from urllib.parse import urlencode

from storage_tui.client.access.quick_get import quick_get
from storage_tui.contract import wire
from storage_tui.contract.errors import StorageError
from storage_tui.contract.keys import DELIMITER, Location
from storage_tui.contract.models import Page
from storage_tui.machine import directories


def peek_page(data_dir: Path, location: Location, *, limit: int) -> Page | None:
    """Return the blobs and folders at `location` from the running embedded server of `data_dir`, at most `limit`.

    Return None when the server does not run, or does not answer in a quarter of a second.
    """
    answer = peek(data_dir, location, limit=limit)
    return None if answer is None else page_of(answer, location.storage_type)


def peek(data_dir: Path, location: Location, *, limit: int) -> tuple[dict[str, str], bytes] | None:
    """Return the same answer as headers and body, for `page_of`."""
    query = urlencode({"prefix": location.key, "delimiter": DELIMITER, "limit": limit, "details": "true"})
    runtime = directories.runtime_dir(data_dir.expanduser().absolute())
    return quick_get(str(runtime), f"{wire.BASE_PATH}/{location.storage_type}/{wire.LIST}?{query}")


def page_of(answer: tuple[dict[str, str], bytes], storage_type: str) -> Page | None:
    """Return the page in an answer of `quick_get`; None when the answer is not a page."""
    headers, body = answer
    try:
        return Page.from_json(wire.parse_answer(body), storage_type, headers.get(wire.NEXT.lower()))
    except (ValueError, KeyError, TypeError, StorageError):
        return None
