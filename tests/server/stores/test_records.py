"""The promises of Records, on every engine."""

import secrets
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from storage_tui.contract.errors import BadRequestError, ConflictError, StoreFullError, UnavailableError
from storage_tui.server.access.issued import issue, revoke, revoke_all
from storage_tui.server.access.keyring import load_keyring, rotate_keys
from storage_tui.server.quotas.limits import change_limits
from storage_tui.server.stores.local.records import LocalRecords
from storage_tui.server.stores.records import ABSENT, MAX_RECORD_BYTES, Records
from storage_tui.server.stores.s3.records import S3Records
from tests import seaweed

NAMES = ["a", "a/b", "a-b", "ab", ".hidden", "x/.y", "products/org:p", "images/org:p/%2F", "z.record", "Z", "~", "a b"]


def open_s3_records(path: Path) -> Records:
    return S3Records(seaweed.bucket_at(seaweed.endpoint(), f"{path.name}-{secrets.token_hex(4)}/"))


ENGINES: dict[str, Callable[[Path], Records]] = {"local": LocalRecords, "s3": open_s3_records}


@pytest.fixture(params=ENGINES)
def records(request: pytest.FixtureRequest, tmp_path: Path) -> Records:
    return ENGINES[request.param](tmp_path)


def test_what_was_written_is_read(records: Records) -> None:
    for name in NAMES:
        assert records.read(name) is None
        version = records.write(name, name.encode())
        found = records.read(name)
        assert found is not None
        assert (found.content, found.version) == (name.encode(), version)
    assert list(records.names()) == sorted(NAMES)


def test_names_below_a_prefix(records: Records) -> None:
    for name in NAMES:
        records.write(name, b"")
    for prefix in ("", "a", "a/", "images/org:p/", "x/.", "nothing/", "a/b/"):
        assert list(records.names(prefix)) == sorted(name for name in NAMES if name.startswith(prefix))


def test_a_change_made_meanwhile_is_not_lost(records: Records) -> None:
    first = records.write("a", b"1", expected=ABSENT)
    with pytest.raises(ConflictError):
        records.write("a", b"2", expected=ABSENT)
    second = records.write("a", b"2", expected=first)
    with pytest.raises(ConflictError):
        records.write("a", b"3", expected=first)
    with pytest.raises(ConflictError):
        records.remove("a", expected=first)
    assert records.remove("a", expected=second)
    assert not records.remove("a")
    assert records.read("a") is None


def test_of_many_writers_at_once_each_change_counts(records: Records) -> None:
    def count_up() -> None:
        for _ in range(10):
            while True:
                found = records.read("n")
                try:
                    records.write(
                        "n",
                        str(int(found.content) + 1 if found else 1).encode(),
                        expected=found.version if found else ABSENT,
                    )
                    break
                except ConflictError:
                    continue

    threads = [threading.Thread(target=count_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = records.read("n")
    assert found is not None
    assert found.content == b"40"


@pytest.mark.parametrize("name", ["", "/", "a//b", "a/", "/a", ".", "a/../b", "é", "a\nb", "n" * 1025])
def test_a_name_that_no_record_can_have(records: Records, name: str) -> None:
    for call in (records.read, records.remove, lambda name: records.write(name, b"")):
        with pytest.raises(BadRequestError):
            call(name)


def test_a_content_that_no_record_can_have(records: Records) -> None:
    records.write("a", bytes(MAX_RECORD_BYTES))
    with pytest.raises(BadRequestError):
        records.write("a", bytes(MAX_RECORD_BYTES + 1))


def test_a_record_that_others_could_read_is_refused(tmp_path: Path) -> None:
    records = LocalRecords(tmp_path)
    records.write("a", b"secret")
    (tmp_path / "records" / "a.record").chmod(0o644)
    with pytest.raises(UnavailableError, match="chmod 600"):
        records.read("a")


def test_a_record_leaves_the_reserve_of_the_disk_to_what_must_be_written(tmp_path: Path) -> None:
    short = LocalRecords(tmp_path, reserve_bytes=2**62)
    with pytest.raises(StoreFullError, match="in reserve"):
        short.write("tokens/1", b"new")
    with pytest.raises(StoreFullError, match="in reserve"):
        issue(short, "ann", valid_for_s=60)
    assert list(short.names()) == []
    issued = issue(LocalRecords(tmp_path), "ann", valid_for_s=60)
    assert revoke(short, issued.token_id).user == "ann"
    assert revoke_all(short, "ann") == 0
    assert change_limits(short, "ann", {("types", "*", "bytes"): 5}).of_name("ann").quotas["data"].size_bytes == 5
    load_keyring(short)
    rotate_keys(short)
    assert short.remove(f"tokens/{issued.token_id}")


def test_names_come_with_their_sizes(records: Records) -> None:
    sizes = {name: number for number, name in enumerate(NAMES)}
    for name, size in sizes.items():
        records.write(name, b"x" * size)
    assert dict(records.sizes("")) == sizes
    assert dict(records.sizes("a/")) == {"a/b": sizes["a/b"]}
