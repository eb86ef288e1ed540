"""Globs over keys: `*` and `?` within a segment, `[…]`, `{a,b}`, `**` over folders; a backslash quotes a character.

| pattern | matches |
|---|---|
| `*` | any run of characters without `/`, also none, also with a dot in front |
| `?` | one character other than `/` |
| `[abc]`, `[a-z]`, `[!a]`, `[^a]`, `[[:digit:]]` | one character of the set, or outside of it; never `/` |
| `{a,b*}` | one of the alternatives, which may hold slashes and braces |
| `**` as a whole segment | any number of folders, also none; at the end everything below |
| `\\*` | the character `*` itself |

A bracket that is not closed and braces without a comma are ordinary characters, as in bash. Letters match exactly.

The regular expression of a glob never tries a text between two stars at a second place: the first place leaves the most
room for the rest, because such a text has a fixed length. Python's own search would try all combinations of places. The
same holds for the folders between two `**`. Braces, whose texts differ in length, are written out as alternatives.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

from storage_tui.contract.keys import DELIMITER

MOST_CHARS = 4096  # of a pattern: four times the longest key
MOST_ALTERNATIVES = 256  # that braces may stand for: each is tried on each key
DEEP = "**"
_MAGIC = re.compile(r"[*?\[{]")
_SETS = {
    "alnum": r"[^\W_]", "alpha": r"[^\W\d_]", "blank": r"[ \t]", "digit": "[0-9]", "lower": "[a-z]", "upper": "[A-Z]",
    "punct": r"[!-.:-@\[-`{-~]", "space": r"\s", "word": r"\w", "xdigit": "[0-9A-Fa-f]",
}  # fmt: skip
_NAMED = re.compile(r"\[:([a-z]+):\]")


@dataclass(frozen=True)
class Segment:
    """The pattern of one segment of a key.

    `literal` is the segment itself when only one text matches, else None. Every match begins with `start`. `is_deep` is
    true for `**`, which stands for any number of segments; its other values mean nothing.
    """

    source: str
    literal: str | None
    start: str
    is_deep: bool = False

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(self.source, re.DOTALL)

    def matches(self, name: str) -> bool:
        """Return whether a segment, without slashes, matches."""
        return self._pattern.fullmatch(name) is not None


@dataclass(frozen=True)
class Glob:
    """A pattern over keys. The constructor raises ValueError for a pattern that is too long or has too many
    alternatives."""

    text: str
    alternatives: tuple[tuple[Segment, ...], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.text) > MOST_CHARS:
            raise ValueError(f"a pattern has at most {MOST_CHARS:,} characters; this one has {len(self.text):,}")
        object.__setattr__(self, "alternatives", tuple(dict.fromkeys(map(_segments, written_out(self.text)))))

    @property
    def literal(self) -> str | None:
        """The only key that matches, without its quoting; None when there may be several."""
        [first, *more] = self.alternatives
        names = [segment.literal for segment in first]
        return None if more or None in names else DELIMITER.join(name or "" for name in names)

    @cached_property
    def prefix(self) -> str:
        """The longest text with which every match begins, as far as the pattern shows."""
        return shared_start([_start(segments) for segments in self.alternatives])

    @property
    def folder(self) -> str:
        """The folder of the prefix: with its slash, or empty."""
        return self.prefix[: self.prefix.rfind(DELIMITER) + 1]

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The regular expression; it must match a whole key."""
        return re.compile("|".join(map(_source, self.alternatives)), re.DOTALL)

    def matches(self, key: str) -> bool:
        """Return whether a key matches."""
        return self.pattern.fullmatch(key) is not None

    def matches_folder(self, prefix: str) -> bool:
        """Return whether a folder, given with its slash, matches: by its name without the slash, or with it."""
        return self.matches(prefix) or self.matches(prefix.removesuffix(DELIMITER))


def has_magic(text: str) -> bool:
    """Return whether a text may be a pattern: it holds one of the characters `*`, `?`, `[` and `{`."""
    return _MAGIC.search(text) is not None


def is_pattern(text: str, exists: Callable[[], bool]) -> bool:
    """Return whether a text stands for what it matches: it may be a pattern, and nothing has exactly this name.

    The rule is the same for the command line and for fsspec, because keys may hold all these characters.
    """
    return has_magic(text) and not exists()


def shared_start(texts: Sequence[str]) -> str:
    """Return the longest text with which all texts begin."""
    first, last = min(texts), max(texts)
    same = next((at for at, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), len(first))
    return first[:same]


def quote(key: str) -> str:
    """Return the pattern that matches exactly this key."""
    return re.sub(r"[*?\[\]{},\\]", r"\\\g<0>", key)


def written_out(text: str) -> list[str]:
    """Return the patterns without braces that a pattern stands for. Raise ValueError when there are too many."""
    found, waiting = list[str](), [text]
    while waiting:
        current = waiting.pop()
        group = _first_group(current)
        if group is None:
            found.append(current)
            continue
        start, commas, stop = group
        edges = [start, *commas, stop]
        options = [current[a + 1 : b] for a, b in pairwise(edges)]
        waiting += [current[:start] + option + current[stop + 1 :] for option in reversed(options)]
        if len(found) + len(waiting) > MOST_ALTERNATIVES:
            raise ValueError(f"the braces of a pattern stand for at most {MOST_ALTERNATIVES} alternatives; write fewer")
    return found


