"""What the site names and the store does not show, in a bounded number of sentences."""

import threading
from typing import Literal

from storage_tui.contract.counts import plural

Reason = Literal["name", "folder", "loop", "deep", "elsewhere"]
MOST = 1000  # different examples that are remembered; the sentences then say "or more"
SHOWN = 60  # characters of an example

_WORDS: dict[Reason, tuple[str, str]] = {
    "name": ("link", "cannot be shown as a key"),
    "folder": ("folder", "cannot be read"),
    "loop": ("folder", "left out for seeming to hold folders without end"),
    "deep": ("link", "left out for leading deeper than the index"),
    "elsewhere": ("link", "left out for leading to another host, which was not typed"),
}


class Notes:
    """What was left out since the start. May be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[Reason, dict[str, None]] = {}

    def add(self, reason: Reason, example: str) -> None:
        """Note something that was left out."""
        with self._lock:
            found = self._found.setdefault(reason, {})
            if len(found) < MOST:
                found[example[: 4 * SHOWN]] = None

    def sentences(self) -> list[str]:
        """Return a sentence for each reason that occurred, with an example in ASCII."""
        with self._lock:
            told = [(_WORDS[reason], list(found)) for reason, found in self._found.items()]
        return [
            f"{plural(len(found), noun)}{' or more' if len(found) >= MOST else ''} {why}: {_example(found)}"
            for (noun, why), found in told
        ]


def _example(found: list[str]) -> str:
    text = ascii(found[0] if len(found[0]) <= SHOWN else found[0][:SHOWN] + "...")
    return text if len(found) == 1 else f"{text} and more"
