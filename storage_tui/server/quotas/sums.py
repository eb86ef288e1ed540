"""The sums of one user's blobs in one storage type, on an engine that does not count: a record that all servers share.

Its name is `usage/NAMESPACE/TYPE`. Every change starts from the present content, so no change is lost. While a server
counts everything, the changes that arrive are kept apart, and then added to the result of the count. counters.py says
how far the sums are exact.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace

from storage_tui.contract.errors import ConflictError, UnavailableError
from storage_tui.server.stores.records import ABSENT, Records

RECORD = "usage/"
HELD_S = 60.0  # a server that reports nothing for so long has nothing on its way any more
COUNTING_S = 60.0  # a counting server that reports nothing for so long counts as dead, and another may begin
TRIES = 50  # servers that change one record at the same moment


@dataclass(frozen=True, slots=True)
class Amount:
    """Blobs and bytes. In a change, either may be negative."""

    count: int = 0
    size_bytes: int = 0

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.count + other.count, self.size_bytes + other.size_bytes)

    def __sub__(self, other: "Amount") -> "Amount":
        return Amount(self.count - other.count, self.size_bytes - other.size_bytes)

    @property
    def gain(self) -> "Amount":
        """Return the change with 0 in place of negative numbers."""
        return Amount(max(self.count, 0), max(self.size_bytes, 0))


NOTHING = Amount()


@dataclass(frozen=True, slots=True)
class Held:
    """What one server has on its way. This counts until `until`, in seconds since 1970."""

    amount: Amount
    until: float


@dataclass(frozen=True, slots=True)
class Sums:
    """The content of the record.

    `stored` is None before the first count. `since` holds the changes since a count began. `held` is by server what it
    has on its way. `stage` rises when a count begins and when it ends. The next count is due at `due`, in seconds since
    1970.
    """

    stored: Amount | None = None
    since: Amount = NOTHING
    held: dict[str, Held] = field(default_factory=dict)
    stage: int = 0
    counting_by: str = ""
    counting_until: float = 0.0
    due: float = 0.0

    def others(self, server: str, now: float) -> Amount:
        """Return what other servers have on their way."""
        return sum((one.amount for name, one in self.held.items() if name != server and one.until > now), NOTHING)

    def may_count(self, now: float) -> bool:
        """Return whether a count is due and no server is counting."""
        return now >= self.due and (not self.counting_by or now >= self.counting_until)

    def to_json(self) -> bytes:
        """Return the content of the record."""
        return json.dumps(asdict(self)).encode("ascii")


def parse_sums(content: bytes) -> Sums:
    """Return the sums in a record's content; empty sums when it is damaged, as the next count corrects them."""
    try:
        raw = json.loads(content)
        stored = raw["stored"]
        held = {str(name): Held(Amount(**one["amount"]), float(one["until"])) for name, one in raw["held"].items()}
        return Sums(
            None if stored is None else Amount(**stored), Amount(**raw["since"]), held, int(raw["stage"]),
            str(raw["counting_by"]), float(raw["counting_until"]), float(raw["due"]),
        )  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError):
        return Sums()


class SharedSums:
    """The record, as one server reads and changes it. All calls block, and raise StorageError when the engine does."""

    def __init__(self, records: Records, namespace: str, storage_type: str, server: str) -> None:
        self.namespace = namespace
        self.storage_type = storage_type
        self._records = records
        self._name = f"{RECORD}{namespace}/{storage_type}"
        self._server = server

    def read(self) -> Sums:
        """Return the present sums."""
        return self._read()[0]

    def add(self, change: Amount, *, stage: int, held: Amount, now: float) -> Sums:
        """Add the changes that the server made since it saw the sums at `stage`, and report what it has on its way
        (`held`). Return the new sums.

        When a count began or ended meanwhile, decreases are not subtracted: the count may have missed those blobs
        already.
        """

        def edit(sums: Sums) -> Sums:
            kept = {name: one for name, one in sums.held.items() if one.until > now and name != self._server}
            if held != NOTHING:
                kept[self._server] = Held(held, now + HELD_S)
            sure = change if sums.stage == stage else change.gain
            stored = None if sums.stored is None else sums.stored + sure
            return replace(sums, stored=stored, held=kept, since=sums.since + change.gain)

        return self._change(edit) or Sums()

    def begin_count(self, now: float) -> bool:
        """Take the turn to count; return False when another server has the turn, or no count is due."""

        def edit(sums: Sums) -> Sums | None:
            if not sums.may_count(now):
                return None
            until = now + COUNTING_S
            return replace(sums, since=NOTHING, stage=sums.stage + 1, counting_by=self._server, counting_until=until)

        return self._change(edit) is not None

    def go_on_counting(self, now: float) -> bool:
        """Keep the turn to count; return False when another server took it."""

        def edit(sums: Sums) -> Sums | None:
            return replace(sums, counting_until=now + COUNTING_S) if sums.counting_by == self._server else None

        return self._change(edit) is not None

    def end_count(self, found: Amount | None, *, due: float) -> Sums | None:
        """Store the result of a count (None for none), and end the turn. Return the sums, or None when another server
        took the turn."""

        def edit(sums: Sums) -> Sums | None:
            if sums.counting_by != self._server:
                return None
            stored = sums.stored if found is None else found + sums.since
            return replace(sums, stored=stored, stage=sums.stage + 1, counting_by="", counting_until=0.0, due=due)

        return self._change(edit)

    def _read(self) -> tuple[Sums, str]:
        record = self._records.read(self._name)
        return (Sums(), ABSENT) if record is None else (parse_sums(record.content), record.version)

    def _change(self, edit: Callable[[Sums], Sums | None]) -> Sums | None:
        for _ in range(TRIES):
            sums, version = self._read()
            changed = edit(sums)
            if changed is None:
                return None
            try:
                self._records.write(self._name, changed.to_json(), expected=version, may_use_reserve=True)
            except ConflictError:
                continue
            return changed
        raise UnavailableError(f"too many servers change the record {self._name}; try again")
