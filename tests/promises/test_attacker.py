"""Somebody else writes in the folder that is downloaded into or uploaded from, and changes it under our hands."""

import os
import random
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from storage_tui import Storage
from tests.effort import count
from tests.server.running import RunningServer

FOLDERS = 4
FILES = 12  # in each
SECRET = b"nobody outside may see or change this"

pytestmark = pytest.mark.slow


def run(
    server: RunningServer, token: str, home: Mapping[str, str], *arguments: object
) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, "-m", "storage_tui", *map(str, arguments), "--url", server.url)
    path = Path(home["HOME"]) / "token"
    path.write_text(token)
    path.chmod(0o600)
    return subprocess.run(
        (*command, "--token-file", str(path)), env=home, capture_output=True, text=True, check=False, timeout=100
    )


@contextmanager
def attacked(attack: Callable[[random.Random], None]) -> Iterator[list[int]]:
    """The attack goes on in a thread, again and again; the list says how often it was made."""
    over, times = threading.Event(), [0]

    def go_on() -> None:
        chance = random.Random(3)
        while not over.is_set():
            with suppress(OSError):
                attack(chance)
                times[0] += 1

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield times
    finally:
        over.set()
        thread.join()


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder that is nobody's target; it holds a file of each name that is moved."""
    made = tmp_path / "outside"
    made.mkdir()
    for number in range(FILES):
        (made / f"file{number}").write_bytes(SECRET)
    return made


def put_link(place: Path, outside: Path, chance: random.Random) -> None:
    """For a moment the place, a folder or a file, is a link to outside."""
    aside = place.with_name(f".aside{chance.random()}")
    target = outside if place.is_dir() else outside / place.name
    place.rename(aside)
    place.symlink_to(target)
    place.unlink()
    with suppress(OSError):
        aside.rename(place)


def test_no_download_leaves_its_folder(
    server: RunningServer, token: str, storage: Storage, home: dict[str, str], tmp_path: Path, outside: Path
) -> None:
    for folder in range(FOLDERS):
        for number in range(FILES):
            storage.set(f"p/d{folder}/file{number}", b"downloaded " * 500)
    down = tmp_path / "down"
    for folder in range(FOLDERS):
        (down / f"d{folder}").mkdir(parents=True)

    def attack(chance: random.Random) -> None:
        folder = down / f"d{chance.randrange(FOLDERS)}"
        if chance.random() < 0.5:
            put_link(folder, outside, chance)
        else:
            name = folder / f"file{chance.randrange(FILES)}"
            with suppress(FileNotFoundError):
                name.unlink()
            name.symlink_to(outside / name.name)

    with attacked(attack) as times:
        for _ in range(count(2, 3, 50)):
            done = run(server, token, home, "get", "-r", "data:p/", down, "--on-conflict", "overwrite")
            assert "Traceback" not in done.stderr
    assert times[0] > 100
    assert {path.name: path.read_bytes() for path in outside.iterdir()} == {f"file{n}": SECRET for n in range(FILES)}
    print(f"{times[0]} links were planted")


def test_no_upload_reads_outside_its_folder(
    server: RunningServer, token: str, storage: Storage, home: dict[str, str], tmp_path: Path, outside: Path
) -> None:
    source = tmp_path / "source"
    for folder in range(FOLDERS):
        (source / f"d{folder}").mkdir(parents=True)
        for number in range(FILES):
            (source / f"d{folder}" / f"file{number}").write_bytes(b"mine to give " * 500)

    def attack(chance: random.Random) -> None:
        folder = source / f"d{chance.randrange(FOLDERS)}"
        put_link(folder if chance.random() < 0.5 else folder / f"file{chance.randrange(FILES)}", outside, chance)

    with attacked(attack) as times:
        for number in range(count(2, 3, 50)):
            done = run(server, token, home, "put", "-r", source, f"data:q{number}/")
            assert "Traceback" not in done.stderr, done.stderr
    assert times[0] > 100
    contents = {storage.get(key) for key in storage.iter_list()}
    assert contents == {b"mine to give " * 500}
    print(f"{times[0]} links were planted")


def test_a_planted_special_file_is_neither_written_nor_waited_for(
    server: RunningServer, token: str, storage: Storage, home: dict[str, str], tmp_path: Path
) -> None:
    storage.set("s/pipe", b"x")
    storage.set("s/null", b"x")
    down = tmp_path / "down"
    down.mkdir()
    os.mkfifo(down / "pipe")
    (down / "null").symlink_to("/dev/null")
    done = run(server, token, home, "get", "-r", "data:s/", down, "--on-conflict", "overwrite")
    assert "Traceback" not in done.stderr
    assert not (down / "pipe").is_file() or (down / "pipe").read_bytes() == b"x"
    assert Path("/dev/null").is_char_device()
