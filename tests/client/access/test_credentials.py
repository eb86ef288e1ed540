"""Where tokens come from, when they are renewed, and that they show themselves nowhere."""

import base64
import copy
import json
import logging
import pickle
import stat
import subprocess
import sys
import time
import traceback
from pathlib import Path

import pytest

from storage_tui import Storage
from storage_tui.client.access.belonging import IAM_URL, renewal_url
from storage_tui.client.access.credentials import Credentials
from storage_tui.client.access.iam import LEGACY_CLIENT_ID
from storage_tui.client.access.token_files import read_token_file, write_token_file
from storage_tui.contract.errors import CredentialsError, StorageError
from storage_tui.contract.wire import LOGIN_URL
from storage_tui.machine.secrets import Secret
from tests.client.scripted import ScriptedServer, answer

CANARY = "canary-7f3a"


def jwt(expires_in_s: float = 3600, name: str = CANARY) -> str:
    """An unsigned token: the client never checks a signature."""
    payload = json.dumps({"sub": name, "exp": time.time() + expires_in_s}).encode()
    return f"e30.{base64.urlsafe_b64encode(payload).decode().rstrip('=')}.{name}"


def private(path: Path, text: str) -> Path:
    write_token_file(path, text)
    return path


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home" / ".descarteslabs"


def test_an_argument_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_TUI_TOKEN", "other")
    assert Credentials("given").obtain().reveal() == "given"
    assert Credentials("Bearer given \n").obtain().reveal() == "given"


