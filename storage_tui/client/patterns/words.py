"""The one pattern language: words that all must match, globs, limits such as `>3d`, smart case, `~word` fuzzy."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from storage_tui.client.patterns.conditions import Condition, condition, is_condition
from storage_tui.client.patterns.globs import DEEP, Glob, has_magic
from storage_tui.contract.keys import DELIMITER
from storage_tui.contract.models import Blob

Test = Callable[[str], bool]

EXAMPLES = "*.npy   >3d older   <24h expires within   >1GB larger   words in the name"


@dataclass(frozen=True)
class Filter:
    """The words about a name, as typed. Lower-case text matches both cases; a capital makes the match exact.

    Words are separated by spaces. A glob without a slash must match the last segment of a name, a glob with a slash all
    of it (see globs.py). `~abc` matches a name that has these letters in order. Any other word is a substring. `given`
    are the words themselves where they may hold spaces, as on a command line.
    """

    text: str
    given: tuple[str, ...] | None = None
    _tests: tuple[Test, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_tests", tuple(map(_test, self.words)))

    @property
    def words(self) -> list[str]:
        """The words that must all match."""
        return self.text.split() if self.given is None else [word for word in self.given if word]

    @property
    def is_exact(self) -> bool:
        """Whether upper and lower case differ."""
        return self.text != self.text.lower()

    def positions(self, names: list[str]) -> list[int]:
        """Return the positions in `names` of the matches. The caller lower-cases `names` unless `is_exact`."""
        found: Iterable[int] = range(len(names))
        for word, test in zip(self.words, self._tests, strict=True):
            if word[0] != "~" and not has_magic(word):  # the common case, without a call for each name
                found = [position for position in found if word in names[position]]
            else:
                found = [position for position in found if test(names[position])]
        return list(found)

    def matches(self, name: str) -> bool:
        """Return whether one name matches."""
        return bool(self.positions([name if self.is_exact else name.lower()]))


class Description:
    """Words about blobs: those of a Filter about their names, and limits about their age, expiry and size.

    `text` is a line as typed, or words that may hold spaces. The constructor raises ValueError with the reason for a
    limit that cannot be read.
    """

    def __init__(self, text: str | Sequence[str]) -> None:
        words = text.split() if isinstance(text, str) else text
        self.conditions: tuple[Condition, ...] = tuple(condition(word) for word in words if is_condition(word))
        names = tuple(word for word in words if not is_condition(word))
        self.names = Filter(" ".join(names), names)

    def matches(self, blob: Blob, name: str, now: datetime) -> bool:
        """Return whether a blob, shown as `name`, matches all words."""
        return self.names.matches(name) and all(row.matches(blob, now) for row in self.conditions)


def _test(word: str) -> Test:
    if word.startswith("~"):
        fuzzy = re.compile("".join(f"[^{re.escape(c)}]*{re.escape(c)}" for c in word[1:]))  # never backtracks
        return lambda name: fuzzy.match(name) is not None
    glob = _glob(word) if has_magic(word) else None
    if glob is None:
        return lambda name: word in name
    return lambda name: glob.matches(name.removesuffix(DELIMITER)) or word in name  # keys may hold these characters


def _glob(word: str) -> Glob | None:
    """Return the glob of a word; None while its braces have too many alternatives: then it is a text."""
    try:
        return Glob(word if DELIMITER in word else f"{DEEP}{DELIMITER}{word}")
    except ValueError:
        return None
