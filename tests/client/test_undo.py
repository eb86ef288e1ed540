"""Changes of a session are taken back one by one, and nothing that somebody else changed is overwritten."""

import asyncio
import random
from collections.abc import Callable
from typing import Any

import pytest

from storage_tui import AsyncStorage, Storage
from storage_tui.client.undoing.undo import UndoLog
from storage_tui.contract.errors import ConnectError, NotFoundError
from storage_tui.contract.models import Blob
from storage_tui.contract.moves import Move
from tests.client.published import PublishedServer
from tests.effort import count
from tests.server.running import RunningServer

TYPES = ("data", "result", "logs")
KEYS = ("a", "a/b", "a//b", "é", "b ", "%2F", "c/d/e", "\U0001f5fa", "z?", "#")
CHANGES = count(short=120, full=1000, long=3000)


def state(storage: Storage, types: tuple[str, ...] = TYPES) -> dict[tuple[str, str], tuple[Blob, bytes]]:
    """All blobs with their descriptions and bytes."""
    found = {}
    for storage_type in types:
        for blob in storage.list_page(storage_type=storage_type, delimiter="").blobs:
            found[storage_type, blob.key] = (blob, storage.get(blob.key, storage_type))
    return found


class Session:
    """A user who makes random changes and notes each."""

    def __init__(self, storage: Storage, seed: int) -> None:
        self.storage = storage
        self.log = UndoLog()
        self.random = random.Random(seed)

    def etag(self, key: str, storage_type: str) -> str | None:
        try:
            return self.storage.stat(key, storage_type).etag
        except NotFoundError:
            return None

    def change(self) -> None:
        """Make one change of a random kind, to keys that exist or not."""
        kind = self.random.choice(("write", "write", "delete", "move", "delete many", "move many"))
        getattr(self, kind.replace(" ", "_"))()

    def place(self) -> tuple[str, str]:
        return self.random.choice(TYPES), self.random.choice(KEYS)

    def write(self) -> None:
        storage_type, key = self.place()
        before = self.etag(key, storage_type)
        size = self.random.choice((0, 10, 70_000))
        content_type = self.random.choice((None, "text/csv", "image/png"))
        self.storage.set(key, self.random.randbytes(size), storage_type, content_type=content_type)
        new = self.etag(key, storage_type)
        assert new is not None
        if before is None:
            self.log.note_created(storage_type, [(key, new)])
        else:
            self.log.note_overwritten(storage_type, key, before, new)

    def delete(self) -> None:
        storage_type, key = self.place()
        etag = self.etag(key, storage_type)
        if etag is not None:
            self.storage.delete(key, storage_type, etag=etag)
            self.log.note_deleted(storage_type, [(key, etag)])

    def delete_many(self) -> None:
        storage_type = self.random.choice(TYPES)
        blobs = self.storage.list_page(storage_type=storage_type, delimiter="").blobs
        chosen = self.random.sample(blobs, self.random.randint(0, len(blobs)))
        self.storage.delete_many(chosen, storage_type=storage_type)
        self.log.note_deleted(storage_type, [(blob.key, blob.etag) for blob in chosen])

    def move(self) -> None:
        self._moved([Move(*self._way())])

    def move_many(self) -> None:
        self._moved([Move(*self._way()) for _ in range(self.random.randint(1, 5))])

    def _way(self) -> tuple[str, str, str, str]:
        (source, key), (target, to_key) = self.place(), self.place()
        return key, to_key, source, target

    def _moved(self, moves: list[Move]) -> None:
        results = self.storage.move_many(moves)
        self.log.note_moved([(row.move, row.blob.etag, row.overwritten) for row in results if row.blob is not None])


def test_changes_in_random_order_taken_back_one_by_one_give_the_first_state(storage: Storage) -> None:
    session = Session(storage, 1)
    for _ in range(30):
        session.change()
    session.log = UndoLog(most_steps=CHANGES)
    before = state(storage)
    while len(session.log) < CHANGES:
        session.change()
    assert state(storage) != before
    while len(session.log):
        assert session.log.describe_last()
        result = session.log.undo_last(storage)
        assert not result.refusals, result
    assert state(storage) == before
    assert session.log.describe_last() == ""
    with pytest.raises(NotFoundError, match="nothing to take back"):
        session.log.undo_last(storage)


def test_an_asynchronous_client_takes_back_the_same(server: RunningServer, token: str, storage: Storage) -> None:
    session = Session(storage, 3)
    for _ in range(10):
        session.change()
    session.log, before = UndoLog(), state(storage)
    for _ in range(30):
        session.change()

    async def take_back() -> None:
        async with AsyncStorage(server.url, token=token) as client:
            while len(session.log):
                assert not (await session.log.undo_last_async(client)).refusals

    asyncio.run(take_back())
    assert state(storage) == before


