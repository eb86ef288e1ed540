"""`storage-tui sql`: queries over blobs and local files, in pipes and on a terminal."""

import csv
import io
import json
import sys

import pytest

from tests.previews.querying.test_query import SITES, parquet
from tests.terminal import Terminal


def rows_of(done) -> list[list[str]]:
    return [*csv.reader(io.StringIO(done.stdout.decode()))]


def test_queries_over_blobs_and_files(home, run, tmp_path):
    run("put", "-", "tmp:q/sites.csv", stdin=SITES)
    run("put", "-", "tmp:q/a b's.parquet", stdin=parquet(0, 50_000))
    run("put", "-", "tmp:q/c.parquet", stdin=parquet(50_000, 50_000))
    both = rows_of(run("sql", "select count(*) n, sum(id) s from 'tmp:q/*.parquet'"))
    assert both == [["n", "s"], ["100000", "4999950000"]]
    (tmp_path / "here.jsonl").write_text('{"site": "S1", "tags": ["a", "b"]}\n{"site": "S3", "tags": []}\n')
    both = "from './*.jsonl' join 'tmp:q/sites.csv' using (site) select site, tags, day order by site"
    assert [json.loads(line) for line in run("sql", "--json", both).stdout.splitlines()] == [
        {"site": "S1", "tags": ["a", "b"], "day": "2024-01-02"}, {"site": "S3", "tags": [], "day": "2024-01-04"},
    ]  # fmt: skip
    many = rows_of(run("sql", "select id from 'tmp:q/c.parquet' order by id"))
    assert len(many) == 50_001 and many[-1] == ["99999"]
    few = run("sql", "select site, ndvi from 'tmp:q/sites.csv' order by 1", "--rows", "2")
    assert rows_of(few) == [["site", "ndvi"], ["S1", "0.25"], ["S2", ""]]
    assert few.stderr == b"only the first 2 rows\n"
    assert run("sql", "select site from 'tmp:q/sites.csv' where false").stdout == b"site\n"
    too_much = run("sql", "select sum(id) from 'tmp:q/c.parquet'", "--max-read", "20k", code=1)
    assert b"more than 20.0 kB" in too_much.stderr
    command = [sys.executable, "-m", "storage_tui", "sql", "select id, name from 'tmp:q/c.parquet' order by id"]
    with Terminal(command, environ={**home, "TERM": "xterm-256color"}, columns=60) as terminal:
        terminal.wait_for_exit()
        raw = bytes(terminal.raw)
    assert b"50099  n1" in raw and b"the first 100 rows" in raw and b"50100" not in raw


@pytest.mark.parametrize(
    ("statement", "said", "code"),
    [
        ("select nothing from './sites.csv'", b"nothing", 1),
        ("select * from 'tmp:none.csv'", b"no blob 'none.csv' in tmp", 3),
        ("select * from 'tmp:none/*.csv'", b"means no blob and no file", 3),
        ("select * from './none.csv'", b"'none.csv' is no file", 1),
        ("select * from 'gs://b/k.csv'", b"is no place that can be opened", 1),
    ],
)
def test_what_cannot_be_answered_is_one_line(run, tmp_path, statement, said, code):
    (tmp_path / "sites.csv").write_bytes(SITES)
    done = run("sql", statement, code=code)
    assert said in done.stderr and done.stderr.count(b"\n") == 1 and not done.stdout, done.stderr