def _first_group(text: str) -> tuple[int, list[int], int] | None:
    """Return the places of the first braces with a comma: the opening one, the commas, the closing one."""
    best: tuple[int, list[int], int] | None = None
    opened: list[tuple[int, list[int]]] = []
    at = 0
    while at < len(text):
        character = text[at]
        if character == "\\":
            at += 1
        elif character == "{":
            opened.append((at, []))
        elif character == "," and opened:
            opened[-1][1].append(at)
        elif character == "}" and opened:
            start, commas = opened.pop()
            if commas and (best is None or start < best[0]):
                best = start, commas, at
            if best is not None and not opened:
                break
        at += 1
    return best


def _segments(text: str) -> tuple[Segment, ...]:
    return tuple(_segment(part) for part in _split(text))


def _split(text: str) -> Iterator[str]:
    """Yield the segments between the slashes. A backslash before a slash is dropped: a slash cannot be quoted."""
    segment, at = list[str](), 0
    while at < len(text):
        character = text[at]
        if character == "\\" and at + 1 < len(text) and text[at + 1] != DELIMITER:
            segment.append(text[at : at + 2])
            at += 1
        elif character == DELIMITER:
            yield "".join(segment)
            segment = []
        elif character != "\\" or at + 1 == len(text):
            segment.append(character)
        at += 1
    yield "".join(segment)


def _segment(text: str) -> Segment:
    if text == DEEP:
        return Segment("", None, "", is_deep=True)
    parts, letters = [""], list[str]()  # the regular expressions between the stars; the literal characters
    start: str | None = None  # the literal beginning, once it has ended
    at = 0
    while at < len(text):
        character, taken = text[at], 1
        source, is_star = "", character == "*"
        if character == "?":
            source = "[^/]"
        elif character == "[":
            source, taken = _set(text, at)
        if (is_star or source) and start is None:
            start = "".join(letters)
        if is_star:
            parts.append("")
        elif not source:
            if character == "\\" and at + 1 < len(text):
                character, taken = text[at + 1], 2
            letters.append(character)
            source = re.escape(character)
        parts[-1] += source
        at += taken
    first, *rest = parts
    source = first
    if rest:
        source += "".join(f"(?>[^/]*?{part})" for part in rest[:-1] if part) + "[^/]*" + rest[-1]
    literal = "".join(letters) if start is None else None
    return Segment(source, literal, start or literal or "")


def _set(text: str, at: int) -> tuple[str, int]:
    """Return the regular expression of the set that begins at `[`, and its length; an empty one when it is no set."""
    stop = at + 1
    is_inverted = text.startswith(("!", "^"), stop)
    stop += is_inverted
    first, items = stop, list[str]()
    while True:
        if stop >= len(text):
            return "", 1
        named = _NAMED.match(text, stop)
        if text[stop] == "]" and stop > first:
            break
        if named and named[1] in _SETS:
            items.append(_SETS[named[1]])
            stop = named.end()
            continue
        low, stop = _member(text, stop)
        if text[stop : stop + 1] == "-" and text[stop + 1 : stop + 2] not in ("", "]"):
            high, stop = _member(text, stop + 1)
            if low <= high:
                items.append(f"[{re.escape(low)}-{re.escape(high)}]")
        else:
            items.append(re.escape(low))
    members = "|".join(items) or "(?!)"  # a range from high to low has no member
    return f"(?!/)(?!{members})[^/]" if is_inverted else f"(?!/)(?:{members})", stop + 1 - at


def _member(text: str, at: int) -> tuple[str, int]:
    """Return the character of a set at a place, and the place after it."""
    if text[at] == "\\" and at + 1 < len(text):
        at += 1
    return text[at], at + 1


def _start(segments: Sequence[Segment]) -> str:
    found = ""
    for number, segment in enumerate(segments):
        if segment.is_deep or segment.literal is None:
            return found + segment.start
        found += segment.literal + (DELIMITER if number < len(segments) - 1 else "")
    return found


def _source(segments: Sequence[Segment]) -> str:
    """Return the regular expression of segments, each at the first place that fits between two `**`."""
    blocks: list[list[Segment]] = [[]]
    for segment in segments:
        if segment.is_deep:
            blocks.append([])
        else:
            blocks[-1].append(segment)
    first, *rest = blocks
    if not rest:
        return DELIMITER.join(segment.source for segment in first)
    source = "".join(f"{segment.source}/" for segment in first)
    for block in rest[:-1]:
        if block:
            source += "(?>(?:[^/]*/)*?" + "".join(f"{segment.source}/" for segment in block) + ")"
    if rest[-1]:
        return source + "(?:[^/]*/)*" + DELIMITER.join(segment.source for segment in rest[-1])
    return source + ".*"
