"""What places have left is removed after a month without use, and nothing else."""

import fcntl
import os
import time
from hashlib import sha256
from pathlib import Path

from storage_tui.server.run.old_places import KEPT, keep_from_removal, remove_old
from storage_tui.server.stores.bucket.every.names import note_place

NOW = 2_000_000_000.0
OLD = NOW - KEPT.total_seconds() - 60


def digest(text: str) -> str:
    """The name of a directory of a place."""
    return sha256(text.encode()).hexdigest()[:16]


def aged(folder: Path, at: float, *names: str) -> Path:
    """A folder with files, all of this age."""
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).write_text(name)
    for path in (*folder.iterdir(), folder):
        os.utime(path, (at, at))
    return folder


def test_old_states_and_sockets_go_and_young_and_used_ones_stay(tmp_path: Path) -> None:
    states, runtimes = tmp_path / "places", tmp_path / "run"
    gone = [aged(states / digest("old"), OLD, "place", "key"), aged(states / digest("older"), OLD, "key"),
            aged(runtimes / digest("old"), OLD, "present", "socket", "token")]  # fmt: skip
    kept = [aged(states / digest("young"), NOW - 60, "place"), aged(states / digest("own"), OLD, "place"),
            aged(runtimes / digest("young"), NOW - 60, "present"),
            aged(runtimes / digest("used"), OLD, "present", "socket"),
            aged(runtimes / digest("own"), OLD, "present"), aged(runtimes / digest("agent"), OLD, "other")]  # fmt: skip
    elsewhere = aged(tmp_path / "elsewhere", OLD, "mine")
    (states / digest("link")).symlink_to(elsewhere)
    with (runtimes / digest("used") / "present").open() as client:
        fcntl.flock(client, fcntl.LOCK_SH)
        remove_old(states, runtimes, now=NOW, spared=(states / digest("own"), runtimes / digest("own")))
    assert not [folder for folder in gone if folder.exists()]
    assert not [folder for folder in kept if not folder.exists()]
    assert (elsewhere / "mine").exists() and (states / digest("link")).is_symlink()
    foreign = [aged(states / "my-thesis", OLD, "place"), aged(tmp_path / "other" / digest("old"), OLD, "place")]
    remove_old(states, runtimes, now=NOW, spared=(tmp_path, tmp_path))
    remove_old(tmp_path / "other", runtimes, now=NOW, spared=(tmp_path, tmp_path))
    assert all(folder.exists() for folder in foreign)
    remove_old(tmp_path / "nothing", tmp_path / "nowhere", now=NOW, spared=(states, runtimes))


def test_a_place_that_stays_open_stays_young(tmp_path: Path) -> None:
    note_place(tmp_path, "s3://scans", None)
    os.utime(tmp_path / "place", (OLD, OLD))
    keep_from_removal(tmp_path)
    assert time.time() - (tmp_path / "place").stat().st_mtime < 3600
    keep_from_removal(tmp_path / "nothing")
