"""What programs for the published class use of it besides its calls: the default client, `auth`, `retries`, errors."""

import pickle
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from urllib3 import Retry

from storage_tui import AsyncStorage, Storage
from storage_tui.client import default_client
from storage_tui.client.http.retry import RetryPolicy, policy_of
from storage_tui.contract.errors import (
    BadRequestError,
    CredentialsError,
    NotFoundError,
    StorageError,
    UnauthorizedError,
)
from tests.client.access.test_credentials import jwt
from tests.client.scripted import PLAIN, ScriptedServer, answer
from tests.server.running import RunningServer


@pytest.fixture
def no_default() -> Iterator[None]:
    """No default client of another test, before or after."""
    default_client._clients.clear()
    yield
    for client in default_client._clients.values():
        if isinstance(client, Storage):
            client.close()
    default_client._clients.clear()


@pytest.mark.usefixtures("no_default")
def test_the_default_client_is_made_once_and_can_be_given(
    server: RunningServer, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESCARTESLABS_STORAGE_URL", server.url)
    monkeypatch.setenv("DESCARTESLABS_TOKEN", server.token("default"))
    made: list[Storage] = []
    threads = [threading.Thread(target=lambda: made.append(Storage.get_default_client())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(client) for client in made}) == 1
    made[0].set("k", b"1")
    assert made[0].display_url == server.url
    assert Storage.set_default_client(storage) is None
    assert Storage.get_default_client() is storage
    made[0].close()
    assert isinstance(AsyncStorage.get_default_client(), AsyncStorage)


@pytest.mark.usefixtures("no_default")
def test_a_class_has_a_default_client_of_its_own(tmp_path: Path) -> None:
    class Mine(Storage):
        pass

    Storage.set_default_client(Storage(data_dir=tmp_path))
    mine = Mine.get_default_client()
    assert type(mine) is Mine and Mine.get_default_client() is mine
    for wrong in (AsyncStorage(data_dir=tmp_path), None, "https://host"):
        with pytest.raises(BadRequestError, match="Storage"):
            Storage.set_default_client(wrong)
    with pytest.raises(BadRequestError, match="Mine"):
        Mine.set_default_client(Storage(data_dir=tmp_path))


class Auth:
    """What the published client's Auth has: a token, which it renews by itself."""

    def __init__(self, *tokens: Any) -> None:
        self.tokens, self.asked = list(tokens), 0

    @property
    def token(self) -> Any:
        self.asked += 1
        value = self.tokens.pop(0) if len(self.tokens) > 1 else self.tokens[0]
        if isinstance(value, Exception):
            raise value
        return value


def test_auth_gives_the_token_and_is_asked_again_when_it_is_refused(make: Any, server: RunningServer) -> None:
    good = server.token("auth")
    auth = Auth(good)
    client = make(server.url, auth)
    assert auth.asked == 0  # a client is made without requests
    client.set("k", b"1")
    assert client.get("k") == b"1" and auth.asked == 1
    assert make(server.url, auth=Auth(f"Bearer {good}".encode())).get("k") == b"1"
    assert make(server.url, auth=Auth(jwt(), good)).get("k") == b"1"
    assert make(server.url, auth=Auth(jwt(1), good)).get("k") == b"1"
    wrong = Auth(jwt())
    with pytest.raises(UnauthorizedError):
        make(server.url, auth=wrong).get("k")


@pytest.mark.parametrize("tokens", [(RuntimeError("no login"),), (None,), ("two words",), (7,)], ids=repr)
def test_auth_without_a_token_is_a_credentials_error(make: Any, server: RunningServer, tokens: Any) -> None:
    with pytest.raises(CredentialsError, match="Auth given as auth"):
        make(server.url, auth=Auth(*tokens)).get("k")
    with pytest.raises(CredentialsError, match="object given as auth"):
        make(server.url, auth=object()).get("k")


@pytest.mark.parametrize("make", [Storage, AsyncStorage])
def test_auth_goes_with_a_server_and_without_another_token(make: Any, tmp_path: Path) -> None:
    for options in ({"token": jwt()}, {"token_file": tmp_path}):
        with pytest.raises(BadRequestError, match="not two"):
            make("https://host", Auth("x"), **options)
    with pytest.raises(BadRequestError, match="embedded"):
        make(auth=Auth("x"))
    with pytest.raises(BadRequestError, match="token="):
        make("https://host", "a.b.c")
    with pytest.raises(TypeError, match="token_file"):
        pickle.dumps(Storage("https://host", Auth("x")))


@pytest.mark.parametrize(("retries", "policy"), [
    (None, RetryPolicy(3)),
    (0, RetryPolicy(0)),
    (7, RetryPolicy(7)),
    (Retry(5), RetryPolicy(5, backoff_s=0, longest_s=120)),
    (Retry(total=False), RetryPolicy(0, backoff_s=0, longest_s=120)),
    (Retry(total=None, connect=4, read=2), RetryPolicy(4, connect=4, read=2, backoff_s=0, longest_s=120)),
    (Retry(total=None), RetryPolicy(10, backoff_s=0, longest_s=120)),
    (
        Retry(total=3, connect=2, read=2, status=2, backoff_factor=1.5, backoff_max=20, status_forcelist=[500, 418]),
        RetryPolicy(3, 2, 2, 2, frozenset({500, 418}), 1.5, 20),
    ),
])  # fmt: skip
def test_a_retry_of_urllib3_is_a_policy(retries: Any, policy: RetryPolicy) -> None:
    assert policy_of(retries) == policy
    assert policy_of(policy) == policy
    again = pickle.loads(pickle.dumps(Storage(data_dir="x", retries=retries)))
    assert again.engine.policy == policy


def test_the_pauses_are_those_of_the_retry() -> None:
    policy = policy_of(Retry(9, backoff_factor=0.5, backoff_max=3))
    assert [policy.pause_s(attempt) for attempt in range(1, 6)] == [0, 1, 2, 3, 3]
    assert policy.pause_s(1, 7) == 7


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(("retries", "statuses", "tries"), [
    (Retry(4), (503,), 5),
    (Retry(4, status=1), (503,), 2),
    (Retry(4, read=0), (503,), 5),
    (Retry(0), (503,), 1),
    (Retry(2), (418,), 1),
    (Retry(2, status_forcelist={418}), (418,), 3),
])  # fmt: skip
def test_a_retry_decides_how_often_an_answer_is_asked_again(
    make: Any, retries: Any, statuses: tuple[int, ...], tries: int
) -> None:
    with ScriptedServer(*[answer(statuses[0], body=b"busy")] * tries, PLAIN) as server:
        client = make(server.url, retries=retries, token=jwt())
        with pytest.raises(StorageError, match="busy"):
            client.get("k")
        assert client.get("k") == b"ok"


@pytest.mark.usefixtures("hasty")
def test_a_retry_decides_how_often_a_broken_exchange_is_repeated(make: Any) -> None:
    for retries, tries in ((Retry(4, read=1), 2), (Retry(2), 3), (Retry(4, connect=0), 5)):
        with ScriptedServer(*[b""] * tries, PLAIN) as server:
            client = make(server.url, retries=retries, token=jwt())
            with pytest.raises(StorageError, match="broke"):
                client.get("k")
            assert client.get("k") == b"ok"


def test_the_text_of_not_found_has_the_status(both: Any) -> None:
    for call in (both.get, both.stat, both.delete):
        with pytest.raises(NotFoundError) as caught:
            call("k")
        assert "404" in str(caught.value) and "'k'" in str(caught.value)
        assert "404" not in caught.value.message
    assert str(NotFoundError("404 GET /data/get/k")) == "404 GET /data/get/k"
