"""How a place is reached: a server for each place, its options and credentials, and no secret on a command line."""

import json
from pathlib import Path

import pytest

from storage_tui import PlaceOptions, Storage, errors
from storage_tui.client.access.place_access import PlaceAccess
from storage_tui.client.requests import Request
from storage_tui.contract.places import Place

SECRET = "a-secret-key"
BUCKET = Place("s3", bucket="scans")


def test_each_place_has_a_server_for_its_options_and_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ann")
    seen = {PlaceAccess.of(BUCKET, PlaceOptions()).runtime_dir()}
    assert PlaceAccess.of(BUCKET, PlaceOptions()).runtime_dir() in seen
    for place, options in (
        (Place("s3", bucket="other"), PlaceOptions()),
        (Place("s3", bucket="scans", prefix="maps"), PlaceOptions()),
        (BUCKET, PlaceOptions(is_writable=True)),
        (BUCKET, PlaceOptions(endpoint_url="http://localhost:9000")),
        (Place("file", root="/scans"), PlaceOptions()),
    ):
        seen.add(PlaceAccess.of(place, options).runtime_dir())
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "bob")
    seen.add(PlaceAccess.of(BUCKET, PlaceOptions()).runtime_dir())
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    seen.add(PlaceAccess.of(BUCKET, PlaceOptions()).runtime_dir())
    seen.add(PlaceAccess.of(BUCKET, PlaceOptions(types={"tmp": "scratch/"})).runtime_dir())
    assert len(seen) == 9


def test_a_key_of_another_type_or_endpoint_is_of_another_account() -> None:
    options = (
        PlaceOptions(), PlaceOptions(types={"tmp": "a"}), PlaceOptions(types={"data": "a/"}),
        PlaceOptions(endpoint_url="http://localhost:9000"),
    )  # fmt: skip
    assert len({PlaceAccess.of(BUCKET, one).account for one in options}) == 4
    assert PlaceAccess.of(BUCKET, options[1]).described().prefixes == {"tmp": "a/"}
    assert PlaceOptions.from_json(options[1].to_json()) == options[1]


def test_secrets_go_to_the_server_of_a_bucket_by_its_environment_alone() -> None:
    environ = {"AWS_SECRET_ACCESS_KEY": SECRET, "AWS_PROFILE": "lab", "MY_TOKEN": SECRET, "PATH": "/bin"}
    access = PlaceAccess.of(BUCKET, PlaceOptions(region="eu-west-1"))
    assert access.environment(environ) == {"AWS_SECRET_ACCESS_KEY": SECRET, "AWS_PROFILE": "lab"}
    assert SECRET not in access.argument()
    assert json.loads(access.argument())["options"] == {"region": "eu-west-1"}
    assert PlaceAccess.of(Place("file", root="/scans"), PlaceOptions()).environment(environ) == {}


def test_a_folder_is_absolute_and_a_prefix_is_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/ann")
    assert PlaceAccess.of(Place("file", root="./a"), PlaceOptions()).url == f"file://{tmp_path}/a"
    assert PlaceAccess.of(Place("file", root="~/a"), PlaceOptions()).url == "file:///home/ann/a"
    assert PlaceAccess.of(Place("s3", bucket="scans", prefix="maps"), PlaceOptions()).url == "s3://scans/maps/"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"url": "s3://scans", "token": "x"}, "takes no token"),
        ({"url": "s3://scans", "data_dir": "x"}, "not both"),
        ({"url": "http://localhost", "opening": PlaceOptions(is_writable=True)}, "for a place"),
        ({"url": "./scans", "opening": PlaceOptions(is_writable=True)}, "opened read only"),
        ({"url": "s3://scans", "opening": PlaceOptions(endpoint_url="http://u:p@host")}, "not the URL of an endpoint"),
    ],
)
def test_arguments_that_do_not_fit_a_place_are_refused(arguments: dict[str, object], words: str) -> None:
    with pytest.raises(errors.BadRequestError, match=words):
        Storage(**arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("request_", "is_change"),
    [
        (Request("GET", "/data/list"), False),
        (Request("HEAD", "/data/get/a"), False),
        (Request("POST", "/data/get"), False),
        (Request("GET", "/data/get_signed_url/a"), False),
        (Request("GET", "/data/get/new_resumable_url"), False),
        (Request("GET", "/data/new_resumable_url/a"), True),
        (Request("PUT", "/data/set/a"), True),
        (Request("POST", "/data/set"), True),
        (Request("POST", "/data/move"), True),
        (Request("DELETE", "/data/a"), True),
    ],
)
def test_the_requests_that_change_blobs_are_known(request_: Request, is_change: bool) -> None:
    assert request_.is_change == is_change
