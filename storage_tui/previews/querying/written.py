"""The rows that a table shows, written as SQL: the query of its filter, and the order by one column."""

from collections.abc import Sequence

from storage_tui.previews.decoding.tables.query import DECIMAL, NUMBER, TRUTH, Node


def statement_of(
    name: str, columns: Sequence[tuple[str, str]], *, query: Node | None, order: tuple[int, bool] | None
) -> str:
    """Return the SELECT of all columns of the table `name`, each column with its name and kind.

    `order` is the number of a column, and whether the greatest value comes first.
    """
    parts = [f"select * from {_text(name)}"]
    if query is not None:
        parts.append(f"where {_condition(query, columns, is_inside=False)}")
    if order is not None:
        parts.append(f"order by {_name(columns[order[0]][0])}{' desc' if order[1] else ''}")
    return " ".join(parts)


def _condition(node: Node, columns: Sequence[tuple[str, str]], *, is_inside: bool) -> str:
    form = node[0]
    if form in ("and", "or"):
        sides = [_condition(each, columns, is_inside=each[0] in ("and", "or") and each[0] != form) for each in node[1:]]
        text = f" {form} ".join(sides)
        return f"({text})" if is_inside else text
    if form == "not":
        if node[1][0] == "null":
            return f"{_name(columns[node[1][1]][0])} is not null"
        return f"not ({_condition(node[1], columns, is_inside=False)})"
    name, kind = columns[node[1]]
    if form == "null":
        return f"{_name(name)} is null"
    if form == "find":
        return f"regexp_matches({_name(name)}::varchar, {_text(node[2])}, 'i')"
    if form == "in":
        return f"{_name(name)} in ({', '.join(_value(each, kind) for each in node[2])})"
    return f"{_name(name)} {form} {_value(node[2], kind)}"


def _name(name: str) -> str:
    """Return the name of a column, in quotes unless it is a plain word."""
    is_plain = name.isascii() and name.isidentifier() and name.islower()
    return name if is_plain and name not in _KEYWORDS else '"' + name.replace('"', '""') + '"'


def _value(value: object, kind: str) -> str:
    if kind == TRUTH:
        return "true" if value else "false"
    text = str(value)
    is_number = kind in (NUMBER, DECIMAL) and text.lower().lstrip("+-") not in ("nan", "inf", "infinity")
    return text if is_number else _text(text)


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


_KEYWORDS = frozenset((
    "all", "and", "any", "array", "as", "asc", "both", "case", "cast", "check", "collate", "column", "constraint",
    "create", "default", "desc", "distinct", "do", "else", "end", "except", "false", "fetch", "for", "foreign", "from",
    "grant", "group", "having", "in", "initially", "intersect", "into", "is", "join", "lateral", "leading", "like",
    "limit", "natural", "not", "null", "offset", "on", "only", "or", "order", "placing", "primary", "qualify",
    "references", "returning", "right", "left", "select", "show", "some", "symmetric", "table", "then", "to",
    "trailing", "true", "union", "unique", "using", "variadic", "when", "where", "window", "with",
))  # fmt: skip
