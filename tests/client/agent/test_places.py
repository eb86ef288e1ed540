"""Transfers of a bucket in the agent: with the credentials of an environment, which no file holds, and of a profile."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from storage_tui import Storage
from storage_tui.client.agent import stores
from storage_tui.client.agent.handed import NO_CREDENTIALS
from storage_tui.client.agent.link import AgentLink
from storage_tui.client.agent.place import AgentPlace
from storage_tui.contract.places import PlaceOptions
from tests import seaweed
from tests.agents import ended, kill
from tests.client.agent.conftest import download, upload
from tests.waits import wait_until

SECRETS = {name: value for name, value in seaweed.ACCESS.items() if "KEY" in name}


@pytest.fixture
def bucket(place: AgentPlace, monkeypatch: pytest.MonkeyPatch) -> str:
    """A bucket with one object, opened with the credentials of the environment."""
    monkeypatch.setenv("STORAGE_TUI_LINGER", "3")
    for name, value in {**seaweed.ACCESS, "AWS_ENDPOINT_URL_S3": seaweed.endpoint()}.items():
        monkeypatch.setenv(name, value)
    name = f"agent-{secrets.token_hex(6)}"
    client = boto3.client("s3", region_name="us-east-1")
    client.create_bucket(Bucket=name)
    client.put_object(Bucket=name, Key="a", Body=b"some bytes")
    return name


@pytest.fixture
def storage(bucket: str) -> Iterator[Storage]:
    with Storage(f"s3://{bucket}", opening=PlaceOptions(is_writable=True)) as found:
        yield found


def test_credentials_of_the_environment_are_handed_over_again_after_a_restart(
    link: AgentLink, place: AgentPlace, storage: Storage, tmp_path: Path
) -> None:
    fields = stores.fields_of(storage.engine.server)
    (tmp_path / "up").write_bytes(b"up")
    assert ended(link, link.add(fields, [download("a", tmp_path / "one"), upload(tmp_path / "up", "up")])).failed == 0
    assert (tmp_path / "one").read_bytes() == b"some bytes"
    assert storage.get("up") == b"up"
    link.steer("pause")
    job = link.add(fields, [download("a", tmp_path / "two")])
    kill(place)
    kept = b"".join(path.read_bytes() for path in (tmp_path / "own").rglob("*") if path.is_file())
    assert all(value.encode() not in kept for value in SECRETS.values()), "no secret is on the disk"
    with AgentLink.open(place) as after:
        after.steer("go-on")
        [found] = [row for row in after.news().jobs if row.id == job]
        assert (found.needs_token, found.note) == (True, NO_CREDENTIALS)
        after.offer(fields)
        assert ended(after, job).done == 1
    assert (tmp_path / "two").read_bytes() == b"some bytes"


def test_credentials_of_a_shared_file_go_on_by_themselves(
    link: AgentLink, place: AgentPlace, bucket: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shared = tmp_path / "credentials"
    shared.write_text("[lab]\n" + "".join(f"{name.lower()} = {value}\n" for name, value in SECRETS.items()))
    for name in seaweed.ACCESS:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_PROFILE", "lab")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(shared))
    with Storage(f"s3://{bucket}") as storage:
        fields = stores.fields_of(storage.engine.server)
        assert not stores.has_secret(fields)
        link.steer("pause")
        job = link.add(fields, [download("a", tmp_path / "one")])
        kill(place)
        with AgentLink.open(place) as after:
            after.steer("go-on")
            assert ended(after, job).done == 1
    assert (tmp_path / "one").read_bytes() == b"some bytes"


def test_a_folder_is_read_by_the_agent(link: AgentLink, tmp_path: Path) -> None:
    (tmp_path / "from").mkdir()
    (tmp_path / "from" / "a").write_text("text")
    with Storage(str(tmp_path / "from")) as storage:
        assert ended(link, link.add(stores.fields_of(storage.engine.server), [download("a", tmp_path / "b")])).done == 1
    wait_until((tmp_path / "b").exists, "the file is there")
