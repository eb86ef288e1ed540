"""Colours of names on a terminal: those of LS_COLORS, or a few of our own where it is not set."""

import os
import re
from collections.abc import Mapping

from storage_tui.contract.keys import DELIMITER

FOLDER = "di"  # the name of folders in LS_COLORS (dircolors of GNU coreutils)
DEFAULTS = (
    "di=01;34:*.tar=01;31:*.tgz=01;31:*.zip=01;31:*.gz=01;31:*.bz2=01;31:*.xz=01;31:*.zst=01;31:"
    "*.tif=01;35:*.tiff=01;35:*.png=01;35:*.jpg=01;35:*.jpeg=01;35:*.jp2=01;35:"
    "*.npy=00;36:*.npz=00;36:*.parquet=00;36:*.nc=00;36:*.h5=00;36:*.csv=00;36:*.geojson=00;32:*.json=00;32"
)
_CODES = re.compile(r"[0-9;]{1,40}")  # anything else in the variable would be obeyed by the terminal


class Colours:
    """The numbers of the colour for each name."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        text = (os.environ if environ is None else environ).get("LS_COLORS") or DEFAULTS
        rows = (row.partition("=") for row in text.split(":"))
        self._codes = {name.lower(): codes for name, _, codes in rows if _CODES.fullmatch(codes)}

    def of(self, name: str) -> str:
        """Return the numbers for a name, a folder's with its slash; empty without a colour."""
        if name.endswith(DELIMITER):
            return self._codes.get(FOLDER, "")
        last = name.rpartition(DELIMITER)[2].lower()
        at = last.find(".", 1)
        while at != -1:  # the longest ending first: `.tar.gz` before `.gz`
            found = self._codes.get(f"*{last[at:]}")
            if found:
                return found
            at = last.find(".", at + 1)
        return ""
