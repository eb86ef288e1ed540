"""What is written as a place, and the description of an open place."""

import pytest

from storage_tui.contract.errors import BadRequestError, ProtocolError
from storage_tui.contract.models import ServiceInfo
from storage_tui.contract.places import OpenPlace, Place, parse_place


@pytest.mark.parametrize(
    ("text", "place", "url"),
    [
        ("s3://", Place("s3"), "s3://"),
        ("s3://scans", Place("s3", bucket="scans"), "s3://scans"),
        ("s3://scans/", Place("s3", bucket="scans"), "s3://scans"),
        ("s3://scans/a b/%20/../", Place("s3", bucket="scans", prefix="a b/%20/../"), "s3://scans/a b/%20/../"),
        ("s3://scans//x", Place("s3", bucket="scans", prefix="/x"), "s3://scans//x"),
        ("file:///a%20b/c", Place("file", root="/a b/c"), "file:///a%20b/c"),
        ("file://localhost/a", Place("file", root="/a"), "file:///a"),
        ("file:///%FF", Place("file", root="/\udcff"), "file:///%FF"),
        ("/data/scans", Place("file", root="/data/scans"), "file:///data/scans"),
        ("./scans", Place("file", root="./scans"), "./scans"),
        ("~/scans", Place("file", root="~/scans"), "~/scans"),
        (".", Place("file", root="."), "."),
        ("https://H.example/a%20b/", Place("web", root="https://h.example/a%20b/"), "https://h.example/a%20b/"),
        ("http://h:81/ü x/", Place("web", root="http://h:81/%C3%BC%20x/"), "http://h:81/%C3%BC%20x/"),
        ("https://h/c/catalog.json", Place("web", root="https://h/c/catalog.json"), "https://h/c/catalog.json"),
        ("web+https://h", Place("web", root="https://h/"), "web+https://h/"),
        (
            "web+http://[::1]:80/storage/v1/",
            Place("web", root="http://[::1]:80/storage/v1/"),
            "web+http://[::1]:80/storage/v1/",
        ),
    ],
)
def test_a_place_is_read_and_written_back(text: str, place: Place, url: str) -> None:
    assert parse_place(text) == place
    assert str(place) == url
    assert parse_place(url) == place


@pytest.mark.parametrize("text", ["", "a", "a/b", "tmp:a", "data:/a", "s3:a", ".hidden", "~tmp", "...", "https://h/d"])
def test_any_other_text_is_not_a_place(text: str) -> None:
    assert parse_place(text) is None


@pytest.mark.parametrize("text", ["s3:///a", "s3://a b/c", "s3://\x1b", "file://", "file://host/a", "/a\0b"])
def test_a_text_that_only_begins_as_a_place_is_refused(text: str) -> None:
    with pytest.raises(BadRequestError):
        parse_place(text)


@pytest.mark.parametrize(
    "url", ["https://h", "https://h/", "https://h/lab", "http://h:1/storage/v1/", "http://h/a/storage/v1"]
)
def test_the_url_of_a_server_is_not_a_place(url: str) -> None:
    assert parse_place(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "https://u:secret@h/d/", "https://secret@h/d/", "https://h/d/?a=secret/", "https://h/d/#secret/", "https:///d/",
        "https://h:0/d/", "https://h:x/d/", "web+https://h/d", "https://h/a/../d/", "https://h/%2e%2E/d/",
        "https://h/\x1b/", "https://[::bad/d/", "https://h h/d/",
    ],
)  # fmt: skip
def test_a_url_that_cannot_be_opened_is_refused_without_what_may_be_secret(url: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        parse_place(url)
    assert "u:secret" not in caught.value.message and "secret@" not in caught.value.message


def test_the_description_of_a_server_carries_its_place() -> None:
    place = OpenPlace("s3://b", "s3", "s3://b", is_writable=False, rules=("read only",), notes=("2 names",))
    described = ServiceInfo.from_json(ServiceInfo(place=place).to_json())
    assert described.place == place
    assert place.refusal == "s3://b is open read only; --write allows changes"
    assert ServiceInfo.from_json(ServiceInfo().to_json()).place is None


@pytest.mark.parametrize(
    "raw",
    [
        [], {}, {"url": 1, "kind": "s3", "title": "", "is_writable": True},
        {"url": "", "kind": "s3", "title": "", "is_writable": "yes"},
        {"url": "", "kind": "s3", "title": "", "is_writable": True, "rules": ["x"] * 1000},
        {"url": "", "kind": "s3", "title": "x" * 9999, "is_writable": True},
        {"url": "", "kind": "s3", "title": "\ud800", "is_writable": True},
    ],
)  # fmt: skip
def test_a_described_place_that_cannot_be_read_is_refused(raw: object) -> None:
    with pytest.raises(ProtocolError):
        OpenPlace.from_json(raw)