def overwritten(storage: Storage, log: UndoLog) -> None:
    storage.set("k", b"old")
    old = storage.stat("k").etag or ""
    storage.set("k", b"new")
    log.note_overwritten("data", "k", old, storage.stat("k").etag or "")


def deleted(storage: Storage, log: UndoLog) -> None:
    storage.set("k", b"old")
    etag = storage.stat("k").etag
    storage.delete("k")
    log.note_deleted("data", [("k", etag)])


def created(storage: Storage, log: UndoLog) -> None:
    storage.set("k", b"new")
    log.note_created("data", [("k", storage.stat("k").etag)])


def moved(storage: Storage, log: UndoLog) -> None:
    storage.set("source", b"old")
    blob = storage.move("source", "k")
    log.note_moved([(Move("source", "k"), blob.etag, None)])


@pytest.mark.parametrize("change", [overwritten, deleted, created, moved])
def test_what_somebody_changed_meanwhile_stays(storage: Storage, change: Callable[[Storage, UndoLog], None]) -> None:
    log = UndoLog()
    change(storage, log)
    storage.set("k", b"theirs")
    result = log.undo_last(storage)
    assert (result.done, len(result.refusals)) == (0, 1)
    assert result.refusals[0].key == "k"
    assert result.refusals[0].message
    assert storage.get("k") == b"theirs"
    assert len(log) == 0


def test_a_move_is_not_taken_back_over_a_blob_that_took_the_place(storage: Storage) -> None:
    log = UndoLog()
    moved(storage, log)
    storage.set("source", b"theirs")
    result = log.undo_last(storage)
    assert result.refusals and storage.get("source") == b"theirs" and storage.get("k") == b"old"


def test_part_of_many_comes_back_and_the_rest_is_told(storage: Storage) -> None:
    log = UndoLog()
    for key in ("a", "b", "c"):
        storage.set(key, key.encode())
    blobs = [(key, storage.stat(key).etag) for key in ("a", "b", "c")]
    storage.delete_many(["a", "b", "c"])
    log.note_deleted("data", blobs)
    storage.set("b", b"theirs")
    storage.trash.purge(["c"])
    assert log.describe_last() == "bring back the 3 blobs of data that were deleted"
    result = log.undo_last(storage)
    assert result.done == 1
    assert {row.key: row.error for row in result.refusals} == {"b": "precondition_failed", "c": "not_found"}
    assert str(result) == "1 blob put back, 2 left as they are"


def upload(storage: Storage, key: str, value: bytes) -> tuple[str, str | None]:
    storage.set(key, value)
    return key, storage.stat(key).etag


def uploaded_over(storage: Storage, log: UndoLog) -> None:
    storage.set("a", b"one")
    log.note_uploaded("data", [upload(storage, "a", b"two")])


def uploaded(storage: Storage, log: UndoLog) -> None:
    log.note_uploaded("data", [upload(storage, "a", b"one")])


class Cut:
    """A client whose first answer to one call is lost after the server has carried it out."""

    def __init__(self, storage: Storage, name: str) -> None:
        self._storage, self._name, self.is_cut = storage, name, False

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._storage, name)
        if name == "trash":
            return Cut.of(self, found)
        return self._cutting(name, found)

    @staticmethod
    def of(cut: "Cut", trash: Any) -> Any:
        class Trash:
            def __getattr__(self, name: str) -> Any:
                return cut._cutting(name, getattr(trash, name))

        return Trash()

    def _cutting(self, name: str, found: Any) -> Any:
        if name != self._name:
            return found

        def call(*given: Any, **named: Any) -> Any:
            result = found(*given, **named)
            if not self.is_cut:
                self.is_cut = True
                raise ConnectError("the connection was lost")
            return result

        return call


@pytest.mark.parametrize(
    ("change", "call"),
    [(overwritten, "bring_back_many"), (deleted, "bring_back_many"), (created, "delete_many"), (moved, "move_many"),
     (uploaded_over, "bring_back_many"), (uploaded, "delete_many")],
)  # fmt: skip
def test_an_undo_that_was_cut_off_goes_on_where_it_was(
    storage: Storage, change: Callable[[Storage, UndoLog], None], call: str
) -> None:
    log = UndoLog()
    change(storage, log)
    cut: Any = Cut(storage, call)
    with pytest.raises(ConnectError):
        log.undo_last(cut)
    assert len(log) == 1
    result = log.undo_last(cut)
    assert (result.done, result.refusals) == (1, ())


