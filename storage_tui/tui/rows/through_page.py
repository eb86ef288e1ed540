"""Downloads and uploads through a web page, when the program runs in one."""

import os
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from textual.app import App

from storage_tui.contract.counts import plural
from storage_tui.contract.keys import Location
from storage_tui.contract.models import Blob
from storage_tui.machine.directories import WEB_VARIABLE
from storage_tui.tui.desk import Desk
from storage_tui.tui.state.listing import Row

MOST = 10  # files that a web browser saves one by one without losing any


def save_through_page(app: App[Any], desk: Desk, rows: Sequence[Row]) -> bool:
    """Hand the blobs to the web browser. Return false without a page, or for folders and many blobs.

    Those are downloaded to a local folder instead.
    """
    page = os.environ.get(WEB_VARIABLE)
    blobs = [row for row in rows if isinstance(row, Blob)]
    if page is None or not blobs or len(blobs) != len(rows) or len(rows) > MOST:
        return False
    for blob in blobs:
        app.open_url(f"{page}blob/{quote(f'{blob.storage_type}/{blob.key}', safe='')}", new_tab=len(blobs) > 1)
    desk.marks.discard(rows)
    desk.say(f"the web browser saves {plural(len(blobs), 'blob')}")
    return True


def send_through_page(app: App[Any], desk: Desk, location: Location) -> bool:
    """Open the page that takes files; False where there is no page."""
    page = os.environ.get(WEB_VARIABLE)
    if page is None:
        return False
    app.open_url(f"{page}send/{quote(str(location), safe='/:')}", new_tab=True)
    desk.say("choose the files in the page that opened; R shows what has arrived")
    return True
