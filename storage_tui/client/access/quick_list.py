"""The first page of the embedded store's list with the standard library alone, for what wants it at once.

The client proper takes longer to load than its server to answer. Whoever shows a list before that asks here; every
doubt is answered with None, and the client then does it properly.
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
    """Blobs and folders at `location` as the running embedded server of `data_dir` tells them; None when it does not
    run, or does not answer within a quarter of a second."""
    answer = peek(data_dir, location, limit=limit)
    return None if answer is None else page_of(answer, location.storage_type)


def peek(data_dir: Path, location: Location, *, limit: int) -> tuple[dict[str, str], bytes] | None:
    """The same as headers and body, for `page_of`."""
    query = urlencode({"prefix": location.key, "delimiter": DELIMITER, "limit": limit, "details": "true"})
    runtime = directories.runtime_dir(data_dir.expanduser().absolute())
    return quick_get(str(runtime), f"{wire.BASE_PATH}/{location.storage_type}/{wire.LIST}?{query}")


def page_of(answer: tuple[dict[str, str], bytes], storage_type: str) -> Page | None:
    """The page that an answer of `quick_get` holds; None when it is none."""
    headers, body = answer
    try:
        return Page.from_json(wire.parse_answer(body), storage_type, headers.get(wire.NEXT.lower()))
    except (ValueError, KeyError, TypeError, StorageError):
        return None
