"""The query of a table: `ndvi < .2 and name ~ "north"`, as typed, checked against the columns, and evaluated.

    either := both ("or" both)*          both := one ("and" one)*          one := "not" one | "(" either ")" | test
    test   := NAME (= != < <= > >= ~ !~) VALUE | NAME "is" ["not"] "null" | NAME ["not"] "in" "(" VALUE, … ")"

A name with other characters stands in backticks. A text stands in quotes, or is one word. `~` finds a regular
expression, and case does not matter. A comparison with a missing value is neither true nor false (SQL, three-valued
logic); a comparison with NaN is false, and `!=` true.
"""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

MOST_CHARS = 2000
MOST_DEPTH = 40
WORDS = frozenset(("and", "or", "not", "is", "null", "in", "true", "false"))
NUMBER, DECIMAL, TEXT, TIME, TRUTH, OTHER = "number", "decimal", "text", "time", "yes/no", "other"
"""The kinds of columns: how their values compare. Times compare as they are written, ISO 8601."""

COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
SAME = {"==": "=", "<>": "!="}

ESCAPES = {'"': '"', "'": "'", "\\": "\\", "n": "\n", "r": "\r", "t": "\t"}
_ESCAPE = re.compile(r"\\(u([0-9a-fA-F]{4})|.)", re.DOTALL)

Node = list[Any]
"""A query as JSON: `["and", Node, Node]`, `["or", …]`, `["not", Node]`, `["null", COLUMN]`, `["in", COLUMN, [VALUE]]`,
`["find", COLUMN, PATTERN]`, or `[COMPARISON, COLUMN, VALUE]`. A column is its number; numbers are written as texts."""

Mask = list[bool | None]

_TOKEN = re.compile(
    r"""\s*(?:(?P<mark>==|!=|<>|<=|>=|!~|[=<>~(),])|"(?P<double>(?:[^"\\]|\\.)*)"|'(?P<single>(?:[^'\\]|\\.)*)'"""
    r"""|`(?P<name>[^`]+)`|(?P<word>[^\s=<>~!(),"'`]+))"""
)


class QueryError(ValueError):
    """The query cannot be read; the text is one line about the reason."""


def parse(text: str, columns: Sequence[tuple[str, str]]) -> Node:
    """Return the query of a text over columns, each with its name and kind; raise QueryError."""
    if len(text) > MOST_CHARS:
        raise QueryError(f"a query has at most {MOST_CHARS:,} characters")
    return _Parser(_tokens(text), columns).whole()


def columns_of(node: Node) -> list[int]:
    """Return the numbers of the columns that a query reads."""
    if node[0] in ("and", "or", "not"):
        return sorted({column for each in node[1:] for column in columns_of(each)})
    return [node[1]]


def evaluate(node: Node, kinds: Mapping[int, str], values: Callable[[int], list[Any]]) -> Mask:
    """Return for each row whether the query is true there; None where a missing value leaves it open.

    `values(column)` are the values of a column: numbers, truths, or texts.
    """
    form = node[0]
    if form == "not":
        return [None if each is None else not each for each in evaluate(node[1], kinds, values)]
    if form in ("and", "or"):
        sides = zip(evaluate(node[1], kinds, values), evaluate(node[2], kinds, values), strict=True)
        return [_both(a, b) if form == "and" else _either(a, b) for a, b in sides]
    cells = values(node[1])
    if form == "null":
        return [cell is None for cell in cells]
    if form == "find":
        try:
            search = re.compile(node[2], re.IGNORECASE).search
        except re.error as exc:
            raise QueryError(f"{node[2]!r} is no regular expression: {exc}") from exc
        return [None if cell is None else search(str(cell)) is not None for cell in cells]
    kind = kinds[node[1]]
    if form == "in":
        among = [_typed(each, kind) for each in node[2]]
        return [None if cell is None else cell in among for cell in cells]
    compare, value = COMPARE[form], _typed(node[2], kind)
    return [None if cell is None else compare(cell, value) for cell in cells]


def may_match(node: Node, kinds: Mapping[int, str], bounds: Callable[[int], tuple[Any, Any, int | None]]) -> bool:
    """Return false only when no row can match, by the least, the greatest and the number of missing values.

    `bounds(column)` has None for what is not known; a column of missing values alone has -1 as their number.
    """
    form = node[0]
    if form == "and":
        return may_match(node[1], kinds, bounds) and may_match(node[2], kinds, bounds)
    if form == "or":
        return may_match(node[1], kinds, bounds) or may_match(node[2], kinds, bounds)
    if form in ("not", "find"):
        return True
    least, greatest, missing = bounds(node[1])
    if form == "null":
        return missing != 0
    if missing == -1:
        return False
    if least is None or greatest is None or form == "!=":
        return True
    values = [_typed(each, kinds[node[1]]) for each in (node[2] if form == "in" else [node[2]])]
    if form in ("in", "="):
        return any(least <= value <= greatest for value in values)
    if form in ("<", "<="):
        return bool(COMPARE[form](least, values[0]))
    return bool(COMPARE[form](greatest, values[0]))


def _both(a: bool | None, b: bool | None) -> bool | None:
    return False if a is False or b is False else None if a is None or b is None else True


