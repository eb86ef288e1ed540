"""`verify` finds every one of 100 blobs that went bad on the disk, and no read of them ends cleanly."""

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
import httpx
import pytest

from storage_tui.contract.errors import NotFoundError, UnavailableError
from storage_tui.server.stores.local.database.schema import SCHEMA_VERSION
from storage_tui.server.upkeep.verifying import Finding, Tally, verify
from tests.server.running import RunningServer

SIZES = (1, 900, 40_000, 65_536, 65_537, 200_000, 262_144, 262_145, 700_000, 1_500_000)
PUBLISHED = {"User-Agent": "dl-python/1.12.1"}

Damage = Callable[[Path, random.Random], None]


def _flip(place: Callable[[int], int]) -> Damage:
    def damage(path: Path, chance: random.Random) -> None:
        content = bytearray(path.read_bytes())
        content[place(len(content))] ^= 1 << chance.randrange(8)
        path.write_bytes(content)

    return damage


def _anywhere(path: Path, chance: random.Random) -> None:
    _flip(chance.randrange)(path, chance)


def _resize(size: Callable[[int], int]) -> Damage:
    return lambda path, chance: os.truncate(path, size(path.stat().st_size))


def _zero(path: Path, chance: random.Random) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def _replace_by_folder(path: Path, chance: random.Random) -> None:
    path.unlink()
    path.mkdir()


