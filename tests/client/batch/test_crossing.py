"""One blob from one server into another, through this machine: whole, in the version that was seen, or not at all."""

from collections.abc import Iterator

import pytest

from storage_tui import Storage, errors
from storage_tui.client.batch.crossing import Crossing
from storage_tui.client.control import TransferControl
from storage_tui.contract.moves import Move
from tests.client.transfer.streams.eagerness import EAGER
from tests.faults.proxy import Fault, FaultProxy
from tests.server.running import RunningServer, running_server

BIG = bytes(range(256)) * 60_000  # 15 MB


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("other") / "store") as running:
        yield running


@pytest.fixture
def far(other: RunningServer) -> Iterator[Storage]:
    with Storage(other.url, token=other.token("anybody")) as client:
        for key in list(client.iter_list()):
            client.delete(key)
        yield client


def carry(source: Storage, target: Storage, move: Move, *, is_move: bool = False) -> None:
    crossing = Crossing(source.engine, target.engine)
    (crossing.move if is_move else crossing.copy)(move, TransferControl())


@pytest.mark.parametrize("broken", ["source", "target"])
def test_a_copy_goes_on_after_either_side_was_cut(
    server: RunningServer, other: RunningServer, storage: Storage, far: Storage, token: str, broken: str
) -> None:
    storage.set("big", BIG)
    url, its_token = (server.url, token) if broken == "source" else (other.url, other.token("anybody"))
    with FaultProxy(url) as proxy, Storage(proxy.url, token=its_token) as through:
        proxy.faults.extend([Fault(cut_down=5_000_000, cut_up=5_000_000)] * 2)
        ours, theirs = (through, far) if broken == "source" else (storage, through)
        carry(ours, theirs, Move("big", "copy"))
        assert proxy.connections >= 3
    assert far.get("copy") == BIG


def test_the_same_copy_goes_on_after_a_stop(
    server: RunningServer, other: RunningServer, storage: Storage, far: Storage, token: str
) -> None:
    storage.set("big", BIG)
    with FaultProxy(server.url) as proxy, Storage(proxy.url, token=token, patience_s=0) as through:
        proxy.faults.append(Fault(cut_down=11_000_000))
        proxy.default = Fault(refuse=True)
        with pytest.raises(errors.StorageError):
            carry(through, far, Move("big", "copy"))
        assert not far.exists("copy")
        proxy.faults.clear()
        proxy.default = Fault()
        with FaultProxy(other.url) as target, Storage(target.url, token=other.token("anybody")) as rest:
            carry(through, rest, Move("big", "copy"))
            assert target.bytes_up < len(BIG) / 2  # the rest alone
            assert far.get("copy") == BIG
            carry(through, rest, Move("big", "copy"))  # it is there
            far.set("copy", "another one since")
            carry(through, rest, Move("big", "copy"))
    assert far.get("copy") == BIG


def test_a_copy_over_a_long_link_goes_in_parts(other: RunningServer, storage: Storage, far: Storage) -> None:
    parts = BIG * 4  # three parts and a little
    storage.set("big", parts)
    with FaultProxy(other.url) as proxy, Storage(proxy.url, token=other.token("anybody")) as through:
        proxy.default = Fault(rate_bytes_s=20_000_000)
        through.engine.pace.rule = EAGER
        carry(storage, through, Move("big", "copy"))
        assert proxy.connections > 2
    assert far.stat("copy").crc32c == storage.stat("big").crc32c


def test_a_damaged_source_is_never_stored(server: RunningServer, storage: Storage, far: Storage, token: str) -> None:
    storage.set("big", BIG)
    with FaultProxy(server.url) as proxy, Storage(proxy.url, token=token) as through:
        proxy.default = Fault(flip_down=6_000_000)
        with pytest.raises(errors.ChecksumError, match="read damaged"):
            carry(through, far, Move("big", "copy"), is_move=True)
    assert list(far.iter_list()) == []
    assert storage.get("big") == BIG


def test_a_move_deletes_only_the_version_that_was_copied(storage: Storage, far: Storage) -> None:
    for key, size in (("small", 10), ("middle", 3_000_000), ("empty", 0)):
        storage.set(key, BIG[:size])
        carry(storage, far, Move(key, f"m/{key}"), is_move=True)
        assert far.get(f"m/{key}") == BIG[:size]
        assert not storage.exists(key)
    storage.set("a", "first")
    seen = storage.stat("a").etag
    storage.set("a", "second")
    with pytest.raises(errors.PreconditionFailedError, match="has changed"):
        carry(storage, far, Move("a", "a", etag=seen), is_move=True)
    far.set("a", "theirs")
    with pytest.raises(errors.ConflictError, match="exists already"):
        carry(storage, far, Move("a", "a", overwrite=False), is_move=True)
    assert (storage.get("a"), far.get("a")) == (b"second", b"theirs")


def test_a_cancelled_copy_leaves_nothing(storage: Storage, far: Storage) -> None:
    storage.set("big", BIG)
    control = TransferControl()
    control.cancel()
    with pytest.raises(errors.CancelledError):
        Crossing(storage.engine, far.engine).copy(Move("big", "copy"), control)
    assert not far.exists("copy")
