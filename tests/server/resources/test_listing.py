"""Lists, their page tokens, and usage."""

import base64
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from storage_tui.contract.columns import ColumnPage
from storage_tui.contract.models import Page, Usage
from storage_tui.contract.packs import PACK_TYPE, frame
from storage_tui.server.access.keyring import load_keyring, rotate_keys
from storage_tui.server.http.grants import namespace_of
from storage_tui.server.run.serve import Bounds
from storage_tui.server.stores.local.database.listing import NAMED_BYTES
from tests.server.running import RunningServer, running_server

KEYS = sorted(
    [f"L/{folder}/{leaf}" for folder in ("a", "b b", "c+c", "é") for leaf in ("x", "y", "z")] + ["L/top", "L/a"],
    key=str.encode,
)


@pytest.fixture(scope="module")
def lister(server: RunningServer) -> Iterator[httpx.Client]:
    with server.client("lister") as client:
        for key in KEYS:
            assert client.put(f"/data/set/{quote(key)}", content=key.encode()).status_code == 200
        yield client


def pages(client: httpx.Client, **params: str) -> list[httpx.Response]:
    answers = [client.get("/data/list", params=params)]
    while (token := answers[-1].headers.get("x-next")) is not None:
        assert answers[-1].status_code == 200
        assert token.isascii()
        assert token
        answers.append(client.get("/data/list", params=params, headers={"X-NEXT": token}))
        assert len(answers) < 50
    return answers


def test_the_published_list_is_an_array_of_keys(lister: httpx.Client) -> None:
    answer = lister.get("/data/list")
    assert answer.json() == KEYS
    assert "x-next" not in answer.headers
    assert lister.get("/data/list?prefix=").json() == KEYS
    assert lister.get("/tmp/list").json() == []


@pytest.mark.parametrize("limit", ["1", "2", "5", "13", "14", "15", "1000", "5000"])
def test_pages_of_any_size_hold_every_key_once(lister: httpx.Client, limit: str) -> None:
    answers = pages(lister, limit=limit)
    assert [key for answer in answers for key in answer.json()] == KEYS
    assert "x-next" not in answers[-1].headers


def test_a_plus_in_the_query_is_a_space_and_an_escape_is_a_plus(lister: httpx.Client) -> None:
    assert lister.get("/data/list?prefix=L%2Fb+b").json() == ["L/b b/x", "L/b b/y", "L/b b/z"]
    assert lister.get("/data/list?prefix=L/c%2Bc/").json() == ["L/c+c/x", "L/c+c/y", "L/c+c/z"]


@pytest.mark.parametrize("limit", ["1", "2", "1000"])
def test_a_delimiter_folds_folders(lister: httpx.Client, limit: str) -> None:
    answers = pages(lister, prefix="L/", delimiter="/", details="true", limit=limit)
    found = [Page.from_json(answer.json(), "data", None) for answer in answers]
    assert [blob.key for page in found for blob in page.blobs] == ["L/a", "L/top"]
    assert [prefix for page in found for prefix in page.prefixes] == ["L/a/", "L/b b/", "L/c+c/", "L/é/"]
    blob = found[0].blobs[0]
    assert (blob.size_bytes, blob.expires) == (3, None)
    assert blob.etag
    assert blob.crc32c
    assert blob.modified


@pytest.mark.parametrize("limit", ["1", "3", "5000", "9999"])
def test_columns_tell_names_sizes_and_times_and_share_the_tokens_of_pages(lister: httpx.Client, limit: str) -> None:
    place, found = {"prefix": "L/", "delimiter": "/"}, []
    token = ""
    while token is not None:
        headers = {"X-NEXT": token} if token else {}
        answer = lister.get("/data/list", params={**place, "details": "columns", "limit": limit}, headers=headers)
        assert "x-next" not in answer.headers
        columns = [ColumnPage.from_json(page) for page in answer.json()["pages"]]
        [details] = pages(lister, **place, details="true", limit="1000")[:1]
        if token:
            details = lister.get("/data/list", params={**place, "details": "true", "limit": limit}, headers=headers)
            page = Page.from_json(details.json(), "data", details.headers.get("x-next"))
            assert ColumnPage.of(page, "L/").names == columns[0].names
        found += [name for page in columns for name in page.names]
        token = columns[-1].next_token
    assert found == ["a", "a/", "b b/", "c+c/", "top", "é/"]


def test_a_long_list_in_columns_is_several_pages_that_can_be_read_alone(server: RunningServer) -> None:
    count = 2500
    with server.client("columns") as client:
        frames = [frame({"key": f"k{number:04}"}, b"x") for number in range(count)]
        for start in range(0, count, 250):
            client.post(
                "/data/set", content=b"".join(frames[start : start + 250]), headers={"Content-Type": PACK_TYPE}
            ).raise_for_status()
        answer = client.get("/data/list", params={"details": "columns"}).json()["pages"]
        assert [len(page["names"]) for page in answer] == [1000, 1000, 500]
        assert answer[-1]["next"] is None
        again = client.get("/data/list", params={"limit": "1000"}, headers={"X-NEXT": answer[0]["next"]}).json()
        assert again == answer[1]["names"]


