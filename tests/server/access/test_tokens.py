"""Tokens after they were made: listed, revoked with all that came of them, renewed from a login."""

import base64
import json
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from storage_tui import Storage
from storage_tui.contract.errors import BadRequestError, NotFoundError, StorageError, UnauthorizedError
from storage_tui.server.access.control import open_access
from storage_tui.server.access.issued import find_issued, forget_expired, list_issued, revoke, revoke_all
from storage_tui.server.access.keyring import forget_old_keys, load_keyring, rotate_keys
from storage_tui.server.access.logins import LEGACY_CLIENT_ID, LEGACY_GRANT, create_login
from storage_tui.server.access.revocations import RECORD, parse_revocations, revoke_token
from storage_tui.server.access.tokens import create_token, sign_token
from storage_tui.server.http.grants import Grant, make_restriction, namespace_of
from storage_tui.server.stores.local.records import LocalRecords
from tests.server.resources.uploading import new_url, put
from tests.server.running import RunningServer, put_head, read_all, read_answer


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def wait_for(client: httpx.Client, status: int, path: str = "/data/list") -> httpx.Response:
    """Ask until the server has noticed; the test's time limit bounds it."""
    while (answer := client.get(path)).status_code != status:
        pass
    return answer


def user_of(server: RunningServer, token: str) -> httpx.Client:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.Client(base_url=server.url, headers=headers, trust_env=False, timeout=30)


def test_the_list_tells_all_but_the_secret(tmp_path: Path) -> None:
    records = LocalRecords(tmp_path)
    token = create_token(records, "ann", restriction=make_restriction(["data"], ["read"], "a"))
    login = json.loads(base64.urlsafe_b64decode(create_login(records, "bob") + "=="))
    ann, bob = list_issued(records)
    assert (ann.user, ann.token_id, ann.is_login) == ("ann", claims_of(token)["jti"], False)
    assert int(ann.expires) == claims_of(token)["exp"]
    assert str(ann.restriction) == "read in data below 'a/'"
    assert bob.is_login and bob.token_id == login["client_id"]
    kept = "".join(path.read_text() for path in tmp_path.rglob("tokens/*"))
    assert token not in kept and login["refresh_token"].partition(".")[2] not in kept


@pytest.mark.parametrize("name", ["", "x" * 256, "a\nb", "a\x1b[31m", " a"])
def test_a_name_is_printable(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadRequestError, match="printable"):
        create_token(LocalRecords(tmp_path), name)


def test_a_revoked_token_ends_with_all_that_it_made(watchful_server: RunningServer, name: str) -> None:
    server = watchful_server
    token = server.token("dora")
    with user_of(server, token) as dora, server.client("dora") as other:
        assert dora.put(f"/data/set/{name}", content=b"x").status_code == 200
        signed, upload = dora.get(f"/data/get_signed_url/{name}").text, new_url(dora, name + "/up")
        kept_url, kept_upload = other.get(f"/data/get_signed_url/{name}").text, new_url(other, name + "/kept")
        assert httpx.get(signed, trust_env=False).status_code == 200
        revoke(LocalRecords(server.data_dir), claims_of(token)["jti"])
        assert "revoked" in wait_for(dora, 401).text
        for answer in (
            httpx.get(signed, trust_env=False), httpx.head(signed, trust_env=False), put(upload, b"late"),
            put(upload, b"", "bytes */*"), httpx.delete(upload, trust_env=False),
        ):  # fmt: skip
            assert answer.status_code == 403, answer.text
        assert other.get(f"/data/get/{name}").status_code == 200
        assert other.head(f"/data/get/{name}/up").status_code == 404
        assert httpx.get(kept_url, trust_env=False).content == b"x"
        assert put(kept_upload, b"kept").status_code == 200


def test_a_long_upload_is_cut_when_its_token_is_revoked(watchful_server: RunningServer, name: str) -> None:
    token = watchful_server.token("emil")
    with user_of(watchful_server, token) as emil, watchful_server.connect() as connection:
        connection.sendall(put_head(new_url(emil, name), "Content-Length: 1000000") + b"x" * 1000)
        revoke(LocalRecords(watchful_server.data_dir), claims_of(token)["jti"])
        status, headers, text = read_answer(connection)
        assert (status, headers["connection"]) == (403, "close")
        assert b"revoked" in text and "retry-after" not in headers


