"""A sync that is killed at any point loses nothing and leaves nothing half, and the next one completes it."""

import random
import shutil
import subprocess
import sys

import pytest

from storage_tui.sync import Rules, sync
from tests.client.sync.trees import read, write
from tests.effort import count

KILLS = count(short=5, full=200)
PROCESS = """
import os, signal, sys
import storage_tui.client.http.session, storage_tui.client.transfer.downloads, storage_tui.client.transfer.file_upload
from storage_tui import Storage
from storage_tui.sync import Rules, sync

url, token, source, target = sys.argv[1:5]
TOUCHING = {
    "open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.utime", "os.link", "os.truncate", "os.scandir",
    "os.listdir", "sqlite3.connect", "socket.connect",
}

def work(left, skipped):
    count = 0
    rules = Rules.of(exclude=[f"/{skipped}"] if skipped else [])

    def note(event, arguments):
        nonlocal count
        if event in TOUCHING:
            count += 1
            if count == left:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(note)
    with Storage(url, token=token) as storage:
        sync(source, target, storage=storage, delete=True, rules=rules)
    print(count, flush=True)

for line in sys.stdin:  # one process loads the modules, and each sync is a fork of it
    child = os.fork()
    if not child:
        try:
            left, _, skipped = line.strip().partition(" ")
            work(int(left), skipped)
        finally:
            os._exit(0)
    if os.WIFSIGNALED(os.waitpid(child, 0)[1]):
        print("killed", flush=True)
"""
LARGE = 9 * 1024 * 1024  # large enough to be continued
LARGE_EVERY = 8  # rounds


def content(number, chance):
    return chance.randbytes(chance.choice((0, 10, 5000, 100_000)))


@pytest.fixture(scope="module")
def before():
    """A source and a target that differ in all ways; one file is large."""
    chance = random.Random(5)
    names = [f"{folder}{name}" for folder in ("", "a/", "a-b/", "c/d/") for name in ("x", "y", "ä", "z ")]
    source = {name: content(number, chance) for number, name in enumerate(names[:12])}
    target = {name: content(number, chance) for number, name in enumerate(names[4:])}
    return {**source, "large": chance.randbytes(LARGE)}, target


@pytest.mark.parametrize("direction", ["up", "down"])
def test_a_sync_that_is_killed_is_completed_by_the_next_one(server, storage, token, tmp_path, before, direction):
    source, target = before
    chance = random.Random(direction)
    write(tmp_path / "old", target)
    if direction == "up":
        write(tmp_path / "source", source)
        ends = (str(tmp_path / "source"), "data:t/")
    else:
        for name, body in source.items():
            storage.set(f"s/{name}", body)
        ends = ("data:s/", str(tmp_path / "target"))
    killed = 0
    words = [sys.executable, "-c", PROCESS, server.url, token, *ends]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:

        def run(left, skipped):
            """A sync that is killed at its call number `left` that touches files, folders or sockets."""
            process.stdin.write(f"{left} {skipped}\n")
            process.stdin.flush()
            return process.stdout.readline().strip()

        calls = 0
        for number in range(KILLS // 2 + 1):
            skipped = "" if number % LARGE_EVERY == 0 else "large"
            wanted = {name: body for name, body in source.items() if name != skipped}
            make_target(storage, tmp_path / "target", direction)
            calls = calls or int(run(0, skipped))
            killed += run(chance.randint(1, calls), skipped) == "killed"
            found = read_target(storage, tmp_path / "target", direction)
            for name, body in found.items():
                assert body in (wanted.get(name), target.get(name)), name
            if target.keys() - found.keys():
                assert found.items() >= wanted.items(), "something was deleted before everything was moved"
            rules = Rules.of(exclude=["/large"] if skipped else [])
            assert sync(*ends, storage=storage, delete=True, rules=rules).is_complete
            assert read_target(storage, tmp_path / "target", direction, is_whole=True) == wanted
        process.stdin.close()
    assert killed > KILLS // 4


def make_target(storage, folder, direction):
    """Make the target as it was before the first sync; what a killed one left beside the files goes too."""
    old = folder.with_name("old")
    if direction == "up":
        assert sync(old, "data:t/", storage=storage, delete=True).is_complete
        return
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(old, folder)


def read_target(storage, folder, direction, *, is_whole=False):
    if direction == "up":
        return {key[2:]: storage.get(key) for key in storage.iter_list("t/")}
    found = read(folder)
    return found if is_whole else {name: body for name, body in found.items() if "/." not in f"/{name}"}
