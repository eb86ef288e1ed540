"""An agent that is killed: the next one goes on, and moves at most a chunk again."""

import os
import random
from pathlib import Path

import pytest

from storage_tui import Storage
from storage_tui.client.agent.handed import Fields
from storage_tui.client.agent.link import AgentLink
from storage_tui.client.agent.place import AgentPlace
from tests.agents import ended, kill, moved
from tests.client.agent.conftest import download, upload
from tests.effort import count
from tests.faults.proxy import NONE, Fault, FaultProxy

SIZE = 24_000_000
ROUNDS = count(1, 3, 50)  # here, because the fixtures of the client take the form out of the environment
UP_CHUNK = 8 * 1024 * 1024  # what an upload may have to send again: the part that the server had not made durable
DOWN_CHUNK = 2 * 1024 * 1024  # of a download: what was read and not yet written
OTHER_BYTES = 200_000  # heads, and the calls around a transfer


@pytest.mark.timeout(600)
@pytest.mark.parametrize("direction", ["down", "up"])
def test_a_killed_agent_goes_on_where_it_was(
    place: AgentPlace, fields: Fields, storage: Storage, proxy: FaultProxy, tmp_path: Path, direction: str
) -> None:
    value = os.urandom(SIZE)
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(value)
    storage.set("down", value)
    chance = random.Random(direction)
    for _ in range(ROUNDS):
        target.unlink(missing_ok=True)
        if storage.exists("up"):
            storage.delete("up")
        proxy.default = Fault(rate_bytes_s=40_000_000)
        proxy.cut_all()
        before = proxy.bytes_down if direction == "down" else proxy.bytes_up
        with AgentLink.open(place) as link:
            item = download("down", target) if direction == "down" else upload(source, "up")
            job = link.add(fields, [item])
            moved(link, job, chance.randrange(1, SIZE * 3 // 4))
            kill(place)
        proxy.default = NONE
        with AgentLink.open(place) as link:
            assert ended(link, job).done == 1
        after = proxy.bytes_down if direction == "down" else proxy.bytes_up
        again = after - before - SIZE
        chunk = DOWN_CHUNK if direction == "down" else UP_CHUNK
        assert again <= chunk + OTHER_BYTES, f"{again:,} bytes moved again"
        assert (target.read_bytes() if direction == "down" else storage.get("up")) == value


@pytest.mark.timeout(600)
def test_a_folder_of_a_killed_agent_comes_whole(
    place: AgentPlace, fields: Fields, storage: Storage, proxy: FaultProxy, tmp_path: Path
) -> None:
    names = [f"many/{number:03}" for number in range(400)]
    for name in names:
        storage.set(name, name.encode() * 500)
    proxy.default = Fault(rate_bytes_s=1_000_000)
    with AgentLink.open(place) as link:
        job = link.add(fields, [download(name, tmp_path / name, size=len(name) * 500, root=tmp_path) for name in names])
    for part in (1, 2, 3):
        with AgentLink.open(place) as link:
            moved(link, job, part * 300_000)
        kill(place)
    proxy.default = NONE
    with AgentLink.open(place) as link:
        found = ended(link, job)
        assert (found.files, found.done, found.failed) == (400, 400, 0)
    assert all((tmp_path / name).read_bytes() == name.encode() * 500 for name in names)