def _either(a: bool | None, b: bool | None) -> bool | None:
    return True if a is True or b is True else None if a is None or b is None else False


def _typed(value: Any, kind: str) -> Any:
    if kind == DECIMAL:
        return Decimal(value)
    if kind == NUMBER:
        try:
            return int(value)
        except ValueError:
            return float(value)
    return value


def _tokens(text: str) -> list[tuple[str, str]]:
    """Return the parts of a text, each with its form: mark, quoted, name or word."""
    found, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise QueryError(f"cannot read {text[at:].strip()[:20]!r}")
        form, at = str(match.lastgroup), match.end()
        value = match[form]
        if form in ("double", "single"):
            form, value = "quoted", _ESCAPE.sub(_unescaped, value)
        found.append((form, SAME.get(value, value) if form == "mark" else value))
    return found


def _unescaped(match: re.Match[str]) -> str:
    """Return what an escape stands for; a backslash before any other character stays, as patterns have many."""
    if match[2]:
        return chr(int(match[2], 16))
    return ESCAPES.get(match[1], match[0])


class _Parser:
    """A descent over the parts of a query."""

    def __init__(self, tokens: list[tuple[str, str]], columns: Sequence[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._columns = columns
        self._at = 0

    def whole(self) -> Node:
        """Return the query; raise QueryError for one that ends early or late."""
        node = self._either(0)
        if self._at < len(self._tokens):
            raise QueryError(f"{self._tokens[self._at][1]!r} is one too many; and, or join two tests")
        return node

    def _either(self, depth: int) -> Node:
        if depth > MOST_DEPTH:
            raise QueryError("the brackets are nested too deep")
        node = self._both(depth)
        while self._takes("or"):
            node = ["or", node, self._both(depth)]
        return node

    def _both(self, depth: int) -> Node:
        node = self._one(depth)
        while self._takes("and"):
            node = ["and", node, self._one(depth)]
        return node

    def _one(self, depth: int) -> Node:
        turned = False
        while self._takes("not"):
            turned = not turned
        if self._takes("(", form="mark"):
            node = self._either(depth + 1)
            self._needs(")")
        else:
            node = self._test()
        return ["not", node] if turned else node

    def _test(self) -> Node:
        column = self._column()
        if self._takes("is"):
            turned = self._takes("not")
            if not self._takes("null"):
                raise QueryError("null follows is")
            return ["not", ["null", column]] if turned else ["null", column]
        name, kind = self._columns[column]
        if kind == OTHER:
            raise QueryError(f"{name} has values that are not compared; only is null is asked of them")
        turned = self._takes("not")
        if self._takes("in"):
            self._needs("(")
            values = [self._value(column)]
            while self._takes(",", form="mark"):
                values.append(self._value(column))
            self._needs(")")
            return ["not", ["in", column, values]] if turned else ["in", column, values]
        form, mark = self._next("a comparison")
        if turned or form != "mark" or mark not in (*COMPARE, "~", "!~"):
            raise QueryError(f"{mark!r} is no comparison: = != < <= > >= ~ !~, is null, in (…)")
        if mark not in ("~", "!~"):
            return [mark, column, self._value(column)]
        _, pattern = self._next("a text")
        try:
            re.compile(pattern, re.IGNORECASE)
        except re.error as exc:
            raise QueryError(f"{pattern!r} is no regular expression: {exc}") from exc
        return ["find", column, pattern] if mark == "~" else ["not", ["find", column, pattern]]

    def _column(self) -> int:
        form, name = self._next("the name of a column")
        if form not in ("word", "name"):
            raise QueryError(f"{name!r} is not the name of a column; a name with blanks stands in `backticks`")
        names = [each for each, _ in self._columns]
        if name in names:
            return names.index(name)
        folded = [at for at, each in enumerate(names) if each.lower() == name.lower()]
        if len(folded) != 1:
            raise QueryError(f"there is no column {name!r}")
        return folded[0]

    def _value(self, column: int) -> Any:
        form, value = self._next("a value")
        name, kind = self._columns[column]
        if form == "mark" or (form == "word" and value.lower() in WORDS - {"true", "false"}):
            raise QueryError(f"{value!r} is no value")
        if kind in (NUMBER, DECIMAL):
            try:
                if form != "word" or (kind == DECIMAL and not Decimal(value).is_finite()):
                    raise ValueError(value)
                float(value)
            except (ValueError, InvalidOperation) as exc:
                raise QueryError(f"{name} is a number, and {value!r} is none") from exc
        if kind == TRUTH:
            if value.lower() not in ("true", "false"):
                raise QueryError(f"{name} is true or false")
            return value.lower() == "true"
        return value

    def _next(self, wanted: str) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise QueryError(f"the query ends where {wanted} follows")
        self._at += 1
        return self._tokens[self._at - 1]

    def _takes(self, text: str, *, form: str = "word") -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at][0] == form:
            found = self._tokens[self._at][1]
            if (found.lower() if form == "word" else found) == text:
                self._at += 1
                return True
        return False

    def _needs(self, mark: str) -> None:
        if not self._takes(mark, form="mark"):
            raise QueryError(f"{mark!r} is missing")
