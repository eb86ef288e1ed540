"""Many clients on few keys, the server killed under them: what they were told fits one order of what happened."""

import random
import signal
import threading
import time
from pathlib import Path

import httpx
import pytest

from tests.effort import count
from tests.promises.linearizable import NEVER, Call, Verb, explains
from tests.server.running import RunningServer

CLIENTS = 6
KEYS = ("a", "b")
CALLS = 12  # of each client in a round; more would take the check long without finding more
LARGE = 70_000  # past what is kept in the database, so that files take part
VERBS: tuple[Verb, ...] = ("get", "get", "get", "put", "put", "create", "replace", "delete")


def call(client: httpx.Client, key: str, verb: Verb, value: str) -> Call:
    """Do it and note what was told."""
    start = time.monotonic()
    try:
        if verb == "get":
            answer = client.get(f"/data/get/{key}")
            told = {200: answer.text.partition("|")[0], 404: ""}[answer.status_code]
        elif verb == "delete":
            told = {200: "done", 204: "done", 404: "refused"}[client.delete(f"/data/{key}").status_code]
        else:
            content = f"{value}|".ljust(LARGE if value.endswith("7") else 10)
            headers = {"create": {"If-None-Match": "*"}, "replace": {"If-Match": "*"}}.get(verb, {})
            status = client.put(f"/data/set/{key}", content=content, headers=headers).status_code
            told = {200: "done", 412: "refused"}[status]
    except httpx.TransportError:
        return Call(verb, start, NEVER, value)
    return Call(verb, start, time.monotonic(), value, told)


def work(url: str, token: str, seed: str, calls: dict[str, list[Call]]) -> None:
    chance = random.Random(seed)
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=10) as client:
        for number in range(CALLS):
            key, verb = chance.choice(KEYS), chance.choice(VERBS)
            made = call(client, key, verb, f"{seed}-{number}")
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
    for number in range(count(12, 200)):
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
    assert made == count(12, 200) * CLIENTS * CALLS or kills
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
