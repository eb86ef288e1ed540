"""Mixed load on servers and storage nodes that are killed: a short form of `python -m tests.benchmarks storm`."""

import signal
from pathlib import Path

import pytest

from tests.cluster import running_cluster
from tests.server.running import RunningServer
from tests.storm import Storm
from tests.waits import wait_until

only_long = pytest.mark.skipif("not config.getoption('form') == 'long'", reason="takes minutes: --long")
CLIENTS, KILLS, CALLS_EACH = 48, 6, 600
SLOW_S = 300.0


def _work(storm: Storm, calls: int) -> None:
    """Let the clients make so many calls more."""
    enough = storm.calls() + calls
    wait_until(lambda: storm.calls() >= enough, "the clients work", limit_s=SLOW_S)


def test_a_storm_notices_each_blob_that_is_lost_changed_or_back(tmp_path: Path) -> None:
    server = RunningServer(tmp_path / "data")
    server.start()
    try:
        with Storm([server.url], server.token(), 3, processes=1) as storm:
            _work(storm, 200)
            storm.calm()
            with server.client() as client:
                keys = client.get("/data/list").json()
                lost, changed, back = keys[0], keys[-1], "client-000/value-99999"
                assert client.delete(f"/data/{lost}").status_code == 200
                assert client.put(f"/data/set/{changed}", content=b"other").status_code == 200
                assert client.put(f"/data/set/{back}", content=b"back").status_code == 200
            account = storm.account()
        assert {line.partition(":")[0] for line in account.wrong} == {lost, changed, back}, account.wrong
        assert account.done.total() >= 200 and account.kept > 0 and not account.failed
    finally:
        server.stop()


@only_long
@pytest.mark.timeout(1200)
def test_kills_of_a_server_under_a_storm_lose_nothing(tmp_path: Path) -> None:
    server = RunningServer(tmp_path / "data")
    server.start()
    try:
        with Storm([server.url], server.token(), CLIENTS, processes=2) as storm:
            for _ in range(KILLS):
                _work(storm, CALLS_EACH)
                server.stop(signal.SIGKILL)
                server.start()
            storm.calm()
            account = storm.account()
        assert account.wrong == []
        assert "Traceback" not in server.log_text()
    finally:
        server.stop()


@only_long
@pytest.mark.timeout(1200)
def test_kills_of_servers_and_storage_nodes_under_a_storm_lose_nothing(tmp_path: Path) -> None:
    with running_cluster(tmp_path) as cluster:
        servers = [RunningServer(tmp_path / f"server{number}", bucket=cluster.place("storm/")) for number in range(2)]
        try:
            for server in servers:
                server.start()
            with Storm([server.url for server in servers], servers[0].token(), CLIENTS, processes=2) as storm:
                for kill in range(KILLS):
                    _work(storm, CALLS_EACH)
                    if kill % 2:
                        servers[kill % 4 // 2].stop(signal.SIGKILL)
                        servers[kill % 4 // 2].start()
                    else:
                        node = kill % len(cluster.volumes)
                        cluster.kill(node)
                        _work(storm, CALLS_EACH // 2)
                        cluster.start_again(node)
                storm.calm()
                account = storm.account()
            assert account.wrong == []
        finally:
            for server in servers:
                server.stop()
