"""The filter of the list: words that all must match, smart case, `*` and `?` as globs, `~word` fuzzy."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

Test = Callable[[str], bool]


@dataclass(frozen=True)
class Filter:
    """A filter as typed. Lower-case text matches both cases; a capital makes it exact.

    Words are separated by spaces. A word with `*` or `?` is a glob over the whole name, `~abc` matches a name that has
    these letters in order, anything else is a substring.
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
        """True when the case counts."""
        return self.text != self.text.lower()

    def positions(self, names: list[str]) -> list[int]:
        """Where in `names` the matches are. `names` are lower-cased by the caller unless `is_exact`."""
        found: Iterable[int] = range(len(names))
        for word, test in zip(self.words, self._tests, strict=True):
            if word[0] != "~" and not _is_glob(word):  # the common case, without a call a name
                found = [position for position in found if word in names[position]]
            else:
                found = [position for position in found if test(names[position])]
        return list(found)

    def matches(self, name: str) -> bool:
        """Whether one name matches."""
        return bool(self.positions([name if self.is_exact else name.lower()]))


def _is_glob(word: str) -> bool:
    return "*" in word or "?" in word


def _glob(word: str) -> str:
    """The expression of a glob. What stands between two stars is taken where it comes first, once and for all: a long
    key of one letter would be tried in every way otherwise (as fnmatch does it since Python 3.9)."""
    first, *rest = ("".join("." if c == "?" else re.escape(c) for c in part) for part in word.split("*"))
    if not rest:
        return first
    return first + "".join(f"(?>.*?{part})" for part in rest[:-1]) + ".*" + rest[-1]


def _compile(word: str, is_exact: bool) -> Test:
    if _is_glob(word):
        pattern = re.compile(_glob(word), re.DOTALL)
        return lambda name: pattern.fullmatch(name.removesuffix("/")) is not None
    if word.startswith("~"):
        fuzzy = re.compile("".join(f"[^{re.escape(c)}]*{re.escape(c)}" for c in word[1:]))  # never looks back
        return lambda name: fuzzy.match(name) is not None
    return lambda name: word in name
