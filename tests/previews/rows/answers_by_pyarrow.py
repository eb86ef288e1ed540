"""Tables of many types by pyarrow, with the answers to random queries and orders by pyarrow.compute.

The environment with pyarrow runs it, which is not that of the project.

python answers_by_pyarrow.py FOLDER SEED writes the files and `answers.json`: `queries` with the rows that match,
`orders` by column with the rows in order (null and NaN last), `cells` with row, column and value as JSON.
"""

import datetime
import decimal
import json
import random
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.feather as pf
import pyarrow.parquet as pq

ROWS, GROUP = 1500, 400
WORDS = ("north", "South", "été", "", 'a "b"', "x_1", "zz\nz")
LOW = datetime.datetime(2020, 1, 1)
COMPARE = {"=": pc.equal, "!=": pc.not_equal, "<": pc.less, "<=": pc.less_equal, ">": pc.greater,
           ">=": pc.greater_equal}  # fmt: skip


def maybe(chance, make, share=0.15):
    return [None if chance.random() < share else make(at) for at in range(ROWS)]


def amount(chance):
    return decimal.Decimal(chance.randint(-999, 999)) / 100


def table(chance):
    base = chance.randint(-1000, 1000)
    return pa.table({
        "up": pa.array([base + at for at in range(ROWS)], pa.int64()),
        "i": pa.array(maybe(chance, lambda at: chance.randint(-50, 50)), pa.int32()),
        "u": pa.array(maybe(chance, lambda at: chance.choice((0, 7, 2**32 - 1, 2**31))), pa.uint32()),
        "f": pa.array(maybe(chance, lambda at: chance.choice((chance.random(), float("nan"), float("inf"), -0.0)))),
        "small": pa.array(maybe(chance, lambda at: chance.random()), pa.float32()),
        "s": pa.array(maybe(chance, lambda at: chance.choice(WORDS))),
        "kind": pa.array(maybe(chance, lambda at: chance.choice(WORDS[:3]))).dictionary_encode(),
        "when": pa.array([LOW + datetime.timedelta(minutes=37 * at) for at in range(ROWS)], pa.timestamp("us")),
        "day": pa.array(maybe(chance, lambda at: (LOW + datetime.timedelta(days=at % 99)).date())),
        "ok": pa.array(maybe(chance, lambda at: chance.random() < 0.5)),
        "price": pa.array(maybe(chance, lambda at: amount(chance)), pa.decimal128(9, 2)),
        "list": pa.array(maybe(chance, lambda at: [at, None, at + 1])),
        "deep": pa.array(maybe(chance, lambda at: {"a": at, "b": {"c": [str(at)]}})),
        "none": pa.nulls(ROWS, pa.float64()),
    })  # fmt: skip


def literal(chance, name):
    """A value for a column: as the query has it, and for pyarrow."""
    if name == "up":
        value = chance.randint(-1200, 2700)
        return str(value), value
    if name in ("i", "u"):
        value = chance.randint(-60, 60)
        return str(value), value
    if name in ("f", "small", "none"):
        value = round(chance.random(), 2)
        return str(value), value
    if name in ("s", "kind"):
        value = chance.choice(WORDS[:5])
        return json.dumps(value, ensure_ascii=False), value
    if name == "when":
        value = LOW + datetime.timedelta(minutes=chance.randint(0, 60_000))
        return f'"{value}"', value
    if name == "day":
        value = (LOW + datetime.timedelta(days=chance.randint(0, 110))).date()
        return chance.choice((str(value), f'"{value}"')), value
    if name == "ok":
        return chance.choice((("true", True), ("false", False)))
    value = amount(chance)
    return str(value), value


def test(chance, found, names):
    """One test as text, and its mask."""
    name = chance.choice(names)
    column = found[name].cast(pa.string()) if name == "kind" else found[name]
    form = chance.random()
    if form < 0.15:
        turned = chance.random() < 0.5
        mask = pc.is_null(column)
        return f"{name} is {'not ' if turned else ''}null", pc.invert(mask) if turned else mask
    if form < 0.3 and name != "ok":
        values = [literal(chance, name) for _ in range(chance.randint(1, 3))]
        mask = pc.equal(column, pa.scalar(values[0][1], None if name != "price" else pa.decimal128(9, 2)))
        for _, value in values[1:]:
            other = pc.equal(column, pa.scalar(value, None if name != "price" else pa.decimal128(9, 2)))
            mask = pc.or_kleene(mask, other)
        turned = chance.random() < 0.3
        word = "not in" if turned else "in"
        return f"{name} {word} ({', '.join(text for text, _ in values)})", pc.invert(mask) if turned else mask
    if form < 0.5 and name in ("s", "kind"):
        pattern = chance.choice(("nor", "^s", "t.$", "[xz]", 'a "b'))
        mask = pc.match_substring_regex(column, pattern, ignore_case=True)
        return f"{name} ~ {json.dumps(pattern)}", mask
    text, value = literal(chance, name)
    mark = chance.choice(("=", "!=") if name == "ok" else tuple(COMPARE))
    scalar = pa.scalar(value, pa.decimal128(9, 2)) if name == "price" else value
    return f"{name} {mark} {text}", COMPARE[mark](column, scalar)


def query(chance, found, names, depth=0):
    if depth > 2 or chance.random() < 0.35:
        return test(chance, found, names)
    if chance.random() < 0.2:
        text, mask = query(chance, found, names, depth + 1)
        return f"not ({text})", pc.invert(mask)
    (left, a), (right, b) = query(chance, found, names, depth + 1), query(chance, found, names, depth + 1)
    word = chance.choice(("and", "or"))
    return f"({left}) {word} ({right})", (pc.and_kleene if word == "and" else pc.or_kleene)(a, b)


def rows_of(mask):
    return [at for at, value in enumerate(mask.to_pylist()) if value]


def ordered(column):
    """Rows in order, stable, with NaN and null at the end as they come."""
    values = column.to_pylist()
    known = [at for at, value in enumerate(values) if value is not None and value == value]
    rest = [at for at, value in enumerate(values) if value is None or value != value]
    return sorted(known, key=lambda at: (values[at], at)) + rest


def main(folder, seed):
    chance = random.Random(seed)
    found = table(chance)
    pq.write_table(found, folder / "told.parquet", row_group_size=GROUP)
    pq.write_table(found, folder / "silent.parquet", row_group_size=GROUP, write_statistics=False, compression="zstd")
    pf.write_feather(found, folder / "batches.feather", chunksize=GROUP)
    scalars = [name for name in found.column_names if name not in ("list", "deep")]
    queries = [query(chance, found, scalars) for _ in range(60)]
    plain = ["up", "i", "small", "s"]
    lines = found.select(plain).to_pylist()
    (folder / "lines.jsonl").write_text("".join(json.dumps(row) + "\n" for row in lines))
    answers = {
        "queries": [[text, rows_of(mask)] for text, mask in queries],
        "plain": [[text, rows_of(mask)] for text, mask in (query(chance, found, ["up", "i", "s"]) for _ in range(20))],
        "orders": {name: ordered(found[name]) for name in scalars},
        "cells": [
            [at, name, found[name][at].as_py()]
            for at in chance.sample(range(ROWS), 20) for name in ("up", "i", "s", "list", "deep")
        ],
    }  # fmt: skip
    (folder / "answers.json").write_text(json.dumps(answers, default=str))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
