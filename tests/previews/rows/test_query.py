"""The query of a table: what it means, and what is said of one that cannot be read."""

import pytest

from storage_tui.previews.decoding.tables.query import QueryError, columns_of, evaluate, may_match, parse

COLUMNS = [
    ("depth", "number"),
    ("name", "text"),
    ("is ok", "yes/no"),
    ("price", "decimal"),
    ("Day", "time"),
    ("bands", "other"),
]
KINDS = {at: kind for at, (_, kind) in enumerate(COLUMNS)}
VALUES = [
    [1, None, 3.5],
    ["north", "South", None],
    [True, False, None],
    [None, None, None],
    ["2024-01-02", None, "2024"],
    ["[1]", None, None],
]


def rows(text: str) -> list[int]:
    mask = evaluate(parse(text, COLUMNS), KINDS, VALUES.__getitem__)
    return [at for at, value in enumerate(mask) if value]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("depth < 3", [0]), ("depth>=1", [0, 2]), ("depth = .35e1", [2]), ("not depth < 3", [2]),
        ("depth is null", [1]), ("depth is not null", [0, 2]), ("depth in (1, 2)", [0]), ("depth not in (1)", [2]),
        ("name ~ 'OR'", [0]), ("name !~ nor", [1]), ("name = south", []), ('name = "South" or depth = 1', [0, 1]),
        ("`is ok` = true", [0]), ("`is ok` != TRUE", [1]), ("day > 2024", [0]), ("price is null", [0, 1, 2]),
        ("depth = 1 or name = South and depth = 1", [0]), ("(depth = 1 or name = South) and depth is null", [1]),
        ("NOT (depth = 1) AND name IS NULL", [2]), ("price < 1 or depth = 1", [0]), ("depth <> 1", [2]),
        ("bands is not null", [0]),
    ],
)  # fmt: skip
def test_a_query_means_what_it_says(text: str, found: list[int]) -> None:
    assert rows(text) == found


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "ends"), ("depth", "ends"), ("depth <", "ends"), ("depth < abc", "is a number"), ("nope = 1", "no column"),
        ("depth = 1 2", "one too many"), ("(depth = 1", "missing"), ("depth is 1", "null follows"),
        ("name ~ '['", "regular expression"), ("`is ok` = 1", "true or false"), ("(" * 100 + "depth = 1", "too deep"),
        ("depth like 1", "no comparison"), ("depth = 'x", "cannot read"), ("depth in 1", "missing"),
        ("depth = and", "no value"), ("x" * 3000, "characters"),
        ("'depth' = 1", "not the name"), ("price = nan", "number"), ("bands = 1", "not compared"),
    ],
)  # fmt: skip
def test_a_query_that_cannot_be_read_says_why(text: str, reason: str) -> None:
    with pytest.raises(QueryError, match=reason):
        parse(text, COLUMNS)


def test_a_query_names_the_columns_that_it_reads() -> None:
    assert columns_of(parse("day = 2024 or (depth = 1 and not name is null)", COLUMNS)) == [0, 1, 4]


@pytest.mark.parametrize(
    ("text", "bounds", "may"),
    [
        ("depth < 3", (3, 9, 0), False), ("depth <= 3", (3, 9, 0), True), ("depth > 9", (3, 9, 0), False),
        ("depth = 5", (3, 9, 0), True), ("depth = 10", (3, 9, 0), False), ("depth in (1, 10)", (3, 9, 0), False),
        ("depth in (1, 4)", (3, 9, 0), True), ("depth != 3", (3, 3, 0), True), ("depth is null", (3, 9, 0), False),
        ("depth is null", (3, 9, 1), True), ("depth < 3", (None, None, -1), False),
        ("depth < 3", (None, None, None), True),
        ("not depth < 3", (3, 9, 0), True), ("depth < 3 or depth > 8", (3, 9, 0), True),
        ("depth < 3 and depth > 8", (3, 9, 0), False), ("depth is null", (None, None, -1), True),
    ],
)  # fmt: skip
def test_statistics_rule_out_only_what_cannot_match(text: str, bounds: tuple[int, int, int], may: bool) -> None:
    assert may_match(parse(text, COLUMNS), KINDS, lambda column: bounds) is may
