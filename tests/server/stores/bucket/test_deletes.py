"""Deletes of many objects: by one request where nothing is asked of them, each with its own result."""

import json
from pathlib import Path
from typing import Any

import pytest

from storage_tui.server.stores.bucket.store import BucketStore
from tests import seaweed
from tests.server.stores.bucket import amazon
from tests.server.stores.bucket.amazon import at, keys_of

AWKWARD = ("a", "a b", "a+b", "%2F", "&<>\"'", "\u00e9", "\U0001f5fa", "..", "d/", "tab\t", "\x1b[31m", " ")


@pytest.fixture
def calls(empty: BucketStore, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The methods of the requests that the store sends from now on."""
    engine, sent = empty._run().bucket.engine, list[str]()
    call = engine.call

    def note(method: str, *args: Any, **options: Any) -> Any:
        sent.append(method)
        return call(method, *args, **options)

    monkeypatch.setattr(engine, "call", note)
    return sent


async def test_a_thousand_keys_go_by_one_request(empty: BucketStore, bucket: str, calls: list[str]) -> None:
    client = amazon.client(amazon.endpoint())
    keys = [f"k{number}" for number in range(60)]
    for key in keys:
        client.put_object(Bucket=bucket, Key=key, Body=b"")
    results = await empty.delete_many("", "data", [(key, None) for key in [*keys, "nothing"]])
    assert [(one.key, one.error) for one in results] == [(key, None) for key in [*keys, "nothing"]]
    assert calls == ["POST"]
    assert await keys_of(empty) == []


async def test_awkward_names_are_deleted_exactly(empty: BucketStore, bucket: str) -> None:
    client = amazon.client(amazon.endpoint())
    for key in (*AWKWARD, "stays", "line break", "a%20b"):
        client.put_object(Bucket=bucket, Key=key, Body=b"")
    results = await empty.delete_many("", "data", [(key, None) for key in AWKWARD])
    assert [one.error for one in results] == [None] * len(AWKWARD)
    assert [row["Key"] for row in amazon.listed(client, bucket)] == ["a%20b", "line break", "stays"]


async def test_a_condition_and_a_bad_name_are_told_of_their_keys(empty: BucketStore, calls: list[str]) -> None:
    blob = await empty.put(at("k"), b"1")
    await empty.put(at("l"), b"2")
    targets = [("k", blob.etag), ("l", "another"), ("", None), ("m", "x"), ("l", None), ("n", None)]
    results = await empty.delete_many("", "data", targets)
    assert [(one.key, one.error) for one in results] == [
        ("k", None), ("l", "precondition_failed"), ("", "invalid_key"), ("m", "not_found"), ("l", None), ("n", None),
    ]  # fmt: skip
    assert await keys_of(empty) == []


async def test_what_the_engine_refuses_of_one_key_is_told(empty: BucketStore, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = (
        b"<DeleteResult><Deleted><Key>a</Key></Deleted>"
        b"<Error><Key>b</Key><Code>AccessDenied</Code><Message>no\x1b[31m</Message></Error></DeleteResult>"
    )
    monkeypatch.setattr(empty._run().bucket.engine, "call", lambda *args: ({}, answer))
    results = await empty.delete_many("", "data", [("a", None), ("b", None), ("c", None)])
    assert [one.error for one in results] == [None, "forbidden", "unavailable"]
    assert "\x1b" not in json.dumps([one.message for one in results], ensure_ascii=False)


async def test_seaweedfs_takes_many_at_once(tmp_path: Path) -> None:
    bucket = amazon.new_bucket(seaweed.endpoint())
    async with amazon.opened(seaweed.endpoint(), bucket, tmp_path, prefix="p/") as store:
        keys = ["a b", "a+b", "a&b", "\u00e9", "d/e", "f"]
        for key in (*keys, "stays"):
            await store.put(at(key), b"x")
        results = await store.delete_many("", "data", [(key, None) for key in keys])
        assert [one.error for one in results] == [None] * len(keys)
        assert await keys_of(store) == ["stays"]
