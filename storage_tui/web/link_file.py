"""The link for a web browser, passed in a private file, because every user can read the words of a command.

The address that a web browser is to open stands in its command line, which `ps` shows to all users of a machine. A link
that works only once would be no better: whoever reads it first could use it. So the browser gets the address of a page
in a private folder, and that page leads to the link.
"""

import html
import os
import shutil
import tempfile
import threading
from pathlib import Path
from typing import Self

from storage_tui.machine import interpreters
from storage_tui.machine.private_files import create_private

_PAGE = """<!DOCTYPE html>
<html><head><meta charset="utf-8"><meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url={link}"><title>storage-tui</title></head>
<body><a href="{link}">Open storage-tui</a></body></html>
"""


class LinkFile:
    """A page of mode 0600 in a new folder of mode 0700, below XDG_RUNTIME_DIR where that is set. As a context manager
    it removes the page at the end."""

    def __init__(self, link: str) -> None:
        runtime = os.environ.get("XDG_RUNTIME_DIR", "")
        self.folder = Path(
            tempfile.mkdtemp(prefix="storage-tui-", dir=runtime if Path(runtime).is_absolute() else None)
        )
        self.path = self.folder / "open.html"
        create_private(self.path, _PAGE.format(link=html.escape(link)).encode())

    def open(self) -> None:
        """Open the page in the web browser of this machine, without waiting for the browser."""
        import webbrowser

        interpreters.clean(os.environ)  # browsers are started by name
        threading.Thread(target=webbrowser.open, args=(self.path.as_uri(),), name="browser", daemon=True).start()

    def remove(self) -> None:
        """Remove the page and its folder. Later calls do nothing."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()
