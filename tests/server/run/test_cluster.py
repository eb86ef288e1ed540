"""A cluster of storage nodes under a server: when one is killed in the middle of mixed work, nothing is lost."""

import os
import random
import threading
from concurrent import futures
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.cluster import running_cluster
from tests.server.running import RunningServer
from tests.waits import wait_until

MIB = 1024 * 1024
WORKERS = 6
BEFORE, AFTER = 60, 120  # acknowledged writes before the kill, and in all
SIZES = (300, 20_000, 300_000, 3 * MIB)
UPLOADED = 9 * MIB + 1
HALF_S, REST_S = 150.0, 200.0  # a dead node is waited for by the engine; most runs take 20 s in all


@dataclass
class Load:
    """What was acknowledged: the content of each key, None for one that was deleted."""

    server: RunningServer
    kept: dict[str, bytes | None] = field(default_factory=dict)
    refused: list[int] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    half_done: threading.Event = field(default_factory=threading.Event)
    is_over: bool = False  # the test is, however it ended

    def work(self, worker: int) -> None:
        """Write, read and delete keys of one's own until enough is acknowledged."""
        chance, mine = random.Random(worker), []
        with self.server.client() as client:
            client.timeout = httpx.Timeout(90)
            turn = 0
            while len(self.kept) < AFTER and not self.is_over:
                turn += 1
                key = f"{worker}/{turn}"
                is_upload = turn % 5 == 0
                content = os.urandom(UPLOADED if is_upload else chance.choice(SIZES))
                if self._write(client, key, content, is_upload):
                    mine.append(key)
                    with self.lock:
                        self.kept[key] = content
                        if len(self.kept) >= BEFORE:
                            self.half_done.set()
                if mine:
                    self._read(client, chance.choice(mine))
                if len(mine) > 5 and turn % 4 == 0:
                    self._delete(client, mine.pop(0))

    def _write(self, client: httpx.Client, key: str, content: bytes, is_upload: bool) -> bool:
        if not is_upload:
            return self._took(client.put(f"/data/set/{key}", content=content))
        url = client.get(f"/data/new_resumable_url/{key}")
        return self._took(url) and self._took(client.put(url.text, content=content))

    def _read(self, client: httpx.Client, key: str) -> None:
        try:
            answer = client.get(f"/data/get/{key}")
        except httpx.HTTPError:
            return  # cut in the middle, which says so
        if self._took(answer) and answer.content != self.kept[key]:
            self.wrong.append(key)

    def _delete(self, client: httpx.Client, key: str) -> None:
        self.kept[key] = None if self._took(client.delete(f"/data/{key}")) else self.kept.pop(key)

    def _took(self, answer: httpx.Response) -> bool:
        if answer.status_code in (200, 204):
            return True
        assert answer.status_code in (500, 503), answer.text
        self.refused.append(answer.status_code)
        return False


@pytest.mark.timeout(400)
def test_killing_a_storage_node_under_load_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    with running_cluster(tmp_path) as cluster:
        server = RunningServer(tmp_path / "server", bucket=cluster.place("load/"))
        server.start()
        load = Load(server)
        with ThreadPoolExecutor(WORKERS) as workers:
            working = [workers.submit(load.work, worker) for worker in range(WORKERS)]
            try:
                wait_until(
                    lambda: load.half_done.is_set() or any(each.done() for each in working),
                    f"{BEFORE} writes are acknowledged", limit_s=HALF_S,
                )  # fmt: skip
                cluster.volumes[1].kill()
                for each in futures.as_completed(working, timeout=REST_S):
                    each.result()
            except TimeoutError as exc:
                raise AssertionError(f"{len(load.kept)} of {AFTER} writes were acknowledged in {REST_S:g} s") from exc
            finally:
                load.is_over = True
        assert load.wrong == []
        assert 500 not in load.refused
        with server.client() as client:
            for key, content in load.kept.items():
                answer = client.get(f"/data/get/{key}", timeout=90)
                assert answer.status_code == (404 if content is None else 200), f"{key}: {answer.text[:200]}"
                assert content is None or answer.content == content, key
            listed = client.get("/data/list").json()
        assert {key for key, content in load.kept.items() if content is not None} <= set(listed)
        assert not {key for key, content in load.kept.items() if content is None} & set(listed)
        assert server.stop() == 0
        print(f"{len(load.kept)} acknowledged writes kept, {len(load.refused)} requests refused while the node died")
