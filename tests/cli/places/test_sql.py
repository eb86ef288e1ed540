"""`storage-tui sql` over buckets, folders and the web, by the words that every command takes."""

import csv
import io
from pathlib import Path

import pytest

from tests.cli.places.conftest import Call
from tests.previews.querying.test_query import SITES, parquet
from tests.server.stores.bucket import amazon
from tests.server.stores.web.sites import python_server


def test_one_query_joins_a_bucket_a_folder_the_web_and_the_store(
    call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in {**amazon.ENVIRONMENT, "AWS_ENDPOINT_URL_S3": amazon.endpoint()}.items():
        monkeypatch.setenv(name, value)
    bucket, client = amazon.new_bucket(amazon.endpoint()), amazon.client(amazon.endpoint())
    for number in range(2):
        client.put_object(Bucket=bucket, Key=f"tab les/{number}.parquet", Body=parquet(number * 100, 100))
    client.put_object(Bucket=bucket, Key="tab les/deep/2.parquet", Body=parquet(200, 100))
    root = tmp_path / "site"
    (root / "a b").mkdir(parents=True)
    (root / "a b" / "sites.csv").write_bytes(SITES)
    (root / "rows.json").write_text('[{"site": "S1", "n": 7}]')

    def rows(statement: str, *flags: str) -> list[list[str]]:
        said = call("sql", statement, *flags)
        assert (said.code, said.err) == (0, "")
        return [*csv.reader(io.StringIO(said.out))][1:]

    pattern = f"s3://{bucket}/tab les/*.parquet"
    assert rows(f"select count(*), sum(id) from '{pattern}'") == [["200", "19900"]]
    assert rows(f"select count(*) from 's3://{bucket}/tab les/**/*.parquet'") == [["300"]]
    assert call("put", "-q", str(root / "a b" / "sites.csv"), "data:own.csv").code == 0
    with python_server(root) as url:
        url = url.removesuffix("/")
        for place in (f"{url}/a%20b/sites.csv", f"{(root / 'a b').as_uri()}/*.csv", "data:own.csv"):
            assert rows(f"select site from '{place}' order by 1 limit 2") == [["S1"], ["S2"]]
        assert rows(f"select n from '{url}/rows.json'") == [["7"]]
        joined = f"select day, n from '{root.as_uri()}/a%20b/sites.csv' join '{url}/rows.json' using (site)"
        assert rows(joined) == [["2024-01-02", "7"]]
        every = (
            f"select (select count(*) from '{pattern}'), (select count(*) from 'data:own.csv'), "
            f"(select count(*) from '{url}/a%20b/sites.csv')"
        )
        assert rows(every) == [["200", str(SITES.count(b"\n") - 1), str(SITES.count(b"\n") - 1)]]


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("select * from 's3://nobody-has-this/k.csv'", "there is no bucket 'nobody-has-this'"),
        ("select * from 's3:///k.csv'", "names no bucket"),
        ("select * from 'file:///nowhere-at-all/k.csv'", "nowhere-at-all/k.csv"),
        ("select * from 'https://user:word@host/k.csv'", "without user name and password"),
    ],
)
def test_a_place_that_cannot_be_opened_is_one_line(
    call: Call, monkeypatch: pytest.MonkeyPatch, statement: str, told: str
) -> None:
    for name, value in {**amazon.ENVIRONMENT, "AWS_ENDPOINT_URL_S3": amazon.endpoint()}.items():
        monkeypatch.setenv(name, value)
    said = call("sql", statement)
    assert said.code != 0
    assert told in said.err
    assert said.err.count("\n") == 1
