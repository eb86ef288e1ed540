"""Many clients on few keys, the server killed under them: what they were told fits one order of what happened."""

import random
import signal
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from storage_tui.contract.packs import PackReader, frame
from tests.effort import count
from tests.promises.linearizable import NEVER, Call, Verb, explains
from tests.server.running import RunningServer

CLIENTS = 6
KEYS = ("a", "b")
CALLS = 12  # of each client in a round; more would take the check long without finding more
LARGE = 70_000  # past what is kept in the database, so that files take part
VERBS: tuple[Verb, ...] = ("get", "get", "get", "put", "put", "create", "replace", "delete")


def call(client: httpx.Client, key: str, verb: Verb, value: str, *, is_packed: bool = False) -> Call:
    """Do it and note what was told; packed it goes the way of many keys in one request, or of an upload."""
    start = time.monotonic()
    try:
        if verb == "get":
            told = get_packed(client, key) if is_packed else get(client, key)
        elif verb == "delete":
            told = delete_in_batch(client, key) if is_packed else delete(client, key)
        else:
            content = f"{value}|".ljust(LARGE if value.endswith("7") else 10).encode()
            if is_packed and verb == "put":
                told = put_packed(client, key, content)
            else:
                headers = {"create": {"If-None-Match": "*"}, "replace": {"If-Match": "*"}}.get(verb, {})
                told = (upload if is_packed else put)(client, key, content, headers)
    except httpx.TransportError:
        return Call(verb, start, NEVER, value)
    return Call(verb, start, time.monotonic(), value, told)


def get(client: httpx.Client, key: str) -> str:
    answer = client.get(f"/data/get/{key}")
    return {200: answer.text.partition("|")[0], 404: ""}[answer.status_code]


def get_packed(client: httpx.Client, key: str) -> str:
    [(head, content)] = PackReader(LARGE).feed(client.post("/data/get", json={"keys": [key]}).content)
    assert head.get("error") in (None, "not_found")
    return content.decode().partition("|")[0]


def delete(client: httpx.Client, key: str) -> str:
    return {200: "done", 204: "done", 404: "refused"}[client.delete(f"/data/{key}").status_code]


def delete_in_batch(client: httpx.Client, key: str) -> str:
    [row] = client.post("/data/delete", json={"targets": [{"key": key}]}).json()["results"]
    return {None: "done", "not_found": "refused"}[row["error"]]


def put(client: httpx.Client, key: str, content: bytes, headers: Mapping[str, str]) -> str:
    status = client.put(f"/data/set/{key}", content=content, headers=headers).status_code
    return {200: "done", 412: "refused"}[status]


def put_packed(client: httpx.Client, key: str, content: bytes) -> str:
    [row] = client.post("/data/set", content=frame({"key": key}, content)).json()["results"]
    assert "error" not in row
    return "done"


def upload(client: httpx.Client, key: str, content: bytes, headers: Mapping[str, str]) -> str:
    begun = client.get(f"/data/new_resumable_url/{key}", headers=headers)
    if begun.status_code == 412:
        return "refused"
    return {200: "done", 412: "refused"}[client.put(begun.text, content=content).status_code]


def work(url: str, token: str, seed: str, calls: dict[str, list[Call]]) -> None:
    chance = random.Random(seed)
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=10) as client:
        for number in range(CALLS):
            key, verb = chance.choice(KEYS), chance.choice(VERBS)
            made = call(client, key, verb, f"{seed}-{number}", is_packed=chance.random() < 0.4)
            calls[key].append(made)  # append is atomic
            if made.end == NEVER:
                return  # the server is dead; what would be asked now could do nothing


@pytest.mark.slow
@pytest.mark.parametrize("kills", [False, True], ids=["undisturbed", "killed"])
def test_every_history_has_an_order_that_explains_it(tmp_path: Path, kills: bool) -> None:
    chance = random.Random(11)
    server = RunningServer(tmp_path / "data")
    server.start()
    token = server.token()
    state = dict.fromkeys(KEYS, "")
    made = unanswered = 0
    for number in range(count(4, 12, 200)):
        calls: dict[str, list[Call]] = {key: [] for key in KEYS}
        threads = [
            threading.Thread(target=work, args=(server.url, token, f"{number}.{index}", calls))
            for index in range(CLIENTS)
        ]
        for thread in threads:
            thread.start()
        if kills:
            wanted = chance.randrange(CLIENTS * CALLS)
            while sum(map(len, calls.values())) < wanted and threads[0].is_alive():
                threads[0].join(0.001)
            server.stop(signal.SIGKILL)
        for thread in threads:
            thread.join()
        if kills:
            server.start()
        with server.client() as client:
            after = {key: call(client, key, "get", "").told or "" for key in KEYS}
        for key in KEYS:
            assert explains(calls[key], state[key], after[key]), (key, state[key], after[key], calls[key])
            made += len(calls[key])
            unanswered += sum(one.end == NEVER for one in calls[key])
        state = after
    print(f"{made} calls explained, {unanswered} of them never answered")
    assert made == count(4, 12, 200) * CLIENTS * CALLS or kills
    assert unanswered or not kills
    server.stop()


def test_the_check_finds_what_cannot_have_been() -> None:
    put = Call("put", 0, 1, "x", "done")
    assert explains([put, Call("get", 2, 3, told="x")], "", "x")
    assert not explains([put, Call("get", 2, 3, told="")], "")  # acknowledged, then gone
    assert not explains([put, Call("get", 2, 3, told="x"), Call("get", 4, 5, told="old")], "old")  # back in time
    assert explains([put, Call("get", 0.5, 3, told="old"), Call("get", 0.5, 3, told="x")], "old")  # at the same time
    unknown = Call("put", 0, NEVER, "x")
    assert explains([unknown, Call("get", 5, 6, told="")], "") and explains([unknown, Call("get", 5, 6, told="x")], "")
    assert not explains([unknown, Call("get", 5, 6, told="x"), Call("get", 7, 8, told="")], "")  # seen, then gone
    two = [Call("create", 0, 9, "x", "done"), Call("create", 0, 9, "y", "done")]
    assert not explains(two, "")  # both were first
    assert not explains([Call("delete", 0, 1, told="refused")], "x")
