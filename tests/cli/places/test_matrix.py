"""Each command on each kind of place: it works, or says in one line why not."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.places.conftest import Call
from tests.server.stores.bucket import amazon
from tests.server.stores.web.sites import python_server

FILES = {"a.txt": b"some words\n", "maps/b.txt": b"more words\n", "maps/c.csv": b"x,y\n1,2\n"}
READS = (  # {} is the place with a slash at its end
    "ls {}", "ls -lr {}", "ls {}maps/", "ls {}maps/*.txt", "find {} *.txt",
    "grep words {}", "tree {}", "du {}", "cat {}a.txt", "cat {}maps/*.txt", "show {}a.txt", "show --json {}maps/c.csv",
    "diff {}a.txt {}a.txt", "get -q {}a.txt one.txt", "get -qr {}maps/ all", "sync {}maps/ twin",
    "check --size-only {}maps/ twin", "cp -q {}a.txt data:kept.txt", "cp -qr {}maps/ data:maps/",
    "sync {}maps/ data:again/",
)  # fmt: skip
CHANGES = (
    "put -q own.txt {}new.txt", "cp -q {}a.txt {}copy.txt", "mv -q {}a.txt {}moved.txt", "rm -q {}maps/b.txt",
    "sync twin {}twin/", "cp -q data:kept.txt {}from-store.txt", "mv -q data:kept.txt {}from-store2.txt",
)  # fmt: skip
NOT_THERE = {  # what a place does not have, with the words that say so
    "bucket": {"trash {}": "keeps no deleted", "undelete {}a.txt": "read only"},
    "folder": {
        "url {}a.txt": "", "thaw {}a.txt": "only a bucket", "uploads {}": "only a bucket", "trash {}": "keeps no",
    },
    "web": {"thaw {}a.txt": "only a bucket", "uploads {}": "only a bucket", "trash {}": "keeps no"},
}  # fmt: skip


@contextmanager
def opened(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The place with the files, as a word that ends in a slash."""
    for name, value in {**amazon.ENVIRONMENT, "AWS_ENDPOINT_URL_S3": amazon.endpoint()}.items():
        monkeypatch.setenv(name, value)
    if kind == "bucket":
        bucket, client = amazon.new_bucket(amazon.endpoint()), amazon.client(amazon.endpoint())
        for key, content in FILES.items():
            client.put_object(Bucket=bucket, Key=key, Body=content)
        yield f"s3://{bucket}/"
        return
    root = tmp_path / "root"
    for key, content in FILES.items():
        (root / key).parent.mkdir(parents=True, exist_ok=True)
        (root / key).write_bytes(content)
    if kind == "folder":
        yield f"{root.as_uri()}/"
        return
    with python_server(root) as url:
        yield url.removesuffix("/") + "/"


@pytest.mark.parametrize("kind", ["bucket", "folder", "web"])
def test_each_command_works_or_says_why_not(
    call: Call, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here" / "own.txt").write_bytes(b"own\n")
    wrong: dict[str, object] = {}

    def run(row: str, *flags: str, told: str | None = None) -> None:
        said = call(*row.format(*[place] * row.count("{}")).split(), *flags)
        is_right = said.code == 0 if told is None else said.code != 0 and told in said.err and said.err.count("\n") == 1
        if not is_right:
            wrong[" ".join((row, *flags))] = said

    with opened(kind, tmp_path, monkeypatch) as place:
        for row in READS:
            run(row)
        for row, told in NOT_THERE[kind].items():
            run(row, told=told)
        for row in CHANGES:
            run(row, told="read only")
        if kind == "bucket":
            for row in CHANGES:
                run(row, "--write")
            run("url {}copy.txt")
            said = call("diff", f"{place}copy.txt", f"{place}maps/c.csv")
            assert said.lines[:2] == [f"--- {place}copy.txt", f"+++ {place}maps/c.csv"]
    assert not wrong, wrong
    twin = {path.name: path.read_bytes() for path in (tmp_path / "here" / "twin").iterdir()}
    assert twin == {"b.txt": b"more words\n", "c.csv": b"x,y\n1,2\n"}
    assert call("cat", "data:again/c.csv", "data:maps/b.txt").out == "x,y\n1,2\nmore words\n"
