"""The one layer of authentication: every row of the route table with every kind of wrong token."""

import time
from pathlib import Path
from urllib.parse import quote

import httpx
import jwt
import pytest

from storage_tui.contract.errors import UnauthorizedError
from storage_tui.contract.wire import BASE_PATH
from storage_tui.server.access.control import open_access
from storage_tui.server.access.keyring import load_keyring
from storage_tui.server.access.tokens import create_token
from storage_tui.server.app import StorageApi
from storage_tui.server.http.grants import namespace_of
from storage_tui.server.http.routes import Access, Route
from storage_tui.server.stores.local.records import LocalRecords
from storage_tui.server.stores.local.store import LocalStore
from tests.server.running import RunningServer

METHODS = ("GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "TRACE", "FOO")


@pytest.fixture(scope="module")
def routes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Route, ...]:
    data_dir = tmp_path_factory.mktemp("routes")
    return StorageApi(LocalStore(data_dir / "store"), open_access(LocalRecords(data_dir))).routes


def concrete(route: Route) -> str:
    return route.base + route.path.replace("{type}", "data").replace("{key}", "some/key").replace("{id}", "x" * 43)


def forged(server: RunningServer, **changes: object) -> dict[str, str]:
    key = load_keyring(LocalRecords(server.data_dir)).current("token")
    claims = {"sub": "ann", "exp": int(time.time()) + 60, **changes}
    claims = {name: value for name, value in claims.items() if value is not None}
    return {"Authorization": "Bearer " + jwt.encode(claims, key.secret.reveal(), "HS256", headers={"kid": key.kid})}


def bad_headers(server: RunningServer) -> dict[str, dict[str, str]]:
    good = server.token()
    head, body, signature = good.split(".")
    keyring = load_keyring(LocalRecords(server.data_dir))
    none = jwt.encode({"sub": "ann", "exp": int(time.time()) + 60}, None, "none", headers={"kid": "x"})
    url_key = keyring.current("url")
    claims = {"sub": "ann", "exp": int(time.time()) + 60}
    crossed = jwt.encode(claims, url_key.secret.reveal(), "HS256", headers={"kid": url_key.kid})
    longer = jwt.encode(claims, keyring.current("token").secret.reveal() * 2, "HS512",
                        headers={"kid": keyring.current("token").kid})  # fmt: skip
    flipped = ("B" if signature[0] == "A" else "A") + signature[1:]
    return {
        "none": {},
        "empty": {"Authorization": ""},
        "nonsense": {"Authorization": "Bearer nonsense"},
        "only the scheme": {"Authorization": "Bearer"},
        "another scheme": {"Authorization": f"Basic {good}"},
        "flipped": {"Authorization": f"Bearer {head}.{body}.{flipped}"},
        "unsigned": {"Authorization": f"Bearer {head}.{body}."},
        "algorithm none": {"Authorization": f"Bearer {none}"},
        "another algorithm": {"Authorization": f"Bearer {longer}"},
        "key of another purpose": {"Authorization": f"Bearer {crossed}"},
        "expired": forged(server, exp=int(time.time()) - 1),
        "no expiry": forged(server, exp=None),
        "no subject": forged(server, sub=None),
        "empty subject": forged(server, sub=""),
        "huge": {"Authorization": "Bearer " + "a" * 20_000},
    }


def test_every_route_and_method_refuses_every_wrong_token(server: RunningServer, routes: tuple[Route, ...]) -> None:
    paths = {concrete(route) for route in routes} | {
        BASE_PATH + "/nothing", "/", "/storage", "/storage/v2/data/list", "//",
        "/storage/v1/data", "/storage/v1/upload/",
        "/storage/v1/upload/x/y", "/storage//v1", "/STORAGE/v1", "/storage/v1/data/get",
    }  # fmt: skip
    opened = {(route.method, concrete(route)) for route in routes if route.access is not Access.TOKEN}
    open_to_all = {(route.method, concrete(route)) for route in routes if route.access is Access.OPEN}
    assert open_to_all == {("GET", "/healthz"), ("HEAD", "/healthz")}
    with httpx.Client(base_url=server.url.removesuffix(BASE_PATH), trust_env=False, timeout=30) as client:
        for reason, headers in bad_headers(server).items():
            for path in sorted(paths):
                for method in METHODS:
                    answer = client.request(method, path, headers=headers)
                    if (method, path) in open_to_all:
                        assert answer.text in ("", "ok")
                        continue
                    if (method, path) in opened:
                        assert answer.status_code in (400, 403, 404, 499), (reason, method, path)
                        continue
                    assert answer.status_code == 401, (reason, method, path, answer.text)
                    assert answer.headers["x-error-code"] == "unauthorized"
                    assert answer.headers["www-authenticate"] == "Bearer"