def test_ours_wins_over_the_published_variable_and_that_over_the_file(
    monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    stored = jwt(name="file")
    private(home / "token_info.json", json.dumps({"jwt_token": stored}))
    assert Credentials().obtain().reveal() == stored
    monkeypatch.setenv("DESCARTESLABS_TOKEN", "published")
    assert Credentials().obtain().reveal() == "published"
    monkeypatch.setenv("STORAGE_TUI_TOKEN", "ours")
    assert Credentials().obtain().reveal() == "ours"


def test_a_token_file_holds_a_bare_token_or_token_info(tmp_path: Path) -> None:
    assert Credentials(token_file=private(tmp_path / "a", "bare\n")).obtain().reveal() == "bare"
    token = jwt()
    path = private(tmp_path / "b", json.dumps({"JWT_TOKEN": token}))
    assert Credentials(token_file=str(path)).obtain().reveal() == token


def test_another_file_of_tokens_can_be_named_or_turned_off(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    token = jwt()
    path = private(tmp_path / "info", json.dumps({"jwt_token": token}))
    monkeypatch.setenv("DESCARTESLABS_TOKEN_INFO_PATH", str(path))
    assert Credentials().obtain().reveal() == token
    monkeypatch.setenv("DESCARTESLABS_TOKEN_INFO_PATH", "")
    with pytest.raises(CredentialsError):
        Credentials().obtain()


def test_without_any_the_error_names_the_places(home: Path) -> None:
    with pytest.raises(CredentialsError, match=r"STORAGE_TUI_TOKEN.*DESCARTESLABS_TOKEN.*token_info\.json"):
        Credentials().obtain()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = private(tmp_path / "token", CANARY)
    path.chmod(mode)
    with pytest.raises(CredentialsError, match="chmod 600") as caught:
        Credentials(token_file=path).obtain()
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("text", ["", "two words", "a\nb", "é", "x" * 20_000, "\0", "{}", '{"jwt_token": 5}'])
def test_what_is_no_token_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(CredentialsError):
        Credentials(token_file=private(tmp_path / "token", text)).obtain()


def test_a_folder_or_a_missing_file_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(CredentialsError):
            Credentials(token_file=path).obtain()
    with pytest.raises(CredentialsError, match="not both"):
        Credentials("t", tmp_path)


@pytest.mark.parametrize("names", [("DESCARTESLABS_", "DESCARTESLABS_CLIENT_SECRET"), ("", "CLIENT_SECRET")])
def test_a_refresh_token_of_the_environment_is_exchanged_and_the_jwt_kept(
    monkeypatch: pytest.MonkeyPatch, home: Path, names: tuple[str, str]
) -> None:
    fresh = jwt()
    with ScriptedServer(answer(200, body=json.dumps({"access_token": fresh}).encode())) as iam:
        monkeypatch.setenv("DESCARTESLABS_IAM_URL", iam.origin)
        monkeypatch.setenv(names[0] + "CLIENT_ID", "id")
        monkeypatch.setenv(names[1], "refresh")
        credentials = Credentials()
        assert credentials.ready() is None
        assert credentials.obtain().reveal() == fresh
        assert credentials.ready() is not None
        assert Credentials().obtain().reveal() == fresh  # from the file this time
        assert iam.requests[0][0] == "POST /token HTTP/1.1" and len(iam.requests) == 1
    cache = next(home.glob("jwt_token_*.json"))
    assert json.loads(cache.read_text()) == {"jwt_token": fresh}
    assert stat.S_IMODE(cache.stat().st_mode) == 0o600 and stat.S_IMODE(home.stat().st_mode) == 0o700


def test_the_cache_can_be_turned_off(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    body = json.dumps({"id_token": jwt()}).encode()
    with ScriptedServer(answer(200, body=body), answer(200, body=body)) as iam:
        for name, value in (
            ("IAM_URL", iam.origin), ("CLIENT_ID", LEGACY_CLIENT_ID), ("REFRESH_TOKEN", "r"), ("NO_JWT_CACHE", "true"),
        ):  # fmt: skip
            monkeypatch.setenv(f"DESCARTESLABS_{name}", value)
        Credentials().obtain()
        Credentials().obtain()
        assert len(iam.requests) == 2
    assert not home.exists()


def test_half_of_a_pair_in_the_environment_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESCARTESLABS_CLIENT_ID", "id")
    with pytest.raises(CredentialsError, match="go together"):
        Credentials().obtain()


def test_a_token_near_its_end_is_renewed_and_the_file_keeps_the_rest(
    monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    fresh = jwt()
    info = {"client_id": "id", "client_secret": "s", "refresh_token": "s", "jwt_token": jwt(100), "scope": ["a", "b"]}
    path = private(home / "token_info.json", json.dumps(info))
    with ScriptedServer(answer(200, body=json.dumps({"access_token": fresh}).encode())) as iam:
        monkeypatch.setenv("DESCARTESLABS_IAM_URL", iam.origin)
        assert Credentials().obtain().reveal() == fresh
    assert json.loads(path.read_text()) == {**info, "jwt_token": fresh}


def test_a_token_that_cannot_be_renewed_is_used_to_its_true_end(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    old = jwt(100)
    info = {"client_id": "id", "refresh_token": "s", "jwt_token": old}
    private(home / "token_info.json", json.dumps(info))
    with ScriptedServer(answer(400, body=b"no")) as iam:
        monkeypatch.setenv("DESCARTESLABS_IAM_URL", iam.origin)
        assert Credentials().obtain().reveal() == old


def login(url: str | None = None, secret: str = "s") -> dict[str, str]:
    """A login as `token create --login` makes it."""
    refresh_token = f"{'0' * 16}.{secret}"
    made = {"client_id": "0" * 16, "client_secret": refresh_token, "refresh_token": refresh_token}
    return made if url is None else {**made, LOGIN_URL: url}


def renewing() -> bytes:
    return answer(200, body=json.dumps({"access_token": jwt()}).encode())


def test_a_login_is_renewed_by_the_server_in_it_whatever_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with ScriptedServer(renewing()) as ours, ScriptedServer() as other:
        monkeypatch.setenv("DESCARTESLABS_IAM_URL", other.url)
        path = private(tmp_path / "login", json.dumps(login(ours.url)))
        Credentials(token_file=path, url=ours.url).obtain()
        assert ours.requests[0][0] == "POST /storage/v1/token HTTP/1.1" and not other.requests


@pytest.mark.parametrize("name", ["renewed", "given"])
def test_a_login_for_one_server_is_not_sent_to_another(tmp_path: Path, name: str) -> None:
    with ScriptedServer() as ours, ScriptedServer() as other:
        held = {**login(ours.url), **({"jwt_token": jwt()} if name == "given" else {})}
        path = private(tmp_path / "login", json.dumps(held))
        with Storage(other.url, token_file=path) as storage, pytest.raises(CredentialsError, match="is not sent to"):
            storage.get("k")
        assert not ours.requests and not other.requests


def test_a_login_that_names_no_server_is_sent_to_none_unasked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = private(tmp_path / "login", json.dumps(login()))
    with ScriptedServer(renewing()) as ours:
        for url in (ours.url, "https://platform.descarteslabs.com/storage/v1"):
            with pytest.raises(CredentialsError, match="does not name the server that renews"):
                Credentials(token_file=path, url=url).obtain()
        monkeypatch.setenv("DESCARTESLABS_IAM_URL", ours.url)
        Credentials(token_file=path, url=ours.url).obtain()


def test_only_what_is_of_the_published_service_goes_to_the_published_iam_endpoint() -> None:
    def where(url: str | None) -> str:
        return renewal_url("the file", None, "id", "secret", url, {})

    for url in ("https://platform.descarteslabs.com/storage/v1", "https://descarteslabs.com"):
        assert where(url) == IAM_URL
    for url in (
        None, "http://platform.descarteslabs.com/", "https://lab.example/", "https://evildescarteslabs.com/",
        "https://descarteslabs.com.evil/", "https://descarteslabs.com@evil/", "https://evil/descarteslabs.com",
    ):  # fmt: skip
        with pytest.raises(CredentialsError, match="does not name the server"):
            where(url)


@pytest.mark.parametrize(
    ("token", "beside"),
    [
        ({"STORAGE_TUI_TOKEN": "ours"}, "STORAGE_TUI_URL"),
        ({"DESCARTESLABS_TOKEN": "published"}, "DESCARTESLABS_STORAGE_URL"),
        ({"DESCARTESLABS_CLIENT_ID": "id", "DESCARTESLABS_CLIENT_SECRET": "s"}, "DESCARTESLABS_STORAGE_URL"),
    ],
)
def test_a_token_of_the_environment_goes_to_the_server_named_beside_it_only(
    monkeypatch: pytest.MonkeyPatch, token: dict[str, str], beside: str
) -> None:
    for name, value in token.items():
        monkeypatch.setenv(name, value)
    with ScriptedServer(renewing()) as iam:
        monkeypatch.setenv("DESCARTESLABS_IAM_URL", iam.url)
        monkeypatch.setenv(beside, "https://first.example/storage/v1")
        with pytest.raises(CredentialsError, match=f"tokens of the environment are for {beside}"):
            Credentials(url="https://other.example/storage/v1").obtain()
        assert not iam.requests
        assert Credentials(url="https://first.example:443/elsewhere").obtain()


def test_a_login_as_it_is_printed_is_no_token(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with ScriptedServer(renewing()) as ours:
        printed = base64.urlsafe_b64encode(json.dumps(login(ours.url)).encode()).decode().rstrip("=")
        path = private(tmp_path / "login", printed + "\n")
        fresh = Credentials(token_file=path, url=ours.url).obtain().reveal()
        assert json.loads(path.read_text()) == {**login(ours.url), "jwt_token": fresh}
    with pytest.raises(CredentialsError, match="is a login"):
        Credentials(printed, url=ours.url)
    monkeypatch.setenv("STORAGE_TUI_TOKEN", printed)
    with pytest.raises(CredentialsError, match="STORAGE_TUI_TOKEN is a login"):
        Credentials(url=ours.url).obtain()


def test_a_refusal_of_the_iam_endpoint_is_told_without_the_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer(answer(403, body=f"bad token {CANARY}".encode())) as iam:
        for name, value in (("IAM_URL", iam.origin), ("CLIENT_ID", "id"), ("REFRESH_TOKEN", CANARY)):
            monkeypatch.setenv(f"DESCARTESLABS_{name}", value)
        with pytest.raises(CredentialsError, match="refused") as caught:
            Credentials().obtain()
    assert CANARY not in "".join(traceback.format_exception(caught.value))


def test_a_token_refused_is_read_again_from_its_file(tmp_path: Path) -> None:
    path = private(tmp_path / "token", "old")
    with ScriptedServer(answer(401), answer(200, body=b"v")) as server, Storage(server.url, token_file=path) as storage:
        storage.engine.server.reach()
        private(path, "new")
        assert storage.get("k") == b"v"
        assert [headers["authorization"] for _, headers in server.requests] == ["Bearer old", "Bearer new"]


def test_a_secret_shows_itself_as_stars() -> None:
    secret = Secret(CANARY)
    shown = [repr(secret), str(secret), f"{secret}", f"{secret:>99}", f"{secret!r}", "%s" % secret, repr([secret])]  # noqa: UP031
    assert not any(CANARY in text for text in shown)
    assert secret == Secret(CANARY) and secret != Secret("other") and secret != CANARY
    for leak in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError):
            leak(secret)


def test_a_token_is_in_no_repr_log_or_error(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    caplog.set_level(logging.DEBUG)
    token = jwt()
    texts: list[str] = []
    with ScriptedServer(*[answer(status) for status in (400, 401, 302, 404)], b"", b"nonsense\r\n\r\n") as server:
        storage = Storage(server.url, token=token, retries=0)
        for call in (storage.describe, lambda: storage.get("k"), lambda: storage.set_file("k", __file__)) * 2:
            try:
                call()
            except StorageError as exc:
                texts += traceback.TracebackException.from_exception(exc, capture_locals=True).format()
        texts += [
            repr(storage),
            repr(storage.engine.server),
            repr(vars(storage)),
            repr(vars(storage.engine.server)),
            caplog.text,
        ]
        storage.close()
    frames = [text for text in texts if __file__ not in text]  # this test's own variables hold it
    assert frames and not [text for text in frames if token in text]


def test_a_secret_file_is_replaced_whole(tmp_path: Path) -> None:
    path = private(tmp_path / "new" / "token", "one")
    private(path, "two")
    assert read_token_file(path) == "two" and [entry.name for entry in path.parent.iterdir()] == ["token"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_places_that_were_looked_at_are_those_that_were(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CredentialsError, match=r"or .*token_info\.json; give one"):
        Credentials().obtain()
    monkeypatch.setenv("DESCARTESLABS_TOKEN_INFO_PATH", "")
    with pytest.raises(
        CredentialsError, match=r"found in the environment \(STORAGE_TUI_TOKEN, DESCARTESLABS_TOKEN\); g"
    ):
        Credentials().obtain()


def test_a_fork_while_another_thread_renews_the_token_does_not_wait_for_it() -> None:
    script = """
import os, signal, sys
from storage_tui.client.access.belonging import IAM_URL, renewal_url
from storage_tui.client.access.credentials import Credentials

credentials = Credentials("a.b.c")
with credentials._lock:  # as during a renewal
    child = os.fork()
    if not child:
        signal.alarm(10)
        os._exit(0 if credentials.obtain().reveal() == "a.b.c" else 1)
    sys.exit(os.waitpid(child, 0)[1])
"""
    assert subprocess.run([sys.executable, "-c", script], timeout=30).returncode == 0