def test_sentences_name_what_an_undo_does_and_hide_nothing(storage: Storage) -> None:
    log = UndoLog()
    assert log.describe_last() == ""
    log.note_deleted("data", [])
    assert len(log) == 0
    log.note_deleted("data", [("a\u202eb", "1")])
    assert log.describe_last() == "bring back data:a\\u202eb, which was deleted"
    log.note_overwritten("log", "k", "1", "2")
    assert log.describe_last() == "put back what logs:k was before it was overwritten"
    log.note_created("tmp", [("k", "1")])
    assert log.describe_last() == "delete tmp:k, which was made"
    log.note_written("data", [("k", "1", None), ("l", "2", "3"), ("m", "2", "3")])
    expected = "delete the 1 blob that was made and put back the 2 blobs that were overwritten in data"
    assert log.describe_last() == expected
    log.note_moved([(Move("a", "b", "tmp", "data"), "1", "2")])
    assert log.describe_last() == "move data:b back to tmp:a, and bring back the blob that was replaced"
    log.note_moved([(Move("a", "a"), "1", None)])
    assert len(log) == 5


def test_the_log_is_bounded(storage: Storage) -> None:
    log = UndoLog(most_steps=3, most_blobs=10)
    for _ in range(5):
        log.note_deleted("data", [("k", "1")])
    assert len(log) == 3
    log.note_deleted("data", [(f"k{number}", "1") for number in range(9)])
    assert len(log) == 2
    log.note_deleted("data", [(f"k{number}", "1") for number in range(11)])
    assert "more than the 10" in log.describe_last()
    assert log.undo_last(storage).refusals[0].error == "lasting"
    log.forget_last()
    log.forget_last()
    log.forget_last()
    assert len(log) == 0


def test_a_published_server_moves_back_and_says_why_nothing_comes_back(published: PublishedServer, token: str) -> None:
    with Storage(published.url, token=token) as storage:
        log = UndoLog()
        storage.set("k", b"old")
        storage.delete("k")
        log.note_deleted("data", [("k", None)])
        result = log.undo_last(storage)
        assert "only a backup" in result.refusals[0].message
        storage.set("source", b"moved")
        blob = storage.move("source", "target")
        log.note_moved([(Move("source", "target"), blob.etag, None)])
        log.note_deleted("data", [("k", "1")])
        assert "only a backup" in log.undo_last(storage).refusals[0].message
        refusals = log.undo_last(storage).refusals
        assert refusals or storage.get("source") == b"moved"
        assert len(log) == 0


@pytest.mark.parametrize("more", [0, 40])
def test_uploads_are_taken_back_without_knowing_what_they_replaced(storage: Storage, more: int) -> None:
    for key in ("f/a", "f/gone"):
        storage.set(key, b"older")
        storage.set(key, key)
    storage.delete("f/gone")
    log = UndoLog()
    keys = ["f/a", "f/gone", "f/new", *(f"f/more{number}" for number in range(more))]
    log.note_uploaded("data", [upload(storage, key, b"uploaded") for key in keys])
    assert log.describe_last().startswith(f"delete the {len(keys)} blobs that were uploaded to data")
    result = log.undo_last(storage)
    assert (result.done, result.refusals) == (len(keys), ())
    assert storage.list("f/") == ["f/a"]
    assert storage.get("f/a") == b"f/a"


def test_an_upload_that_somebody_replaced_since_stays(storage: Storage) -> None:
    log = UndoLog()
    storage.set("a", b"one")
    log.note_uploaded("data", [upload(storage, "a", b"two"), upload(storage, "b", b"two")])
    storage.set("a", b"theirs")
    result = log.undo_last(storage)
    assert (result.done, [row.key for row in result.refusals]) == (1, ["a"])
    assert storage.get("a") == b"theirs" and not storage.exists("b")


def test_a_published_server_refuses_to_take_back_what_may_have_replaced_a_blob(
    published: PublishedServer, token: str
) -> None:
    log = UndoLog()
    with Storage(published.url, token=token) as plain:
        plain.set("a", b"one")
        log.note_uploaded("data", [upload(plain, "a", b"two")])
        [refusal] = log.undo_last(plain).refusals
        assert "keeps no deleted or overwritten blobs" in refusal.message
        assert plain.get("a") == b"two"


def test_a_change_that_lasts_is_told_and_passed(storage: Storage) -> None:
    log = UndoLog()
    log.note_created("data", [upload(storage, "a", b"one")])
    log.note_lasting("data", "b", "b was moved here")
    assert log.is_lasting and log.describe_last() == "b was moved here"
    assert log.undo_last(storage).refusals[0].error == "lasting"
    assert not log.is_lasting
    assert log.undo_last(storage).done == 1 and not storage.exists("a")
