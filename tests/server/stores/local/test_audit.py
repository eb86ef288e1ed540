"""The audit log: an entry for every delete by a call, with it or not at all, and none for what was refused."""

from datetime import timedelta

import pytest

from storage_tui.contract.errors import NotFoundError, PreconditionFailedError, TypeRuleError
from storage_tui.contract.moves import Move
from storage_tui.server.stores.audit import AUDIT_LIFETIME, REQUEST_ID
from storage_tui.server.stores.base import Precondition
from storage_tui.server.stores.local.database.audit import LocalAudit, open_audit
from storage_tui.server.stores.overview import Overseen, TypeTotal
from tests.server.stores.engines import ALICE, BOB, Stage


def log_of(local: Stage) -> LocalAudit:
    return open_audit(local.path / "data")


async def test_every_delete_is_noted_with_its_request(local: Stage) -> None:
    etags = {key: (await local.put(key)).etag for key in ("a", "b", "c")}
    product = await local.put("p", storage_type="products")
    REQUEST_ID.set("request-1")
    await local.store.delete(local.at("a"))
    REQUEST_ID.set("request-2")
    await local.store.delete_many(ALICE, "data", [("b", None), ("c", etags["c"]), ("missing", None)])
    await local.store.withdraw(local.at("p", "products"))
    found = [(entry.storage_type, entry.key, entry.etag, entry.request_id) for entry in log_of(local).entries()]
    assert found == [
        ("data", "a", etags["a"], "request-1"),
        ("data", "b", etags["b"], "request-2"),
        ("data", "c", etags["c"], "request-2"),
        ("products", "p", product.etag, "request-2"),
    ]
    assert {entry.at for entry in log_of(local).entries()} == {local.clock.now}
    assert {entry.namespace for entry in log_of(local).entries()} == {ALICE}
    await local.restart()
    assert len(list(log_of(local).entries())) == 4


async def test_a_move_is_noted_for_the_key_that_the_blob_left(local: Stage) -> None:
    etags = {key: (await local.put(key)).etag for key in ("a", "b", "c")}
    REQUEST_ID.set("request-1")
    await local.store.move(local.at("a"), local.at("b", "tmp"))
    await local.store.move_many(ALICE, [Move("b", "c"), Move("none", "d"), Move("c", "c"), Move("c", "e")])
    found = [(entry.storage_type, entry.key, entry.etag) for entry in log_of(local).entries()]
    assert found == [("data", "a", etags["a"]), ("data", "b", etags["b"]), ("data", "c", etags["b"])]
    assert {entry.request_id for entry in log_of(local).entries()} == {"request-1"}


async def test_what_is_refused_expires_or_is_overwritten_is_not_a_delete(local: Stage) -> None:
    await local.put("k")
    await local.put("k")
    await local.put("t", storage_type="tmp")
    await local.put("p", storage_type="products")
    with pytest.raises(PreconditionFailedError):
        await local.store.delete(local.at("k"), precondition=Precondition(if_match=("other",)))
    with pytest.raises(TypeRuleError):
        await local.store.delete(local.at("p", "products"))
    local.clock.advance(days=8)
    await local.store.sweep()
    assert list(log_of(local).entries()) == []


async def test_entries_are_found_by_time_and_user_and_go_after_their_lifetime(local: Stage) -> None:
    for name in (ALICE, BOB):
        local.namespace = name
        await local.put("k")
        await local.store.delete(local.at("k"))
        local.clock.advance(days=1)
    middle = local.clock.now - timedelta(hours=36)
    assert [entry.namespace for entry in log_of(local).entries(since=middle)] == [BOB]
    assert [entry.namespace for entry in log_of(local).entries(namespace=ALICE)] == [ALICE]
    while local.clock.now < middle + AUDIT_LIFETIME:
        local.clock.now = min(local.clock.now + timedelta(days=20), middle + AUDIT_LIFETIME)
        await local.store.sweep()
    assert [entry.namespace for entry in log_of(local).entries()] == [BOB]


async def test_a_directory_without_a_store_has_no_log(local: Stage) -> None:
    with pytest.raises(NotFoundError, match="no store"):
        open_audit(local.path)


async def test_a_store_tells_of_itself_as_a_whole(local: Stage) -> None:
    await local.put("a", b"123")
    await local.put("b", b"12345", "tmp")
    local.namespace = BOB
    await local.put("a", b"1")
    await local.store.create_upload(local.at("u"))
    assert isinstance(local.store, Overseen)
    overview = await local.store.overview()
    assert overview.types == (TypeTotal("data", 2, 4), TypeTotal("tmp", 1, 5))
    assert overview.open_uploads == 1
    assert overview.free_bytes > 0
    assert local.store.read_only is None
