"""An edit and its way back: nobody's bytes are lost, whoever writes in between."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage_tui import Storage
from storage_tui.client.control import TransferControl
from storage_tui.client.editing import steps, touching
from storage_tui.client.editing.copies import EditCopies, EditCopy
from storage_tui.client.editing.refusals import AT_MOST_BYTES, check_editable, looks_like_text, why_ask
from storage_tui.client.editing.steps import Written, beside
from storage_tui.contract.errors import (
    PreconditionFailedError,
    StorageError,
    TooLargeError,
    TypeRuleError,
)
from storage_tui.contract.keys import Location, check_key
from storage_tui.contract.models import Blob
from storage_tui.machine import directories
from tests.client.published import PublishedServer
from tests.faults.proxy import Fault, FaultProxy
from tests.server.running import RunningServer

NOTES = Location("data", "notes.txt")


@pytest.fixture(params=["full", "published", "tagged"])
def wired(request: pytest.FixtureRequest, server: RunningServer, token: str) -> Iterator[Storage]:
    """A client of our server, and of published ones without and with ETags."""
    if request.param == "full":
        with Storage(server.url, token=token) as storage:
            yield storage
        return
    with (
        PublishedServer(server.url, keeps_tags=request.param == "tagged") as running,
        Storage(running.url, token=token, retries=0) as storage,
    ):
        yield storage


def fetch(storage: Storage, location: Location = NOTES) -> EditCopy:
    return steps.fetch(storage.engine, location, control=TransferControl())


def write_back(storage: Storage, copy: EditCopy) -> Written:
    return steps.write_back(storage.engine, copy, control=TransferControl())


def test_an_edit_replaces_the_blob_and_keeps_its_content_type(wired: Storage, storage: Storage) -> None:
    storage.set(NOTES.key, b"old", content_type="text/csv")
    copy = fetch(wired)
    assert copy.path.read_bytes() == b"old"
    assert (copy.path.name, copy.path.stat().st_mode & 0o777) == ("notes.txt", 0o600)
    assert not copy.has_changed
    copy.path.write_bytes(b"new text")
    assert copy.has_changed
    written = write_back(wired, copy)
    copy.close()
    assert (written.location, written.is_beside) == (NOTES, False)
    assert storage.get(NOTES.key) == b"new text"
    assert storage.stat(NOTES.key).content_type == "text/csv"
    assert not copy.folder.exists()


def test_a_new_key_gets_a_blob_of_the_type_of_its_name(wired: Storage, storage: Storage) -> None:
    copy = fetch(wired, Location("tmp", "a/b.csv"))
    assert copy.path.read_bytes() == b""
    copy.path.write_bytes(b"1,2\n")
    written = write_back(wired, copy)
    copy.close()
    assert (storage.get("a/b.csv", "tmp"), written.replaced) == (b"1,2\n", None)
    assert storage.stat("a/b.csv", "tmp").content_type == "text/csv"


@pytest.mark.parametrize("meanwhile", ["overwritten", "deleted", "overwritten, same size"])
def test_what_somebody_did_meanwhile_stays_and_the_edit_is_beside_it(
    wired: Storage, storage: Storage, meanwhile: str
) -> None:  # fmt: skip
    storage.set(NOTES.key, b"old")
    copy = fetch(wired)
    copy.path.write_bytes(b"mine")
    if meanwhile == "deleted":
        storage.delete(NOTES.key)
    else:
        storage.set(NOTES.key, b"theirs" if meanwhile == "overwritten" else b"one")
    outlook = steps.look(wired.engine, copy)
    if not outlook.is_same:  # a plain published server without ETags shows size and time only, to the second
        assert "notes.mine.txt" in outlook.words(NOTES)
        written = write_back(wired, copy)
        assert (written.is_beside, written.location.key) == (True, "notes.mine.txt")
        assert storage.get("notes.mine.txt") == b"mine"
        if meanwhile != "deleted":
            assert storage.get(NOTES.key) in (b"theirs", b"one")
        else:
            assert not storage.exists(NOTES.key)
    else:
        assert meanwhile == "overwritten, same size" and not outlook.is_checked
        assert "cannot check while it writes" in outlook.words(NOTES)
    copy.close()


def test_a_write_between_the_look_and_ours_is_seen_by_the_server(storage: Storage) -> None:
    storage.set(NOTES.key, b"old")
    copy = fetch(storage)
    copy.path.write_bytes(b"mine")
    seen = steps.find(storage.engine, NOTES)
    assert seen is not None
    storage.set(NOTES.key, b"old")  # the same bytes, another version
    with pytest.raises(PreconditionFailedError, match="has changed and was not overwritten"):
        storage.engine.upload(NOTES.key, copy.path, "data", control=TransferControl(), etag=seen.etag, is_strict=True)
    assert storage.get(NOTES.key) == b"old"
    assert write_back(storage, copy).location.key == "notes.mine.txt"
    copy.close()


def test_a_key_that_somebody_took_meanwhile_keeps_their_blob(wired: Storage, storage: Storage) -> None:
    copy = fetch(wired, Location("data", "n"))
    copy.path.write_bytes(b"mine")
    storage.set("n", b"theirs")
    storage.set("n.mine", b"of another day")
    written = write_back(wired, copy)
    copy.close()
    assert (storage.get("n"), storage.get("n.mine"), storage.get(written.location.key)) == (
        b"theirs", b"of another day", b"mine",
    )  # fmt: skip
    assert written.location.key == "n.mine-2"


@pytest.mark.parametrize("cut", [1, 300, 600, 900, 1200, 1500, 1800, 2100])
@pytest.mark.usefixtures("hasty")
def test_a_lost_answer_makes_no_second_blob(server: RunningServer, token: str, storage: Storage, cut: int) -> None:
    storage.set(NOTES.key, b"old")
    before = storage.stat(NOTES.key).etag
    with FaultProxy(server.url) as proxy, Storage(proxy.url, token=token) as shaky:
        copy = fetch(shaky)
        copy.path.write_bytes(b"mine")
        proxy.faults += [Fault(cut_down=cut)] * 2
        proxy.cut_all()
        written = write_back(shaky, copy)
        copy.close()
    assert (written.is_beside, storage.get(NOTES.key), storage.list()) == (False, b"mine", [NOTES.key])
    assert written.replaced == before  # or an undo would delete the blob instead of bringing back the old one


def test_what_cannot_be_written_stays_and_the_next_edit_goes_on(
    server: RunningServer, token: str, storage: Storage
) -> None:  # fmt: skip
    storage.set(NOTES.key, b"old")
    with FaultProxy(server.url) as proxy, Storage(proxy.url, token=token, retries=0) as away:
        copy = fetch(away)
        copy.path.write_bytes(b"mine")
        proxy.default = Fault(refuse=True)
        proxy.cut_all()
        with pytest.raises(StorageError):
            write_back(away, copy)
        assert steps.reopen(away.engine, NOTES) is None  # this process still has it
        copy.leave_or_close()
        again = steps.reopen(away.engine, NOTES)
        assert again is not None
        assert again.path.read_bytes() == b"mine"
        assert steps.reopen(away.engine, NOTES) is None
        again.close()
        assert EditCopies(directories.state_dir()).left(away.engine.account()) == []


def test_a_copy_is_of_one_account_and_an_unchanged_copy_goes(storage: Storage) -> None:
    storage.set(NOTES.key, b"old")
    copies, account = EditCopies(directories.state_dir()), storage.engine.account()
    copy = fetch(storage)
    copy.leave()
    assert copies.left(f"{account} else") == []
    assert copy.path.exists()
    assert copies.left(account) == []
    assert not copy.folder.exists()


@pytest.mark.parametrize("spoiled", [b"", b"{}", b"[1]", b'{"version": 1, "key": 3}', b"\xff" * 99, b"x" * 200_000])
def test_a_spoiled_record_is_no_edit(storage: Storage, spoiled: bytes) -> None:
    copy = fetch(storage, Location("data", "a"))
    copy.path.write_bytes(b"mine")
    copy.leave()
    Path(f"{copy.folder}.json").write_bytes(spoiled)
    assert EditCopies(directories.state_dir()).left(storage.engine.account()) == []
    assert copy.path.read_bytes() == b"mine"


@pytest.mark.parametrize(
    "key",
    ["a/..b", "a" * 300, "sub/ name\u202e.txt", "x/con", "q?#%.txt", "tail/.hidden", "a:b", "\u00fc" * 90 + ".md"],
)
def test_awkward_keys_have_a_file_and_a_name_beside(storage: Storage, key: str) -> None:
    storage.set(key, b"old")
    copy = fetch(storage, Location("data", key))
    copy.path.write_bytes(b"mine")
    storage.set(key, b"theirs")
    written = write_back(storage, copy)
    copy.close()
    assert storage.get(written.location.key) == b"mine"
    assert storage.get(key) == b"theirs"


@pytest.mark.parametrize("number", [1, 2, 99])
@pytest.mark.parametrize("key", ["a.txt", "a", ".rc", "d.e/f", "d/.g.h", "x" * 1024, "\u00fc" * 512, "d/" + "e" * 1022])
def test_a_name_beside_is_a_key_in_the_same_folder(key: str, number: int) -> None:
    name = check_key(beside(key, number))
    assert name != key
    assert name.rpartition("/")[0] == key.rpartition("/")[0]
    if len(key) < 20 and "." in key.rpartition("/")[2][1:]:
        assert name.rpartition(".")[2] == key.rpartition(".")[2]


def test_products_and_huge_blobs_are_refused_before_anything_is_read(storage: Storage) -> None:
    storage.set("p.txt", b"x", "products")
    with pytest.raises(TypeRuleError, match="cannot be edited: products is upload only; upload under a new key"):
        fetch(storage, Location("products", "p.txt"))
    with pytest.raises(TooLargeError, match="an editor gets at most"):
        check_editable(NOTES, Blob("notes.txt", "data", AT_MOST_BYTES + 1))
    with pytest.raises(StorageError, match="is a folder"):
        fetch(storage, Location("data", "a/"))
    assert EditCopies(directories.state_dir()).left(storage.engine.account()) == []


@pytest.mark.parametrize(
    ("head", "is_text"),
    [(b"", True), (b"abc\n", True), ("\u00fc\u4e16".encode()[:-1], True), (b"caf\xe9 au lait", True), (b"a\0b", False),
     (b"\x89PNG\r\n\x1a\n\x01", False), (b"\xff\xfea\0", False), (b"\x1b[31mred\xe9", True), (b"\x80\x04\x95", False)],
)  # fmt: skip
def test_text_is_told_from_other_bytes(head: bytes, is_text: bool) -> None:
    assert looks_like_text(head) is is_text
    assert bool(why_ask(Blob("a", "data", len(head)), head)) is not is_text


def test_a_touched_blob_of_tmp_expires_seven_days_from_now(wired: Storage, storage: Storage) -> None:
    storage.set("a.csv", b"1,2", "tmp", content_type="text/csv")
    before = storage.stat("a.csv", "tmp")
    touching.touch(wired.engine, wired.stat("a.csv", "tmp"))
    after = storage.stat("a.csv", "tmp")
    assert before.expires is not None and after.expires is not None
    assert after.expires > before.expires
    assert (after.content_type, after.crc32c) == ("text/csv", before.crc32c)


def test_only_types_that_expire_are_touched(storage: Storage) -> None:
    storage.set("a", b"x")
    with pytest.raises(
        TypeRuleError, match=r"blobs of data do not expire \(kept until deleted\); only those of tmp do"
    ):
        touching.touch(storage.engine, storage.stat("a"))


def test_a_missing_blob_is_not_made_by_a_touch(wired: Storage, storage: Storage) -> None:
    storage.set("a", b"x", "tmp")
    seen = wired.stat("a", "tmp")
    storage.delete("a", "tmp")
    (result,) = touching.touch_many(wired.engine, [seen])
    assert isinstance(result, StorageError)
    assert not storage.exists("a", "tmp")
