"""Namespaces are sealed: nothing that a request can carry reaches what is another user's, or tells whether it exists.

Each attempt is made twice, on something that the other user has and on something that nobody has, and the two answers
must be the same byte for byte, but for the request's id, the time and the name that the asker gave.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from storage_tui.server.access.keyring import load_keyring
from storage_tui.server.access.tokens import sign_token
from storage_tui.server.http.grants import namespace_of
from storage_tui.server.stores.local.records import LocalRecords
from tests.server.access.route_rows import WAYS, Furnished, Way, furnish, told
from tests.server.resources.uploading import new_url, put
from tests.server.running import RunningServer

THERE, GONE = "vault:v/there", "nowhere:n/never"
VICTIM, THIEF = "victim", "thief"
STEERING = (  # headers by which some server somewhere has let itself be steered
    "X-Namespace", "X-User", "X-Sub", "X-Forwarded-User", "X-Remote-User", "X-Original-URL", "X-Rewrite-URL",
    "X-Tenant", "X-On-Behalf-Of", "X-Goog-Authenticated-User-Email", "X-Impersonate-User", "X-Client-Id",
)  # fmt: skip


@contextmanager
def user(server: RunningServer, name: str) -> Iterator[httpx.Client]:
    token = sign_token(load_keyring(LocalRecords(server.data_dir)), name)
    headers = {"Authorization": f"Bearer {token}"}
    # There is no TLS here, and reading the system's certificates takes longer than the test.
    with httpx.Client(base_url=server.url, headers=headers, trust_env=False, timeout=30, verify=False) as client:
        yield client


@pytest.fixture(scope="module")
def victim(server: RunningServer) -> Iterator[httpx.Client]:
    with user(server, VICTIM) as client:
        yield client


@pytest.fixture(scope="module")
def thief(server: RunningServer) -> Iterator[httpx.Client]:
    with user(server, THIEF) as client:
        yield client


@pytest.fixture(scope="module")
def treasure(victim: httpx.Client) -> Furnished:
    made = Furnished()
    furnish(victim, made, THERE)
    return made


def snapshot(victim: httpx.Client, treasure: Furnished) -> list[Any]:
    """All that the victim has, as the victim sees it."""
    looks = [way for way in WAYS if way.route[0] == "GET" and "url" not in way.route[1]]
    return [told(way.send(victim, treasure, THERE), THERE) for way in looks]


def same(send: Callable[[str], httpx.Response]) -> httpx.Response:
    """The answer for what the victim has, which must be that for what nobody has."""
    there, gone = send(THERE), send(GONE)
    assert masked(there, THERE) == masked(gone, GONE)
    return there


def masked(answer: httpx.Response, key: str) -> tuple[Any, ...]:
    """What an answer tells, its fresh random parts and times as stars, its lengths left to the text."""
    status, headers, text = told(answer, key)
    text = re.sub(r"[0-9]{13}-[0-9a-f]{16}|upload/[^\"]+|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z|[0-9a-f]{32}", "*", text)
    fresh = ("etag", "last-modified", "content-length", "x-goog-generation")
    return status, {name: value for name, value in headers.items() if name not in fresh}, text


def clean(thief: httpx.Client) -> None:
    """Take away what the thief's own calls have made in the thief's own namespace."""
    for way in WAYS:
        if way.route[0] == "DELETE" or "delete_related" in way.route[1] or "purge" in way.route[1]:
            for key in (THERE, GONE):
                way.send(thief, Furnished(), key)


OF_BUCKETS = {"/{type}/facts/{key}", "/{type}/left_uploads"}  # calls that a store of ours does not have


@pytest.mark.parametrize("way", WAYS, ids=lambda way: " ".join(way.route))
def test_naming_what_another_user_has_is_naming_what_nobody_has(
    server: RunningServer, victim: httpx.Client, thief: httpx.Client, treasure: Furnished, way: Way
) -> None:
    before = snapshot(victim, treasure)
    clean(thief)
    answer = same(lambda key: way.send(thief, treasure, key))
    assert b"victim" not in answer.content
    assert namespace_of(VICTIM).encode() not in answer.content
    if (
        way.route[0] in ("GET", "HEAD")
        and "list" not in way.route[1]
        and "usage" not in way.route[1]
        and "trash" not in way.route[1]
    ):
        assert answer.status_code == (405 if way.route[1] in OF_BUCKETS else 404) or "new_resumable" in way.route[1]
    assert snapshot(victim, treasure) == before


@pytest.mark.parametrize("way", WAYS, ids=lambda way: " ".join(way.route))
def test_no_header_and_no_parameter_says_whose(
    victim: httpx.Client, thief: httpx.Client, treasure: Furnished, way: Way
) -> None:
    clean(thief)
    plain = masked(way.send(thief, treasure, THERE), THERE)
    for value in (namespace_of(VICTIM), VICTIM, f"/storage/v1/data/get/{THERE}"):
        clean(thief)
        with httpx.Client(base_url=thief.base_url, headers=thief.headers, trust_env=False, verify=False) as steered:
            steered.headers.update(dict.fromkeys(STEERING, value))
            assert masked(way.send(steered, treasure, THERE), THERE) == plain
    for name in ("ns", "namespace", "user", "sub", "tenant"):
        with httpx.Client(base_url=thief.base_url, headers=thief.headers, trust_env=False, verify=False) as asking:
            asking.params = httpx.QueryParams({name: namespace_of(VICTIM)})
            answer = way.send(asking, treasure, THERE)
        assert answer.status_code == 400, answer.text


def test_a_page_token_of_another_user_is_none(victim: httpx.Client, thief: httpx.Client, treasure: Furnished) -> None:
    for client in (victim, thief):
        for number in range(3):
            client.put(f"/data/set/paged/{number}", content=b"x")
    page = {"prefix": "paged/", "limit": "1"}
    token = victim.get("/data/list", params=page).headers["x-next"]
    kid, position, signature = token.split(".")
    assert victim.get("/data/list", params=page, headers={"X-NEXT": token}).status_code == 200
    refusals = {
        (answer.status_code, answer.text)
        for answer in (
            thief.get("/data/list", params=page, headers={"X-NEXT": forged})
            for forged in (token, f"{kid}.{position}.{signature[::-1]}", f"x.{position}.{signature}", "x", "..")
        )
    }
    assert len(refusals) == 1 and refusals.pop()[0] == 400


def test_conditions_and_repeats_of_another_user_reach_nothing(
    victim: httpx.Client, thief: httpx.Client, treasure: Furnished
) -> None:
    clean(thief)
    etag = victim.head(f"/data/get/{THERE}").headers["etag"]
    for headers in ({"If-Match": etag}, {"If-None-Match": etag}, {"If-None-Match": "*"}, {"If-Match": "*"}):
        for method, path in (("GET", "get/"), ("HEAD", "get/"), ("DELETE", "")):
            answer = same(lambda key: thief.request(method, f"/data/{path}{key}", headers=headers))  # noqa: B023
            assert answer.status_code == 404
    same(lambda key: thief.put(f"/data/set/{key}", content=b"mine", headers={"If-Match": etag}))
    same(lambda key: thief.put(f"/data/set/{key}", content=b"mine", headers={"If-None-Match": "*"}))
    same(lambda key: thief.post("/data/delete", json={"targets": [{"key": key, "etag": etag}]}))
    assert victim.put("/data/set/repeat", content=b"x").status_code == 200
    assert victim.delete("/data/repeat", headers={"X-Request-Group": "g"}).status_code == 200
    assert thief.delete("/data/repeat", headers={"X-Request-Group": "g"}).status_code == 404
    assert victim.delete("/data/repeat", headers={"X-Request-Group": "g"}).status_code == 200


def test_an_upload_of_another_user_is_neither_found_nor_continued(
    server: RunningServer, victim: httpx.Client, thief: httpx.Client
) -> None:
    again = {"Idempotency-Key": "the same", "X-Upload-Content-Length": "600000"}
    url = new_url(victim, "vault/up", **again)
    assert put(url, b"x" * 262144, "bytes 0-262143/600000").status_code == 308
    own = new_url(thief, "vault/up", **again)
    assert "range" not in put(own, b"", "bytes */*").headers, "a session of one's own, with nothing in it"
    upload_id, _, rest = url.rpartition("/")[2].partition(".")
    sealed = rest.split(".")
    sealed[1] = namespace_of(THIEF)
    own_id, _, own_rest = own.rpartition("/")[2].partition(".")
    base = url.rpartition("/")[0]
    refusals = set()
    for forged in (
        f"{upload_id}.{'.'.join(sealed)}", f"{upload_id}.{own_rest}", f"{own_id}.{rest}", upload_id, f"{upload_id}.",
        f"{upload_id}.{rest[:-1]}", f"{upload_id}.{rest}A", upload_id.swapcase() + "." + rest, "x" * 43, "x" * 2000,
        f"{upload_id}%2E{rest}x", f"{upload_id}.{rest.replace('.', '%2e')}", "%ff",
    ):  # fmt: skip
        for answer in (thief.put(f"{base}/{forged}", content=b"stolen"), thief.delete(f"{base}/{forged}"),
                       thief.put(f"{base}/{forged}", headers={"Content-Range": "bytes */*"})):  # fmt: skip
            refusals.add((answer.status_code, answer.text))
    assert {status for status, _ in refusals} == {404}
    assert len(refusals) == 1
    assert put(url, b"", "bytes */*").headers["range"] == "bytes=0-262143"


def test_every_byte_of_an_upload_url_counts(victim: httpx.Client) -> None:
    url = new_url(victim, "vault/flipped")
    start = url.index("/upload/") + len("/upload/")
    with httpx.Client(trust_env=False, verify=False) as client:
        for position in range(start, len(url)):
            for bit in (1, 32):
                flipped = chr(ord(url[position]) ^ bit)
                if flipped.isascii() and flipped.isprintable() and flipped not in "# ?%/":
                    answer = client.put(url[:position] + flipped + url[position + 1 :], content=b"")
                    assert answer.status_code == 404, (position, flipped)
    assert put(url, b"good").status_code == 200


def test_a_signed_url_of_another_user_opens_no_more_than_it_says(
    victim: httpx.Client, thief: httpx.Client, treasure: Furnished
) -> None:
    clean(thief)
    victim.put("/data/set/vault/shared", content=b"shared")
    thief.put("/data/set/vault/shared", content=b"mine")
    url = victim.get("/data/get_signed_url/vault/shared").text
    own = thief.get("/data/get_signed_url/vault/shared").text
    answers = [
        httpx.get(url.replace(namespace_of(VICTIM), namespace_of(THIEF)), trust_env=False),
        httpx.get(own.replace(namespace_of(THIEF), namespace_of(VICTIM)), trust_env=False),
        httpx.get(url.replace("vault/shared", quote(THERE)), trust_env=False),
        httpx.get(own.replace("vault/shared", quote(THERE)).replace(namespace_of(THIEF), namespace_of(VICTIM)),
                  trust_env=False),
    ]  # fmt: skip
    assert {(answer.status_code, answer.text) for answer in answers} == {
        (403, "this URL was changed since it was signed; ask for a new one")
    }
    assert same(lambda key: thief.get(f"/data/get_signed_url/{key}")).status_code == 404


def test_the_same_key_is_another_blob_for_each_user(victim: httpx.Client, thief: httpx.Client) -> None:
    clean(thief)
    for storage_type in ("data", "tmp", "products", "result", "logs"):
        for client in (victim, thief):
            answer = client.put(f"/{storage_type}/set/vault/both", content=str(client.headers).encode())
            assert answer.status_code in (200, 409), answer.text
        assert victim.get(f"/{storage_type}/get/vault/both").content == str(victim.headers).encode()
        keys = thief.get(f"/{storage_type}/list", params={"prefix": "vault"}).json()
        assert "vault/both" in keys and THERE not in keys
