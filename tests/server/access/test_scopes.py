"""Restricted tokens: what they may, and that nothing else is told them, on every route and way of naming a key."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest

from storage_tui.contract.errors import BadRequestError, UnauthorizedError
from storage_tui.server.access.control import open_access
from storage_tui.server.access.keyring import load_keyring
from storage_tui.server.access.tokens import RESTRICTION_CLAIM, sign_token
from storage_tui.server.app import StorageApi
from storage_tui.server.http.grants import Named, Restriction, Verb, make_restriction
from storage_tui.server.http.routes import Access
from storage_tui.server.stores.local.records import LocalRecords
from storage_tui.server.stores.local.store import LocalStore
from tests.server.access.route_rows import (
    FOLDER,
    INSIDE,
    NAMELESS,
    OPENED_OTHERWISE,
    OWN,
    WAYS,
    Furnished,
    Way,
    furnish,
    told,
)
from tests.server.resources.uploading import put
from tests.server.running import RunningServer

BESIDE = ("team:ab/there", "team:b/there", "team:A/there")
MISSING = "team:ab/gone"


@contextmanager
def bearer(server: RunningServer, restriction: Restriction | None = None) -> Iterator[httpx.Client]:
    token = sign_token(load_keyring(LocalRecords(server.data_dir)), "scoped", restriction=restriction)
    headers = {"Authorization": f"Bearer {token}"}
    # There is no TLS here, and reading the system's certificates takes longer than the test.
    with httpx.Client(base_url=server.url, headers=headers, trust_env=False, timeout=30, verify=False) as client:
        yield client


def only(way: Way, *, types: tuple[str, ...] = (), verbs: tuple[Verb, ...] = (), prefix: str = "") -> Restriction:
    """What the way takes and no more, but for what is given."""
    return Restriction(types or (way.storage_type,), verbs or way.verbs, prefix)


@pytest.fixture(scope="module")
def things(server: RunningServer) -> Furnished:
    made = Furnished()
    with bearer(server) as owner:
        for key in (INSIDE, OWN, *BESIDE):
            furnish(owner, made, key)
    return made


def test_every_route_has_its_row(tmp_path: Path) -> None:
    routes = StorageApi(LocalStore(tmp_path / "store"), open_access(LocalRecords(tmp_path))).routes
    by_token = {(route.method, route.path) for route in routes if route.access is Access.TOKEN}
    assert by_token == {way.route for way in WAYS} | NAMELESS
    assert {(route.method, route.path) for route in routes} - by_token == OPENED_OTHERWISE
    for route in routes:
        assert (route.names is None) == (route.access is not Access.TOKEN), route.path


@pytest.mark.parametrize("way", WAYS, ids=lambda way: " ".join(way.route))
def test_a_route_asks_for_exactly_its_verbs_types_and_folder(
    server: RunningServer, things: Furnished, way: Way
) -> None:
    everything = tuple(Verb)
    refusals: list[tuple[Restriction, str]] = [
        *((only(way, verbs=tuple(verb for verb in everything if verb is not needed)), INSIDE) for needed in way.verbs),
        (only(way, types=("tmp", "logs")), INSIDE),
        *((only(way, prefix=FOLDER), key) for key in (*BESIDE, MISSING) if not way.is_whole),
        *([(only(way, prefix=FOLDER), INSIDE)] if way.is_whole else []),
    ]
    texts = set()
    for restriction, key in refusals:
        with bearer(server, restriction) as client:
            answer = way.send(client, things, key)
            assert answer.status_code == 403, (restriction, key, answer.text)
            assert answer.headers["x-error-code"] == "forbidden"
            texts.add(told(answer, key)[2].partition(":")[0])
    assert texts <= {"the token does not allow this", ""}  # HEAD has no text
    with bearer(server, only(way, prefix="" if way.is_whole else FOLDER)) as client:
        answer = way.send(client, things, INSIDE)
        assert answer.status_code not in (401, 403), answer.text


@pytest.mark.parametrize("way", WAYS, ids=lambda way: " ".join(way.route))
def test_a_refusal_tells_nothing_of_what_exists(server: RunningServer, things: Furnished, way: Way) -> None:
    with bearer(server, only(way, prefix=FOLDER)) as client:
        there, gone = way.send(client, things, BESIDE[0]), way.send(client, things, MISSING)
    assert there.status_code == 403
    assert told(there, BESIDE[0]) == told(gone, MISSING)


def test_a_folder_is_a_segment_and_never_the_list_above_it(server: RunningServer, things: Furnished) -> None:
    with bearer(server, make_restriction(["data"], [], FOLDER + "/")) as client:
        assert client.get("/data/list", params={"prefix": FOLDER + "/"}).status_code == 200
        for prefix in ("", FOLDER, FOLDER + "b", FOLDER[:-1], "/" + FOLDER + "/"):
            assert client.get("/data/list", params={"prefix": prefix}).status_code == 403, prefix
            assert client.get("/data/usage", params={"prefix": prefix}).status_code == 403, prefix
        assert client.get("/data/list").status_code == 403
        assert client.put(f"/data/set/{FOLDER}", content=b"the key itself").status_code == 200
        assert client.put(f"/data/set/{quote(FOLDER, safe='')}%2Finside", content=b"spelled").status_code == 200
        for key in (FOLDER + "b", FOLDER + "%00", FOLDER + "/../x", FOLDER + "%2F..%2Fx", FOLDER + "%252Fx"):
            assert client.put(f"/data/set/{key}", content=b"x").status_code in (400, 403), key


def test_a_page_token_opens_no_other_list(server: RunningServer, things: Furnished) -> None:
    with bearer(server) as owner, bearer(server, make_restriction(["data"], [], FOLDER)) as client:
        token = owner.get("/data/list", params={"prefix": "team:", "limit": "1"}).headers["x-next"]
        for prefix, status in (("team:", 403), (FOLDER + "/", 400)):
            answer = client.get("/data/list", params={"prefix": prefix, "limit": "1"}, headers={"X-NEXT": token})
            assert answer.status_code == status


def test_a_batch_with_one_key_outside_deletes_nothing(server: RunningServer, things: Furnished, name: str) -> None:
    inside = f"{FOLDER}/batch"
    with bearer(server) as owner, bearer(server, make_restriction(["data"], ["delete"], FOLDER)) as client:
        assert owner.put(f"/data/set/{inside}", content=b"x").status_code == 200
        for bad in ({"key": BESIDE[0]}, {"key": 5}, {}, "x", {"key": ""}, None):
            answer = client.post("/data/delete", json={"targets": [{"key": inside}, bad]})
            assert answer.status_code == 403, bad
        assert owner.head(f"/data/get/{inside}").status_code == 200
        assert client.post("/data/delete", json={"targets": [{"key": inside}]}).status_code == 200
        assert owner.head(f"/data/get/{inside}").status_code == 404


def test_a_copy_leaves_neither_folder_nor_type(server: RunningServer, things: Furnished) -> None:
    with bearer(server, make_restriction(["data"], ["read", "write"], FOLDER)) as client:
        for body in (
            {"key": INSIDE, "to_key": OWN, "to_storage_type": "tmp"}, {"key": INSIDE, "to_key": "elsewhere"},
            {"key": BESIDE[0], "to_key": OWN},
        ):  # fmt: skip
            assert client.post("/data/copy", json=body).status_code == 403
        assert (
            client.post("/tmp/copy", json={"key": INSIDE, "to_key": OWN, "to_storage_type": "data"}).status_code == 403
        )
        assert client.post("/data/copy", json={"key": INSIDE, "to_key": OWN}).status_code == 200


def test_what_a_restricted_token_makes_ends_with_it(server: RunningServer, things: Furnished) -> None:
    records = LocalRecords(server.data_dir)
    ends = int(time.time()) + 100
    claims = {"exp": ends, RESTRICTION_CLAIM: make_restriction(["data"], [], FOLDER).to_json()}
    token = sign_token(load_keyring(records), "scoped", claims=claims)
    with httpx.Client(base_url=server.url, headers={"Authorization": token}, trust_env=False) as client:
        url = client.get(f"/data/get_signed_url/{INSIDE}").text
        assert int(parse_qs(urlsplit(url).query)["exp"][0]) == ends
        assert httpx.get(url, trust_env=False).status_code == 200
        longer = client.get(f"/data/get_signed_url/{INSIDE}", params={"expires_in": "200"})
        assert longer.status_code == 400 and "end of the token" in longer.text
        assert client.get(f"/data/get_signed_url/{INSIDE}", params={"expires_in": "50"}).status_code == 200
        upload = client.get(f"/data/new_resumable_url/{FOLDER}/up").text
        assert put(upload.replace(f".{ends}.", f".{ends - 200}.")).status_code == 404
        assert put(upload.replace(f".{ends}.", "..")).status_code == 404
        assert put(upload, b"good").status_code == 200


def test_an_upload_url_of_a_token_that_has_ended_is_refused(server: RunningServer) -> None:
    from storage_tui.server.access.upload_ids import seal_upload_id
    from storage_tui.server.http.grants import Grant, namespace_of

    keyring = load_keyring(LocalRecords(server.data_dir))
    grant = Grant(namespace_of("scoped"), "ab", time.time() - 100, int(time.time()) - 1)
    answer = put(f"{server.url}/upload/{seal_upload_id(keyring, 'x' * 43, grant)}", b"late")
    assert answer.status_code == 403 and "expired" in answer.text


@pytest.mark.parametrize("claim", [
    5, None, [], "read", {"verbs": ["fly"]}, {"verbs": "read"}, {"types": ["all"]}, {"prefix": 5}, {"more": 1},
    {"prefix": "a/../b"}, {"prefix": "\ud800"}, {"types": 5},
])  # fmt: skip
async def test_a_restriction_that_is_not_understood_closes_everything(tmp_path: Path, claim: object) -> None:
    records = LocalRecords(tmp_path)
    token = sign_token(load_keyring(records), "ann", claims={RESTRICTION_CLAIM: claim})
    with pytest.raises(UnauthorizedError):
        await open_access(records).by_token(token)


def test_a_restriction_is_made_of_known_names() -> None:
    assert make_restriction(["log"], [], "a/b/") == Restriction(("logs",), (), "a/b")
    assert Restriction().allows(Named(Verb.LIST, "data", ""))
    for arguments in ((["all"], [], ""), ([], ["reed"], ""), ([], [], "a/../b"), ([], [], "a\n")):
        with pytest.raises(BadRequestError):
            make_restriction(*arguments)
