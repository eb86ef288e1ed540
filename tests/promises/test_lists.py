"""A list taken while others write and delete: what was there throughout is in it once, and nothing is in it twice."""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from tests.effort import count
from tests.promises.keys import folded
from tests.server.running import RunningServer

STABLE = tuple(
    sorted(
        {f"{folder}{name:02}" for folder in ("", "a/", "a/b/", "a!/", "z/é/") for name in range(0, 40, 2)},
        key=str.encode,
    )
)
PASSING = tuple(f"{folder}{name:02}{end}" for folder in ("", "a/", "a/b/", "a!/", "c/", "z/é/", "z/y/") for name in
                range(1, 40, 2) for end in ("", "/x"))  # fmt: skip
CHANGERS = 4
SIZES = (0, 1, 70_000)  # the last in a file of its own
PREFIXES = ("", "a", "a/", "a/b/", "z/", "z/é/1", "none")

pytestmark = pytest.mark.slow


class Changer(threading.Thread):
    """Writes, overwrites, copies and deletes keys that come and go, one part of them its own."""

    def __init__(self, server: RunningServer, token: str, number: int, ending: threading.Event) -> None:
        super().__init__()
        self._url, self._token, self._number, self._ending = server.url, token, number, ending
        self.changes = 0
        self.refusals: list[str] = []

    def run(self) -> None:
        chance = random.Random(self._number)
        keys = PASSING[self._number :: CHANGERS]
        headers = {"Authorization": f"Bearer {self._token}"}
        with httpx.Client(base_url=self._url, headers=headers, trust_env=False, timeout=60) as client:
            while not self._ending.is_set():
                key = chance.choice(keys)
                match chance.randrange(5):
                    case 0 | 1:
                        answer = client.put(f"/data/set/{key}", content=bytes(chance.choice(SIZES)))
                    case 2:
                        answer = client.delete(f"/data/{key}")
                    case 3:
                        targets = [{"key": one} for one in chance.sample(keys, 5)]
                        answer = client.post("/data/delete", json={"targets": targets})
                    case _:
                        answer = client.post("/data/copy", json={"key": chance.choice(STABLE), "to_key": key})
                self.changes += 1
                if answer.status_code not in (200, 404):
                    self.refusals.append(answer.text)


@contextmanager
def changing(server: RunningServer, token: str) -> Iterator[None]:
    """Within the block the keys that pass come and go."""
    ending = threading.Event()
    changers = [Changer(server, token, number, ending) for number in range(CHANGERS)]
    for changer in changers:
        changer.start()
    try:
        yield
    finally:
        ending.set()
        for changer in changers:
            changer.join()
    assert [changer.refusals for changer in changers] == [[]] * CHANGERS
    print(f"{sum(changer.changes for changer in changers)} changes meanwhile")


NAMES: dict[str, Callable[[Any, str], list[str]]] = {  # keys and child prefixes of an answer, by its details
    "false": lambda page, _: page,
    "true": lambda page, _: [*(row["key"] for row in page["blobs"]), *page["prefixes"]],
    "columns": lambda page, prefix: [prefix + name for part in page["pages"] for name in part["names"]],
}


def walk(client: httpx.Client, prefix: str, chance: random.Random, *, details: str, delimiter: str) -> list[str]:
    """All pages of one list, each of another size."""
    found: list[str] = []
    headers: dict[str, str] = {}
    while True:
        query: dict[str, Any] = {
            "prefix": prefix,
            "limit": chance.choice((1, 2, 5, 17, 17, 100)),
            "details": details,
        }
        if delimiter:
            query["delimiter"] = delimiter
        answer = client.get("/data/list", params=query, headers=headers)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        names = NAMES[details](page, prefix)
        assert len(names) <= query["limit"]
        found += sorted(names, key=str.encode)
        token = page["pages"][-1]["next"] if details == "columns" else answer.headers.get("x-next")
        if token is None:
            return found
        headers = {"X-NEXT": token}


def fill(client: httpx.Client) -> None:
    """All that stays, and half of what passes."""
    for key in (*STABLE, *PASSING[::2]):
        assert client.put(f"/data/set/{key}", content=b"stays").status_code == 200


def test_a_list_under_changes_misses_nothing_that_stays(server: RunningServer, http: httpx.Client, token: str) -> None:
    fill(http)
    chance = random.Random(3)
    rounds = count(60, 600, 20_000)
    with changing(server, token):
        for _ in range(rounds):
            prefix, delimiter = chance.choice(PREFIXES), chance.choice(("", "/"))
            found = walk(http, prefix, chance, details=chance.choice([*NAMES]), delimiter=delimiter)
            assert found == sorted(set(found), key=str.encode)  # in order, and none twice
            stays = [key for key in STABLE if key.startswith(prefix)]
            if delimiter:
                stays = [name for part in folded(STABLE, prefix) for name in part]
            assert set(stays) <= set(found)
            known = {*STABLE, *PASSING} if not delimiter else {
                name for part in folded((*STABLE, *PASSING), prefix) for name in part
            }  # fmt: skip
            assert set(found) <= known
    print(f"{rounds} lists")


def test_usage_under_changes_is_between_what_stays_and_all(
    server: RunningServer, http: httpx.Client, token: str
) -> None:
    fill(http)
    chance = random.Random(4)
    with changing(server, token):
        for _ in range(count(30, 300, 10_000)):
            prefix, delimiter = chance.choice(PREFIXES), chance.choice(("", "/"))
            usage = http.get("/data/usage", params={"prefix": prefix, "delimiter": delimiter}).json()
            stays = [key for key in STABLE if key.startswith(prefix)]
            passes = [key for key in PASSING if key.startswith(prefix)]
            assert len(stays) <= usage["count"] <= len(stays) + len(passes)
            assert 5 * len(stays) <= usage["size"] <= 5 * len(stays) + max(SIZES) * len(passes)
            children = usage.get("children", [])
            if delimiter:
                assert {*folded(STABLE, prefix)[1]} <= {child["prefix"] for child in children}
                assert len({child["prefix"] for child in children}) == len(children)
                assert sum(child["count"] for child in children) <= usage["count"]
                assert sum(child["size"] for child in children) <= usage["size"]
    left = walk(http, "", chance, details="false", delimiter="")
    after = http.get("/data/usage").json()
    assert after["count"] == len(left)