def test_every_route_is_closed_to_another_user(server: RunningServer, ann: httpx.Client, bob: httpx.Client) -> None:
    key = "test_auth/mine"
    assert ann.put(f"/data/set/{key}", content=b"mine").status_code == 200
    other = [
        bob.get(f"/data/get/{key}"),
        bob.head(f"/data/get/{key}"),
        bob.get(f"/data/get_signed_url/{key}"),
        bob.delete(f"/data/{key}"),
        bob.post("/data/copy", json={"key": key, "to_key": "stolen"}),
    ]
    assert [answer.status_code for answer in other] == [404] * 5
    assert bob.get("/data/list", params={"prefix": "test_auth/"}).json() == []
    assert bob.get("/data/usage", params={"prefix": "test_auth/"}).json()["count"] == 0
    gone = bob.post("/data/delete", json={"targets": [{"key": key}]}).json()["results"]
    assert [result["error"] for result in gone] == ["not_found"]
    assert bob.put(f"/data/set/{key}", content=b"bob's").status_code == 200
    assert ann.get(f"/data/get/{key}").content == b"mine"


def test_unknown_paths_and_methods_are_told_apart_only_to_those_with_a_token(
    server: RunningServer, ann: httpx.Client
) -> None:
    assert ann.get("/data/nothing").status_code == 404
    assert ann.request("PATCH", "/data/list").status_code == 405
    answer = ann.post("/data/get/x")
    assert answer.status_code == 405
    assert {"GET", "HEAD"} <= set(answer.headers["allow"].split(", "))


def test_a_bare_token_is_accepted_as_old_clients_send_it(server: RunningServer) -> None:
    for value in (server.token(), f"bearer {server.token()}", f"Bearer  {server.token()}"):
        answer = httpx.get(server.url, headers={"Authorization": value}, trust_env=False)
        assert answer.status_code == 200


def test_two_authorization_headers_are_refused(server: RunningServer) -> None:
    value = f"Bearer {server.token()}"
    answer = httpx.get(server.url, headers=[("Authorization", value), ("Authorization", value)], trust_env=False)
    assert answer.status_code == 400


async def test_a_token_is_what_the_published_client_demands(tmp_path: Path) -> None:
    records = LocalRecords(tmp_path)
    token = create_token(records, "ann")
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["sub"] == "ann"
    assert abs(claims["exp"] - claims["iat"] - 365 * 86400) < 2
    assert jwt.get_unverified_header(token)["kid"]
    assert (await open_access(records).by_token(token)).namespace == namespace_of("ann")
    assert len(namespace_of("ann")) == 40


@pytest.mark.parametrize("subject", [1, ["a"], {"a": 1}, True])
async def test_a_subject_is_text(server: RunningServer, subject: object) -> None:
    with pytest.raises(UnauthorizedError):
        await open_access(LocalRecords(server.data_dir)).by_token(forged(server, sub=subject)["Authorization"])


def test_no_answer_and_no_log_shows_a_token(server: RunningServer) -> None:
    canary = server.token("canary")
    for path in ("/nothing", f"/data/get/{quote('key')}"):
        answer = httpx.get(server.url + path, headers={"Authorization": f"Basic {canary}"}, trust_env=False)
        assert canary not in answer.text
        assert canary not in str(answer.headers)
    assert canary not in server.log_text()