def test_a_long_download_is_cut_when_its_token_is_revoked(watchful_server: RunningServer, name: str) -> None:
    token, size = watchful_server.token("emma"), 32 * 1024 * 1024
    with user_of(watchful_server, token) as emma, watchful_server.connect() as connection:
        assert put(new_url(emma, name), bytes(size)).status_code == 200
        request = f"GET /storage/v1/data/get/{name} HTTP/1.1\r\nHost: storage.test\r\n"
        connection.sendall(f"{request}Authorization: {token}\r\n\r\n".encode())
        taken = len(connection.recv(1000))
        revoke(LocalRecords(watchful_server.data_dir), claims_of(token)["jti"])
        wait_for(emma, 401)
        taken += len(read_all(connection))
        assert taken < size


def test_all_tokens_of_a_user_end_and_the_next_one_is_good(watchful_server: RunningServer) -> None:
    records = LocalRecords(watchful_server.data_dir)
    unlisted = sign_token(load_keyring(records), "fay")  # as the embedded server makes one
    with user_of(watchful_server, watchful_server.token("fay")) as fay, user_of(watchful_server, unlisted) as too:
        assert fay.get("/data/list").status_code == too.get("/data/list").status_code == 200
        url = new_url(fay, "fay/up")
        assert revoke_all(records, "fay") == 1
        wait_for(fay, 401)
        assert too.get("/data/list").status_code == 401
        assert put(url, b"late").status_code == 403
        with watchful_server.client("fay") as again, watchful_server.client("gil") as gil:
            assert again.get("/data/list").status_code == gil.get("/data/list").status_code == 200
    assert [issued.is_revoked for issued in list_issued(records) if issued.user == "fay"] == [True, False]


def test_a_running_server_takes_new_keys_and_lets_go_of_old_ones(watchful_server: RunningServer) -> None:
    records = LocalRecords(watchful_server.data_dir)
    before = watchful_server.token("hal")
    with user_of(watchful_server, before) as hal:
        rotate_keys(records)
        with watchful_server.client("hal") as newer:
            assert newer.get("/data/list").status_code == hal.get("/data/list").status_code == 200
            forget_old_keys(records)
            assert "not made by this server" in wait_for(hal, 401).text
            assert newer.get("/data/list").status_code == 200


def test_what_is_revoked_is_forgotten_when_nothing_of_it_can_live(tmp_path: Path) -> None:
    records = LocalRecords(tmp_path)
    revoke_token(records, "a" * 16, expires=time.time() - 9 * 86400)
    revoke_token(records, "b" * 16, expires=time.time() - 7 * 86400)
    revoke_token(records, "c" * 16, expires=time.time() + 60)
    record = records.read(RECORD)
    assert record is not None
    assert set(parse_revocations(record.content).tokens) == {"b" * 16, "c" * 16}


async def test_nobody_passes_because_the_revoked_cannot_be_read(tmp_path: Path) -> None:
    records = LocalRecords(tmp_path)
    token = create_token(records, "ann")
    control = open_access(records)
    revoke(records, claims_of(token)["jti"])
    control.revocations.refresh()
    records.write(RECORD, b"{}")
    with pytest.raises(StorageError, match="does not hold revoked tokens"):
        control.revocations.refresh()
    with pytest.raises(UnauthorizedError):
        await control.by_token(token)
    with pytest.raises(StorageError, match="does not hold revoked tokens"):
        open_access(records)


def test_an_unknown_id_is_not_revoked_and_expired_ones_leave_the_list(tmp_path: Path) -> None:
    records = LocalRecords(tmp_path)
    for token_id in ("0" * 16, "", "../keys", "x" * 5000):
        with pytest.raises(NotFoundError):
            revoke(records, token_id)
    create_token(records, "ann", valid_for=timedelta(milliseconds=1))
    create_token(records, "bob")
    assert forget_expired(records) == 1
    assert [issued.user for issued in list_issued(records)] == ["bob"]


def exchange(server: RunningServer, **body: Any) -> httpx.Response:
    return httpx.post(f"{server.url}/token", json=body, trust_env=False)


def login_of(server: RunningServer, name: str, **settings: Any) -> dict[str, str]:
    raw = create_login(LocalRecords(server.data_dir), name, **settings)
    login: dict[str, str] = json.loads(base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4)))
    return login


