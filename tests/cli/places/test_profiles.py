"""Profiles of AWS's shared files: by a flag, in our own profiles, and in Python; a side of a copy has its own."""

import asyncio
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from storage_tui import AsyncStorage, PlaceOptions, Storage, errors
from tests.cli.places.conftest import Call
from tests.cli.places.test_credentials import Host


@pytest.fixture
def hosts(call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[tuple[Host, Host]]:
    """The endpoints of the profiles ann and bob, on a machine whose environment has other credentials."""
    with Host() as ann, Host() as bob:
        named = {"ann": ann.url, "bob": bob.url}
        (tmp_path / "config").write_text(
            "".join(f"[profile {name}]\nendpoint_url = {url}\nregion = eu-west-1\n" for name, url in named.items())
        )
        (tmp_path / "credentials").write_text(
            "".join(f"[{name}]\naws_access_key_id = KEY-{name}\naws_secret_access_key = s\n" for name in named)
        )
        for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
            monkeypatch.delenv(name, raising=False)
        for name, value in {
            "AWS_CONFIG_FILE": str(tmp_path / "config"), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
            "AWS_ACCESS_KEY_ID": "KEY-env", "AWS_SECRET_ACCESS_KEY": "s", "AWS_EC2_METADATA_DISABLED": "true",
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        yield ann, bob


def signers(host: Host) -> set[str]:
    """Return the access keys that signed what the host was asked, and forget what it was asked."""
    seen = {headers.get("authorization", "").partition("Credential=")[2].partition("/")[0] for headers in host.seen}
    host.seen.clear()
    return seen


def test_a_flag_and_a_profile_of_ours_name_a_profile_of_aws(
    call: Call, hosts: tuple[Host, Host], profile: Callable[[str], None]
) -> None:
    ann, bob = hosts
    assert call("ls", "s3://scans", "--aws-profile", "ann").lines == ["a.txt"]
    assert (signers(ann), signers(bob)) == ({"KEY-ann"}, set())
    profile('[profiles.his]\nurl = "s3://scans"\naws_profile = "bob"\n')
    assert call("ls", "--profile", "his").lines == ["a.txt"]
    assert (signers(ann), signers(bob)) == (set(), {"KEY-bob"})
    said = call("ls", "s3://scans", "--profile", "ann")
    assert "--aws-profile names one of AWS's shared files" in said.err
    said = call("ls", "s3://scans", "--aws-profile", "nobody")
    assert said.code != 0
    assert "no profile 'nobody'; correct the name, or run: aws configure list-profiles" in said.err
    assert said.err.count("\n") == 1


def test_each_side_of_a_copy_has_its_own_profile(
    call: Call, hosts: tuple[Host, Host], profile: Callable[[str], None]
) -> None:
    ann, bob = hosts
    profile('[profiles.his]\nurl = "s3://scans"\naws_profile = "bob"\nwrite = true\n')
    call("cp", "s3://scans/a.txt", "data:b.txt", "--aws-profile", "ann", "--to-profile", "his")
    assert signers(ann) == {"KEY-ann"}
    assert signers(bob) == {"KEY-bob"}


def test_python_names_the_profile_beside_the_bucket(call: Call, hosts: tuple[Host, Host]) -> None:
    ann, bob = hosts
    with Storage("s3://scans", profile="bob") as storage:
        assert [blob.key for blob in storage.list_page().blobs] == ["a.txt"]
        assert signers(bob) == {"KEY-bob"}
        assert storage.engine.opening == PlaceOptions(profile="bob")
        with pickle.loads(pickle.dumps(storage)) as same:
            assert same.engine.opening == PlaceOptions(profile="bob")
            assert same.account() == storage.account() != Storage("s3://scans", profile="ann").account()

    async def listed() -> list[str]:
        async with AsyncStorage("s3://scans", profile="ann") as storage:
            return [blob.key for blob in (await storage.list_page()).blobs]

    assert asyncio.run(listed()) == ["a.txt"]
    assert signers(ann) == {"KEY-ann"}
    with pytest.raises(errors.BadRequestError, match="leave out one of them"):
        Storage("s3://scans", profile="ann", opening={"no_sign_request": True})
    with pytest.raises(errors.BadRequestError, match="are for a place such as s3://BUCKET"):
        Storage("http://host:8000", profile="ann")
