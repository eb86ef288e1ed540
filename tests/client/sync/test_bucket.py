"""A sync with a server on a bucket, whose lists have no checksums: the ETag says that a blob is still the same."""

import os
import secrets

import pytest

from storage_tui import Storage
from storage_tui.client import calls
from storage_tui.sync import check, sync
from tests import seaweed
from tests.client.sync.trees import read, write
from tests.server.running import RunningServer


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    place = seaweed.place(f"sync-{secrets.token_hex(4)}/")
    running = RunningServer(tmp_path_factory.mktemp("bucket") / "server", bucket=place)
    running.start()
    yield running
    assert running.stop() == 0


def test_an_unchanged_tree_costs_no_question_for_each_blob(server, token, tmp_path, monkeypatch):
    asked = []
    stat = calls.stat

    def counted(key, storage_type):
        asked.append(key)
        return stat(key, storage_type)

    monkeypatch.setattr(calls, "stat", counted)
    names = ["a", "b/c", "b/ü", "d"]
    write(tmp_path / "up", {name: name.encode() for name in names})
    for name in names:
        os.utime(tmp_path / "up" / name, (1e9, 1e9))
    with Storage(server.url, token=token) as storage:
        assert sync(tmp_path / "up", "data:p/", storage=storage).done["upload"] == 4
        asked.clear()
        assert sync(tmp_path / "up", "data:p/", storage=storage).done == {"same": 4}
        assert not asked
        storage.set("p/d", b"D")  # of the same size
        assert [row.relative for row in check(tmp_path / "up", "data:p/", storage=storage)] == ["d"]
        assert asked == ["p/d"]
        sync("data:p/", tmp_path / "down", storage=storage)
        assert read(tmp_path / "down") == {"a": b"a", "b/c": b"b/c", "b/ü": "b/ü".encode(), "d": b"D"}
        assert sync("data:p/", "tmp:q/", storage=storage).done["copy"] == 4
        assert sync("data:p/", "tmp:q/", storage=storage, delete=True).done == {"same": 4}
        storage.set("p/a", b"A")
        assert sync("data:p/", "tmp:q/", storage=storage).done == {"same": 3, "copy": 1}