def test_a_login_gives_tokens_of_its_user_until_it_is_revoked(watchful_server: RunningServer) -> None:
    login = login_of(watchful_server, "ida", restriction=make_restriction(["tmp"], [], ""))
    client_id, refresh_token = login["client_id"], login["refresh_token"]
    assert login["client_secret"] == refresh_token
    good = {"client_id": client_id, "grant_type": "refresh_token", "refresh_token": refresh_token}
    answer = exchange(watchful_server, **good, scope="a b")
    assert answer.status_code == 200 and answer.headers["cache-control"] == "no-store"
    token = answer.json()["access_token"]
    claims = claims_of(token)
    assert (claims["sub"], claims["aud"], claims["name"], claims["jti"]) == ("ida", client_id, "ida", client_id)
    assert 3500 < claims["exp"] - time.time() <= 3601
    legacy = exchange(watchful_server, client_id=LEGACY_CLIENT_ID, grant_type=LEGACY_GRANT, refresh_token=refresh_token,
                      target=LEGACY_CLIENT_ID, api_type="app", scope="openid name groups org email")  # fmt: skip
    assert claims_of(legacy.json()["id_token"])["aud"] == LEGACY_CLIENT_ID
    with user_of(watchful_server, token) as ida:
        assert ida.get("/tmp/list").status_code == 200
        assert ida.get("/data/list").status_code == 403
        revoke(LocalRecords(watchful_server.data_dir), client_id)
        wait_for(ida, 401, "/tmp/list")
    assert exchange(watchful_server, **good).status_code == 400


def test_no_other_refresh_token_gives_anything(watchful_server: RunningServer) -> None:
    login = login_of(watchful_server, "jan")
    other = login_of(watchful_server, "kim")
    ended = login_of(watchful_server, "lea", valid_for=timedelta(milliseconds=1))
    client_id, refresh_token = login["client_id"], login["refresh_token"]
    token_id = claims_of(watchful_server.token("jan"))["jti"]
    secret = refresh_token.partition(".")[2]
    stored = find_issued(LocalRecords(watchful_server.data_dir), client_id)
    assert stored is not None
    refusals = {
        exchange(watchful_server, client_id=given, grant_type="refresh_token", refresh_token=text).content
        for given, text in (
            (client_id, refresh_token[:-1]), (client_id, refresh_token[:-1] + "~"), (client_id, secret),
            (client_id, ""),
            (client_id, None), (client_id, ["x"]), (other["client_id"], refresh_token), (None, refresh_token),
            (client_id, other["refresh_token"]), (client_id, f"{client_id}.{stored.secret_hash[:43]}"),
            (token_id, f"{token_id}.{secret}"), ("0" * 16, f"{'0' * 16}.{secret}"), ([client_id], refresh_token),
            (ended["client_id"], ended["refresh_token"]), (client_id, refresh_token + "\n"),
        )
    }  # fmt: skip
    assert refusals == {b"the refresh token is not valid: it is unknown, revoked or expired; log in again"}
    for body in ({}, {"grant_type": "password"}, {"grant_type": ["refresh_token"]}):
        assert exchange(watchful_server, **body).status_code == 400
    for content in (b"", b"[]", b"{", b"x" * 20_000):
        assert httpx.post(f"{watchful_server.url}/token", content=content, trust_env=False).status_code in (400, 413)
    assert httpx.get(f"{watchful_server.url}/token", trust_env=False).status_code == 401


@pytest.mark.parametrize("names_server", [True, False])
def test_our_client_logs_in_with_it(
    watchful_server: RunningServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names_server: bool
) -> None:
    file = tmp_path / "token_info.json"
    url = watchful_server.url if names_server else None
    file.write_text(json.dumps(login_of(watchful_server, "mia", url=url)))
    file.chmod(0o600)
    if not names_server:
        monkeypatch.setenv("DESCARTESLABS_IAM_URL", watchful_server.url)
    with Storage(watchful_server.url, token_file=file) as storage:
        storage.set("greeting", b"hello")
        assert storage.get("greeting") == b"hello"
    assert claims_of(json.loads(file.read_text())["jwt_token"])["sub"] == "mia"


def test_a_grant_of_nobody_is_covered_by_nothing() -> None:
    revoked = parse_revocations(json.dumps({"tokens": {"a": 9e9}, "users": {namespace_of("ann"): 5.0}}).encode())
    assert not revoked.cover(Grant(""))
    assert revoked.cover(Grant(namespace_of("ann"), issued=5.0)) and not revoked.cover(
        Grant(namespace_of("ann"), "b", 5.1)
    )
    assert revoked.cover(Grant(namespace_of("bob"), "a", 9.0))
