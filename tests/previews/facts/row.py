"""One row of the table of facts: a format, how its library makes a file, and what the library states of the file."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from storage_tui.previews.base import KIB

HEADER_REQUESTS, HEADER_BYTES = 2, 256 * KIB


@dataclass(frozen=True, slots=True)
class Stated:
    """What a library states of a file, in the words of `storage-tui show --json`.

    `facts` are some of its facts, `columns` and the first `rows` its table, and `lines` are in its lines.
    """

    facts: Mapping[str, str] = field(default_factory=dict)
    columns: Sequence[str] | None = None
    rows: Sequence[Sequence[str]] | None = None
    lines: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One format. `make` writes a file, or a folder that is one thing, into an empty folder and returns its path.

    `requests` and `size_bytes` are the most that its preview costs; where that is more than usual, `why` says why.
    """

    kind: str
    library: str
    make: Callable[[Path], Path]
    stated: Callable[[Path], Stated]
    requests: int = HEADER_REQUESTS
    size_bytes: int = HEADER_BYTES
    why: str = ""


def of_bytes(name: str, content: Callable[[], bytes]) -> Callable[[Path], Path]:
    """Return what writes these bytes into a folder, under a name."""

    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(content())
        return path

    return make


def known(facts: Mapping[str, str], *, lines: Sequence[str] = ()) -> Callable[[Path], Stated]:
    """Return what is known of a file because its maker was told so, where no library of these tests reads it."""
    return lambda path: Stated(facts, lines=lines)