FILE_DAMAGES: dict[str, Damage] = {
    "the first byte": _flip(lambda size: 0),
    "the last byte": _flip(lambda size: size - 1),
    "the middle": _flip(lambda size: size // 2),
    "anywhere": _anywhere,
    "zeros": _zero,
    "shorter": _resize(lambda size: size - 1),
    "empty": _resize(lambda size: 0),
    "longer": _resize(lambda size: size + 1),
    "gone": lambda path, chance: path.unlink(),
    "a folder": _replace_by_folder,
}


@pytest.fixture
def own(tmp_path: Path) -> Iterator[RunningServer]:
    running = RunningServer(tmp_path / "data")
    running.start()
    yield running
    if running.process.returncode is None:
        assert running.stop() == 0


def rows(server: RunningServer) -> dict[str, tuple[str, int | None]]:
    """Key -> blob id, and the row of its value when that is in the database."""
    connection = apsw.Connection(str(server.data_dir / "meta.db"), flags=apsw.SQLITE_OPEN_READONLY)
    found = {
        key.decode(): (blob_id, content)
        for key, blob_id, content in connection.execute("SELECT key, id, content FROM keys")
    }
    connection.close()
    return found


def store(server: RunningServer, contents: dict[str, bytes]) -> None:
    with server.client() as ann:
        for key, content in contents.items():
            url = ann.get(f"/data/new_resumable_url/{key}").text
            assert httpx.put(url, content=content, trust_env=False).status_code == 200


def damage_value(database: apsw.Connection, row: int, chance: random.Random) -> None:
    """Change one small value, one way or another."""
    content = bytearray(database.execute("SELECT content FROM contents WHERE id = ?", (row,)).get)
    way = chance.randrange(4)
    if way == 0:
        database.execute("DELETE FROM contents WHERE id = ?", (row,))
        return
    if way == 1:
        content[chance.randrange(len(content))] ^= 0x40
    elif way == 2:
        content.pop()
    else:
        content.append(0)
    database.execute("UPDATE contents SET content = ? WHERE id = ?", (bytes(content), row))


def read_ends_cleanly(client: httpx.Client, key: str, headers: dict[str, str]) -> bytes | None:
    """The content, or None when the server refused or cut it."""
    try:
        answer = client.get(f"/data/get/{key}", headers=headers)
    except httpx.RemoteProtocolError:
        return None
    if answer.is_success:
        return answer.content
    assert answer.status_code == 500, answer.text
    assert answer.headers["x-error-code"] == "damaged"
    return None


def test_every_one_of_a_hundred_damaged_blobs_is_found_and_none_is_read_to_its_end(own: RunningServer) -> None:
    chance = random.Random(20261123)
    contents = {f"bad/{number:03}": chance.randbytes(chance.choice(SIZES)) for number in range(96)}
    contents |= {f"bad/swapped-{number}": chance.randbytes(size) for number, size in enumerate((8, 8, 9, 10))}
    contents = {key: content * (40_000 if "swapped" in key else 1) for key, content in contents.items()}
    good = {f"good/{number}": chance.randbytes(size) for number, size in enumerate(SIZES)}
    store(own, contents | good)
    assert own.stop() == 0
    assert list(verify(own.data_dir, Tally())) == []

    named = rows(own)
    database = apsw.Connection(str(own.data_dir / "meta.db"))
    ways = list(FILE_DAMAGES.values())
    for number, key in enumerate(contents):
        blob_id, row = named[key]
        if row is not None:
            damage_value(database, row, chance)
        elif "swapped" not in key:
            ways[number % len(ways)](own.data_dir / "blobs" / blob_id[:2] / blob_id, chance)
    database.close()
    for one, other in ((0, 1), (2, 3)):  # of the same size, and of two sizes
        paths = [own.data_dir / "blobs" / named[f"bad/swapped-{number}"][0][:2] / named[f"bad/swapped-{number}"][0]
                 for number in (one, other)]  # fmt: skip
        paths[0].rename(own.data_dir / "between")
        paths[1].rename(paths[0])
        (own.data_dir / "between").rename(paths[1])

    tally = Tally()
    findings = list(verify(own.data_dir, tally))
    assert sorted(finding.key for finding in findings) == sorted(contents)
    assert len(findings) == 100
    assert {finding.kind for finding in findings} == {"damaged", "missing"}
    assert not tally.is_good

    own.start()
    assert sorted(finding.key for finding in verify(own.data_dir, Tally())) == sorted(contents)
    with own.client() as ann:
        for key, content in contents.items():
            for headers in ({}, PUBLISHED):
                assert read_ends_cleanly(ann, key, headers) is None, key
            places = [0, len(content) - 1, chance.randrange(len(content))]
            spans = [(place, place + 1) for place in places] + [(0, len(content)), (len(content) // 2, len(content))]
            for start, stop in spans:
                part = read_ends_cleanly(ann, key, {"Range": f"bytes={start}-{stop - 1}"})
                assert part in (None, content[start:stop]), (key, start, stop)
            assert read_ends_cleanly(ann, key, {"Range": f"bytes=0-{len(content) - 1}"}) is None
        for key, content in good.items():
            assert ann.get(f"/data/get/{key}").content == content
    assert own.stop() == 0
    assert "Traceback" not in own.log_text()


def test_orphans_are_told_and_lose_nothing(own: RunningServer) -> None:
    store(own, {"k": b"x" * 100_000})
    orphan = own.data_dir / "blobs" / "ab" / ("ab" * 16)
    orphan.write_bytes(b"nobody's")
    assert list(verify(own.data_dir, Tally())) == []  # a server runs: it may be about to commit it
    assert own.stop() == 0
    tally = Tally()
    [finding] = verify(own.data_dir, tally)
    assert finding == Finding("orphan", "no key names it; 8 bytes", file=f"blobs/ab/{orphan.name}")
    assert tally.is_good


def test_what_changes_while_it_is_verified_is_left_out(own: RunningServer) -> None:
    contents = {f"k{number}": random.Random(number).randbytes(70_000) for number in range(20)}
    store(own, contents)
    victims = [own.data_dir / "blobs" / blob_id[:2] / blob_id for blob_id, _ in rows(own).values()]
    tally = Tally()
    walk = verify(own.data_dir, tally)
    victims[0].write_bytes(b"")
    first = next(walk)
    assert first.kind == "damaged"
    with own.client() as ann:
        for key in contents:
            assert ann.delete(f"/data/{key}").is_success
    for path in victims:
        path.unlink()
    assert list(walk) == []


def test_a_database_with_a_bad_page_is_found(own: RunningServer) -> None:
    store(own, {f"k{number}": bytes([number]) * 3000 for number in range(200)})
    assert own.stop() == 0
    database = own.data_dir / "meta.db"
    content = bytearray(database.read_bytes())
    content[40 * 4096 : 40 * 4096 + 200] = bytes(200)
    database.write_bytes(content)
    tally = Tally()
    assert "database" in {finding.kind for finding in verify(own.data_dir, tally)}
    assert not tally.is_good


def test_a_directory_without_a_store_and_one_of_a_newer_program_are_refused(tmp_path: Path, own: RunningServer) -> None:
    with pytest.raises(NotFoundError, match="there is no store"):
        list(verify(tmp_path / "nothing", Tally()))
    assert own.stop() == 0
    connection = apsw.Connection(str(own.data_dir / "meta.db"))
    connection.pragma("user_version", SCHEMA_VERSION + 1)
    connection.close()
    with pytest.raises(UnavailableError, match="upgrade storage-tui"):
        list(verify(own.data_dir, Tally()))


def test_the_checksums_of_blocks_are_checked_too(own: RunningServer) -> None:
    store(own, {"k": bytes(1_000_000)})
    assert own.stop() == 0
    connection = apsw.Connection(str(own.data_dir / "meta.db"))
    connection.execute("UPDATE sums SET crcs = zeroblob(length(crcs))")
    connection.close()
    [finding] = verify(own.data_dir, Tally())
    assert "checksums of its blocks" in finding.why
