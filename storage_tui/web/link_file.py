"""The link handed to a web browser: by a file that only its user can read, as every user reads the words of a command.

A browser is a program, and what it is to open stands in its command line, which `ps` shows to all users of a machine.
A link that works once would be no better: whoever reads it first has it. So the browser is given the address of a page
in a private folder, and that page leads on to the link.
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
    """A page of mode 0600 in a new folder of mode 0700, below XDG_RUNTIME_DIR where there is one; as a context, it is
    gone at the end."""

    def __init__(self, link: str) -> None:
        runtime = os.environ.get("XDG_RUNTIME_DIR", "")
        self.folder = Path(
            tempfile.mkdtemp(prefix="storage-tui-", dir=runtime if Path(runtime).is_absolute() else None)
        )
        self.path = self.folder / "open.html"
        create_private(self.path, _PAGE.format(link=html.escape(link)).encode())

    def open(self) -> None:
        """Give the page to the web browser of this machine, without waiting for it."""
        import webbrowser

        interpreters.clean(os.environ)  # browsers are started by name
        threading.Thread(target=webbrowser.open, args=(self.path.as_uri(),), name="browser", daemon=True).start()

    def remove(self) -> None:
        """Remove the page and its folder; once is enough."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()
