"""The texts of an SQL statement that stand where a table stands: `from 'tmp:a/*.parquet'`, `read_csv('data:b.csv')`."""

import re
from collections.abc import Callable
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""(?P<text>'(?:[^']|'')*')|"(?:[^"]|"")*"|--[^\n]*|/\*.*?(?:\*/|\Z)|(?P<tag>\$\w*\$).*?(?:(?P=tag)|\Z)"""
    r"""|(?P<word>\w+)|(?P<mark>[()\[\],;])|[^\s]""",
    re.DOTALL,
)
_CLAUSES = frozenset(
    ("from", "join", "select", "where", "on", "using", "group", "order", "having", "limit", "window", "qualify")
)
_BEFORE_TABLE = frozenset(("from", "join", "describe", "summarize", "pivot", "unpivot"))
_READERS = re.compile(r"(read|parquet|sniff)_\w+|glob")


@dataclass(frozen=True, slots=True)
class Named:
    """One text that stands where a table stands, without its quotes, and its place in the statement."""

    start: int
    stop: int
    name: str


@dataclass
class _Level:
    """One pair of parentheses: the clause in it, and whether it holds the arguments of a function that reads files."""

    is_reader: bool = False
    clause: str = ""


def names_in(statement: str) -> list[Named]:
    """Return the texts that stand where a table stands, in the order of the statement."""
    found: list[Named] = []
    levels = [_Level()]
    before = ""
    for token in _TOKEN.finditer(statement):
        if token["text"] is not None:
            level = levels[-1]
            is_table = before in _BEFORE_TABLE or (before == "," and level.clause in ("from", "join"))
            if is_table or (level.is_reader and before in ("(", "[", ",")):
                found.append(Named(token.start(), token.end(), token["text"][1:-1].replace("''", "'")))
            before = "text"
        elif token["word"] is not None:
            before = token["word"].lower()
            if before in _CLAUSES:
                levels[-1].clause = before
        elif token["mark"] in ("(", "["):
            is_reader = _READERS.fullmatch(before) is not None or (token["mark"] == "[" and levels[-1].is_reader)
            levels.append(_Level(is_reader))
            before = token["mark"]
        elif token["mark"] in (")", "]"):
            if len(levels) > 1:
                levels.pop()
            before = token["mark"]
        elif not token[0].startswith(("--", "/*")):
            before = token[0]
    return found


def renamed(statement: str, name_of: Callable[[str], str]) -> str:
    """Return the statement with other names in the place of these texts."""
    pieces, at = [], 0
    for named in names_in(statement):
        pieces += [statement[at : named.start], "'", name_of(named.name).replace("'", "''"), "'"]
        at = named.stop
    return "".join([*pieces, statement[at:]])
