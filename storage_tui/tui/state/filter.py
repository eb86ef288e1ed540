"""The filter of the list: words that all must match, smart case, `*` and `?` as globs, `~word` fuzzy."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

Test = Callable[[str], bool]


@dataclass(frozen=True)
class Filter:
    """A filter as typed. Lower-case text matches both cases; a capital makes the match exact.

    Words are separated by spaces. A word with `*` or `?` is a glob over the whole name. `~abc` matches a name that has
    these letters in order. Any other word is a substring.
    """

    text: str
    _tests: tuple[Test, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_tests", tuple(_compile(word, self.is_exact) for word in self.words))

    @property
    def words(self) -> list[str]:
        """The words that must all match."""
        return self.text.split()

    @property
    def is_exact(self) -> bool:
        """Whether upper and lower case differ."""
        return self.text != self.text.lower()

    def positions(self, names: list[str]) -> list[int]:
        """Return the positions in `names` of the matches. The caller lower-cases `names` unless `is_exact`."""
        found: Iterable[int] = range(len(names))
        for word, test in zip(self.words, self._tests, strict=True):
            if word[0] != "~" and not _is_glob(word):  # the common case, without a call for each name
                found = [position for position in found if word in names[position]]
            else:
                found = [position for position in found if test(names[position])]
        return list(found)

    def matches(self, name: str) -> bool:
        """Return whether one name matches."""
        return bool(self.positions([name if self.is_exact else name.lower()]))


def _is_glob(word: str) -> bool:
    return "*" in word or "?" in word


def _glob(word: str) -> str:
    """Return the regular expression of a glob.

    The text between two stars is matched at its first place, and never tried elsewhere: otherwise a long key of one
    letter would be tried in every way (`fnmatch` does the same since Python 3.9).
    """
    first, *rest = ("".join("." if c == "?" else re.escape(c) for c in part) for part in word.split("*"))
    if not rest:
        return first
    return first + "".join(f"(?>.*?{part})" for part in rest[:-1]) + ".*" + rest[-1]


def _compile(word: str, is_exact: bool) -> Test:
    if _is_glob(word):
        pattern = re.compile(_glob(word), re.DOTALL)
        return lambda name: pattern.fullmatch(name.removesuffix("/")) is not None
    if word.startswith("~"):
        fuzzy = re.compile("".join(f"[^{re.escape(c)}]*{re.escape(c)}" for c in word[1:]))  # never backtracks
        return lambda name: fuzzy.match(name) is not None
    return lambda name: word in name
