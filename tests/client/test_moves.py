"""Moves and copies by both clients: on our server, on an earlier one, and on a plain published server."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from storage_tui import Storage, errors
from storage_tui.client import moves as moving
from storage_tui.client.undoing.undo import UndoLog
from storage_tui.contract.models import FEATURES, ServiceInfo
from storage_tui.contract.moves import Move, MoveResult
from tests.client.published import PublishedServer
from tests.server.running import RunningServer

OLDER = ServiceInfo(features=frozenset(FEATURES) - {"move", "move-batch", "copy-batch"})


@pytest.fixture(params=["ours", "older", "published", "published with tags"])
def any_client(
    request: pytest.FixtureRequest, make: Callable[..., Any], server: RunningServer, token: str
) -> Iterator[Any]:
    """Either client on every kind of server."""
    if request.param.startswith("published"):
        with PublishedServer(server.url, keeps_tags=request.param.endswith("tags")) as running:
            yield make(running.url, token=token)
        return
    client = make(server.url, token=token)
    if request.param == "older":
        client.engine.service.description = OLDER
    yield client


def codes(results: list[MoveResult]) -> list[str | None]:
    return [result.error for result in results]


def test_a_blob_moves_on_every_kind_of_server(any_client: Any, storage: Storage) -> None:
    any_client.set("a b/ü?#%", b"content", content_type="image/tiff")
    moved = any_client.move("a b/ü?#%", "new", to_storage_type="tmp")
    assert (moved.key, moved.storage_type) == ("new", "tmp")
    assert storage.get("new", "tmp") == b"content" and storage.stat("new", "tmp").content_type == "image/tiff"
    assert storage.list() == []
    any_client.move("new", "newer", "tmp")
    assert storage.list(storage_type="tmp") == ["newer"]
    assert any_client.copy("newer", "copied", storage_type="tmp", to_storage_type="log").storage_type == "logs"
    assert storage.get("copied", "logs") == storage.get("newer", "tmp") == b"content"


def test_a_move_onto_itself_keeps_the_blob_on_every_kind_of_server(any_client: Any, storage: Storage) -> None:
    storage.set("k", b"content", "logs")
    before = storage.stat("k", "logs")
    any_client.move("k", "k", "logs", to_storage_type="log")
    assert codes(any_client.move_many([Move("k", "k", "log", "logs")])) == [None]
    assert storage.stat("k", "logs") == before
    with pytest.raises(errors.ConflictError):
        any_client.move("k", "k", "logs", overwrite=False)
    with pytest.raises(errors.NotFoundError):
        any_client.move("none", "none")


def test_what_is_refused_moves_nothing_on_every_kind_of_server(any_client: Any, storage: Storage) -> None:
    for storage_type in ("data", "products"):
        storage.set("k", b"k", storage_type)
    storage.set("there", b"there")
    with pytest.raises(errors.NotFoundError):
        any_client.move("none", "new")
    with pytest.raises(errors.ConflictError):
        any_client.move("k", "there", overwrite=False)
    with pytest.raises(errors.TypeRuleError, match="cannot move 'k'"):
        any_client.move("k", "new", "products", to_storage_type="data")
    with pytest.raises(errors.ConflictError):
        any_client.move("k", "k", to_storage_type="products")
    for bad in ("", "a/../b", "\x00", "x" * 1025, "\ud800"):
        with pytest.raises(errors.InvalidKeyError):
            any_client.move(bad, "new")
        with pytest.raises(errors.InvalidKeyError):
            any_client.move("k", bad)
        with pytest.raises(errors.InvalidKeyError):
            any_client.move_many([Move("k", "new"), Move(bad, "x")])
    with pytest.raises(errors.UnknownStorageTypeError):
        any_client.move("k", "new", to_storage_type="nope")
    for bad_moves in (Move("k", "new"), "k", [("k", "new")], [None]):
        with pytest.raises(errors.BadRequestError):
            any_client.move_many(bad_moves)
    assert storage.list() == ["k", "there"] and storage.list(storage_type="products") == ["k"]
    assert (storage.get("there"), storage.get("k", "products")) == (b"there", b"k")


def test_many_have_a_result_each_on_every_kind_of_server(any_client: Any, storage: Storage) -> None:
    for key in "abc":
        storage.set(key, key.encode())
    storage.set("t", b"t", "tmp")
    wanted = [
        Move("a", "x/a"), Move("none", "x"), Move("b", "c", overwrite=False), Move("t", "x/t", "tmp", "data"),
        Move("c", "x/c"),
    ]  # fmt: skip
    results = any_client.move_many(wanted)
    assert codes(results) == [None, "not_found", "conflict", None, None]
    assert [result.move.key for result in results] == ["a", "none", "b", "t", "c"]
    assert storage.list() == ["b", "x/a", "x/c", "x/t"] and storage.list(storage_type="tmp") == []
    results = any_client.copy_many([Move("x/a", "y/a"), Move("x/none", "y"), Move("b", "y/a", overwrite=False)])
    assert codes(results) == [None, "not_found", "conflict"]
    assert storage.get("y/a") == storage.get("x/a") == b"a"
    assert any_client.move_many([]) == any_client.copy_many([]) == []


@pytest.mark.parametrize("features", [FEATURES, OLDER.features])
def test_a_blob_that_has_changed_is_not_moved(make: Any, server: RunningServer, token: str, features: Any) -> None:
    client = make(server.url, token=token)
    client.engine.service.description = ServiceInfo(features=frozenset(features))
    client.set("k", b"first")
    first = client.stat("k").etag
    client.set("k", b"second")
    with pytest.raises(errors.PreconditionFailedError):
        client.move("k", "new", etag=first)
    for many in (client.move_many, client.copy_many):
        assert codes(many([Move("k", "new", etag=first)])) == ["precondition_failed"]
    assert client.list() == ["k"]
    client.move("k", "new", etag=client.stat("k").etag)
    assert client.get("new") == b"second"


def test_a_blob_that_changes_during_a_move_through_this_machine_stays(
    published: PublishedServer, token: str, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage.set("k", b"before")
    with Storage(published.url, token=token) as client:
        copy_through = client.engine.copy_through

        def and_somebody_writes(*given: Any, **named: Any) -> Any:
            made = copy_through(*given, **named)
            storage.set("k", b"after!!")
            return made

        monkeypatch.setattr(client.engine, "copy_through", and_somebody_writes)
        with pytest.raises(errors.PreconditionFailedError, match="the changed blob stays"):
            client.move("k", "new")
    assert (storage.get("k"), storage.get("new")) == (b"after!!", b"before")


def test_more_than_a_request_takes_goes_in_several(both: Any) -> None:
    info = both.describe()
    keys = [f"{number:03}-{'ü' * 100}" for number in range(60)]
    for key in keys:
        both.set(key, key.encode())
    limits = type(info.limits)(delete_batch=7)
    both.engine.service.description = ServiceInfo(features=info.features, limits=limits)
    assert codes(both.move_many([Move(key, f"to/{key}", "data", "tmp") for key in keys])) == [None] * 60
    assert both.list() == [] and both.list(storage_type="tmp") == [f"to/{key}" for key in keys]


def test_batches_are_bounded_in_bytes_and_have_one_source_type() -> None:
    long = "\\" * 1024
    moves = [Move(long, long)] * 3000 + [Move("k", "l", "tmp", "data")] + [Move("k", "l")]
    batches = list(moving._batches(moves, 1000))
    assert [move for batch in batches for move in batch] == moves
    assert all(len({move.storage_type for move in batch}) == 1 and len(batch) <= 1000 for batch in batches)
    assert max(len(", ".join(map(moving._body, batch)).encode()) for batch in batches) < 8 * 1024 * 1024


def test_a_content_type_is_changed_and_comes_back(storage: Storage, make: Callable[..., Any], server: RunningServer,
                                                  token: str) -> None:  # fmt: skip
    storage.set("a b/ü?#%", b"1,2", content_type="text/plain")
    before = storage.stat("a b/ü?#%")
    client = make(server.url, token=token)
    blob = client.set_content_type("a b/ü?#%", "text/csv", etag=before.etag)
    assert (blob.content_type, blob.key, storage.get("a b/ü?#%")) == ("text/csv", "a b/ü?#%", b"1,2")
    with pytest.raises(errors.PreconditionFailedError):
        client.set_content_type("a b/ü?#%", "text/plain", etag=before.etag)
    log = UndoLog()
    log.note_overwritten("data", blob.key, before.etag or "", blob.etag or "")
    assert log.undo_last(storage).done == 1
    assert (storage.stat(blob.key).content_type, storage.get(blob.key)) == ("text/plain", b"1,2")


@pytest.mark.parametrize("content_type", ["", " ", None, 7, "text/html", "x\r\ny"])
def test_what_is_no_content_type_is_a_bad_request(
    storage: Storage, make: Callable[..., Any], server: RunningServer, token: str, content_type: Any
) -> None:
    storage.set("k", b"x", content_type="text/csv")
    with pytest.raises(errors.BadRequestError):
        make(server.url, token=token).set_content_type("k", content_type)
    assert storage.stat("k").content_type == "text/csv"


def test_a_server_without_the_call_says_why_not(make: Callable[..., Any], server: RunningServer, token: str) -> None:
    with PublishedServer(server.url) as running:
        client = make(running.url, token=token)
        client.set("k", b"x")
        with pytest.raises(errors.MethodNotAllowedError, match="upload the blob again with the other type"):
            client.set_content_type("k", "text/csv")
