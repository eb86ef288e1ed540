r"""Which files and keys a sync looks at: rules with patterns, as rclone's filters.

A rule includes or excludes; the first rule whose pattern matches decides, and what no rule matches is included. A
pattern matches the end of a path from a slash on; with a `/` at its start it matches from the top of the folder. `*` is
any text without a slash, `**` any text, `?` one character but no slash, `[a-z]` and `[^a-z]` one character, `{a,b}` one
of several texts, and `\` takes the next character as it is. A pattern with a `/` at its end stands for a folder:
excluded, with all that is in it. Source: rclone.org/filtering.
"""

import re
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from storage_tui.contract.errors import BadRequestError, LocalFileError
from storage_tui.contract.keys import DELIMITER

RULES_AT_MOST = 10_000  # every path is tried against every rule; more rules are a mistake
FILE_BYTES = 4 * 1024 * 1024  # of a file with rules
_SPECIAL = frozenset("*?[]{}\\")
_ESCAPED = frozenset(".+()|^$")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: whether it includes, its pattern, and the regular expression for paths."""

    includes: bool
    pattern: str
    regex: "re.Pattern[str]"

    @property
    def start(self) -> str:
        """The text with which every path begins that the pattern matches; empty for a pattern that matches anywhere."""
        if not self.pattern.startswith(DELIMITER):
            return ""
        body = self.pattern[1:]
        return body[: next((at for at, sign in enumerate(body) if sign in _SPECIAL), len(body))]

    @property
    def takes_folders_whole(self) -> bool:
        """Whether a match of a folder is a match of every path below the folder."""
        return self.pattern.endswith("**") or self.pattern == "*"


class Rules:
    """The rules of one sync. Without rules everything is included."""

    def __init__(self, rules: Sequence[Rule] = ()) -> None:
        if len(rules) > RULES_AT_MOST:
            raise BadRequestError(f"{len(rules):,} filter rules are more than {RULES_AT_MOST:,}; use wider patterns")
        self._rules = tuple(rules)

    @classmethod
    def of(cls, include: Iterable[str] = (), exclude: Iterable[str] = (), lines: Iterable[str] = ()) -> "Rules":
        """Return the rules for patterns, in the order of rclone: all of `include`, all of `exclude`, then `lines`.

        A line is `+ PATTERN` or `- PATTERN`; `!` forgets the rules before; empty lines and lines that begin with `#` or
        `;` say nothing. With a pattern in `include`, everything that no rule matches is excluded. Raise BadRequestError
        for a pattern or line that cannot be read.
        """
        rules = [_included(pattern) for pattern in include]
        excludes_others = bool(rules)
        rules += [make_rule(pattern, includes=False) for pattern in exclude]
        for line in lines:
            text = line.strip()
            if text == "!":
                rules.clear()
            elif text and text[0] not in "#;":
                rules.append(_read_line(text))
        if excludes_others:
            rules.append(make_rule("/**", includes=False))
        return cls(rules)

    def __bool__(self) -> bool:
        return bool(self._rules)

    def includes(self, path: str) -> bool:
        """Return whether the sync looks at this file or key; `path` is relative to the top, with slashes."""
        for rule in self._rules:
            if rule.regex.search(path):
                return rule.includes
        return True

    def leaves_out(self, folder: str) -> bool:
        """Return whether no path below the folder is included, so that nobody need look there; `folder` ends in a
        slash."""
        for rule in self._rules:
            if rule.includes:
                start = rule.start
                if not start or start.startswith(folder) or folder.startswith(start):
                    return False  # something below may be included
            elif rule.takes_folders_whole and rule.regex.search(folder):
                return True
        return False


def make_rule(pattern: str, *, includes: bool) -> Rule:
    """Return the rule for a pattern. Raise BadRequestError for a pattern that cannot be read."""
    if pattern.endswith(DELIMITER) and not includes:
        pattern += "**"
    with warnings.catch_warnings():
        warnings.simplefilter("error", FutureWarning)  # such as for [[:alpha:]], which Python reads otherwise
        try:
            return Rule(includes, pattern, re.compile(_regex(pattern), re.DOTALL))
        except (re.error, FutureWarning, RecursionError, OverflowError) as exc:
            raise _unreadable(pattern, str(exc)) from None


def read_patterns(file: Path) -> list[str]:
    """Return the patterns of a file, one a line; empty lines and lines that begin with `#` or `;` are left out. Raise
    LocalFileError."""
    rows = [line.strip() for line in read_lines(file)]
    return [row for row in rows if row and row[0] not in "#;"]


def read_lines(file: Path) -> list[str]:
    """Return the lines of a file with rules. Raise LocalFileError when it cannot be read, BadRequestError for a file
    that is not text or too large."""
    try:
        with file.open("rb") as opened:
            raw = opened.read(FILE_BYTES + 1)
    except OSError as exc:
        raise LocalFileError(f"cannot read the filter rules in {str(file)!a}: {exc.strerror}") from exc
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadRequestError(f"{str(file)!a} is not a file with filter rules: it is not UTF-8") from None
    if len(raw) > FILE_BYTES:
        raise BadRequestError(f"{str(file)!a} is not a file with filter rules: it has more than {FILE_BYTES:,} bytes")
    return text.splitlines()


def _included(pattern: str) -> Rule:
    if pattern.endswith(DELIMITER):
        raise BadRequestError(f"{pattern!a} includes a folder and no file in it; write {pattern + '**'!a}")
    return make_rule(pattern, includes=True)


def _read_line(text: str) -> Rule:
    sign, blank, pattern = text[0], text[1:2], text[2:].strip()
    if sign not in "+-" or blank != " " or not pattern:
        raise BadRequestError(f"{text[:80]!a} is not a filter rule; write '+ PATTERN', '- PATTERN' or '!'")
    return make_rule(pattern, includes=sign == "+")


def _unreadable(pattern: str, why: str) -> BadRequestError:
    return BadRequestError(f"the pattern {pattern[:80]!a} cannot be read: {why}; put \\ before a sign that is a name")


def _regex(pattern: str) -> str:
    """Return the regular expression for a pattern, by the rules of rclone's glob.go."""
    if not pattern or pattern == DELIMITER:
        raise _unreadable(pattern, "it names nothing")
    if "{{" in pattern:
        raise _unreadable(pattern, "regular expressions in {{ }} are not supported")
    out = ["^" if pattern.startswith(DELIMITER) else "(?:^|/)"]
    body = pattern.removeprefix(DELIMITER)
    at, in_braces = 0, False
    while at < len(body):
        sign = body[at]
        at += 1
        if sign == "*":
            stars = 1
            while body[at : at + 1] == "*":
                stars, at = stars + 1, at + 1
            if stars > 2:
                raise _unreadable(pattern, "it has more than two stars together")
            out.append("[^/]*" if stars == 1 else ".*")
        elif sign == "\\":
            if at == len(body):
                raise _unreadable(pattern, "nothing follows its last \\")
            out.append(re.escape(body[at]))
            at += 1
        elif sign == "[":
            end = body.find("]", at + (body[at : at + 1] == "^") + 1)
            if end == -1:
                raise _unreadable(pattern, "a [ has no ]")
            out.append(f"[{body[at:end]}]")
            at = end + 1
        elif sign == "]":
            raise _unreadable(pattern, "a ] has no [")
        elif sign == "{":
            if in_braces:
                raise _unreadable(pattern, "a { is within another")
            in_braces = True
            out.append("(?:")
        elif sign == "}":
            if not in_braces:
                raise _unreadable(pattern, "a } has no {")
            in_braces = False
            out.append(")")
        elif sign == "," and in_braces:
            out.append("|")
        else:
            out.append("[^/]" if sign == "?" else re.escape(sign))
    if in_braces:
        raise _unreadable(pattern, "a { has no }")
    return "".join(out) + r"\Z"