def test_columns_of_long_keys_end_early_and_go_on(server: RunningServer) -> None:
    """So many long keys would take more memory than one answer may."""
    keys = [f"k{number:04}{'-' * 1000}" for number in range(1500)]
    found: list[str] = []
    with server.client("long") as client:
        for start in range(0, len(keys), 250):
            pack = b"".join(frame({"key": key}) for key in keys[start : start + 250])
            client.post("/data/set", content=pack, headers={"Content-Type": PACK_TYPE}).raise_for_status()
        token, answers = "", 0
        while token is not None:
            headers = {"X-NEXT": token} if token else {}
            pages = client.get("/data/list", params={"details": "columns"}, headers=headers).json()["pages"]
            assert sum(len(name) for page in pages for name in page["names"]) <= NAMED_BYTES
            found += [name for page in pages for name in page["names"]]
            token, answers = pages[-1]["next"], answers + 1
    assert (found, answers) == (keys, 2)


def test_a_delimiter_without_details_lists_folders_among_keys(lister: httpx.Client) -> None:
    names = lister.get("/data/list", params={"prefix": "L/", "delimiter": "/"}).json()
    assert names == ["L/a", "L/a/", "L/b b/", "L/c+c/", "L/top", "L/é/"]


def test_a_page_token_holds_only_for_its_list(server: RunningServer, lister: httpx.Client) -> None:
    token = lister.get("/data/list", params={"prefix": "L/", "limit": "2"}).headers["x-next"]

    def use(token: str, path: str = "/data/list", client: httpx.Client = lister, **params: str) -> int:
        return client.get(path, params={"prefix": "L/", **params}, headers={"X-NEXT": token}).status_code

    assert use(token) == 200
    assert use(token, limit="7", details="true") == 200
    assert use(token, prefix="L") == 400
    assert use(token, delimiter="/") == 400
    assert use(token, "/tmp/list") == 400
    with server.client("somebody") as other:
        assert use(token, client=other) == 400
    for position in range(len(token)):
        changed = token[:position] + ("A" if token[position] != "A" else "B") + token[position + 1 :]
        assert use(changed) == 400, position
    for nonsense in ("x", "..", "a.b.c", token + "x", token[:-1], token + "=", "%00", "a" * 3000):
        assert use(nonsense) == 400, nonsense


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=-1", "limit=x", "limit=1_0", "limit=%2B5", "limit=", "delimiter=%7C", "details=maybe", "b",
     "prefix=a&prefix=b", "prefix=%ff", "prefix=%00", "prefix=%zz", "unknown=1", "prefix=" + "a" * 1025, "&", "=",
     "page_token=x"],
)  # fmt: skip
def test_a_query_that_is_wrong_is_refused(lister: httpx.Client, query: str) -> None:
    assert lister.get(httpx.URL(f"{lister.base_url}data/list?{query}")).status_code == 400


def test_a_query_is_bounded(lister: httpx.Client) -> None:
    assert lister.get("/data/list?" + "&".join(f"p{number}=1" for number in range(50))).status_code == 413
    assert lister.get("/data/list?prefix=" + "%61" * 5000).status_code == 413


def test_usage_counts_a_prefix_and_its_folders(lister: httpx.Client) -> None:
    usage = Usage.from_json(lister.get("/data/usage", params={"prefix": "L/", "delimiter": "/"}).json())
    assert (usage.prefix, usage.count) == ("L/", len(KEYS))
    assert usage.size_bytes == sum(len(key.encode()) for key in KEYS)
    assert [child.prefix for child in usage.children] == ["L/a/", "L/b b/", "L/c+c/", "L/é/"]
    assert [child.count for child in usage.children] == [3, 3, 3, 3]
    assert usage.oldest
    assert usage.newest
    assert Usage.from_json(lister.get("/logs/usage").json()).count == 0
    assert lister.get("/data/usage?limit=1").status_code == 400


def test_a_page_token_of_a_server_that_signs_with_newer_keys_is_known_at_once(tmp_path: Path) -> None:
    with running_server(tmp_path / "store", bounds=Bounds(follow_s=3600.0)) as server:
        with server.client("ann") as client:
            for key in "abc":
                client.put(f"/data/set/{key}", content=b"1")
            rotate_keys(server.records())
            newer = load_keyring(server.records())
            scope = [namespace_of("ann").encode(), b"data", b"", b""]
            keys = newer.current("page")
            token = f"{keys.kid}.{base64.urlsafe_b64encode(b'a').rstrip(b'=').decode()}.{keys.sign(*scope, b'a')}"
            answer = client.get("/data/list", headers={"X-NEXT": token})
        assert answer.json() == ["b", "c"]
