"""Signed download URLs: what they open, and that nothing near them opens anything."""

import time
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import httpx
import pytest

from storage_tui.server.access.keyring import forget_old_keys, load_keyring, rotate_keys
from storage_tui.server.http.grants import namespace_of
from storage_tui.server.run.serve import Bounds
from storage_tui.server.stores.local.records import LocalRecords
from tests.server.running import RunningServer


def signed(client: httpx.Client, key: str, content: bytes = b"0123456789", **params: str) -> str:
    assert client.put(f"/data/set/{quote(key)}", content=content).status_code == 200
    answer = client.get(f"/data/get_signed_url/{quote(key)}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.text


def get(url: str, method: str = "GET", **headers: str) -> httpx.Response:
    return httpx.request(method, url, headers=headers, trust_env=False)


def change(url: str, **changes: str | None) -> str:
    base, _, query = url.partition("?")
    values = {**dict(parse_qsl(query)), **changes}
    return base + "?" + urlencode({name: value for name, value in values.items() if value is not None})


def made_by(url: str) -> str:
    return dict(parse_qsl(urlsplit(url).query))["by"]


def test_it_opens_one_blob_for_get_and_head(ann: httpx.Client, name: str) -> None:
    url = signed(ann, name + " hé/ü#?%+")
    assert url.isascii()
    assert url == url.strip()
    answer = get(url)
    assert answer.content == b"0123456789"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert get(url, "HEAD").headers["content-length"] == "10"


def test_ranges_conditions_and_checksums_work_on_it(ann: httpx.Client, name: str) -> None:
    url = signed(ann, name)
    part = get(url, Range="bytes=2-4")
    assert (part.status_code, part.content, part.headers["content-range"]) == (206, b"234", "bytes 2-4/10")
    assert part.headers["x-goog-hash"].startswith("crc32c=")
    assert get(url, Range="bytes=-3", **{"If-Range": part.headers["etag"]}).content == b"789"
    assert get(url, Range="bytes=10-").status_code == 416
    assert get(url, **{"If-None-Match": part.headers["etag"]}).status_code == 304


def test_the_generation_that_google_adds_does_not_break_it(ann: httpx.Client, name: str) -> None:
    url = signed(ann, name)
    generation = get(url).headers["x-goog-generation"]
    assert get(f"{url}&generation={generation}").status_code == 200
    assert get(f"{url}&generation=5").status_code == 412


def test_flipping_any_byte_of_it_closes_it(ann: httpx.Client, server: RunningServer, name: str) -> None:
    url = signed(ann, "a/b c")
    target = url[url.index("/signed/") + 1 :]
    with httpx.Client(trust_env=False) as client:
        for position in range(len(target)):
            for flipped in {chr(ord(target[position]) ^ bit) for bit in (1, 2, 4, 32)}:
                if not (flipped.isascii() and flipped.isprintable()) or flipped in "# ":
                    continue
                changed = f"{server.url}/{target[:position]}{flipped}{target[position + 1 :]}"
                answer = client.get(httpx.URL(changed))
                assert answer.status_code in (401, 403), (position, flipped, answer.text)


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH", "OPTIONS"])
def test_it_opens_no_other_method(ann: httpx.Client, name: str, method: str) -> None:
    url = signed(ann, name)
    assert get(url, method).status_code == 401
    assert get(url, "GET", **{"X-HTTP-Method-Override": method}).status_code == 200
    assert get(url).status_code == 200


def test_it_opens_no_other_key_or_type(ann: httpx.Client, name: str) -> None:
    url = signed(ann, "k/a/b")
    assert ann.put("/tmp/set/k/a/b", content=b"x").status_code == 200
    for changed in (
        url.replace("/data/", "/tmp/"),
        url.replace("/data/", "/log/"),
        url.replace("/k/a/b", "/k/a/b/c"),
        url.replace("/k/a/b", "/k/a%252Fb"),
        url.replace("/k/a/b", "/k//a/b"),
        url.replace("/k/a/b", "/K/a/b"),
        url.replace("/k/a/b", "/k/a/b%20"),
        url.replace("/k/a/b", "/k/a/%ff"),
        url.replace("/k/a/b", "/k/a/b%00"),
        change(url, ns=namespace_of("bob")),
    ):
        assert get(changed).status_code == 403, changed


def test_other_spellings_of_the_same_key_open_the_same_blob(ann: httpx.Client) -> None:
    url = signed(ann, "spelled/key", b"same")
    for spelling in ("spelled%2Fkey", "spelled%2fkey", "%73pelled/key"):
        assert get(url.replace("spelled/key", spelling)).content == b"same"


@pytest.mark.parametrize(
    "expiry",
    ["1e99", "+5", "1_0", "٣", "-1", "", " 5", "0x10", str(2**63), "9" * 10, "9" * 11, "0", "1", "1.5", "05"],
)
def test_no_other_expiry_holds(ann: httpx.Client, server: RunningServer, name: str, expiry: str) -> None:
    url = signed(ann, name)
    assert get(change(url, exp=expiry)).status_code == 403
    key = load_keyring(LocalRecords(server.data_dir)).current("url")
    fields = ("2", key.kid, "GET", namespace_of("ann"), "data", name, expiry, made_by(url))
    resigned = change(url, exp=expiry, sig=key.sign(*(field.encode() for field in fields)))
    assert get(resigned).status_code == 403, "an expiry must be sound even under a good signature"


def test_a_well_signed_url_within_its_time_opens(ann: httpx.Client, server: RunningServer, name: str) -> None:
    url = signed(ann, name)
    key = load_keyring(LocalRecords(server.data_dir)).current("url")
    for offset_s, status in ((60, 200), (-1, 403), (7 * 86400 - 5, 200), (7 * 86400 + 3600, 403)):
        expiry = str(int(time.time()) + offset_s)
        fields = ("2", key.kid, "GET", namespace_of("ann"), "data", name, expiry, made_by(url))
        answer = get(change(url, exp=expiry, sig=key.sign(*(field.encode() for field in fields))))
        assert answer.status_code == status, offset_s


def test_every_parameter_comes_exactly_once(ann: httpx.Client, name: str) -> None:
    url = signed(ann, name)
    values = dict(parse_qsl(urlsplit(url).query))
    assert set(values) == {"v", "kid", "ns", "by", "exp", "sig"}
    for parameter in values:
        assert get(change(url, **{parameter: None})).status_code == 403
        assert get(f"{url}&{parameter}={values[parameter]}").status_code == 403
        assert get(change(url, **{parameter: ""})).status_code == 403
    assert get(f"{url}&more=1").status_code == 403
    assert get(change(url, v="1")).status_code == 403
    assert get(change(url, kid="other")).status_code == 403
    assert get(url.partition("?")[0]).status_code == 403


@pytest.mark.parametrize("seconds", ["0", "604801", "-1", "1e3", "", "1.5"])
def test_a_lifetime_is_1_second_to_7_days(ann: httpx.Client, name: str, seconds: str) -> None:
    signed(ann, name)
    assert ann.get(f"/data/get_signed_url/{quote(name)}", params={"expires_in": seconds}).status_code == 400
    answer = ann.get(f"/data/get_signed_url/{quote(name)}", params={"expires_in": "604800"})
    assert get(answer.text).status_code == 200


def test_there_is_no_url_for_what_is_not_there(ann: httpx.Client, name: str) -> None:
    assert ann.get(f"/data/get_signed_url/{quote(name)}").status_code == 404


def test_it_ends_with_its_blob(ann: httpx.Client, name: str) -> None:
    url = signed(ann, name)
    assert ann.delete(f"/data/{quote(name)}").status_code == 200
    assert get(url).status_code == 404


def test_no_part_of_one_url_serves_in_another(ann: httpx.Client, bob: httpx.Client, name: str) -> None:
    one, other, mine = signed(ann, name + "/one"), signed(ann, name + "/other"), signed(bob, name + "/one")
    parts = {url: dict(parse_qsl(urlsplit(url).query)) for url in (one, other, mine)}
    for url, donor in ((one, other), (one, mine), (other, one), (mine, one)):
        for taken in ("sig", "by", "ns", "exp"):
            if parts[donor][taken] != parts[url][taken]:
                assert get(change(url, **{taken: parts[donor][taken]})).status_code == 403, (url, taken)
    for made_by in ("", "-", "0-0", "-0", "x-1", "0" * 33 + "-1", "-1e3", "٣-٣"):
        assert get(change(one, by=made_by)).status_code == 403
    assert get(one).status_code == get(other).status_code == get(mine).status_code == 200


def test_it_ends_with_the_key_that_signed_it(tmp_path: Path) -> None:
    server = RunningServer(tmp_path / "data", bounds=Bounds(follow_s=0.05))
    server.start()
    try:
        records = LocalRecords(server.data_dir)
        with server.client("ann") as client:
            url = signed(client, "k")
        rotate_keys(records)
        assert get(url).status_code == 200
        forget_old_keys(records)
        while (answer := get(url)).status_code == 200:
            pass
        assert answer.status_code == 403
    finally:
        assert server.stop() == 0
