"""The lines that a search inside contents has found, below the name of their blob; bounded."""

from dataclasses import dataclass, field

from storage_tui.contract.models import Blob
from storage_tui.previews.searching.query import Ended, Found, Match

KEPT = 20_000  # lines of text, about 20 MB; more are counted only


@dataclass(frozen=True, slots=True)
class Hit:
    """One line: the name of a blob, with `match` None, or a match in this blob."""

    blob: Blob
    match: Match | None = None


@dataclass(slots=True)
class Hits:
    """The lines of one search, and what was read for them. `problems` counts the blobs that were not searched to their
    end by how that came."""

    lines: list[Hit] = field(default_factory=list)
    matches: int = 0
    blobs: int = 0
    searched: int = 0
    problems: dict[str, int] = field(default_factory=dict)
    last_reason: str = ""

    @property
    def is_full(self) -> bool:
        """Whether no more lines are kept."""
        return len(self.lines) >= KEPT

    def add(self, event: Found | Ended) -> None:
        """Add some matches, or the end of the search of a blob."""
        if isinstance(event, Ended):
            self.searched += event.state != "not searched"
            if event.state not in ("whole", "binary"):
                self.last_reason = event.reason
            if event.state != "whole":
                self.problems[event.state] = self.problems.get(event.state, 0) + 1
            return
        last = self.lines[-1].blob if self.lines else None
        is_other = last is None or (last.storage_type, last.key) != (event.blob.storage_type, event.blob.key)
        self.blobs += is_other
        if is_other and not self.is_full:
            self.lines.append(Hit(event.blob))
        self.matches += len(event.matches)
        room = max(0, KEPT - len(self.lines))
        self.lines.extend(Hit(event.blob, match) for match in event.matches[:room])
