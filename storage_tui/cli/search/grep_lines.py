"""The lines that `storage-tui grep` prints: for people on a terminal, for scripts in a pipe, as JSON."""

from dataclasses import dataclass

from storage_tui.cli.places import spell
from storage_tui.cli.printing import complain, say, say_coloured, say_json
from storage_tui.contract.keys import Location
from storage_tui.previews.searching.query import Ended, Found, Match

PLACE, NUMBER, MATCH = "35", "32", "01;31"  # the colours of GNU grep for names, numbers and matches


@dataclass(slots=True)
class Report:
    """Prints results. `with_place` puts the location before each line, `with_number` the number of the line."""

    with_place: bool
    with_number: bool
    only_places: bool = False
    only_counts: bool = False
    as_json: bool = False
    is_quiet: bool = False
    blobs: int = 0
    lines: int = 0
    binary: int = 0
    failed: int = 0
    left_out: int = 0

    def found(self, event: Found) -> None:
        """Print lines that match."""
        location = spell(Location(event.blob.storage_type, event.blob.key))
        for match in event.matches:
            if self.as_json:
                say_json({"storage_type": event.blob.storage_type, "key": event.blob.key, "line": match.number,
                          "text": match.text, "start": match.start, "stop": match.stop, "is_cut": match.is_cut,
                          "offset": match.offset})  # fmt: skip
            else:
                say_coloured(self._parts(location, match))

    def ended(self, event: Ended) -> None:
        """Print what is said about a whole blob, and count it."""
        location = spell(Location(event.blob.storage_type, event.blob.key))
        self.blobs += bool(event.count)
        self.lines += event.count
        self.binary += event.state == "binary"
        if event.state == "not searched":
            self.left_out += 1
        elif event.state in ("damaged", "cut", "slow", "unreadable"):
            self.failed += 1
            complain(f"{location}: {event.reason}")
        if self.only_places and event.count:
            say_json({"storage_type": event.blob.storage_type, "key": event.blob.key}) if self.as_json else say(
                location
            )
        elif self.only_counts and event.state not in ("binary", "not searched", "unreadable"):
            if self.as_json:
                say_json({"storage_type": event.blob.storage_type, "key": event.blob.key, "count": event.count})
            else:
                lead = ((location, PLACE), (":", "36")) if self.with_place else ()
                say_coloured((*lead, (str(event.count), "")))

    def _parts(self, location: str, match: Match) -> list[tuple[str, str]]:
        parts = [(location, PLACE), (":", "36")] if self.with_place else []
        parts += [(str(match.number), NUMBER), (":", "36")] if self.with_number else []
        text = match.text
        return [*parts, (text[: match.start], ""), (text[match.start : match.stop], MATCH), (text[match.stop :], "")]
