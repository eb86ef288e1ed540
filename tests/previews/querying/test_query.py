"""SQL over blobs: answers, refusals, and all that a query must not do; the names of blobs in a statement."""

import io
import itertools
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from storage_tui.previews.base import BudgetError, PreviewError
from storage_tui.previews.querying.query import File, Query
from storage_tui.previews.querying.statement import names_in, renamed

SITES = b"site,ndvi,day\nS1,0.25,2024-01-02\nS2,,2024-01-03\nS3,0.5,2024-01-04\n"


def parquet(first: int, count: int) -> bytes:
    output = io.BytesIO()
    table = pyarrow.table({"id": range(first, first + count), "name": [f"n{at % 7}" for at in range(count)]})
    pyarrow.parquet.write_table(table, output, row_group_size=10_000, compression="none")
    return output.getvalue()


CONTENTS = {
    "tmp:q/sites.csv": SITES,
    "tmp:q/a b's.parquet": parquet(0, 50_000),
    "tmp:c.parquet": parquet(50_000, 50_000),
}
MEANT = {"sites.csv": [0], "*.parquet": [1, 2], "a b's.parquet": [1], "c.parquet": [2]}


def query(statement: str, **more: Any) -> Query:
    contents = [*CONTENTS.values()]
    files = [File(name, len(content)) for name, content in CONTENTS.items()]
    return Query(statement, files, MEANT, read=lambda number, start, stop: contents[number][start:stop], **more)


def answer(statement: str, **more: Any) -> list[list[Any]]:
    return [*itertools.chain.from_iterable(query(statement, **more).rows())]


def test_answers_are_those_of_the_blobs() -> None:
    assert answer("select count(*), sum(id) from '*.parquet'") == [[100_000, 4_999_950_000]]
    assert answer("from 'a b''s.parquet' select max(id) -- all") == [[49_999]]
    assert answer("select site, ndvi, day from read_csv(['sites.csv']) order by ndvi nulls first, site desc;") == [
        ["S2", None, "2024-01-03"], ["S1", 0.25, "2024-01-02"], ["S3", 0.5, "2024-01-04"],
    ]  # fmt: skip
    assert len(answer("select a.name, b.site from 'c.parquet' a, 'sites.csv' b where a.id < 50010")) == 30
    assert answer("select name, count(*) from '*.parquet' group by name order by name limit 1") == [["n0", 14_286]]
    assert [row[0] for row in answer("describe 'c.parquet'")] == ["id", "name"]


def test_a_query_reads_what_it_needs_and_values_keep_their_types() -> None:
    few = query("select id from '*.parquet' where id between 52000 and 52010 order by id")
    assert [*itertools.chain.from_iterable(few.rows())] == [[number] for number in range(52_000, 52_011)]
    assert few.columns == [("id", "BIGINT")] and few.bytes_read < sum(map(len, CONTENTS.values())) // 2
    row = answer(
        "select true, null, 1.5::decimal(4, 2), [1, 2], {'a': 'b'}, date '2024-02-29', timestamptz '2024-01-01', 'é€', "
        "interval 1 day, 170141183460469231731687303715884105727::hugeint, uuid '12345678-1234-1234-1234-123456789abc'"
    )[0]
    assert row[:6] == [True, None, 1.5, [1, 2], {"a": "b"}, "2024-02-29"]
    assert row[6].startswith("2024-01-01 00:00:00") and row[7:9] == ["é€", "1 day"]
    assert row[9:] == [2**127 - 1, "12345678-1234-1234-1234-123456789abc"]


@pytest.mark.some(every=3)
@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("selec 1", "syntax error"),
        ("select 1; select 2", "2 statements; write one"),
        ("", "0 statements"),
        ("create table t as select 1", "only read"),
        ("copy (select 1) to 'x.csv'", "only read"),
        ("attach 'x.db'", "only read"),
        ("install httpfs", "only read"),
        ("set threads = 8", "only read"),
        ("select * from read_text(concat('/etc/', 'hostname'))", ""),
        ("select * from read_csv('/etc/passwd')", ""),
        ("select * from 'https://example.org/a.csv'", ""),
        ("select nothing from 'sites.csv'", "nothing"),
        ("select count(distinct range * 7) from range(300000000)", "Memory"),
    ],
)
def test_a_query_that_cannot_be_answered_ends_with_one_line(statement: str, said: str) -> None:
    with pytest.raises(PreviewError) as told:
        answer(statement)
    assert said in str(told.value) and "\n" not in str(told.value) and "root:" not in str(told.value)


def test_a_query_finds_no_file_of_this_machine() -> None:
    assert answer("select count(*) from glob('/etc/*')") == [[0]]


def test_a_query_that_would_read_too_much_or_is_not_waited_for_ends() -> None:
    with pytest.raises(BudgetError, match=r"more than 20\.0 kB"):
        answer("select sum(id) from 'c.parquet'", most_bytes=20_000)
    with pytest.raises(ZeroDivisionError):
        [*Query("from 'sites.csv'", [File("tmp:s.csv", 90)], {"sites.csv": [0]}, read=lambda *_: 1 // 0).rows()]
    endless = query("select * from range(3000000000)")
    rows = endless.rows()
    assert len(next(rows)) > 0
    rows.close()  # the process ends with it


@pytest.mark.parametrize(
    ("statement", "names"),
    [
        ("from 'a'", ["a"]),
        ("select 'x' from 'a' join 'b''c' on x = 'd' where k in ('e', 'f')", ["a", "b'c"]),
        ("select * from 'a', 'b' where c = 'd'", ["a", "b"]),
        ("select * from read_csv('a', delim = ';'), read_parquet(['b', 'c'])", ["a", "b", "c"]),
        ("select * -- from 'x'\n from /* from 'y' */ 'a'", ["a"]),
        ("select \"from 'x'\" from (select 'q', 'r' from 'a')", ["a"]),
        ("select $$ from 'x' $$, $t$ from 'y' $t$ from 'a'", ["a"]),
        ("describe 'a'", ["a"]),
        ("select 'unclosed from 'a", []),
    ],
)
def test_names_stand_where_tables_stand(statement: str, names: list[str]) -> None:
    assert [named.name for named in names_in(statement)] == names
    other = renamed(statement, lambda name: f"n'{name}")
    assert [named.name for named in names_in(other)] == [f"n'{name}" for name in names]
