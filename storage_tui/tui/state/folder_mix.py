"""The kinds of blobs in a folder, by the endings of their names."""

from collections.abc import Iterable

from storage_tui.contract.models import Blob
from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible

COUNTED = 10_000  # blobs counted for the details; the pane counts one page
SHOWN = 8  # kinds named; the rest is summed
ENDING_CHARS = 12  # a longer ending does not count as one


class Mix:
    """Counts and bytes by ending."""

    def __init__(self) -> None:
        self.count = 0
        self._kinds: dict[str, list[int]] = {}

    def add(self, blobs: Iterable[Blob]) -> None:
        """Count more blobs, COUNTED in all at most."""
        for blob in blobs:
            if self.count >= COUNTED:
                return
            self.count += 1
            kind = self._kinds.setdefault(ending(blob.key), [0, 0])
            kind[0] += 1
            kind[1] += blob.size_bytes or 0

    def rows(self) -> list[tuple[str, str, str]]:
        """Return ending, blobs, bytes: the most bytes first."""
        kinds = sorted(self._kinds.items(), key=lambda item: (-item[1][1], -item[1][0], item[0]))
        named, rest = kinds[:SHOWN], kinds[SHOWN:]
        rows = [(visible(name), f"{count:,}", size_text(size)) for name, (count, size) in named]
        if rest:
            count, size = sum(item[1][0] for item in rest), sum(item[1][1] for item in rest)
            rows.append((f"{len(rest):,} more", f"{count:,}", size_text(size)))
        return rows

    def coverage(self, total: int) -> str:
        """Return `of the first 10,000` when not all blobs were counted; else an empty text."""
        return f"of the first {self.count:,}" if self.count < total else ""


def ending(key: str) -> str:
    """Return the ending of a key: `.tif`, `.tar.gz`; `no ending` without one."""
    name = key.rstrip("/").rsplit("/", 1)[-1].lower()
    stem, dot, last = name.rpartition(".")
    if not dot or not stem or not last or len(last) > ENDING_CHARS:
        return "no ending"
    _, dot, before = stem.rpartition(".")
    return f".tar.{last}" if dot and before == "tar" else f".{last}"
